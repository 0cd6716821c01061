"""The cast: Northgate, a desk with one person per role, and Southgate, which looks just like it."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from cases.matters import open_case
from cases.models import Case, Promise
from cases.promising import make_promise
from contracts.models import Contract, ContractEquipment, ContractTerm, Entitlement
from customers.models import Contact, Customer, Equipment, Site
from customers.searchkeys import serial_key
from recommendations.models import Recommendation
from tenancy.calendars import zone_of
from tenancy.models import Membership, Role, Tenant, User
from tenancy.scope import tenant
from visits.commitments import make_promises
from visits.models import Assignment, Technician, TechnicianPreference, Visit, VisitEquipment


@dataclass
class Desk:
    """One desk of the cast, with what tests reach for. Rows belong to `tenant`'s scope."""

    tenant: Tenant
    people: dict[str, Membership] = field(default_factory=dict)
    customer: Customer = None
    site: Site = None
    contact: Contact = None
    copier: Equipment = None
    sorter: Equipment = None
    contract: Contract = None
    term: ContractTerm = None
    lou: Technician = None
    marek: Technician = None
    recommendation: Recommendation = None

    def __getattr__(self, name):
        if name in Role.values:
            return self.people[name]
        raise AttributeError(name)

    def url(self, path: str = "") -> str:
        """A path of this desk."""
        return f"/d/{self.tenant.slug}/{path}"


@dataclass
class Cast:
    """The desk of the test and its look-alike."""

    north: Desk
    south: Desk


def make_cast(*, now: dt.datetime) -> Cast:
    """Two desks with like data: what leaks from one to the other would be seen."""
    return Cast(north=make_desk("northgate", now=now), south=make_desk("southgate", now=now))


def make_desk(slug: str, *, now: dt.datetime, time_zone: str = "Europe/London") -> Desk:
    """A desk with people, one customer with two machines, a contract and a recommendation."""
    desk = Desk(
        tenant=Tenant.objects.create(
            slug=slug,
            name=slug.capitalize(),
            time_zone=time_zone,
            country="GB",
            currency="GBP",
            phone="01632 960 118",
            messages_from=now - dt.timedelta(days=365),
        )
    )
    with tenant(desk.tenant):
        for role, name in PEOPLE.items():
            user = User.objects.create_user(
                f"{name.split()[0].lower()}@{slug}.example", "a long password", name=name
            )
            desk.people[role] = Membership.objects.create(user=user, role=role)
        _add_technicians(desk)
        _add_customer(desk, now)
        _add_contract(desk, now)
    return desk


PEOPLE = {
    Role.DISPATCHER: "Dana Whitlock",
    Role.TECHNICIAN: "Lou Baptiste",
    Role.SALES: "Jamie Mercer",
    Role.ACCOUNTS: "Hollis Grant",
    Role.MANAGER: "Robin Vale",
}


