"""Moving a visit: who may, where to, and what follows from it."""

import datetime as dt
from functools import partial

import pytest

from cases.models import Promise
from customers.models import TimelineEntry
from messaging.models import Message
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_visit
from tests.visits.conftest import TOMORROW_AT_TWO as START
from tests.visits.move_scene import moved_by_dispatcher
from visits.announcements import plan_visit_messages
from visits.commitments import keep_promise
from visits.confirming import confirm_visit
from visits.models import Absence, Assignment, TechnicianPreference, Visit
from visits.moving import move_visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged

HOUR = dt.timedelta(hours=1)


def moved(visit, north, now, **values):
    return moved_by_dispatcher(visit, north, now, **{"start": START + HOUR, **values})


def test_block_window_and_told_time_move_together(north, visit, now):
    after = moved(visit, north, now)
    assert (after.planned_start, after.planned_end) == (START + HOUR, START + HOUR * 2.25)
    assert (after.window_start, after.window_end) == (START + HOUR, START + HOUR * 2)
    assert (after.told_day, after.told_from, after.told_until) == (START.date(), dt.time(15), dt.time(16))
    assert (after.version, after.changed_at, after.state) == (2, now, Visit.State.BOOKED)
    assignment = Assignment.objects.get(visit=visit)
    assert (assignment.technician, assignment.starts_at, assignment.ends_at) == (
        north.lou,
        START + HOUR,
        START + HOUR * 2.25,
    )


def test_across_the_change_of_the_clock_the_wall_time_is_told(north, now):
    # 27 March is winter time in London, 30 March summer time: 14:00 is 13:00 in UTC.
    visit = make_visit(north, start=dt.datetime(2026, 3, 27, 14, tzinfo=dt.UTC), technician=north.lou)
    after = moved(visit, north, now, start=dt.datetime(2026, 3, 30, 13, tzinfo=dt.UTC))
    assert (after.told_day, after.told_from) == (dt.date(2026, 3, 30), dt.time(14))


def test_a_customer_elsewhere_is_told_their_own_wall_time(north, now):
    north.customer.time_zone = "Europe/Paris"
    north.customer.save()
    visit = make_visit(north, start=START, technician=north.lou)
    after = moved(visit, north, now)
    assert (after.told_from, after.told_until) == (dt.time(16), dt.time(17))


def test_old_messages_are_cancelled_and_the_move_is_told(north, visit, now):
    Message.objects.create(
        key="0" * 32,
        kind="reminder",
        channel="sms",
        customer=visit.customer,
        contact=visit.contact,
        subject=visit.public_id,
        send_after=START - HOUR * 2,
        planned_at=now,
    )
    after = moved(visit, north, now)
    states = set(Message.objects.values_list("kind", "channel", "state", "subject_start"))
    assert states == {
        ("reminder", "sms", "cancelled", None),
        ("moved", "sms", "planned", after.planned_start),
        ("moved", "mail", "planned", after.planned_start),
    }


def test_promises_follow_the_visit(north, visit, now):
    moved(visit, north, now, agreed_by_customer=True)
    window = Promise.objects.filter(of_visit__visit=visit, kind=Promise.Kind.WINDOW)
    assert list(window.order_by("made_at").values_list("state", "due_at")) == [
        (Promise.State.RELEASED, START + HOUR),
        (Promise.State.OPEN, START + HOUR * 2),
    ]


def test_the_time_line_says_who_moved_it_where_and_why(north, visit, now):
    moved(visit, north, now)
    line = TimelineEntry.objects.get(subject=visit.public_id, step="moved 2")
    assert (line.title, line.detail, line.actor) == (
        "Visit moved to Fri 6 Mar, 15:00, Lou Baptiste",
        "Customer asked",
        north.dispatcher,
    )


def test_second_mover_is_told_who_was_first(north, visit, now):
    moved(visit, north, now)
    with pytest.raises(VisitChanged) as refused:
        moved(visit, north, now, start=START + HOUR * 2, version=1)
    assert "changed this visit at 13:07. It stands with Lou Baptiste on Fri 6 Mar, 15:00." in str(
        refused.value
    )
    visit.refresh_from_db()
    assert (visit.planned_start, visit.version) == (START + HOUR, 2)


def test_taken_time_is_refused_with_who_is_there(north, visit, now):
    make_visit(north, start=START + HOUR * 2, technician=north.marek)
    with pytest.raises(PlaceTaken) as refused:
        moved(visit, north, now, technician=north.marek)
    assert str(refused.value) == "Overlaps The Harbour Letter, 16:00 to 17:15."
    assert Assignment.objects.get(visit=visit).technician == north.lou


def test_same_hour_next_to_its_old_place_is_free(north, visit, now):
    after = moved(visit, north, now, start=START + dt.timedelta(minutes=15))
    assert after.planned_start == START + dt.timedelta(minutes=15)


