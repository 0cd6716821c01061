"""A visit nobody came to becomes late, then missed, by itself (R4.3, R4.7)."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from cases.models import Duty, Promise
from messaging.kinds import kind_of
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import a_promise, make_visit
from visits import fieldwork, sweeper
from visits.confirming import CannotConfirm, confirm_visit
from visits.models import Assignment, Visit
from visits.moving import move_visit
from visits.outcomes import OutcomeRefused, Whose, cancel_visit
from visits.places import MoveRefused, NeedsAgreement, VisitChanged
from visits.sweeper import sweep

# Thursday 5 March 2026, 14:00 in London; the window ends at 15:00.
START = dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC)
OVER = START + dt.timedelta(hours=1)


@pytest.fixture
def visit(cast):
    """A confirmed visit of Lou's at Northgate, and its like at Southgate a day later."""
    with tenant(cast.south.tenant):
        make_visit(cast.south, start=START + dt.timedelta(days=1), technician=cast.south.lou)
    with tenant(cast.north.tenant):
        return make_visit(cast.north, start=START, technician=cast.north.lou, state=Visit.State.CONFIRMED)


def swept(now):
    result = sweep(now=now)
    return result.late, result.missed


def promises(visit):
    return dict(Promise.objects.filter(of_visit__visit=visit).values_list("kind", "state"))


def test_nothing_happens_before_the_window_ends(cast, visit):
    assert swept(OVER - dt.timedelta(seconds=1)) == (0, 0)


def test_at_the_end_of_the_window_it_is_late_and_its_promise_broken(cast, visit):
    assert swept(OVER) == (1, 0)
    with tenant(cast.north.tenant):
        visit.refresh_from_db()
        assert (visit.state, visit.late_at, visit.missed_at) == (Visit.State.CONFIRMED, OVER, None)
        assert promises(visit)[Promise.Kind.WINDOW] == Promise.State.BROKEN
        alarmed = Duty.objects.filter(subject=visit.public_id).order_by("pk")
        assert [(duty.kind, duty.owner_role, duty.owner) for duty in alarmed] == [
            (Duty.Kind.TELL_CUSTOMER, Role.DISPATCHER, cast.north.dispatcher),
            (Duty.Kind.TELL_CUSTOMER, Role.TECHNICIAN, cast.north.technician),
        ]
        assert {duty.due_at for duty in alarmed} == {OVER + dt.timedelta(minutes=10)}
        late = Message.objects.filter(kind="late").values_list("state", "send_after")
        assert set(late) == {("planned", OVER)}
    assert swept(OVER + dt.timedelta(minutes=29)) == (0, 0)


def test_half_an_hour_later_it_is_missed_with_an_apology_and_a_duty_within_one_business_hour(cast, visit):
    sweep(now=OVER)
    missed_at = OVER + dt.timedelta(minutes=30)
    assert swept(missed_at) == (0, 1)
    with tenant(cast.north.tenant):
        visit.refresh_from_db()
        assert (visit.state, visit.missed_at) == (Visit.State.MISSED, missed_at)
        assert set(promises(visit).values()) == {Promise.State.BROKEN}
        duty = Duty.objects.get(subject=visit.public_id, kind=Duty.Kind.REBOOK)
        assert (duty.due_at, duty.owner) == (missed_at + dt.timedelta(hours=1), cast.north.dispatcher)
        apology = Message.objects.filter(kind="missed").first()
        said = kind_of(apology).write(apology, now=missed_at).text
        assert (
            "we missed your visit today. We are sorry. Dana will ring you by 4:30 pm with a new time" in said
        )
        states = set(Message.objects.filter(subject=visit.public_id).values_list("kind", "state"))
        assert states == {("late", "cancelled"), ("missed", "planned")}
        assert visit.customer.timeline.filter(kind="missed").count() == 1


