"""Settings of a contract, its first term, a new contract, a common end: the pages."""

import datetime as dt
from decimal import Decimal

import pytest

from contracts.models import Contract, ContractTerm, Renewal
from contracts.renewals import renew
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.test_contract_acts import url

pytestmark = pytest.mark.usefixtures("moment")

TODAY = dt.date(2026, 3, 5)


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    return cast.north


def settings(page, **changes):
    """What the page's form would send, with some of it changed."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in values.items() if value is not False}
    return {"seen": page.context["seen"], **sent, **changes}


def test_settings_are_changed_and_kept_in_the_history(accounts, north):
    page = accounts.get(url(north, "settings/"))
    answer = accounts.post(
        url(north, "settings/"),
        settings(page, price="640.00", owner=str(north.sales.public_id), is_auto_renewing="on"),
        follow=True,
    )
    assert answer.redirect_chain == [(url(north), 302)]
    read = text(answer)
    assert (
        "Hollis Grant Contract changed price of a term: £640.00; renews by itself: yes; "
        "looked after by: Jamie Mercer"
    ) in read
    assert "Looked after by Jamie Mercer" in read


def test_unchanged_nothing_is_written(accounts, north):
    page = accounts.get(url(north, "settings/"))
    accounts.post(url(north, "settings/"), settings(page))
    assert "Contract changed" not in text(accounts.get(url(north)))


def test_of_two_at_once_the_second_sees_what_the_first_saved(accounts, north):
    page = accounts.get(url(north, "settings/"))
    accounts.post(url(north, "settings/"), settings(page, price="640.00"))
    answer = accounts.post(url(north, "settings/"), settings(page, visits_per_term="5"))
    assert answer.status_code == 409
    read = text(answer)
    assert "Somebody changed this contract meanwhile." in read
    assert "It says by now: Price: 640.00; Visits in a term: 2." in read
    assert 'value="5"' in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price": ""}, "Write the price."),
        ({"notice_days": "-1"}, "Write the days of notice: a whole number from 0 to 1000."),
    ],
)
def test_what_cannot_be_is_said(accounts, north, changes, words):
    page = accounts.get(url(north, "settings/"))
    answer = accounts.post(url(north, "settings/"), settings(page, **changes))
    assert (answer.status_code, words in text(answer)) == (422, True)


def without_term(north, now):
    with tenant(north.tenant):
        ContractTerm.objects.update(taken_back_at=now, taken_back_because="Never was")


def test_a_contract_without_a_term_leads_to_its_first_one(accounts, north, now):
    without_term(north, now)
    assert "Enter its first term" in text(accounts.get(url(north)))
    page = accounts.get(url(north, "first-term/"))
    assert "It costs 612.00 GBP and grants 2 visits." in text(page)
    answer = accounts.post(
        url(north, "first-term/"), {"starts_on": "2026-03-01", "ends_on": "2027-02-28"}, follow=True
    )
    assert "Entered. Active until 28 Feb 2027." in text(answer)


def test_a_first_term_comes_once(accounts, north):
    answer = accounts.post(url(north, "first-term/"), {"starts_on": "2026-03-01", "ends_on": "2027-02-28"})
    assert (answer.status_code, "Renew it instead." in text(answer)) == (409, True)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (("2026-03-01", "2026-02-28"), "The last day is before the first."),
        (("2026-03-01", "2046-02-28"), "a slip of the pen"),
        (("", "2026-02-28"), "Choose the first day."),
    ],
)
def test_days_that_cannot_be_are_said(accounts, north, now, days, words):
    without_term(north, now)
    answer = accounts.post(url(north, "first-term/"), {"starts_on": days[0], "ends_on": days[1]})
    assert (answer.status_code, words in text(answer)) == (422, True)


def new_url(north):
    return north.url(f"customers/{north.customer.public_id}/contracts/new/")


def a_contract(north, **changes):
    return {
        "number": "N-30001",
        "kind": "Labour",
        "price": "480",
        "visits_per_term": "1",
        "notice_days": "30",
        "starts_on": "2026-03-01",
        "ends_on": "2027-02-28",
        "machines": [str(north.copier.public_id)],
        **changes,
    }


def test_a_new_contract_begins_with_its_first_term(accounts, north):
    assert accounts.get(new_url(north)).status_code == 200
    answer = accounts.post(new_url(north), a_contract(north), follow=True)
    read = text(answer)
    assert "Contract N-30001 opened." in read
    assert "Active until 28 Feb 2027" in read
    with tenant(north.tenant):
        contract = Contract.objects.get(number="N-30001")
        assert [row.equipment for row in contract.covered.all()] == [north.copier]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"number": "n20418"}, 409, "There is a contract n20418 already."),
        ({"number": "--"}, 422, "A number has letters or digits."),
        ({"ends_on": "2026-02-01"}, 422, "The last day is before the first."),
    ],
)
def test_a_contract_that_cannot_be_is_said(accounts, north, changes, status, words):
    answer = accounts.post(new_url(north), a_contract(north, **changes))
    assert (answer.status_code, words in text(answer)) == (status, True)
    with tenant(north.tenant):
        assert Contract.objects.count() == 1


def test_a_first_term_in_twenty_years_is_refused_in_words(accounts, north, now):
    with tenant(north.tenant):
        ContractTerm.objects.update(taken_back_at=now)
    answer = accounts.post(url(north, "first-term/"), {"starts_on": "2046-01-01", "ends_on": "2046-12-31"})
    assert answer.status_code == 422
    assert "Choose days within ten years." in answer.content.decode()


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales"])
def test_others_open_no_contract_and_bring_none_together(client, north, role):
    client.force_login(north.people[role].user)
    for address in (new_url(north), together_url(north)):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403


# A common end


def together_url(north):
    return north.url(f"customers/{north.customer.public_id}/end-together/")


@pytest.fixture
def two(north):
    """A second contract of the customer, to 31 Mar 2026; the first runs to 14 Mar 2026."""
    with tenant(north.tenant):
        ContractTerm.objects.filter(pk=north.term.pk).update(
            starts_on=dt.date(2025, 3, 15), ends_on=dt.date(2026, 3, 14)
        )
        second = Contract.objects.create(
            number="N-20500", customer=north.customer, price=Decimal("365"), currency="GBP"
        )
        ContractTerm.objects.create(
            contract=second,
            starts_on=dt.date(2025, 4, 1),
            ends_on=dt.date(2026, 3, 31),
            price=second.price,
            created_at=dt.datetime(2025, 4, 1, tzinfo=dt.UTC),
        )
    return [north.contract, second]


def test_the_figures_come_first_and_are_what_is_made(accounts, north, two):
    page = accounts.get(together_url(north))
    assert "N-20418 to 14 Mar 2026, 612.00 GBP" in text(page)
    choice = {"contracts": [str(c.public_id) for c in two], "ends_on": "2026-12-31"}
    figures = accounts.get(together_url(north), choice)
    read = text(figures)
    # 292 and 275 of 365 days: 612 × 292/365 = 489.60, 365 × 275/365 = 275.
    assert "N-20418 15 Mar 2026 to 31 Dec 2026 292 489.60 GBP 2 usual terms, the next to 31 Dec 2027" in read
    assert "N-20500 1 Apr 2026 to 31 Dec 2026 275 275.00 GBP 0 usual terms" in read
    assert "Together 764.60 GBP" in read
    with tenant(north.tenant):
        assert not Renewal.objects.exists()
    seen = [str(cut.last.public_id) for cut in figures.context["cuts"]]
    answer = accounts.post(together_url(north), {**choice, "after": seen, "channel": "post"}, follow=True)
    assert "2 contracts cut to end on 31 Dec 2026, together with the rest." in text(answer)
    with tenant(north.tenant):
        assert set(Renewal.objects.values_list("amount", flat=True)) == {Decimal("489.60"), Decimal("275.00")}


def test_stale_figures_are_shown_anew_and_nothing_is_made(accounts, north, two, now):
    choice = {"contracts": [str(c.public_id) for c in two], "ends_on": "2027-12-31"}
    figures = accounts.get(together_url(north), choice)
    seen = [str(cut.last.public_id) for cut in figures.context["cuts"]]
    with tenant(north.tenant):
        renew(two[1], channel="post", amount=None, by=north.manager, now=now)
    answer = accounts.post(together_url(north), {**choice, "after": seen, "channel": "post"})
    assert answer.status_code == 409
    read = text(answer)
    assert "Somebody was quicker: N-20500 has a term to 31 Mar 2027 by now." in read
    assert "N-20500 1 Apr 2027 to 31 Dec 2027" in read
    with tenant(north.tenant):
        assert Renewal.objects.count() == 1


@pytest.mark.parametrize(
    ("ends_on", "which", "words"),
    [
        ("2026-03-30", 2, "N-20500 is paid for until 31 Mar 2026"),
        ("2026-12-31", 1, "Choose at least two contracts."),
        ("", 2, "Choose the common last day."),
    ],
)
def test_a_common_end_that_cannot_be_is_said(accounts, north, two, ends_on, which, words):
    choice = {"contracts": [str(c.public_id) for c in two[:which]], "ends_on": ends_on}
    answer = accounts.post(together_url(north), {**choice, "channel": "post"})
    assert (answer.status_code, words in text(answer)) == (422, True)
    assert words in text(accounts.get(together_url(north), choice))
