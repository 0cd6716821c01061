"""What is written down at a call: promises, lapse calls, skips, questions (R1.7, R1.8)."""

import datetime as dt
import re

import pytest

from cases.models import Duty, Interaction, Promise
from contracts.evidence import log_claim
from contracts.models import CallSkip, ContractCheck
from servicedesk.call_forms import usual_times
from tenancy.calendars import Calendar, zone_of
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.reading import text
from tests.servicedesk.calls_scene import add_customer, check_url, north, post

pytestmark = pytest.mark.usefixtures("moment")

__all__ = ["north"]


def test_a_promise_is_logged_with_its_time(sales, north, now):
    answer = post(sales, north, "promise", what="Ring back with a price", by="today")
    assert answer.status_code == 302
    with tenant(north.tenant):
        promise = Promise.objects.get()
    assert (promise.text, promise.kind) == ("Ring back with a price", "call back")
    assert promise.owner_id == north.sales.pk
    assert promise.due_at == dt.datetime(2026, 3, 5, 15, 0, tzinfo=dt.UTC)
    assert "Ring back with a price Jamie Mercer, made 5 March 15:00" in text(sales.get(check_url(north)))


def test_a_picked_time_is_the_desks_own(sales, north):
    post(sales, north, "promise", what="Ring", by="pick", day="2026-07-01", clock="09:30")
    with tenant(north.tenant):
        assert Promise.objects.get().due_at == dt.datetime(2026, 7, 1, 8, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"what": "", "by": "30"}, "Write what you promised."),
        ({"what": "Ring", "by": ""}, "Choose by when."),
        ({"what": "Ring", "by": "pick"}, "Give the day and the time."),
        (
            {"what": "Ring", "by": "pick", "day": "2026-03-04", "clock": "10:00"},
            "A promise is for a time to come.",
        ),
    ],
)
def test_a_promise_that_lacks_something_is_not_logged(sales, north, data, words):
    answer = post(sales, north, "promise", **data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert f'value="{data["what"]}"' in answer.content.decode() or not data["what"]
    with tenant(north.tenant):
        assert Promise.objects.count() == 0


def test_a_promise_ends_with_what_came_of_it(sales, north, now):
    post(sales, north, "promise", what="Ring", by="30")
    with tenant(north.tenant):
        promise = Promise.objects.get()
    address = f"{check_url(north)}promises/{promise.public_id}/kept/"
    assert sales.post(address, {"outcome": ""}).status_code == 422
    assert sales.post(address, {"outcome": "Told the price"}).status_code == 302
    with tenant(north.tenant):
        promise.refresh_from_db()
    assert (promise.state, promise.evidence) == ("kept", "Told the price")


def test_what_a_visit_promises_is_not_settled_by_hand(sales, north, now):
    with tenant(north.tenant):
        make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
        promises = list(Promise.objects.open())
    assert {promise.kind for promise in promises} == set(Promise.OF_VISITS)
    page = sales.get(check_url(north)).content.decode()
    for promise in promises:
        address = f"{check_url(north)}promises/{promise.public_id}/kept/"
        assert address not in page
        assert sales.post(address, {"outcome": "They were there"}).status_code == 404
    with tenant(north.tenant):
        assert Promise.objects.open().count() == 3


@pytest.mark.parametrize(
    ("moment", "offered"),
    [
        ((2026, 3, 5, 13, 7), ["In 30 min", "Today 15:00", "Tomorrow 10:00"]),
        ((2026, 3, 5, 15, 0), ["In 30 min", "Tomorrow 10:00"]),
        ((2026, 3, 6, 9, 0), ["In 30 min", "Today 15:00", "Monday 10:00"]),
    ],
)
def test_only_times_to_come_are_offered(north, moment, offered):
    now = dt.datetime(*moment, tzinfo=dt.UTC)
    calendar = Calendar(zone=zone_of(north.tenant))
    assert [words for _, words, _ in usual_times(now, calendar)] == offered


# Lapse calls, skips, questions


def test_a_lapse_call_is_logged(sales, north):
    answer = post(sales, north, "lapse", summary="Thinks about it", again_on="2026-04-01")
    assert answer.status_code == 302
    with tenant(north.tenant):
        assert Interaction.objects.get().summary == "Thinks about it"
        assert CallSkip.objects.get().until == dt.date(2026, 4, 1)
    read = text(sales.get(check_url(north)))
    assert "Not in the list: Put off until 1 April: Thinks about it" in read
    assert "5 Mar Called about N-20418, which has lapsed Thinks about it" in read


def test_a_lapse_call_is_refused_when_money_came_in_meanwhile(sales, north, now):
    sales.get(check_url(north))
    with tenant(north.tenant):
        log_claim(contract=north.contract, by=north.dispatcher, now=now)
    answer = post(sales, north, "lapse", summary="Offered a new term")
    assert answer.status_code == 409
    read = text(answer)
    assert "Not logged Renewal in review: customer's word of 5 March" in read
    assert "Not in the list:" in read
    assert "/lapse/" not in re.sub(r'action="[^"]*"', "", answer.content.decode())
    with tenant(north.tenant):
        assert Interaction.objects.count() == 0
        assert [check.state for check in ContractCheck.objects.order_by("pk")] == [
            "lapsed",
            "renewal in review",
        ]


def test_a_lapse_call_keeps_what_was_typed(sales, north):
    answer = post(sales, north, "lapse", summary="Thinks about it", again_on="2026-03-05")
    assert answer.status_code == 422
    assert "Choose a day after today." in text(answer)
    assert ">Thinks about it</textarea>" in answer.content.decode()


def test_a_contract_of_somebody_else_takes_no_lapse_call(sales, north):
    with tenant(north.tenant):
        other = add_customer(north, "Other", dt.date(2026, 1, 1)).contracts.get()
    answer = post(sales, north, "lapse", summary="Hello", contract=str(other.public_id))
    assert answer.status_code == 404


def test_skipping_leads_to_the_next_row(sales, north):
    with tenant(north.tenant):
        last = add_customer(north, "Last", dt.date(2024, 1, 1))
    answer = post(sales, north, "skip", until="2026-05-04", reason="Buys through the county")
    assert (answer.status_code, answer.url) == (302, check_url(north, last))
    read = text(sales.get(north.url("calls/?show=held")))
    assert "Put off until 4 May: Buys through the county" in read


@pytest.mark.parametrize(
    ("until", "reason", "words"),
    [
        ("2026-03-05", "Later", "Choose a day after today."),
        ("", "Later", "Choose until when."),
        ("2026-04-01", "", "Write why."),
    ],
)
def test_a_skip_needs_a_day_to_come_and_a_reason(sales, north, until, reason, words):
    answer = post(sales, north, "skip", until=until, reason=reason)
    assert answer.status_code == 422
    assert words in text(answer)
    with tenant(north.tenant):
        assert CallSkip.objects.count() == 0


def test_accounts_are_asked_once_a_day(sales, north):
    for _ in range(2):
        assert post(sales, north, "ask").status_code == 302
    with tenant(north.tenant):
        duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.subject) == (
        "judge contract",
        "accounts",
        north.contract.public_id,
    )
    assert duty.title == "Is N-20418 renewed? Jamie Mercer asks"
    assert duty.due_at == dt.datetime(2026, 3, 5, 17, 30, tzinfo=dt.UTC)
