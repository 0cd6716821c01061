"""Undoing a cancelling: the visit stands as before, and the customer hears nothing."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Duty, Promise
from contracts.allowance import with_left
from contracts.models import AllowanceEntry, Entitlement
from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.models import Role
from tests.cast import make_visit
from visits.announcements import plan_visit_messages
from visits.booking import book_visit, undo_booking
from visits.entitled import book_allowance
from visits.models import Visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit
from visits.places import PlaceTaken, TooLateToUndo
from visits.restoring import can_restore, restore_visit

START = dt.datetime(2026, 3, 9, 14, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def visit(north, now):
    """A granted visit, confirmed, with a reminder that waits."""
    visit = make_visit(
        north,
        start=START,
        technician=north.lou,
        state=Visit.State.CONFIRMED,
        confirmed_at=now - HOUR,
        entitlement=north.term.entitlements.get(),
    )
    book_allowance(visit, by=north.dispatcher, now=now - HOUR)
    plan_visit_messages(visit, "reminder", now=now - HOUR, send_after=START - 24 * HOUR)
    return visit


def cancelled(visit, north, now, whose=Whose.US, **values):
    values = {"because": "No part", "by": north.dispatcher, "now": now, "version": visit.version, **values}
    return cancel_visit(visit, whose=whose, **values)


def left(north):
    return with_left(Entitlement.objects.filter(pk=north.term.entitlements.get().pk)).get().left


def messages(visit):
    rows = Message.objects.filter(subject=visit.public_id).order_by("pk")
    return [(message.kind, message.state) for message in rows]


def test_the_customer_hears_of_a_cancelling_two_minutes_later(north, visit, now):
    after = cancelled(visit, north, now)
    told = Message.objects.filter(subject=visit.public_id, kind="cancelled")
    assert set(told.values_list("state", "send_after")) == {("planned", now + 2 * MINUTE)}
    assert can_restore(after, now=now + MINUTE)
    assert not can_restore(after, now=now + 2 * MINUTE)


@pytest.mark.parametrize("whose", Whose)
def test_undone_in_time_the_visit_stands_as_before(north, visit, now, whose):
    promises = Promise.objects.filter(of_visit__visit=visit).order_by("pk")
    before = list(promises.values()), left(north)
    after = cancelled(visit, north, now, whose)
    assert left(north) == before[1] + 1
    assert not promises.open().exists()
    restored = restore_visit(after, by=north.manager, now=now + MINUTE)
    assert (restored.state, restored.confirmed_at, restored.ended_because, restored.version) == (
        "confirmed", now - HOUR, "", 3,
    )  # fmt: skip
    assert (list(promises.values()), left(north)) == before
    assert messages(visit) == [
        *[("reminder", "planned")] * 2,
        *[("cancelled", "cancelled")] * 2,
    ]
    line = TimelineEntry.objects.get(subject=visit.public_id, step="restored 3")
    assert (line.title, line.actor) == (
        f"Cancelling undone: visit {visit.number} stands as before", north.manager,
    )  # fmt: skip
    assert visit.assignments.get().state == "confirmed"


def test_cancelled_restored_and_cancelled_again_the_ledger_counts_right(north, visit, now):
    whole = left(north)
    for minute in range(3):
        at = now + minute * MINUTE
        visit = cancelled(visit, north, at)
        assert left(north) == whole + 1
        visit = restore_visit(visit, by=north.dispatcher, now=at + MINUTE / 2)
        assert left(north) == whole
    kinds = AllowanceEntry.objects.exclude(kind="granted").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["booked", "released"] * 3 + ["booked"]


def test_broken_after_all_it_is_told_once_more(north, visit, now):
    visit = restore_visit(cancelled(visit, north, now), by=north.dispatcher, now=now + MINUTE)
    cancelled(visit, north, now + 3 * MINUTE)
    window = Promise.objects.get(of_visit__visit=visit, kind="window")
    assert (window.state, window.settled_at) == ("broken", now + 3 * MINUTE)
    lines = TimelineEntry.objects.filter(subject=window.public_id, title__startswith="Promise broken")
    assert list(lines.order_by("at").values_list("step", flat=True)) == ["undone 3", "broken"]


def test_duties_that_it_closed_are_open_again(north, visit, now):
    duty = Duty.objects.create(
        key="0" * 32, kind=Duty.Kind.TELL_CUSTOMER, title="Tell them", due_at=now, opened_at=now - HOUR,
        owner_role=Role.DISPATCHER, subject=visit.public_id,
    )  # fmt: skip
    restore_visit(cancelled(visit, north, now), by=north.dispatcher, now=now + MINUTE)
    duty.refresh_from_db()
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (None, None, "")


def test_nobody_rings_about_what_was_undone(north, visit, now):
    north.contact.phone = north.contact.email = ""
    north.contact.save()
    after = cancelled(visit, north, now)
    duty = Duty.objects.open().get(subject=visit.public_id, kind=Duty.Kind.TELL_CUSTOMER)
    restore_visit(after, by=north.dispatcher, now=now + MINUTE)
    duty.refresh_from_db()
    assert (duty.closed_at, duty.outcome) == (now + MINUTE, "The cancelling was undone.")


def test_after_two_minutes_or_once_they_are_told_it_is_too_late(north, visit, now):
    after = cancelled(visit, north, now)
    with pytest.raises(TooLateToUndo):
        restore_visit(after, by=north.dispatcher, now=now + 2 * MINUTE)
    Message.objects.filter(kind="cancelled", channel="sms").update(state="sending")
    with pytest.raises(TooLateToUndo):
        restore_visit(after, by=north.dispatcher, now=now + MINUTE)
    assert Visit.objects.get(pk=visit.pk).state == "cancelled by us"


def test_its_place_may_be_gone(north, visit, now):
    after = cancelled(visit, north, now)
    make_visit(north, start=START + HOUR, technician=north.lou)
    with pytest.raises(PlaceTaken, match="Lou has another visit then. Book a new time"):
        restore_visit(after, by=north.dispatcher, now=now + MINUTE)
    assert Visit.objects.get(pk=visit.pk).state == "cancelled by us"
    assert not Promise.objects.open().filter(of_visit__visit=visit).exists()


def test_its_paid_visit_may_be_gone(north, visit, now):
    after = cancelled(visit, north, now)
    for day in (1, 2):
        other = make_visit(
            north, start=START + day * 24 * HOUR, technician=north.lou, entitlement=visit.entitlement
        )
        book_allowance(other, by=north.dispatcher, now=now)
    with pytest.raises(OutcomeRefused, match="booked or given up meanwhile"):
        restore_visit(after, by=north.dispatcher, now=now + MINUTE)
    assert Visit.objects.get(pk=visit.pk).state == "cancelled by us"


def test_what_the_customer_cancelled_through_their_link_stays_cancelled(north, visit, now):
    after = cancelled(visit, north, now, Whose.CUSTOMER, by=None)
    assert set(Message.objects.filter(kind="cancelled").values_list("send_after", flat=True)) == {now}
    with pytest.raises(OutcomeRefused, match="The customer cancelled it"):
        restore_visit(after, by=north.dispatcher, now=now + MINUTE)


def test_restored_twice_is_restored_once_and_an_undone_booking_never(north, visit, now):
    after = cancelled(visit, north, now)
    for _ in range(2):
        after = restore_visit(after, by=north.dispatcher, now=now + MINUTE)
    assert after.version == 3
    booked = book_visit(
        customer=north.customer, site=north.site, contact=north.contact, machines=[], kind="tune-up",
        problem="", technician=north.marek, start=START, end=START + HOUR, window_end=START + HOUR,
        by=north.dispatcher, now=now,
    )  # fmt: skip
    undone = undo_booking(booked, by=north.dispatcher, now=now + MINUTE)
    with pytest.raises(OutcomeRefused, match="This visit is booking undone: it cannot be restored"):
        restore_visit(undone, by=north.dispatcher, now=now + MINUTE)


def test_the_database_opens_no_promise_again_once_the_time_is_over(north, visit, now):
    cancelled(visit, north, now)
    promises = Promise.objects.filter(of_visit__visit=visit, kind="window")
    with pytest.raises(IntegrityError, match="A settled promise never changes"), transaction.atomic():
        promises.update(state="open", settled_at=None, evidence="")
    late = now + 2 * MINUTE
    Visit.objects.filter(pk=visit.pk).update(state="confirmed", changed_at=late)
    with pytest.raises(IntegrityError, match="A settled promise never changes"), transaction.atomic():
        promises.update(state="open", settled_at=None, evidence="")
    assert promises.get().state == "broken"


def test_whose_clock_is_behind_the_cancelling_undoes_it_all_the_same(north, visit, now):
    """Two at once: the one who waited for the other's cancelling had looked at the clock before."""
    after = cancelled(visit, north, now + MINUTE)
    restored = restore_visit(after, by=north.dispatcher, now=now)
    assert (restored.state, restored.changed_at) == ("confirmed", now + MINUTE)
    open_kinds = Promise.objects.open().filter(of_visit__visit=visit).values_list("kind", flat=True)
    assert sorted(open_kinds) == ["call ahead", "confirmation", "window"]