def empty_every_table(connection) -> None:
    """Empty the test database as its owner; Django's own bookkeeping stays, and so do the numbers reached."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} CASCADE")


def _add_technicians(desk: Desk) -> None:
    desk.lou = Technician.objects.create(
        name="Lou Baptiste", membership=desk.people[Role.TECHNICIAN], skills=["copier"]
    )
    desk.marek = Technician.objects.create(name="Marek Novak", skills=["copier"])


def _add_customer(desk: Desk, now: dt.datetime) -> None:
    desk.customer = Customer.objects.create(
        name="Margaret Ellison",
        company="The Harbour Letter",
        number="C1",
        customer_since=now.date() - dt.timedelta(days=3660),
    )
    desk.site = Site.objects.create(
        customer=desk.customer,
        street="3 Quay Lane",
        city="Eastmouth",
        postcode="EM4 2QL",
        access_notes="Side door",
    )
    desk.contact = Contact.objects.create(
        customer=desk.customer,
        site=desk.site,
        name="Margaret Ellison",
        phone="07700 900412",
        email="margaret@harbourletter.example",
        is_main=True,
    )
    desk.copier = Equipment.objects.create(
        site=desk.site, make="Corvane", model="TC-240", kind="copier", serial_number="TC240-118-4471"
    )
    desk.sorter = Equipment.objects.create(
        site=desk.site, make="Corvane", model="SF-12", kind="sorter", serial_number="SF12-077-0923"
    )
    TechnicianPreference.objects.create(
        technician=desk.lou, level=TechnicianPreference.Level.PREFERRED, customer=desk.customer
    )
    desk.recommendation = Recommendation.objects.create(
        equipment=desk.copier,
        finding="Replace the fuser unit",
        risk="If it goes, printing stops for two to three days",
        severity=Recommendation.Severity.LIKELY_TO_FAIL,
        raised_at=now - dt.timedelta(days=183),
        raised_by=desk.people[Role.TECHNICIAN],
    )


def _add_contract(desk: Desk, now: dt.datetime) -> None:
    desk.contract = Contract.objects.create(
        number="N-20418",
        customer=desk.customer,
        kind="Labour and parts",
        price=Decimal("612.00"),
        currency="GBP",
        visits_per_term=2,
        response_hours=4,
    )
    for machine in (desk.copier, desk.sorter):
        ContractEquipment.objects.create(contract=desk.contract, equipment=machine)
    desk.term = ContractTerm.objects.create(
        contract=desk.contract,
        starts_on=now.date() - dt.timedelta(days=200),
        ends_on=now.date() + dt.timedelta(days=164),
        price=desk.contract.price,
        created_at=now - dt.timedelta(days=200),
    )
    Entitlement.objects.create(term=desk.term, kind=Entitlement.Kind.VISITS, quantity=2)


def make_contract(customer: Customer, *, number: str, ends_on: dt.date, price="100", **fields) -> Contract:
    """A contract with one term, of a year, that ends on that day; its desk's scope is open."""
    contract = Contract.objects.create(
        number=number, customer=customer, price=Decimal(price), currency="GBP", **fields
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=ends_on - dt.timedelta(days=364),
        ends_on=ends_on,
        price=contract.price,
        created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    return contract


def a_case(desk: Desk, title: str, now: dt.datetime, **fields) -> Case:
    """A fault's case that the dispatcher opened now, unless said otherwise; the desk's scope is open."""
    told = {"customer": desk.customer, "kind": Case.Kind.FAULT, "by": desk.people[Role.DISPATCHER]}
    return open_case(title=title, now=now, **{**told, **fields})


def a_promise(desk: Desk, *, now: dt.datetime, **fields) -> Promise:
    """A promise to ring back, made now and due in an hour, by its owner; the desk's scope is open.

    Sales owns it, unless said otherwise.
    """
    owner = fields.pop("owner", desk.people[Role.SALES])
    return make_promise(
        **{
            "customer": desk.customer,
            "kind": Promise.Kind.CALL_BACK,
            "text": "Ring with the price",
            "due_at": now + dt.timedelta(hours=1),
            "owner": owner,
            "by": owner,
            "now": now,
            **fields,
        }
    )


def make_visit(desk: Desk, *, start: dt.datetime, technician=None, **fields) -> Visit:
    """A visit booked a week before, with its promises; the desk's scope is open.

    For both machines and with nobody yet, unless said otherwise.
    """
    by = desk.people[Role.DISPATCHER]
    booked_at = fields.pop("booked_at", start - dt.timedelta(days=7))
    visit = _add_visit(
        desk,
        technician,
        fields.pop("machines", (desk.copier, desk.sorter)),
        {
            "number": f"V-{start:%d%H%M}",
            "problem": "Grey bands down the right edge",
            "start": start,
            "booked_at": booked_at,
            "booked_by": by,
            **fields,
        },
    )
    make_promises(visit, by=by, now=booked_at)
    return visit


def make_plain_visit(
    desk: Desk, *, now: dt.datetime, start=None, technician=None, machines=None, **fields
) -> Visit:
    """A visit made as rows, without promises: what booking checks is not what these tests are about.

    Booked 30 days ago, 50 hours ahead with Lou at the copier, unless said otherwise.
    """
    return _add_visit(
        desk,
        technician or desk.lou,
        [desk.copier] if machines is None else machines,
        {
            "number": f"V-{Visit.objects.count() + 1}",
            "problem": "Streaks on every page",
            "start": start or (now + dt.timedelta(hours=50)).replace(minute=0),
            "booked_at": now - dt.timedelta(days=30),
            **fields,
        },
    )


def visit_of(
    *, number: str, start: dt.datetime, zone=dt.UTC, window_minutes=60, length_minutes=75, **fields
) -> Visit:
    """A visit that is not saved yet, told by the clock of the zone; booked at its start if not said."""
    window_end = start + dt.timedelta(minutes=window_minutes)
    booked_at = fields.pop("booked_at", start)
    told_from, told_until = (instant.astimezone(zone) for instant in (start, window_end))
    return Visit(
        **{
            "number": number,
            "number_key": serial_key(number),
            "kind": Visit.Kind.FAULT,
            "window_start": start,
            "window_end": window_end,
            "planned_start": start,
            "planned_end": start + dt.timedelta(minutes=length_minutes),
            "told_day": told_from.date(),
            "told_from": told_from.time(),
            "told_until": told_until.time(),
            "booked_at": booked_at,
            "changed_at": booked_at,
            **fields,
        }
    )


def _add_visit(desk: Desk, technician, machines, fields: dict) -> Visit:
    whose = {"customer": desk.customer, "site": desk.site, "contact": desk.contact}
    visit = visit_of(zone=zone_of(desk.tenant), **{**whose, **fields})
    visit.save(force_insert=True)
    for machine in machines:
        VisitEquipment.objects.create(visit=visit, equipment=machine)
    if technician is not None:
        Assignment.objects.create(
            visit=visit, technician=technician, starts_at=visit.planned_start, ends_at=visit.planned_end
        )
    return visit
