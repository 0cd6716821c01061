"""The lists of money: what waits with its likely match, all money, money out, files."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Contract, Payment, Statement
from contracts.money_by_hand import match_by_hand
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.reading import text
from tests.servicedesk.money_scene import last_end, money_out, pay, prepare

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast):
    """Northgate's desk; the other desk has like money, which must not be seen."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            prepare(desk)
    with tenant(cast.south.tenant):
        pay("999.00", payer="Southern payer", contract_written="N-20481")
    return cast.north


def test_only_accounts_and_managers_see_money(client, north):
    for role, status in (
        ("accounts", 200),
        ("manager", 200),
        ("sales", 403),
        ("dispatcher", 403),
        ("technician", 403),
    ):
        client.force_login(north.people[role].user)
        assert client.get(north.url("payments/")).status_code == status


def test_accounts_begin_their_day_with_the_money_that_waits(accounts, north):
    assert accounts.get(north.url()).url == north.url("payments/")
    page = accounts.get(north.url("payments/"))
    assert page.context["navigation"][0]["label"] == "Payments"
    assert "All money is matched" in text(page)


def test_the_queue_says_who_by_when_and_the_likely_match_with_its_reasons(accounts, north, now):
    with tenant(north.tenant):
        pay(now=now, contract_written="N-20481", payer="THE HARBOUR LETTER", reference="N-20481 spring")
        pay("17.20", now=now - dt.timedelta(days=9), payer="Somebody")
    read = text(accounts.get(north.url("payments/")))
    assert "To match 2" in read
    assert (
        "£612.00 2 Mar 2026 THE HARBOUR LETTER N-20481 spring N-20418, Margaret Ellison, The Harbour Letter "
        "two digits are swapped, the payer is called so, amount is exactly the price "
        "Accounts, by Fri 12:00 Renew N-20418"
    ) in read
    assert "Somebody No reference No likely contract: look at it Overdue since Wed 25 Feb 12:00" in read
    assert "Southern payer" not in read


def test_money_that_names_a_contract_and_is_too_little_says_so_in_the_list(accounts, north, now):
    with tenant(north.tenant):
        pay("450.00", now=now, contract_written="N-20418", payer="Somebody")
    assert "N-20418: the money names it, £162.00 short" in text(accounts.get(north.url("payments/")))


