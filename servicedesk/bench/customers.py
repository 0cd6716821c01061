"""A customer with an address, machines, a contract and the words they are found by."""

import datetime as dt
from dataclasses import dataclass, field

from contracts.models import AllowanceEntry, Contract, ContractEquipment, ContractTerm, Entitlement
from customers.models import Contact, Customer, Equipment, SearchWord, Site
from customers.search_words import number_words
from customers.searchkeys import folded, serial_key, words
from servicedesk.bench.bulk import Bulk
from servicedesk.bench.desks import Desk
from servicedesk.bench.ids import id_of
from servicedesk.bench.names import STREETS, TOWNS, TRADES, machine, person, surname
from tenancy.models import Role

DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=365)
# Three of five have a contract; most run, some ended in these days.
WITH_CONTRACT = 3, 5
ENDED_WITHIN, ENDS_WITHIN = 60, 365
GRANTED = 2


@dataclass
class Known:
    """What the visits of a customer name."""

    id: int
    number: int
    name: str
    site: int
    contact: int
    machines: list[int] = field(default_factory=list)


def phone_of(number: int) -> str:
    """The mobile number of a desk's so many-th customer, as people write it."""
    digits = f"{100_000_000 + number:09}"
    return f"07{digits[:3]} {digits[3:]}"


def serial_of(number: int) -> str:
    """The serial number of that customer's first machine."""
    return f"TC240-{number:06}-1"


def add_customer(bulk: Bulk, desk: Desk, number: int, now: dt.datetime) -> Known:
    """The so many-th customer of a desk, counted from 0."""
    name, company = person(number), f"{surname(number * 17)} {TRADES[number % len(TRADES)]}"
    since = now - 3 * YEAR - number % 2000 * DAY
    customer = bulk.add(
        Customer,
        tenant_id=desk.id,
        public_id=id_of(since, desk.id, number),
        number=f"C{100_000 + number}",
        name=name,
        company=company,
        name_key=folded(f"{name} {company}"),
        customer_since=since.date(),
        created_at=since,
    )
    street = f"{number % 90 + 1} {STREETS[number % len(STREETS)]}"
    town, postcode = TOWNS[number % len(TOWNS)], f"EM{number % 80 + 1} {number % 9 + 1}QL"
    site = bulk.add(
        Site,
        tenant_id=desk.id,
        customer_id=customer,
        street=street,
        city=town,
        postcode=postcode,
        access_notes="Side door" if number % 4 == 0 else "",
        # A town and what is around it: half an hour from one end to the other.
        latitude=51 + number % 1000 / 10_000,
        longitude=-1 + number % 777 / 7770,
        verified_on=desk.today - number % 400 * DAY,
    )
    phone, mail = phone_of(number), f"customer-{number}@{desk.slug}-customers.example"
    digits = "44" + phone[1:].replace(" ", "")
    contact = bulk.add(
        Contact,
        tenant_id=desk.id,
        customer_id=customer,
        site_id=site,
        name=name,
        phone=phone,
        phone_digits=digits,
        phone_reversed=digits[::-1],
        email=mail,
        mail_key=mail,
        is_main=True,
        verified_on=desk.today - number % 300 * DAY,
    )
    known = Known(customer, number, name, site, contact)
    for place in range(1 + (number % 3 == 0)):
        _add_machine(bulk, desk, known, place)
    for word in words(f"{name} {company}"):
        add_word(bulk, desk, customer, SearchWord.Kind.NAME, word, f"{name}, {company}")
    for word in words(f"{street} {town} {postcode} {postcode.replace(' ', '')}"):
        add_word(bulk, desk, customer, SearchWord.Kind.ADDRESS, word, f"{street}, {town} {postcode}")
    if number % WITH_CONTRACT[1] < WITH_CONTRACT[0]:
        _add_contract(bulk, desk, known, now)
    return known


def add_word(bulk: Bulk, desk: Desk, customer: int, kind: str, word: str, shown: str, subject=None) -> None:
    """A word by which a customer is found."""
    bulk.add(
        SearchWord,
        tenant_id=desk.id,
        customer_id=customer,
        kind=kind.value,
        word=word,
        shown=shown,
        subject=subject,
    )


def add_number_words(bulk: Bulk, desk: Desk, customer: int, kind: str, number: str, subject) -> None:
    """A number by which a customer is found, as the rule would have it."""
    for word in number_words(number):
        add_word(bulk, desk, customer, kind, word, number, subject)


def _add_machine(bulk, desk, known, place):
    make, model, kind = machine(known.number + place)
    serial = serial_of(known.number) if place == 0 else f"SF12-{known.number:06}-2"
    known.machines.append(
        bulk.add(
            Equipment,
            tenant_id=desk.id,
            site_id=known.site,
            make=make,
            model=model,
            kind=kind,
            serial_number=serial,
            serial_key=serial_key(serial),
            location="Front desk",
            installed_on=desk.today - 1000 * DAY,
        )
    )


def _add_contract(bulk, desk, known, now):
    number = f"N-{20_000 + known.number}"
    public_id = id_of(now - 2 * YEAR, desk.id, known.number)
    contract = bulk.add(
        Contract,
        tenant_id=desk.id,
        public_id=public_id,
        number=number,
        number_key=serial_key(number),
        customer_id=known.id,
        kind="Labour and parts",
        not_covered="Drums and paper",
        price=612,
        currency="GBP",
        visits_per_term=GRANTED,
        response_hours=4,
        owner_id=desk.people[Role.SALES],
    )
    for machine_id in known.machines:
        bulk.add(ContractEquipment, tenant_id=desk.id, contract_id=contract, equipment_id=machine_id)
    add_number_words(bulk, desk, known.id, SearchWord.Kind.CONTRACT, number, public_id)
    ends_on = desk.today + (known.number * 37 % (ENDED_WITHIN + ENDS_WITHIN) - ENDED_WITHIN) * DAY
    for term_end in (ends_on - YEAR, ends_on):
        _add_term(bulk, desk, contract, known.number, term_end, now)


def _add_term(bulk, desk, contract, number, ends_on, now):
    starts_on = ends_on - YEAR + DAY
    made_at = min(now, now - (desk.today - starts_on))
    public_id = id_of(made_at, desk.id, number)
    term = bulk.add(
        ContractTerm,
        tenant_id=desk.id,
        public_id=public_id,
        contract_id=contract,
        starts_on=starts_on,
        ends_on=ends_on,
        price=612,
        created_at=made_at,
        created_by_id=desk.people[Role.SALES],
    )
    entitlement = bulk.add(
        Entitlement, tenant_id=desk.id, term_id=term, kind=Entitlement.Kind.VISITS.value, quantity=GRANTED
    )
    bulk.add(
        AllowanceEntry,
        tenant_id=desk.id,
        entitlement_id=entitlement,
        kind=AllowanceEntry.Kind.GRANTED.value,
        quantity=GRANTED,
        at=made_at,
        by_id=desk.people[Role.SALES],
        subject=public_id,
    )