@pytest.mark.parametrize("state", [Visit.State.ON_SITE, Visit.State.NO_ACCESS, Visit.State.CANCELLED_BY_US])
def test_what_is_over_or_begun_cannot_be_moved(north, visit, now, state):
    Visit.objects.filter(pk=visit.pk).update(state=state, arrived_at=now)
    with pytest.raises(MoveRefused, match="cannot be moved any more"):
        moved(visit, north, now)


def test_a_missed_visit_is_rebooked_never_moved(north, visit, now):
    Visit.objects.filter(pk=visit.pk).update(state=Visit.State.MISSED, missed_at=now)
    with pytest.raises(MoveRefused, match="This visit was missed. Record what came of it, and book a new"):
        moved(visit, north, now)


def test_not_into_the_past_nor_into_an_absence_nor_to_somebody_excluded(north, visit, now):
    with pytest.raises(MoveRefused, match="That time has passed"):
        moved(visit, north, now, start=now - HOUR)
    Absence.objects.create(
        technician=north.marek, starts_at=START, ends_at=START + HOUR * 48, reason="Training"
    )
    with pytest.raises(MoveRefused, match=r"Marek is away until Sun 8 Mar \(Training\)\."):
        moved(visit, north, now, technician=north.marek)
    Absence.objects.all().delete()
    TechnicianPreference.objects.create(
        technician=north.marek, level=TechnicianPreference.Level.EXCLUDED, site=north.site
    )
    with pytest.raises(MoveRefused, match="The customer wants somebody other than Marek"):
        moved(visit, north, now, technician=north.marek)


class TestAnotherTechnicianAfterConfirmation:
    """R2.6: the customer's yes, or a supervisor's reason."""

    @pytest.fixture
    def visit(self, north, now):
        return make_visit(
            north, start=START, technician=north.lou, state=Visit.State.CONFIRMED, confirmed_at=now
        )

    def test_a_dispatcher_needs_the_customers_yes(self, north, visit, now):
        with pytest.raises(NeedsAgreement, match="another technician needs the customer’s yes"):
            moved(visit, north, now, technician=north.marek, start=START)
        after = moved(visit, north, now, technician=north.marek, start=START, agreed_by_customer=True)
        assert (after.state, after.assignments.get().technician) == (Visit.State.CONFIRMED, north.marek)

    def test_their_yes_to_another_technician_is_the_confirmation_too(self, north, now):
        visit = make_visit(north, start=START + HOUR * 24, technician=north.lou)
        after = moved(
            visit, north, now, start=visit.planned_start, technician=north.marek, agreed_by_customer=True
        )
        promise = Promise.objects.get(of_visit__visit=visit, kind=Promise.Kind.CONFIRMATION)
        assert (after.state, promise.state) == (Visit.State.CONFIRMED, Promise.State.KEPT)

    def test_a_managers_reason_is_enough_an_empty_one_is_not(self, north, visit, now):
        move = {"technician": north.marek, "start": START, "by": north.manager}
        with pytest.raises(NeedsAgreement):
            moved(visit, north, now, reason=" ", **move)
        assert (
            moved(visit, north, now, reason="Lou is ill", **move).assignments.get().technician == north.marek
        )

    def test_the_same_technician_at_another_time_needs_none_but_is_confirmed_no_more(self, north, visit, now):
        after = moved(visit, north, now)
        assert (after.state, after.confirmed_at) == (Visit.State.BOOKED, None)


def test_for_another_technician_the_promises_change_hands_and_nobody_hears_of_the_old_one(north, now):
    visit = make_visit(
        north, start=START, technician=north.lou, state=Visit.State.ON_THE_WAY, on_the_way_at=now,
        expected_at=START,
    )  # fmt: skip
    plan_visit_messages(visit, "on the way", now=now)
    move_visit(
        visit, technician=north.marek, start=START, reason="", by=north.dispatcher, now=now, version=1,
        tell_customer=False,
    )  # fmt: skip
    assert {m.state for m in Message.objects.filter(kind="on the way")} == {"cancelled"}
    promises = Promise.objects.filter(of_visit__visit=visit)
    assert promises.get(kind=Promise.Kind.WINDOW).text == "Marek will be there on 6 March, 14:00 to 15:00"
    assert {promise.owner for promise in promises} == {north.dispatcher}


def test_a_booking_that_waits_is_still_told_after_a_silent_change_of_technician(north, visit, now):
    plan_visit_messages(visit, "booked", now=now)
    moved(visit, north, now, start=START, technician=north.marek, tell_customer=False)
    assert {m.state for m in Message.objects.filter(kind="booked")} == {"planned"}


def test_window_stays_when_nobody_tells_the_customer(north, visit, now):
    after = moved(visit, north, now, start=START + HOUR / 2, tell_customer=False)
    assert (after.planned_start, after.window_start) == (START + HOUR / 2, START)
    assert not Message.objects.filter(kind="moved").exists()