def test_after_a_standstill_it_catches_up_at_once_and_a_second_run_changes_nothing(cast, visit):
    later = START + dt.timedelta(days=3)
    assert swept(later) == (2, 2)
    assert swept(later) == (0, 0)
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            assert Duty.objects.filter(kind=Duty.Kind.REBOOK).count() == 1
            assert not Visit.objects.waiting().filter(window_end__lt=later).exists()


def test_a_desk_that_allows_no_minutes_misses_at_the_end_of_the_window(cast, visit):
    cast.north.tenant.missed_after_minutes = 0
    cast.north.tenant.save()
    assert swept(OVER) == (1, 1)


def test_a_miss_in_the_evening_is_due_in_the_next_business_hour(cast):
    with tenant(cast.north.tenant):
        visit = make_visit(cast.north, start=dt.datetime(2026, 3, 6, 16, 0, tzinfo=dt.UTC))
    sweep(now=dt.datetime(2026, 3, 6, 17, 30, tzinfo=dt.UTC))
    with tenant(cast.north.tenant):
        duty = Duty.objects.get(subject=visit.public_id, kind=Duty.Kind.REBOOK)
        assert duty.due_at == dt.datetime(2026, 3, 9, 9, 0, tzinfo=dt.UTC)


def test_before_messages_are_switched_on_it_is_missed_in_silence(cast, visit):
    cast.north.tenant.messages_from = None
    cast.north.tenant.save()
    assert swept(OVER + dt.timedelta(hours=1)) == (1, 1)
    with tenant(cast.north.tenant):
        assert not Duty.objects.exists()
        assert not Message.objects.exists()


def marek_stands_in(visit, north, *, given_at, at):
    """The visit is given to Marek, who was next door, and is there at once."""
    given = move_visit(
        visit, technician=north.marek, start=START, reason="Lou is held up", by=north.manager,
        now=given_at, version=visit.version,
    )  # fmt: skip
    steps = {"by": north.dispatcher, "now": at}
    fieldwork.read_brief(given, **steps)
    fieldwork.skip_step(given, "call ahead", because="They know", **steps)
    fieldwork.skip_step(given, "on the way", because="Marek was next door", **steps)
    fieldwork.arrive(given, **steps)


def test_a_stand_in_who_arrives_is_no_miss(cast, visit):
    north = cast.north
    with tenant(north.tenant):
        marek_stands_in(
            visit, north, given_at=OVER - dt.timedelta(minutes=20), at=OVER - dt.timedelta(minutes=1)
        )
    assert swept(OVER + dt.timedelta(hours=2)) == (0, 0)
    with tenant(north.tenant):
        assert promises(visit)[Promise.Kind.WINDOW] == Promise.State.KEPT


def test_a_stand_in_who_comes_late_breaks_the_window_and_is_no_miss(cast, visit):
    north = cast.north
    assert swept(OVER) == (1, 0)
    late = OVER + dt.timedelta(minutes=20)
    with tenant(north.tenant):
        visit.refresh_from_db()
        marek_stands_in(visit, north, given_at=late, at=late)
    assert swept(late + dt.timedelta(hours=2)) == (0, 0)
    with tenant(north.tenant):
        visit.refresh_from_db()
        assert (visit.state, visit.missed_at) == (Visit.State.ON_SITE, None)
        assert promises(visit)[Promise.Kind.WINDOW] == Promise.State.BROKEN


def test_who_arrived_is_not_late(cast, visit):
    with tenant(cast.north.tenant):
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.ON_SITE, arrived_at=START)
    assert swept(OVER + dt.timedelta(hours=2)) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"missed_at": None},
        {"state": "confirmed"},
        {"state": "cancelled by us"},
        {"state": "cancelled by the customer"},
        {"late_at": None},
        {"is_history": True},
    ],
)
def test_the_database_refuses_to_undo_a_miss(cast, visit, change):
    sweep(now=OVER + dt.timedelta(hours=1))
    with tenant(cast.north.tenant):
        with pytest.raises(IntegrityError), transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            visit.delete()


