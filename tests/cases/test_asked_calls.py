"""Somebody asked to be rung: one call, one promise, one person, and both end together."""

import datetime as dt
from functools import partial

import pytest

from cases.asked_calls import ask_for_call, keep_asked_calls, promise_of, who_rings
from cases.duties import close_duty
from cases.models import Case, Duty, Leave, Promise
from cases.promising import keep_by_hand
from tenancy.scope import tenant
from tests.at_once import at_once

HOUR = dt.timedelta(hours=1)
State = Promise.State


def ask(desk, now, **more):
    values = {"about": "visit V-1", "due_at": now + HOUR, "now": now, **more}
    return ask_for_call(desk.customer, desk.site.public_id, **values)


def test_a_call_is_owed_and_promised_by_a_person_who_is_here(north, now):
    duty = ask(north, now, expects="today, 4 to 5 pm")
    promise = promise_of(duty)
    assert (duty.owner, duty.due_at, duty.kind) == (north.dispatcher, now + HOUR, Duty.Kind.CALL_CUSTOMER)
    assert (promise.owner, promise.due_at, promise.text) == (
        north.dispatcher,
        now + HOUR,
        "Ring them about visit V-1",
    )
    assert (promise.expects, duty.detail) == (
        "today, 4 to 5 pm",
        "About visit V-1. They chose today, 4 to 5 pm",
    )


def test_asked_again_it_is_the_same_call_until_they_were_rung(north, now):
    first = ask(north, now)
    assert ask(north, now + HOUR / 2, due_at=now + 2 * HOUR) == first
    assert (Duty.objects.count(), Promise.objects.count()) == (1, 1)
    close_duty(first, by=north.dispatcher, now=now, outcome="Rang them")
    assert ask(north, now) != first
    assert Promise.objects.count() == 2


def test_a_promise_that_is_kept_ends_the_call_and_a_call_the_promise(north, now):
    duty = ask(north, now)
    keep_by_hand(promise_of(duty), by=north.dispatcher, now=now, evidence="All is well")
    duty.refresh_from_db()
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (now, north.dispatcher, "All is well")
    again = ask(north, now)
    keep_asked_calls(north.site.public_id, by=north.dispatcher, now=now + HOUR, evidence="Spoke")
    assert promise_of(again).state == State.KEPT
    late = ask(north, now)
    keep_asked_calls(north.site.public_id, by=north.dispatcher, now=now + 2 * HOUR, evidence="Spoke")
    assert promise_of(late).state == State.BROKEN


@pytest.mark.parametrize(
    ("away", "rings"), [((), "dispatcher"), (("dispatcher",), "manager"), (("dispatcher", "manager"), None)]
)
def test_who_is_away_does_not_ring(north, now, away, rings):
    for role in away:
        Leave.objects.create(member=north.people[role], starts_at=now - HOUR, ends_at=now + HOUR)
    expected = north.people[rings] if rings else None
    assert who_rings(case=None, now=now, due_at=now + HOUR) == expected


def test_the_owner_of_the_matter_rings_while_it_is_open(north, now):
    case = Case.objects.create(
        customer=north.customer, kind=Case.Kind.QUESTION, title="A bill", opened_at=now, owner=north.sales
    )
    assert who_rings(case=case, now=now, due_at=now + HOUR) == north.sales
    case.state = Case.State.CLOSED
    assert who_rings(case=case, now=now, due_at=now + HOUR) == north.dispatcher


def test_two_presses_at_once_are_one_call_and_one_promise(committed_cast, now):
    north = committed_cast.north
    press = partial(ask, north, now)
    first, second = at_once(press, press, desk=north)
    assert first.pk == second.pk
    with tenant(north.tenant):
        assert (Duty.objects.count(), Promise.objects.count()) == (1, 1)
