"""What unmatched money was likely for, with reasons a person can judge by; never more than proposed."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Cancellation, Contract, ContractTerm, Payment
from contracts.near_numbers import near_numbers
from contracts.proposals import named_shares, proposals_for
from customers.models import Customer
from customers.search_words import index_customer
from tests.contracts.test_money_by_hand import END, START, D, north, pay

__all__ = ["north"]
TODAY = dt.date(2026, 3, 5)


@pytest.fixture
def desk(north):
    """Northgate, its customer findable by name."""
    index_customer(north.customer)
    return north


def add(number, customer, price="306", ends_on=END):
    contract = Contract.objects.create(number=number, customer=customer, price=D(price), currency="GBP")
    ContractTerm.objects.create(
        contract=contract,
        starts_on=START,
        ends_on=ends_on,
        price=D(price),
        created_at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
    )
    return contract


def customer(name):
    made = Customer.objects.create(name=name)
    index_customer(made)
    return made


def proposed(payment):
    """(number, purpose, reasons, missing) of each."""
    found = proposals_for([payment], today=TODAY)[payment.pk]
    return [(each.contract.number, str(each.purpose), each.why, each.missing) for each in found]


@pytest.mark.parametrize(
    ("written", "slip"),
    [
        ("N-20481", "two digits are swapped"),
        ("N-20417", "number is one digit off"),
        ("N-2O418", "O is written for 0"),
        ("M-20418", "it says M instead of N"),
        ("N-2041", "one digit is missing"),
        ("N-204188", "one digit is too many"),
        ("20418", "the N before the number is missing"),
        ("20481", "the N is missing and two digits are swapped"),
    ],
)
def test_a_number_one_slip_away_is_found_with_the_slip(desk, written, slip):
    assert [(contract.number, how) for contract, how in near_numbers([written])[written]] == [
        ("N-20418", slip)
    ]


@pytest.mark.parametrize("written", ["N-20418", "N-24081", "X-99", "thanks", "", "N-20418" * 9])
def test_the_number_itself_and_one_two_slips_away_are_not_near(desk, written):
    assert near_numbers([written]).get(written, []) == []


def test_the_reasons_are_said_in_words_and_the_likeliest_comes_first(desk):
    add("N-20419", customer("Leopold Moss"))
    payment = pay(contract_written="N-20481", payer="THE HARBOUR LETTER")
    assert proposed(payment) == [
        (
            "N-20418",
            "renews",
            "two digits are swapped, the payer is called so, amount is exactly the price",
            "",
        ),
    ]
    near = pay(contract_written="N-20417")
    assert [each[0] for each in proposed(near)] == ["N-20418", "N-20419"]


@pytest.mark.parametrize("payer", ["Corner Pharmcy", "Cornr Pharmcy"])
def test_swapped_digits_and_a_payer_misspelled_outweigh_a_nearer_number_of_somebody_else(desk, payer):
    add("N-20501", customer("Dr Amir Brannock"), "380")
    for at, digit in enumerate("234678"):
        add(f"N-205{digit}1", customer(f"Neighbour {at}"), "380")
    add("N-20515", customer("Corner Pharmacy"), "395")
    found = proposals_for([pay("380.00", contract_written="N-20551", payer=payer)], today=TODAY)
    first, *others = next(iter(found.values()))
    assert (first.contract.number, first.is_likely) == ("N-20515", True)
    assert [each.is_likely for each in others] == [False] * len(others)
    assert all(payer in each.second_look for each in others)


def test_where_exact_numbers_are_named_no_near_ones_are_proposed(desk):
    moss, lee = customer("Leopold Moss"), customer("Pat Lee")
    add("N-20520", moss, "600")
    add("N-20521", lee, "600")
    add("N-20522", customer("Quay Trading"), "1200")
    payment = pay("1200.00", reference="N-20520 and N-20521", payer="PAT LEE", customer=lee)
    first, *others = proposals_for([payment], today=TODAY)[payment.pk]
    assert [share.contract.number for share in first.shares] == ["N-20520", "N-20521"]
    assert (first.is_likely, first.second_look) == (False, "The payer is another customer: Pat Lee.")
    assert {each.contract.number for each in others} <= {"N-20520", "N-20521"}


def test_money_that_names_two_contracts_is_cut_by_their_prices_and_what_is_left(desk):
    add("N-30500", customer("Leopold Moss"))
    payment = pay("1000.00", reference="N-20418 and N-30500")
    assert [(each.amount, each.contract and each.contract.number) for each in named_shares(payment)] == [
        (D("612.00"), "N-20418"),
        (D("306.00"), "N-30500"),
        (D("82.00"), None),
    ]
    assert named_shares(pay("612.00", reference="N-20418")) == []


def test_part_payments_of_the_customer_are_put_together(desk):
    other = pay("306.00", desk.customer)
    payment = pay("306.00", desk.customer)
    (found,) = proposals_for([payment], today=TODAY)[payment.pk]
    assert (found.together, found.why) == ((other,), "with £306.00 of 2 March it makes the price")
    assert found.is_likely


def test_too_little_another_currency_and_a_cancelled_contract_say_what_is_missing(desk, now):
    assert proposed(pay("500.00", contract_written="N-20418")) == [
        (
            "N-20418",
            "renews",
            "the money names it, £112.00 short of the price",
            "Less than 95 % of the price.",
        )
    ]
    assert proposed(pay(contract_written="N-20418", currency="EUR")) == [
        ("N-20418", "renews", "the money names it, EUR was paid, the price is £612.00", "Other currency.")
    ]
    Cancellation.objects.create(contract=desk.contract, reason="Moved", recorded_at=now)
    assert proposed(pay(contract_written="N-20418")) == [
        (
            "N-20418",
            "renews",
            "the money names it, amount is exactly the price, it is cancelled",
            "Undo the cancellation first.",
        )
    ]


def test_money_of_another_customer_says_whose_contract_it_names(desk):
    moss = customer("Leopold Moss")
    (found,) = proposed(pay(contract_written="N-20418", customer=moss))
    assert found[2] == (
        "the money names it, amount is exactly the price, it belongs to Margaret Ellison, "
        "the payer is Leopold Moss"
    )


def test_money_for_two_contracts_is_proposed_as_a_split(desk):
    add("N-30500", desk.customer)
    payment = pay("918.00", desk.customer, contract_written="N-20418 + N-30500")
    first = proposals_for([payment], today=TODAY)[payment.pk][0]
    assert [(share.contract.number, share.amount) for share in first.shares] == [
        ("N-20418", D("612.00")),
        ("N-30500", D("306.00")),
    ]
    assert first.why == "amount is exactly the prices of N-20418 and N-30500"


def test_money_far_from_the_end_pays_the_term_that_stands(desk):
    payment = pay(contract_written="N-20481", customer=desk.customer)
    Payment.objects.filter(pk=payment.pk).update(paid_on=END - dt.timedelta(130))
    payment.refresh_from_db()
    assert proposed(payment) == [
        (
            "N-20418",
            "own term",
            "two digits are swapped, amount is exactly the price, dated 130 days before the term’s end",
            "",
        )
    ]


@pytest.mark.parametrize(
    ("payer", "reference", "reason"),
    [
        ("Harbour Leter", "", "the payer is called nearly so (Harbour Leter)"),
        ("MARGARET ELLISON", "", "the payer is called so"),
        ("Cheque", "from the Harbour Letter, thanks", "its customer’s name stands in the words"),
    ],
)
def test_a_payer_nearly_called_so_is_proposed(desk, payer, reference, reason):
    assert proposed(pay(payer=payer, reference=reference)) == [
        ("N-20418", "renews", f"{reason}, amount is exactly the price", "")
    ]


def test_money_of_a_stranger_for_nothing_we_know_proposes_nothing(desk):
    assert proposed(pay("17.20", payer="Somebody Else", reference="For the visit")) == []


def test_fifty_payments_cost_the_queries_of_one(desk):
    names = ["Leopold Moss", "Quay Trading", "Pat Lee"]
    for place, name in enumerate(names):
        add(f"N-3050{place}", customer(name))
    payments = [
        pay("306.00", contract_written=f"N-3060{at % 3}", payer=names[at % 3], reference=f"Line {at}")
        for at in range(50)
    ]
    counted = []
    for some in (payments[:1], payments):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            proposals_for(some, today=TODAY)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert counted[1] <= 10


def test_proposing_matches_nothing(desk):
    payment = pay(contract_written="N-20481", customer=desk.customer)
    assert proposed(payment)
    assert Payment.objects.unmatched().count() == 1
