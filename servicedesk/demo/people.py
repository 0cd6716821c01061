"""A demo desk's people, hours, customers, machines and contracts."""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from contracts.allowance import grant_visits
from contracts.models import Contract, ContractEquipment, ContractTerm
from customers.models import Contact, Customer, Equipment, SearchWord, Site
from customers.search_words import add_numbers, index_customers
from servicedesk.demo.names import CUSTOMERS, MACHINES, DeskNames
from servicedesk.demo.places import home_of, place_of
from servicedesk.demo.schedule import ENDS
from tenancy.calendars import day_bounds, zone_of
from tenancy.models import BusinessHours, Membership, Role, Tenant, User
from visits.models import Absence, Technician, TechnicianPreference

PASSWORD = "keeps its word"
STREETS = ("Quay Lane", "Bell Street", "Mill Road", "Castle Hill", "Station Road", "Orchard Way")
# Always clear of each other: a contract's first day, as many days before its last.
YEAR = dt.timedelta(days=364)


@dataclass
class Built:
    """What the day and the stories reach for. `today` is the desk's day, `now` an instant."""

    desk: Tenant
    now: dt.datetime
    today: dt.date
    people: dict[str, Membership] = field(default_factory=dict)
    technicians: list[Technician] = field(default_factory=list)
    customers: dict[str, Customer] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    machines: dict[str, list[Equipment]] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)

    def days_ago(self, days: int, hour: int = 10, minute: int = 0) -> dt.datetime:
        """An instant some days ago at a wall time of the desk."""
        start, _ = day_bounds(self.today - dt.timedelta(days=days), zone_of(self.desk))
        return start + dt.timedelta(hours=hour, minutes=minute)


def add_people(built: Built, names: DeskNames) -> None:
    """One person for each role, the technicians, and hours on every day of the week."""
    for role, name in names.people.items():
        email = f"{name.split()[0].lower()}@{names.slug}.example"
        user = User.objects.create_user(email, PASSWORD, name=name)
        built.people[role] = Membership.objects.create(user=user, role=role)
    Membership.objects.exclude(role=Role.MANAGER).update(lead=built.people[Role.MANAGER])
    # A demo is tried on Sundays too.
    BusinessHours.objects.bulk_create(
        BusinessHours(weekday=weekday, opens=dt.time(8, 0), closes=dt.time(18, 0)) for weekday in range(7)
    )
    for number, name in enumerate(names.technicians):
        own = built.people[Role.TECHNICIAN] if name == names.people[Role.TECHNICIAN] else None
        latitude, longitude = home_of(number)
        technician = Technician.objects.create(
            name=name,
            membership=own,
            skills=["copier", "printer"],
            home_latitude=latitude,
            home_longitude=longitude,
        )
        built.technicians.append(technician)
    start, _ = day_bounds(built.today, zone_of(built.desk))
    Absence.objects.create(
        technician=built.technicians[-1],
        starts_at=start,
        ends_at=start + dt.timedelta(days=2),
        reason="Training",
    )


def add_customers(built: Built, names: DeskNames, chance: random.Random) -> None:
    """Every customer of the cast with a site, a contact, machines and the words they are found by."""
    for place, (key, (person, company)) in enumerate(zip(CUSTOMERS, names.customers, strict=True)):
        customer = Customer.objects.create(
            number=f"C{1000 + place}",
            name=person,
            company=company,
            customer_since=built.today - dt.timedelta(days=chance.randint(400, 4500)),
        )
        built.customers[key] = customer
        latitude, longitude = place_of(key)
        built.sites[key] = Site.objects.create(
            customer=customer,
            street=f"{chance.randint(2, 90)} {chance.choice(STREETS)}",
            city=names.city,
            postcode=names.postcode,
            latitude=latitude,
            longitude=longitude,
            verified_on=built.today - dt.timedelta(days=chance.randint(10, 500)),
        )
        built.contacts[key] = Contact.objects.create(
            customer=customer,
            site=built.sites[key],
            name=person,
            phone=f"{names.phone_stem} {412 + place:03d}",
            email=f"{person.split()[-1].lower()}.{key}@{names.slug}-customers.example",
            is_main=True,
            verified_on=built.today - dt.timedelta(days=chance.randint(10, 500)),
        )
        built.machines[key] = [
            _machine(built, key, number, place, chance) for number in range(1 + (place % 3 == 0))
        ]
    index_customers(built.customers.values())


def add_contracts(built: Built, chance: random.Random) -> None:
    """A contract with its running or last term for each customer that has one."""
    terms = []
    for place, (key, days) in enumerate(ENDS.items()):
        contract = Contract.objects.create(
            number=f"N-{20500 + place}",
            customer=built.customers[key],
            kind="Labour and parts",
            not_covered="Drums and paper",
            price=Decimal(chance.choice(["380.00", "612.00", "940.00"])),
            currency=built.desk.currency,
            visits_per_term=2,
            response_hours=4,
            owner=built.people[Role.SALES],
        )
        built.contracts[key] = contract
        ends_on = built.today + dt.timedelta(days=days)
        terms.append(
            ContractTerm(
                contract=contract,
                starts_on=ends_on - YEAR,
                ends_on=ends_on,
                price=contract.price,
                created_at=built.days_ago(300),
                created_by=built.people[Role.SALES],
            )
        )
        for machine in built.machines[key]:
            ContractEquipment.objects.create(contract=contract, equipment=machine)
    ContractTerm.objects.bulk_create(terms)
    visits = {term.pk: term.contract.visits_per_term for term in terms}
    grant_visits(terms, visits, by=built.people[Role.SALES], now=built.days_ago(300))
    index_contracts(built.contracts.values())


def index_contracts(contracts) -> None:
    """Let contracts be found by their numbers."""
    kind = SearchWord.Kind.CONTRACT
    add_numbers((each.customer, kind, each.number, each.public_id) for each in contracts)


def prefer(built: Built, key: str, technician: Technician) -> None:
    """This customer likes this technician best."""
    TechnicianPreference.objects.create(
        technician=technician, customer=built.customers[key], level=TechnicianPreference.Level.PREFERRED
    )


def _machine(built, key, number, place, chance) -> Equipment:
    make, model, kind = MACHINES[number if key == "letter" else (place + number) % len(MACHINES)]
    return Equipment.objects.create(
        site=built.sites[key],
        make=make,
        model=model,
        kind=kind,
        serial_number=f"{model.replace('-', '')}-{118 + place}-{4471 + 13 * number}",
        location=chance.choice(["Front desk", "First floor", "Back office"]),
        installed_on=built.today - dt.timedelta(days=chance.randint(300, 3600)),
    )
