"""Taking in what a bank's file says: matched, queued, known or refused, and never twice (R1.4)."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.models import Duty
from contracts.bank_lines import BankFile, BankLine, RefusedLine
from contracts.cover import cover_of
from contracts.covered import State
from contracts.life import life_of
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    MoneyOut,
    NamedContract,
    Payment,
    Renewal,
    Statement,
)
from contracts.money_duties import match_duty
from contracts.statements import KINDS, TakenBefore, take_in, try_out
from customers.models import Customer, TimelineEntry
from customers.search_words import index_customer
from tenancy.scope import tenant
from tests.contracts.statement_scene import DAY, END, north

__all__ = ["north"]

D = Decimal
NONE = dict.fromkeys(KINDS, 0)


def line(amount="612.00", reference="N-20418", payer="", number="", day=DAY, currency="GBP", **more):
    return BankLine(number, day, D(amount), currency, payer=payer, reference=reference, **more)


def take(desk, now, *lines, digest="a", **more):
    file = BankFile("csv", lines=list(lines), **more)
    return take_in(file, name="march.csv", digest=digest, by=desk.accounts, now=now)


def counts(statement):
    return {key: count for key, count in statement.counts.items() if count}


def add_contract(desk, number, customer, price="306.00", ends_on=END):
    contract = Contract.objects.create(number=number, customer=customer, price=D(price), currency="GBP")
    ContractTerm.objects.create(
        contract=contract,
        starts_on=ends_on - dt.timedelta(days=364),
        ends_on=ends_on,
        price=D(price),
        created_at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
    )
    return contract


def add_customer(name, company=""):
    customer = Customer.objects.create(name=name, company=company)
    index_customer(customer)
    return customer


def test_an_exact_number_renews_its_contract_and_is_told(north, now):
    statement = take(north, now, line(reference="Invoice 7, contract n 20418. Thanks", payer="M Ellison"))
    assert counts(statement) == {"renewed": 1}
    payment = Payment.objects.get()
    assert (payment.contract, payment.customer) == (north.contract, north.customer)
    assert (payment.contract_written, payment.matched_by) == ("n 20418", north.accounts)
    assert cover_of(north.contract, DAY).ends_on == dt.date(2027, 3, 14)
    told = TimelineEntry.objects.filter(kind__in=("payment", "renewal")).order_by("pk")
    assert list(told.values_list("title", flat=True)) == [
        "Payment of £612.00 received",
        "Contract N-20418 renewed to 14 Mar 2027",
    ]
    assert not Duty.objects.exists()


def test_unmatched_money_waits_for_accounts_until_the_next_business_noon(north, now):
    take(north, now, line(reference="N-20481", payer="THE HARBOUR LETTER"))
    payment, duty = Payment.objects.get(), Duty.objects.get()
    assert (payment.customer, payment.contract_written) == (north.customer, "N-20481")
    assert (duty.kind, duty.owner_role, duty.subject) == ("match payment", "accounts", payment.public_id)
    assert duty.due_at == dt.datetime(2026, 3, 6, 12, 0, tzinfo=dt.UTC)
    assert duty.title == "Match £612.00 of Margaret Ellison"
    assert duty.key == match_duty(payment, duty.due_at, now).key
    assert cover_of(north.contract, dt.date(2026, 4, 1)).state == State.IN_REVIEW


def test_a_line_that_names_contracts_of_two_customers_keeps_both_in_review(north, now):
    theirs = add_contract(north, "N-30999", add_customer("Leopold Moss"))
    take(north, now, line("918.00", "N-20418 + N-30999", payer="Some Holding Ltd"))
    payment = Payment.objects.get()
    assert (payment.customer, payment.contract) == (None, None)
    assert sorted(payment.named.values_list("number_key", flat=True)) == [
        north.contract.number_key,
        theirs.number_key,
    ]
    later = dt.date(2026, 6, 1)
    assert [cover_of(contract, later).state for contract in (north.contract, theirs)] == [State.IN_REVIEW] * 2
    (change,) = (change for change in life_of(theirs, until=now).changes if "received" in change.acts)
    assert "£918.00 of 2 Mar 2026 received" in change.acts


def test_a_line_that_names_one_contract_or_is_a_return_keeps_no_names(north, now):
    add_contract(north, "N-30999", add_customer("Leopold Moss"))
    take(north, now, line(), line("918.00", "N-20418 + N-30999", number="B2", is_return=True))
    assert Payment.objects.count() == 2
    assert not NamedContract.objects.exists()


def test_the_same_file_again_says_when_and_by_whom_and_changes_nothing(north, now):
    take(north, now, line())
    with pytest.raises(TakenBefore, match="taken in on 5 Mar 2026 by Hollis Grant, as march.csv"):
        take(north, now, line())
    assert (Statement.objects.count(), Payment.objects.count(), Renewal.objects.count()) == (1, 1, 1)


def test_another_desk_may_take_in_the_same_file(cast, north, now):
    take(north, now, line())
    with tenant(cast.south.tenant):
        assert counts(take(cast.south, now, line(reference="something"))) == {"unmatched": 1}


def test_lines_of_overlapping_files_are_known_by_the_banks_number(north, now):
    take(north, now, line(number="B1"), line("5.00", "?", number="B2"))
    second = take(north, now, line("5.00", "?", number="B2"), line("7.00", "?", number="B3"), digest="b")
    assert counts(second) == {"known": 1, "unmatched": 1}
    assert Payment.objects.count() == 3


def test_lines_without_a_number_are_known_by_what_they_say_and_how_often(north, now):
    same = line("5.00", "For the visit", "Moss")
    take(north, now, same, same)
    second = take(north, now, same, same, same, line("5.00", "For the visit", "Lee"), digest="b")
    assert counts(second) == {"known": 2, "unmatched": 2}
    assert Payment.objects.filter(payer="Moss").count() == 3


def test_a_line_is_known_again_in_another_format_that_gives_it_a_number(north, now):
    take(north, now, line("5.00", "For the visit", "Moss"))
    assert counts(take(north, now, line("5.00", "FOR THE  VISIT", "Moss", "B1"), digest="b")) == {"known": 1}
    take(north, now, line("6.00", "x", "Moss", "B2"), digest="c")
    assert counts(take(north, now, line("6.00", "x", "Moss"), digest="d")) == {"known": 1}


def test_a_number_that_the_bank_uses_again_for_other_money_loses_none(north, now):
    first = take(north, now, line("5.00", "?", number="1"), line("6.00", "?", number="1"))
    assert counts(first) == {"unmatched": 2}
    again = take(north, now, line("5.00", "?", number="1"), line("6.00", "?", number="1"), digest="b")
    assert counts(again) == {"known": 2}


def test_equal_numbers_of_two_accounts_are_two_payments(north, now):
    take(north, now, line("5.00", "a", number="1"), account="GB1")
    assert counts(take(north, now, line("5.00", "b", number="1"), digest="b", account="GB2")) == {
        "unmatched": 1
    }


def test_the_same_number_twice_in_one_file_is_one_payment(north, now):
    assert counts(take(north, now, line(number="B1"), line(number="B1"))) == {"renewed": 1, "known": 1}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("N-20418", True),
        ("n 20418", True),
        ("CONTRACT:N20418/2026", True),
        ("(N-20418)", True),
        ("N - 20418 thank you", True),
        ("INV-20418", False),
        ("N-204188", False),
        ("N-2041 8 March", True),
        ("20418", False),
        ("N20418N20419", False),
        ("", False),
    ],
)
def test_a_number_counts_however_it_is_spelled_but_only_as_a_whole(north, now, written, found):
    take(north, now, line(reference=written))
    assert (Payment.objects.get().contract is not None) == found


def test_bare_digits_count_only_where_they_can_be_nothing_else(north, now):
    short = add_contract(north, "2026", north.customer)
    bare = add_contract(north, "2027", north.customer)
    long = add_contract(north, "30514", north.customer)
    said = {
        "service 2026": None,
        "paid 20.26": None,
        "Contract no 2026": short,
        "2027": bare,
        "machine 30514": long,
        "Invoice 30514": None,
        "305 14 pounds": None,
        "on 03/05/14": None,
    }
    lines = [line("306.00", words, number=f"B{place}") for place, words in enumerate(said)]
    take(north, now, *lines)
    found = dict(Payment.objects.values_list("reference", "contract"))
    assert found == {words: contract and contract.pk for words, contract in said.items()}


def test_two_numbers_in_one_line_match_neither(north, now):
    add_contract(north, "N-30500", north.customer)
    take(north, now, line("918.00", "N-20418 and N-30500"))
    payment = Payment.objects.get()
    assert (payment.contract, payment.customer) == (None, north.customer)
    assert payment.contract_written == "N-20418 + N-30500"


def test_a_number_spread_over_words_that_could_be_another_is_left_to_a_person(north, now):
    add_contract(north, "N-204", north.customer)
    take(north, now, line(reference="N-204 18 March"))
    assert Payment.objects.get().contract is None


def test_money_of_exactly_another_customer_is_left_to_a_person(north, now):
    other = add_customer("Leopold Moss")
    take(north, now, line(payer="LEOPOLD MOSS"))
    payment = Payment.objects.get()
    assert (payment.contract, payment.customer) == (None, other)


def test_the_payer_tells_the_customer_only_where_the_name_leaves_no_choice(north, now):
    add_customer("Pat Lee")
    add_customer("Pat Lee")
    known = add_customer("Quayside Trading Ltd")
    take(
        north,
        now,
        line("1.00", "a", "pat lee"),
        line("2.00", "b", "QUAYSIDE TRADING LTD"),
        line("3.00", "c", "Quayside"),
    )
    assert dict(Payment.objects.values_list("payer", "customer")) == {
        "pat lee": None,
        "QUAYSIDE TRADING LTD": known.pk,
        "Quayside": None,
    }


@pytest.mark.parametrize("payer", ["TALLIS AND SONS", "Tallis & Sons Ltd.", "tallis and sons limited"])
def test_a_payer_is_known_with_and_spelled_out_or_the_form_of_the_company(north, now, payer):
    known = add_customer("Tallis & Sons")
    take(north, now, line("1.00", "a", payer))
    assert Payment.objects.get().customer == known


def test_the_form_of_a_company_tells_two_apart(north, now):
    firm, person = add_customer("Moss Ltd"), add_customer("Moss")
    take(north, now, line("1.00", "a", "MOSS"), line("2.00", "b", "Moss Ltd"), line("3.00", "c", "Moss & Co"))
    assert dict(Payment.objects.values_list("payer", "customer")) == {
        "MOSS": person.pk,
        "Moss Ltd": firm.pk,
        "Moss & Co": None,
    }


def test_a_payer_is_known_by_earlier_money_that_was_matched(north, now):
    take(north, now, line(payer="Ellison Holdings"))
    take(north, now, line("1.00", "thanks", "ellison holdings"), digest="b")
    assert Payment.objects.get(amount=1).customer == north.customer


def test_money_that_cannot_be_meant_stays_unmatched(north, now):
    Cancellation.objects.create(contract=north.contract, reason="Moved", recorded_at=now)
    euro = add_contract(north, "N-30501", north.customer)
    statement = take(
        north,
        now,
        line(),
        line("300.00", "N-30501", currency="EUR"),
        line("200.00", "N-30501"),
        line("306.00", "N-30501", is_return=True),
    )
    assert counts(statement) == {"unmatched": 4}
    assert not Payment.objects.filter(contract=euro).exists()
    assert Payment.objects.filter(contract_written="").count() == 1


def test_debits_that_look_like_a_return_wait_for_a_person(north, now):
    take(north, now, line(number="B1", payer="The Harbour Letter"))
    statement = take(
        north,
        now,
        line("-612.00", "Returned N-20418", "The Harbour Letter", day=DAY, is_return=True),
        line("-612.00", "Rent", "Landlord"),
        line("-40.00", "Retour", "A shop", is_return=True),
        line("-12.00", "Fee"),
        digest="b",
    )
    assert counts(statement) == {"money out": 2, "left alone": 2}
    returned = MoneyOut.objects.get(amount=612)
    duty = Duty.objects.get(subject=returned.public_id)
    assert (duty.kind, duty.owner_role, duty.customer) == ("settle money out", "accounts", north.customer)
    assert "Likely the payment of 2 Mar 2026 by Margaret Ellison" in duty.detail
    assert Payment.objects.get().returned_on is None


def test_the_duty_of_a_return_names_no_customer_by_the_amount_alone(north, now):
    take(north, now, line())
    add_contract(north, "N-20514", add_customer("Pell Street Studio"))
    take(
        north,
        now,
        line("-612.00", "RETURNED UNPAID N-20514", "Pell Street Studio", is_return=True),
        line("-612.00", "RETURNED UNPAID", is_return=True),
        digest="b",
    )
    for duty in Duty.objects.filter(kind="settle money out"):
        assert (duty.customer, "Ellison" in duty.title + duty.detail) == (None, False)


def test_a_day_to_come_is_refused_as_day_and_month_the_wrong_way_round(north, now):
    file_refused = [RefusedLine("line 9", "x", "an amount")]
    statement = take(
        north,
        now,
        line(day=dt.date(2026, 11, 3), place="line 2"),
        refused=file_refused,
        pending=3,
    )
    assert counts(statement) == {"refused": 2, "pending": 3}
    assert statement.refused == [
        {"where": "line 9", "found": "x", "expected": "an amount"},
        {
            "where": "line 2",
            "found": "3 Nov 2026",
            "expected": "a day that has come: are day and month the other way round?",
        },
    ]


def test_trying_out_counts_alike_and_keeps_nothing(north, now):
    file = BankFile("csv", lines=[line(), line("5.00", "?"), line("-1.00", "Fee")])
    tried = try_out(file, name="march.csv", digest="a", by=north.accounts, now=now)
    assert not (Payment.objects.exists() or Statement.objects.exists() or Duty.objects.exists())
    kept = take_in(file, name="march.csv", digest="a", by=north.accounts, now=now)
    assert tried.statement.counts == kept.counts == NONE | {"renewed": 1, "unmatched": 1, "left alone": 1}
    assert (kept.first_on, kept.last_on, kept.imported_by) == (DAY, DAY, north.accounts)


def test_trying_out_tells_what_becomes_of_each_line_in_the_files_order(north, now):
    known = line("5.00", "For the visit", "Moss", place="line 3")
    take(north, now, known)
    lines = [
        line("-40.00", "Rent", place="line 2"),
        known,
        line(place="line 4"),
        line("-7.00", "Returned", is_return=True, place="line 5"),
        line("6.00", "?", place="line 6"),
    ]
    tried = try_out(BankFile("csv", lines=lines), name="b", digest="b", by=north.accounts, now=now)
    assert [(fate.line.place, fate.kind, fate.number) for fate in tried.fates] == [
        ("line 2", "left alone", ""),
        ("line 3", "known", ""),
        ("line 4", "renewed", "N-20418"),
        ("line 5", "money out", ""),
        ("line 6", "unmatched", ""),
    ]


def test_taking_in_costs_no_query_more_for_a_line_that_waits(north, now, django_assert_max_num_queries):
    few = [line("1.00", f"x{at}", "Moss", f"A{at}") for at in range(3)]
    many = [line("1.00", f"y{at}", "Moss", f"C{at}") for at in range(60)]
    with django_assert_max_num_queries(30):
        take(north, now, *few)
    with django_assert_max_num_queries(30):
        take(north, now, *many, digest="b")
