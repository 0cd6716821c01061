"""Cancelling, undoing, renewing by hand: the pages (R1.3, R1.9)."""

import datetime as dt

import pytest

from contracts.cancelling import cancel, undo_cancellation
from contracts.evidence import log_evidence
from contracts.models import Cancellation, Contract, ContractTerm, Renewal
from contracts.renewals import renew
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")

TODAY = dt.date(2026, 3, 5)
END, AFTER = dt.date(2026, 3, 14), dt.date(2026, 3, 15)


@pytest.fixture
def north(cast):
    """Northgate's desk; its contract ends on 14 March 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=dt.date(2025, 3, 15), ends_on=END)
        cast.north.term.refresh_from_db()
    return cast.north


def url(desk, path=""):
    return desk.url(f"contracts/{desk.contract.public_id}/{path}")


def end(desk, now):
    with tenant(desk.tenant):
        return cancel(
            desk.contract, effective_on=AFTER, given_on=TODAY, reason="Sold", by=desk.accounts, now=now
        )


def notice(**changes):
    return {"given_on": "2026-03-05", "effective_on": "2026-03-15", "reason": "Sold it", **changes}


ACTS = ("cancel/", "renew/", "settings/", "first-term/")


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales"])
def test_only_accounts_and_managers_may_act(client, north, role):
    client.force_login(north.people[role].user)
    for path in ACTS:
        assert client.get(url(north, path)).status_code == 403
        assert client.post(url(north, path)).status_code == 403
    assert client.post(url(north, "uncancel/")).status_code == 403
    read = client.get(url(north)).content.decode()
    assert not any(f"/{path}" in read for path in ACTS)


def test_the_contracts_page_offers_what_may_be_done(accounts, north, now):
    read = text(accounts.get(url(north)))
    assert "Renew Cancel the contract Settings" in read
    end(north, now)
    read = text(accounts.get(url(north)))
    assert "Undo the cancellation from 15 Mar 2026: Sold Why it is undone" in read
    assert "Cancel the contract" not in read


# Cancelling


def test_the_page_proposes_the_first_possible_day(accounts, north):
    read = text(accounts.get(url(north, "cancel/")))
    assert "It can end on 15 Mar 2026, the first day that it does not cover any more" in read
    assert "It is paid for until 14 Mar 2026." in read
    assert (
        'name="effective_on" type="date" value="2026-03-15"'
        in accounts.get(url(north, "cancel/")).content.decode()
    )


def test_late_notice_is_said_with_its_dates(accounts, north):
    with tenant(north.tenant):
        Contract.objects.filter(pk=north.contract.pk).update(is_auto_renewing=True, notice_days=30)
    read = text(accounts.get(url(north, "cancel/")))
    assert "It can end on 15 Mar 2027, the first day" in read
    assert "the last day for notice was 12 Feb 2026. The next term runs to 14 Mar 2027" in read
    early = text(accounts.get(url(north, "cancel/?given_on=2026-02-12")))
    assert "It can end on 15 Mar 2026, the first day" in early
    assert "Notice was given in time, by 12 Feb 2026." in early


def test_a_cancelled_contract_says_so_and_shows_when(accounts, north):
    answer = accounts.post(url(north, "cancel/"), notice(), follow=True)
    assert answer.redirect_chain == [(url(north), 302)]
    assert "Cancelled. Ends in 9 days." in text(answer)
    with tenant(north.tenant):
        assert Cancellation.objects.get().effective_on == AFTER


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": ""}, "Say why it is cancelled."),
        ({"reason": "   "}, "Say why it is cancelled."),
        ({"effective_on": "2026-03-13"}, "It is paid for until 14 Mar 2026."),
        ({"effective_on": ""}, "Choose the first day that is not covered."),
        ({"given_on": "2026-03-06"}, "Notice cannot have been given after today."),
        ({"given_on": "no day"}, "Choose the day of the notice: a day of the calendar, like 2026-03-14."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(accounts, north, changes, words):
    answer = accounts.post(url(north, "cancel/"), notice(**changes))
    assert answer.status_code == 422
    assert words in text(answer)
    assert changes.get("reason", "Sold it").strip() in answer.content.decode()
    with tenant(north.tenant):
        assert not Cancellation.objects.exists()


def test_a_second_cancellation_is_refused_kindly(accounts, north, now):
    end(north, now)
    answer = accounts.post(url(north, "cancel/"), notice())
    assert answer.status_code == 409
    assert (
        "Hollis Grant cancelled it on 5 Mar 2026 already, with effect 15 Mar 2026. Undo that first."
        in text(answer)
    )
    assert "Cancelled 15 Mar 2026: Sold." in text(answer)


def test_undoing_takes_a_reason_and_is_done_once(accounts, north, now):
    cancellation = end(north, now)
    data = {"cancellation": str(cancellation.public_id), "because": " "}
    answer = accounts.post(url(north, "uncancel/"), data)
    assert (answer.status_code, "Say why it is undone." in text(answer)) == (422, True)
    assert accounts.post(url(north, "uncancel/"), {**data, "because": "They\x00stay"}).status_code == 422
    answer = accounts.post(url(north, "uncancel/"), {**data, "because": "They stay"}, follow=True)
    assert "Undone. Ends in 9 days." in text(answer)
    answer = accounts.post(url(north, "uncancel/"), {**data, "because": "They stay"})
    assert answer.status_code == 409
    assert "Hollis Grant undid it on 5 Mar 2026 already." in text(answer)
    assert accounts.post(url(north, "uncancel/"), {"because": "x"}).status_code == 404


def test_the_grounds_keep_a_cancellation_and_its_undoing(accounts, north, now):
    cancellation = end(north, now)
    with tenant(north.tenant):
        undo_cancellation(cancellation, because="They stay", by=north.manager, now=now)
    read = text(accounts.get(url(north)))
    assert "Cancelled 15 Mar 2026 They stay" in read
    assert "Cancellation changed" in read


# Renewing


def agreed(desk, **changes):
    return {
        "after": str(desk.term.public_id),
        "ends_on": "2027-03-14",
        "price": "612.00",
        "visits": "2",
        "response_hours": "4",
        "machines": [str(desk.copier.public_id), str(desk.sorter.public_id)],
        "channel": "call",
        "amount": "",
        **changes,
    }


def test_the_page_shows_what_follows(accounts, north):
    read = text(accounts.get(url(north, "renew/")))
    assert (
        "15 Mar 2026 to 14 Mar 2027, 612.00 GBP, 2 visits, response within 4 working hours, 2 machines."
        in read
    )
    assert "Early: it counts from 15 Mar 2026, the day after the current end." in read


def test_renewing_with_changes_makes_the_agreed_term(accounts, north):
    answer = accounts.post(
        url(north, "renew/"),
        agreed(north, price="640.00", visits="3", machines=[str(north.copier.public_id)], amount="600"),
        follow=True,
    )
    assert "Renewed to 14 Mar 2027." in text(answer)
    with tenant(north.tenant):
        renewal = Renewal.objects.get()
        assert (renewal.channel, str(renewal.amount), str(renewal.term.price)) == ("call", "600.00", "640.00")
        assert renewal.note == "price £612.00 to £640.00; visits 2 to 3; without SF12-077-0923"


def test_a_stale_page_renews_nothing_and_keeps_what_was_typed(accounts, north, now):
    with tenant(north.tenant):
        renew(north.contract, channel="post", amount=None, by=north.manager, now=now)
    answer = accounts.post(url(north, "renew/"), agreed(north, price="641.50"))
    assert answer.status_code == 409
    assert "Somebody was quicker: N-20418 has a term to 14 Mar 2027 by now." in text(answer)
    assert 'value="641.50"' in answer.content.decode()
    with tenant(north.tenant):
        assert Renewal.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": "2026-03-14"}, "The last day is before the first, 15 Mar 2026."),
        ({"machines": []}, "Choose at least one machine."),
        ({"price": "-1"}, "Write the price as 0 or more."),
        ({"amount": "0.001"}, "Write the amount with no more than two decimals."),
        ({"channel": "clock"}, "Choose how they renewed."),
        ({"machines": ["11111111-1111-7111-8111-111111111111"]}, "Choose machines of this customer."),
    ],
)
def test_a_term_that_cannot_be_is_said(accounts, north, changes, words):
    answer = accounts.post(url(north, "renew/"), agreed(north, **changes))
    assert answer.status_code == 422
    assert words in text(answer)
    with tenant(north.tenant):
        assert not Renewal.objects.exists()


def test_what_waits_is_named(accounts, north, now):
    with tenant(north.tenant):
        log_evidence(
            contract=north.contract, kind="cheque", reference="17", dated_on=TODAY, by=north.sales, now=now
        )
    read = text(accounts.get(url(north, "renew/")))
    assert "Waiting for a verdict: Cheque 17. By renewing you say that it proves this renewal." in read


def test_a_desk_that_extends_speaks_of_extending(accounts, north):
    with tenant(north.tenant):
        Tenant.objects.filter(pk=north.tenant.pk).update(renew_by="extension")
    read = text(accounts.get(url(north, "renew/")))
    assert "Extend the contract" in read
    assert "This desk extends: the term from 15 Mar 2025 goes on to the new last day." in read
    answer = accounts.post(url(north, "renew/"), agreed(north), follow=True)
    assert "Extended to 14 Mar 2027." in text(answer)
    assert "Renew it" not in read


def test_a_cancelled_contract_is_not_renewed(accounts, north, now):
    end(north, now)
    assert "N-20418 is cancelled 15 Mar 2026. Undo that" in text(accounts.get(url(north, "renew/")))
    assert accounts.post(url(north, "renew/"), agreed(north)).status_code == 409


def test_without_a_term_renewing_leads_to_the_first_one(accounts, north, now):
    with tenant(north.tenant):
        ContractTerm.objects.update(taken_back_at=now, taken_back_because="Never was")
    assert accounts.get(url(north, "renew/")).url == url(north, "first-term/")
