"""Cover is one query: for a customer, for machines and for a page, however much hangs on each contract."""

import datetime as dt
from decimal import Decimal

from contracts.cover import (
    cover_in_words,
    cover_of,
    covers_of_customer,
    covers_of_equipment,
    covers_of_machines,
)
from contracts.models import (
    AllowanceEntry,
    Cancellation,
    Contract,
    ContractCheck,
    ContractEquipment,
    ContractTerm,
    Entitlement,
    Payment,
    Renewal,
    RenewalEvidence,
    RenewalOffer,
)
from customers.models import Customer

TODAY = dt.date(2026, 3, 5)
AT = dt.datetime(2026, 3, 2, 10, 14, tzinfo=dt.UTC)
PAGE = 50


def add_contracts(desk, how_many, customer=None):
    """Contracts of one customer (or of one each), with a term and a machine."""
    made = []
    for number in range(how_many):
        owner = customer or Customer.objects.create(name=f"Customer {number}")
        contract = Contract.objects.create(
            number=f"Q-{number:03}", customer=owner, price=Decimal("612"), currency="GBP", visits_per_term=2
        )
        ContractEquipment.objects.create(contract=contract, equipment=desk.copier)
        add_terms(desk, contract, 1)
        made.append(contract)
    return made


def add_terms(desk, contract, how_many):
    """Terms that follow each other, the first around today, each renewed and with visits used."""
    last = contract.terms.order_by("-ends_on").first()
    begins = last.ends_on + dt.timedelta(days=1) if last else dt.date(2025, 4, 1)
    for _ in range(how_many):
        ends = begins.replace(year=begins.year + 1) - dt.timedelta(days=1)
        term = ContractTerm.objects.create(
            contract=contract, starts_on=begins, ends_on=ends, price=contract.price, created_at=AT
        )
        entitlement = Entitlement.objects.create(term=term, kind="visits", quantity=2)
        AllowanceEntry.objects.create(
            entitlement=entitlement, kind="done", quantity=1, at=AT, subject=term.public_id
        )
        Renewal.objects.create(
            contract=contract,
            term=term,
            channel="call",
            amount=contract.price,
            starts_on=begins,
            ends_on=ends,
            renewed_at=AT,
            renewed_by=desk.accounts,
        )
        begins = ends + dt.timedelta(days=1)


def hang_everything_on(desk, contract):
    """Evidence, an accepted offer, a cancellation, money and checks."""
    evidence = {"contract": contract, "dated_on": TODAY, "recorded_at": AT}
    for kind in ("cheque", "mail", "customer's word"):
        RenewalEvidence.objects.create(**evidence, kind=kind, recorded_by=desk.sales)
    RenewalEvidence.objects.create(**evidence, kind="photo", state="rejected", decided_at=AT)
    RenewalOffer.objects.create(
        number=f"{contract.number}/1",
        contract=contract,
        starts_on=TODAY,
        ends_on=TODAY,
        amount=1,
        valid_until=TODAY,
        made_at=AT,
        sent_at=AT,
        accepted_at=AT,
    )
    Cancellation.objects.create(
        contract=contract, reason="Moved", recorded_at=AT, undone_at=AT, undone_because="They stay"
    )
    money = {"customer": contract.customer, "amount": 1, "currency": "GBP", "recorded_at": AT}
    for _ in range(3):
        Payment.objects.create(**money, paid_on=TODAY)
        Payment.objects.create(
            **money,
            paid_on=TODAY,
            contract=contract,
            renewal=contract.renewals.order_by("ends_on").last(),
            matched_at=AT,
        )
        ContractCheck.objects.create(
            contract=contract, by=desk.sales, at=AT, state="active", sentence="Active"
        )


def a_page():
    """What a page of contracts reads."""
    rows = Contract.objects.with_reasons(TODAY).filter(number__startswith="Q-").order_by("number_key")
    return [cover_in_words(row) for row in rows[:PAGE]]


def sizes(contracts, desk):
    """One term each, ten terms each, and ten terms with all that can hang on a contract."""
    yield "one term"
    for contract in contracts:
        add_terms(desk, contract, 9)
    yield "ten terms"
    for contract in contracts:
        hang_everything_on(desk, contract)
    yield "ten terms and everything"


def test_the_cover_of_one_customer_is_one_query(north, django_assert_num_queries):
    stranger = Customer.objects.create(name="The one")
    contracts = add_contracts(north, 3, customer=stranger)
    for _ in sizes(contracts, north):
        with django_assert_num_queries(1):
            covers = covers_of_customer(stranger, TODAY)
        assert [cover.contract.number for cover in covers] == ["Q-000", "Q-001", "Q-002"]
        assert all(cover.sentence and cover.reason for cover in covers)


def test_a_page_of_fifty_contracts_is_one_query(north, django_assert_num_queries):
    contracts = add_contracts(north, PAGE)
    for _ in sizes(contracts, north):
        with django_assert_num_queries(1):
            page = a_page()
        assert len(page) == PAGE
        assert all(cover.sentence and cover.reason for cover in page)


def test_the_covers_of_machines_are_one_query(north, django_assert_num_queries):
    contracts = add_contracts(north, 3, customer=north.customer)
    for _ in sizes(contracts, north):
        for machines in ([north.copier], [north.copier, north.sorter]):
            with django_assert_num_queries(1):
                covers = covers_of_machines(machines, TODAY)
            assert {cover.contract.number for cover in covers} >= {"Q-000", "Q-001", "Q-002"}
        with django_assert_num_queries(1):
            assert len(covers_of_equipment(north.copier, TODAY)) == 4


def test_one_row_for_a_contract_whatever_hangs_on_it(north, django_assert_num_queries):
    (contract,) = add_contracts(north, 1)
    for _ in sizes([contract], north):
        with django_assert_num_queries(1):
            assert cover_of(contract, TODAY).contract == contract
