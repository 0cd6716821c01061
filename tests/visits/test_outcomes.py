"""How a miss is settled, and how a visit is cancelled: with words, by somebody, once."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.duties import open_duty
from cases.models import Duty, Interaction, Promise
from contracts.models import AllowanceEntry
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.models import Visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit, cannot_come, close_miss

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def north(cast, now):
    with tenant(cast.south.tenant):
        make_visit(cast.south, start=now - 3 * HOUR, technician=cast.south.lou)
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def missed(north, now):
    """Lou was expected from 10:07 to 11:07."""
    return make_visit(
        north,
        start=now - 3 * HOUR,
        technician=north.lou,
        state=Visit.State.MISSED,
        missed_at=now - HOUR,
        late_at=now - 2 * HOUR,
    )


@pytest.fixture
def coming(north, now):
    return make_visit(
        north, start=now + 24 * HOUR, technician=north.lou, entitlement=north.term.entitlements.get()
    )


def settled(visit, north, now, **values):
    return close_miss(
        visit,
        **{
            "what_happened": "Lou had the wrong day in the diary",
            "spoke_to": "Margaret Ellison",
            "spoke_at": now - HOUR / 2,
            "by": north.dispatcher,
            "now": now,
            **values,
        },
    )


def test_outcome_names_what_happened_who_spoke_when_and_the_new_date(north, missed, coming, now):
    duty = open_duty(
        "missed",
        missed.public_id,
        kind=Duty.Kind.REBOOK,
        title="Rebook",
        due_at=now,
        now=now,
        owner_role=Role.DISPATCHER,
        subject=missed.public_id,
    )
    after = settled(missed, north, now, new_visit=coming)
    assert after.miss_closed_at == now
    assert after.miss_outcome == (
        "Lou had the wrong day in the diary. Dana Whitlock spoke to Margaret Ellison on Thu 5 Mar, 12:37. "
        "Rebooked for Fri 6 Mar, 13:07."
    )
    # It counts for ever: closing is not undoing.
    assert (after.state, after.missed_at) == (Visit.State.MISSED, now - HOUR)
    duty.refresh_from_db()
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (now, north.dispatcher, after.miss_outcome)
    talk = Interaction.objects.get()
    assert (talk.direction, talk.at, talk.by) == ("out", now - HOUR / 2, north.dispatcher)


def test_refused_by_the_customer_is_an_outcome_too(north, missed, now):
    assert settled(missed, north, now).miss_outcome.endswith("12:37. They want no other visit.")


def test_second_outcome_is_refused_and_shows_the_first(north, missed, now):
    settled(missed, north, now)
    with pytest.raises(OutcomeRefused, match="has its outcome already: Lou had the wrong day"):
        settled(missed, north, now, what_happened="Nothing")
    assert Interaction.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"what_happened": " "}, "Say what happened"),
        ({"spoke_to": ""}, "Say whom you spoke to"),
        ({"spoke_at": dt.timedelta(minutes=1)}, "between the visit’s window and now"),
        ({"spoke_at": -dt.timedelta(hours=4)}, "between the visit’s window and now"),
    ],
)
def test_outcome_without_its_parts_is_refused(north, missed, now, values, says):
    if "spoke_at" in values:
        values = {"spoke_at": now + values["spoke_at"]}
    with pytest.raises(OutcomeRefused, match=says):
        settled(missed, north, now, **values)
    missed.refresh_from_db()
    assert missed.miss_closed_at is None


def test_what_nobody_missed_has_no_outcome(north, coming, now):
    with pytest.raises(OutcomeRefused, match="Nobody missed this visit"):
        settled(coming, north, now)


def test_the_database_refuses_to_close_a_miss_without_words_or_to_undo_it(north, missed, now):
    for change in ({"miss_closed_at": now}, {"missed_at": None, "state": "booked"}, {"state": "booked"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Visit.objects.filter(pk=missed.pk).update(**change)


def test_saying_that_nobody_can_come_is_a_miss_at_once(north, now):
    visit = make_visit(north, start=now + HOUR, technician=north.lou)
    after = cannot_come(visit, because="Both vans broke down", by=north.dispatcher, now=now)
    assert (after.state, after.missed_at) == (Visit.State.MISSED, now)
    assert after.ended_because == "Both vans broke down"
    assert Duty.objects.open().filter(kind=Duty.Kind.REBOOK, subject=visit.public_id).exists()
    with pytest.raises(OutcomeRefused, match="is missed already"):
        cannot_come(visit, because="Again", by=north.dispatcher, now=now)


def cancelled(visit, north, now, whose, **values):
    return cancel_visit(
        visit,
        **{
            "whose": whose,
            "because": "The printer was replaced",
            "by": north.dispatcher,
            "now": now,
            "version": visit.version,
            **values,
        },
    )


def test_cancelled_by_the_customer_releases_every_promise_and_the_allowance(north, coming, now):
    after = cancelled(coming, north, now, Whose.CUSTOMER)
    assert (after.state, after.ended_because, after.version) == (
        Visit.State.CANCELLED_BY_CUSTOMER,
        "The printer was replaced",
        2,
    )
    assert set(Promise.objects.filter(of_visit__visit=coming).values_list("state", flat=True)) == {
        Promise.State.RELEASED
    }
    entry = AllowanceEntry.objects.get(subject=coming.public_id)
    assert (entry.kind, entry.quantity) == (AllowanceEntry.Kind.RELEASED, 1)
    kinds = Message.objects.filter(subject=coming.public_id).values_list("kind", "state")
    assert set(kinds) == {("cancelled", "planned")}


def test_whom_no_message_reaches_is_rung_about_a_cancelling(north, coming, now):
    north.contact.phone = north.contact.email = ""
    north.contact.save()
    cancelled(coming, north, now, Whose.US)
    duty = Duty.objects.get(subject=coming.public_id)
    assert (duty.kind, duty.closed_at) == (Duty.Kind.TELL_CUSTOMER, None)


def test_cancelled_by_us_breaks_the_promise_to_come(north, coming, now):
    after = cancelled(coming, north, now, Whose.US)
    assert after.state == Visit.State.CANCELLED_BY_US
    states = dict(Promise.objects.filter(of_visit__visit=coming).values_list("kind", "state"))
    assert states[Promise.Kind.WINDOW] == Promise.State.BROKEN
    assert states[Promise.Kind.CALL_AHEAD] == Promise.State.RELEASED


def test_once_the_window_has_begun_ours_is_a_miss_and_not_a_cancelling(north, now):
    visit = make_visit(north, start=now, technician=north.lou)
    with pytest.raises(OutcomeRefused, match="Its window has begun: if nobody can come, that is a miss"):
        cancelled(visit, north, now, Whose.US)
    assert cancelled(visit, north, now, Whose.CUSTOMER).state == Visit.State.CANCELLED_BY_CUSTOMER


def test_cancelling_needs_a_reason_the_seen_version_and_a_visit_to_come(north, coming, missed, now):
    for visit, values, says in (
        (coming, {"because": " "}, "Say why"),
        (coming, {"version": 7}, "Somebody changed this visit"),
        (missed, {}, "it cannot be cancelled"),
    ):
        with pytest.raises(OutcomeRefused, match=says):
            cancelled(visit, north, now, Whose.CUSTOMER, **values)