def test_a_silent_move_agrees_nothing_anew(north, now):
    visit = make_visit(north, start=START + HOUR * 24, technician=north.lou)
    moved(visit, north, now, start=START + HOUR * 24.5, tell_customer=False)
    kept = keep_promise(visit, Promise.Kind.WINDOW, now=START + HOUR * 24.75, evidence="Arrived")
    assert (kept.state, kept.due_at) == (Promise.State.KEPT, START + HOUR * 25)
    dues = Promise.objects.open().filter(of_visit__visit=visit).values_list("kind", "due_at")
    assert dict(dues) == {"confirmation": START + HOUR / 2, "call ahead": START + HOUR * 24}


def test_a_silent_move_promises_no_confirmation_to_who_has_said_yes(north, now):
    visit = make_visit(north, start=START + HOUR * 24, technician=north.lou)
    confirm_visit(visit, by=north.dispatcher, now=now, said="On the phone")
    moved(visit, north, now, start=START + HOUR * 24.5, tell_customer=False)
    assert Promise.objects.get(of_visit__visit=visit, kind="confirmation").state == Promise.State.KEPT


def test_a_booking_that_waits_is_still_told_after_a_silent_move(north, visit, now):
    plan_visit_messages(visit, "booked", now=now)
    after = moved(visit, north, now, start=START + HOUR / 2, tell_customer=False)
    waiting = Message.objects.filter(kind="booked", state="planned")
    assert {message.subject_start for message in waiting} == {after.planned_start}
    window = Promise.objects.get(of_visit__visit=visit, kind=Promise.Kind.WINDOW)
    assert window.renegotiated_at is None


def test_no_silent_move_out_of_the_promised_window(north, visit, now):
    with pytest.raises(
        NeedsAgreement, match="The customer was promised 14:00 to 15:00. Tell them the new time"
    ):
        moved(visit, north, now, start=START + HOUR * 2, tell_customer=False)


def test_a_late_visit_with_a_new_time_is_late_no_more_its_broken_promise_stays(north, now):
    visit = make_visit(
        north, start=now - HOUR * 1.25, technician=north.lou, late_at=now, booked_at=now - HOUR * 240
    )
    Promise.objects.filter(of_visit__visit=visit, kind=Promise.Kind.WINDOW).update(
        state=Promise.State.BROKEN, settled_at=now, evidence="Nobody had arrived"
    )
    after = moved(visit, north, now, start=now + HOUR, agreed_by_customer=True)
    assert after.late_at is None
    states = Promise.objects.filter(of_visit__visit=visit, kind=Promise.Kind.WINDOW).order_by("pk")
    assert [promise.state for promise in states] == [Promise.State.BROKEN, Promise.State.OPEN]


def test_a_longer_block_keeps_everything_that_was_told(north, now):
    visit = make_visit(
        north, start=START, technician=north.lou, state=Visit.State.CONFIRMED, called_ahead_at=now
    )
    after = moved(visit, north, now, start=START, minutes=120)
    assert after.planned_end == START + HOUR * 2
    assert (after.state, after.called_ahead_at, after.window_end) == (
        Visit.State.CONFIRMED,
        now,
        START + HOUR,
    )
    assert not Message.objects.filter(kind="moved").exists()


def test_a_longer_block_that_they_agreed_to_keeps_who_is_on_the_way_on_the_way(north, now):
    visit = make_visit(
        north, start=START, technician=north.lou, state=Visit.State.ON_THE_WAY, on_the_way_at=now,
        expected_at=START,
    )  # fmt: skip
    after = moved(visit, north, now, start=START, minutes=120, agreed_by_customer=True)
    assert (after.state, after.on_the_way_at) == (Visit.State.ON_THE_WAY, now)


def test_a_longer_block_that_they_agreed_to_confirms_the_visit(north, visit, now):
    after = moved(visit, north, now, start=START, minutes=120, agreed_by_customer=True)
    assert (after.state, after.confirmed_at) == (Visit.State.CONFIRMED, now)


def test_a_visit_without_technician_is_placed(north, now):
    visit = make_visit(north, start=START, needs_placing=True)
    after = moved(visit, north, now, start=START)
    assert (after.needs_placing, after.assignments.get().technician) == (False, north.lou)


def test_of_two_who_move_to_the_same_hour_at_once_one_is_refused(committed_cast, now):
    north = committed_cast.north
    with tenant(north.tenant):
        visits = [
            make_visit(north, start=START + HOUR * n * 2, number=f"V-{n}", technician=t)
            for n, t in enumerate([north.lou, north.marek, north.lou, north.marek])
        ]
    target = START + HOUR * 24 * 3
    whither = {"technician": north.lou, "start": target, "reason": "", "by": north.dispatcher, "now": now}
    acts = (partial(move_visit, visit, version=1, **whither) for visit in visits)
    refused = [isinstance(one, PlaceTaken) for one in at_once(*acts, desk=north, told=PlaceTaken)]
    assert sorted(refused) == [False, True, True, True]
    with tenant(north.tenant):
        assert Assignment.objects.filter(technician=north.lou, starts_at=target).count() == 1