def test_one_button_accepts_the_likely_match(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(now=now, contract_written="N-20481", payer="THE HARBOUR LETTER")
    answer = accounts.post(
        north.url(f"payments/{payment.public_id}/match/"),
        {
            "number": "N-20418",
            "purpose": "renews",
            "after": str(north.term.public_id),
            "back": "queue",
        },
        follow=True,
    )
    assert answer.redirect_chain == [(north.url("payments/"), 302)]
    assert "£612.00: Matched to N-20418." in text(answer)
    with tenant(north.tenant):
        assert last_end(north.contract) == dt.date(2027, 3, 14)


def test_two_contracts_as_likely_are_left_to_the_payments_own_page(accounts, north, now):
    with tenant(north.tenant):
        second = pay("612.00", now=now, customer=north.customer)
        twin = Contract.objects.create(
            number="N-20500", customer=north.customer, price=second.amount, currency="GBP"
        )
        twin.terms.create(
            starts_on="2025-03-15", ends_on="2026-03-14", price=612, created_at=second.recorded_at
        )
    assert "No likely contract: look at it" in text(accounts.get(north.url("payments/")))


def test_all_money_says_what_it_was_for(accounts, north, now):
    with tenant(north.tenant):
        matched = pay(payer="Ellison")
        match_by_hand(matched, north.contract, purpose="renews", by=north.accounts, now=now)
        pay("5.00", payer="Aside", set_aside_at=now, set_aside_because="A part")
        pay("6.00", payer="Gone", returned_on="2026-03-03", returned_at=now, return_kind="returned")
    read = text(accounts.get(north.url("payments/?tab=all")))
    assert "2 Mar 2026 £612.00 Ellison Margaret Ellison, The Harbour Letter Renewed N-20418" in read
    assert "£5.00 Aside Not known Set aside" in read
    assert "£6.00 Gone Not known Returned by the bank" in read


@pytest.mark.parametrize(
    ("words", "found"),
    [("harbour", 1), ("spring", 1), ("B-7", 1), ("612.00", 1), ("n-20481", 1), ("southern", 0), ("999", 0)],
)
def test_search_looks_through_payer_words_numbers_and_amount(accounts, north, words, found):
    with tenant(north.tenant):
        pay(payer="The Harbour Letter", reference="for spring", number="B-7", contract_written="N-20481")
        pay("1.00", payer="Somebody else")
    for tab in ("queue", "all"):
        page = accounts.get(north.url("payments/"), {"tab": tab, "q": words})
        assert len(page.context["page"].rows) == found


@pytest.mark.parametrize("tab", ["queue", "all"])
def test_letters_that_nobody_can_see_are_left_out_of_a_search(accounts, north, tab):
    assert accounts.get(north.url(f"payments/?tab={tab}&q=%00")).status_code == 200
    assert accounts.get(north.url(f"payments/?tab={tab}&q=Ell%00ison")).status_code == 200


def test_money_out_and_files_have_lists_of_their_own(accounts, north, now):
    with tenant(north.tenant):
        money_out(now)
        money_out(now, "7.00", settled_at=now, settled_because="Rent", payee="Landlord")
        Statement.objects.create(
            name="march.csv", format="csv", digest="a", imported_at=now, counts={"unmatched": 4}
        )
    waiting = text(accounts.get(north.url("payments/?tab=out")))
    assert "4 Mar 2026 £612.00 The Harbour Letter Returned N-20418 Waiting" in waiting
    assert "Landlord" not in waiting
    assert "£7.00 Landlord Returned N-20418 Rent" in text(
        accounts.get(north.url("payments/?tab=out&settled=yes"))
    )
    assert "march.csv CSV No lines 5 Mar 2026 13:07 4 0" in text(
        accounts.get(north.url("payments/?tab=statements"))
    )


@pytest.mark.parametrize("tab", ["queue", "all"])
def test_pages_follow_one_another_without_a_gap_or_a_row_twice(accounts, north, now, tab):
    with tenant(north.tenant):
        for at in range(103):
            pay(f"{at + 1}.00", payer=f"P{at}")
    seen, after = [], ""
    for size in (50, 50, 3):
        page = accounts.get(north.url("payments/"), {"tab": tab, "after": after}).context["page"]
        assert len(page.rows) == size
        seen += [row.payment.payer for row in page.rows]
        after = page.after
    assert after == ""
    assert sorted(seen) == sorted(f"P{at}" for at in range(103))


@pytest.mark.parametrize("after", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_odd_cursor_begins_at_the_front(accounts, north, after):
    for tab in ("queue", "all", "out", "statements", "nonsense"):
        assert accounts.get(north.url("payments/"), {"tab": tab, "after": after}).status_code == 200


@pytest.mark.parametrize("tab", ["queue", "all", "out", "statements"])
def test_a_list_costs_the_same_for_one_row_and_for_three(accounts, north, now, tab):
    def add(at):
        with tenant(north.tenant):
            pay(now=now, contract_written="N-20481", payer="THE HARBOUR LETTER", customer=north.customer)
            money_out(now)
            Statement.objects.create(
                name="m", format="csv", digest=str(at), imported_at=now, imported_by=north.accounts
            )

    counted = []
    for at in range(3):
        add(at)
        if at != 1:
            with CaptureQueriesContext(connection) as queries:
                accounts.get(north.url("payments/"), {"tab": tab})
            counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_duty_on_the_call_list_leads_to_the_payment(accounts, north, now):
    with tenant(north.tenant):
        payment = pay(now=now, payer="Nobody known")
    page = accounts.get(north.url("calls/")).content.decode()
    assert north.url(f"payments/{payment.public_id}/") in page


def test_the_pages_hold_to_every_measure_in_both_themes(live_desk, page_as, now):
    north = live_desk.cast.north
    with tenant(north.tenant):
        prepare(north)
        payment = pay(now=now - dt.timedelta(days=5), contract_written="N-20481", payer="THE HARBOUR LETTER")
        pay("306.00", now=now, customer=north.customer, reference="first half")
        matched = pay(payer="Ellison")
        match_by_hand(matched, north.contract, purpose="own term", by=north.accounts, now=now)
        left = money_out(now)
        statement = Statement.objects.create(
            name="march.csv",
            format="csv",
            digest="a",
            imported_at=now,
            counts={"unmatched": 4, "refused": 1},
            refused=[{"where": "line 4, Amount", "found": "six", "expected": "an amount as 1,234.50"}],
        )
        assert Payment.objects.unmatched().count() == 2
    faults = {}
    for theme, width in (("light", 1280), ("dark", 320)):
        page = page_as("accounts", theme=theme, width=width)
        for path in (
            "payments/",
            "payments/?tab=all",
            "payments/?tab=out",
            "payments/?tab=statements",
            f"payments/{payment.public_id}/",
            f"payments/{matched.public_id}/",
            f"payments/money-out/{left.public_id}/",
            "payments/statements/new/",
            f"payments/statements/{statement.public_id}/",
        ):
            page.goto(live_desk.url(path))
            found = [*axe_violations(page), *(["scrolls sideways"] if sideways_scroll(page) else [])]
            if found:
                faults[theme, path] = found
    assert faults == {}