def test_a_technician_who_still_comes_makes_it_done_late_and_the_miss_stays(cast, visit):
    sweep(now=OVER + dt.timedelta(hours=1))
    with tenant(cast.north.tenant):
        make_visit(cast.north, start=OVER, technician=cast.north.lou, number="V-next")
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.ON_SITE, arrived_at=OVER)
        assert Assignment.objects.get(visit=visit).state == "on site after a miss"


def test_a_promise_past_its_time_is_broken_by_the_clock_and_its_owners_lead_hears(cast, now):
    with tenant(cast.north.tenant):
        cast.north.sales.lead = cast.north.manager
        cast.north.sales.save()
        promise = a_promise(cast.north, now=now, due_at=now + dt.timedelta(minutes=30))
    assert sweep(now=now + dt.timedelta(minutes=30)).broken == 0
    assert sweep(now=now + dt.timedelta(minutes=31)).broken == 1
    assert sweep(now=now + dt.timedelta(minutes=32)).broken == 0
    with tenant(cast.north.tenant):
        promise.refresh_from_db()
        assert promise.state == Promise.State.BROKEN
        assert Duty.objects.get(subject=promise.public_id).owner == cast.north.manager


class TestWhoeverActsFirst:
    """The clock decides, not whether the sweeper came by before a person did."""

    END = OVER + dt.timedelta(minutes=30)

    @pytest.fixture
    def north(self, cast, visit):
        with tenant(cast.north.tenant):
            yield cast.north

    def decided(self, visit):
        visit.refresh_from_db()
        return visit.state, visit.late_at, visit.missed_at

    def test_who_steps_late_finds_it_late_and_the_promise_broken(self, north, visit):
        fieldwork.read_brief(visit, by=north.technician, now=OVER)
        assert self.decided(visit) == ("confirmed", OVER, None)
        assert promises(visit)[Promise.Kind.WINDOW] == "broken"
        kinds = Duty.objects.filter(subject=visit.public_id).values_list("kind", "owner_role")
        assert set(kinds) == {("tell customer", "dispatcher"), ("tell customer", "technician")}

    def test_who_arrives_after_the_time_of_a_miss_arrives_after_a_miss(self, north, visit):
        fieldwork.read_brief(visit, by=north.technician, now=START)
        for step in ("call ahead", "on the way"):
            fieldwork.skip_step(visit, step, because="x", by=north.technician, now=START)
        fieldwork.arrive(visit, by=north.technician, now=self.END)
        assert self.decided(visit) == ("on site", self.END, self.END)
        assert Duty.objects.filter(subject=visit.public_id, kind=Duty.Kind.REBOOK).count() == 1
        assert set(Message.objects.filter(kind="late").values_list("state", flat=True)) == {"cancelled"}

    def test_a_move_after_the_time_of_a_miss_is_refused_and_the_miss_stays(self, north, visit):
        with pytest.raises(MoveRefused, match="This visit was missed"):
            self.moved(north, visit, self.END)
        assert self.decided(visit) == ("missed by us", self.END, self.END)

    def test_a_move_of_a_late_visit_leaves_its_promise_broken(self, north, visit):
        self.moved(north, visit, OVER)
        window = Promise.objects.filter(of_visit__visit=visit, kind="window").order_by("pk")
        assert list(window.values_list("state", "evidence")) == [
            ("broken", "The window ended and nobody had arrived"),
            ("open", ""),
        ]

    def test_a_new_time_ends_the_duty_to_tell_and_late_once_more_it_is_told_once_more(self, north, visit):
        sweep(now=OVER)
        visit.refresh_from_db()
        self.moved(north, visit, OVER)
        told = Duty.objects.filter(subject=visit.public_id, kind=Duty.Kind.TELL_CUSTOMER)
        assert set(told.values_list("closed_at", "outcome")) == {(OVER, "A new time was agreed or told")}
        visit.refresh_from_db()
        sweep(now=visit.window_end)
        again = Duty.objects.open().filter(subject=visit.public_id, kind=Duty.Kind.TELL_CUSTOMER)
        assert set(again.values_list("owner_role", "due_at")) == {
            ("dispatcher", visit.window_end + dt.timedelta(minutes=10)),
            ("technician", visit.window_end + dt.timedelta(minutes=10)),
        }

    def test_a_late_visit_is_not_moved_away_from_its_miss_without_the_customers_yes(self, north, visit):
        with pytest.raises(NeedsAgreement, match="Its window is over: a new time needs the customer’s yes"):
            self.moved(north, visit, OVER, agreed_by_customer=False)
        assert self.decided(visit) == ("confirmed", OVER, None)
        assert swept(self.END) == (0, 1)

    def test_who_saw_another_version_is_told_so_all_the_same(self, north, visit):
        visit.version = 0
        with pytest.raises(VisitChanged):
            self.moved(north, visit, OVER)
        assert self.decided(visit) == ("confirmed", OVER, None)

    def test_no_yes_to_a_visit_that_nobody_came_to(self, north, visit):
        Visit.objects.filter(pk=visit.pk).update(state="booked", confirmed_at=None)
        with pytest.raises(CannotConfirm, match="missed"):
            confirm_visit(visit, by=None, now=self.END, said="On the page")
        assert self.decided(visit) == ("missed by us", self.END, self.END)

    @pytest.mark.parametrize("whose", [Whose.CUSTOMER, Whose.US])
    def test_cancelled_once_the_window_is_over_it_is_a_miss_whoever_cancels(self, north, visit, whose):
        self.cancelled(north, visit, whose, OVER)
        assert self.decided(visit) == ("missed by us", OVER, OVER)
        assert visit.ended_because == "We waited long enough"
        assert set(promises(visit).values()) == {"broken"}

    def test_cancelling_what_the_clock_has_missed_is_refused_and_the_miss_stays(self, north, visit):
        with pytest.raises(OutcomeRefused, match="missed: it cannot be cancelled"):
            self.cancelled(north, visit, Whose.CUSTOMER, self.END)
        assert self.decided(visit) == ("missed by us", self.END, self.END)

    def test_cancelled_a_minute_before_the_windows_end_it_is_cancelled_what_was_due_is_broken(
        self, north, visit
    ):
        self.cancelled(north, visit, Whose.CUSTOMER, OVER - dt.timedelta(minutes=1))
        assert self.decided(visit) == ("cancelled by the customer", None, None)
        assert promises(visit) == {"window": "released", "confirmation": "broken", "call ahead": "broken"}

    def moved(self, north, visit, now, *, agreed_by_customer=True):
        move_visit(
            visit,
            technician=north.lou,
            start=now + dt.timedelta(hours=2),
            reason="They rang",
            by=north.dispatcher,
            now=now,
            version=visit.version,
            agreed_by_customer=agreed_by_customer,
        )

    def cancelled(self, north, visit, whose, now):
        cancel_visit(
            visit,
            whose=whose,
            because="We waited long enough",
            by=north.dispatcher,
            now=now,
            version=visit.version,
        )


def test_a_desk_that_fails_keeps_no_other_waiting(cast, visit, monkeypatch):
    """Southgate's visit of the next day is swept although Northgate's fails at every turn."""
    whole = sweeper._sweep_visits

    def sweep_visits(desk, ids, now, swept):
        if desk == cast.north.tenant:
            raise ZeroDivisionError
        return whole(desk, ids, now, swept)

    monkeypatch.setattr(sweeper, "SLICE", 1)
    monkeypatch.setattr(sweeper, "_sweep_visits", sweep_visits)
    assert swept(START + dt.timedelta(days=3)) == (1, 1)
    with tenant(cast.south.tenant):
        assert Visit.objects.get().state == Visit.State.MISSED
