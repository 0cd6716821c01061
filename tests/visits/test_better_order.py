"""A better order for a day: proposed, applied by one act, undone by one."""

import datetime as dt

import pytest

from cases.models import Case, Promise
from customers.models import Site
from messaging.models import Message
from tenancy.calendars import calendar_of, instant_at, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.better_order import apply_better_order, better_order
from visits.commitments import make_promises
from visits.letters import filling_of
from visits.models import (
    Absence,
    Assignment,
    Rearrangement,
    Technician,
    TechnicianPreference,
    Visit,
    WorkingHours,
    WorkType,
)
from visits.places import TooLateToUndo, VisitChanged
from visits.rearranging import undo

DAY = dt.date(2026, 3, 10)
# On a line from Lou's home to the north: 0.05 degrees are 5.6 km, by road 7.8 km, at 40 km/h 12 minutes.
HOME, NEAR, MIDDLE, FAR = 51.50, 51.55, 51.60, 51.65


@pytest.fixture
def north(cast):
    """Lou lives to the south, Marek a long way off, and nobody is preferred."""
    with tenant(cast.north.tenant):
        Technician.objects.filter(pk=cast.north.lou.pk).update(home_latitude=HOME, home_longitude=0)
        Technician.objects.filter(pk=cast.north.marek.pk).update(home_latitude=HOME - 1, home_longitude=0)
        TechnicianPreference.objects.all().delete()
        yield cast.north


def at(north, clock):
    return instant_at(DAY, dt.time.fromisoformat(clock), zone_of(north.tenant))


def visit_at(north, now, latitude, clock, *, until="17:30", technician=None, **more):
    """Planned at the wall time; told a window that ends at `until`."""
    site = Site.objects.create(
        customer=north.customer, name=str(latitude), latitude=latitude, longitude=0 if latitude else None
    )
    start = at(north, clock)
    values = {"site": site, "window_start": at(north, "08:00"), "window_end": at(north, until), **more}
    return make_plain_visit(north, now=now, start=start, technician=technician, machines=[], **values)


def propose(north, now, **more):
    return better_order(north.tenant, DAY, calendar=calendar_of(north.tenant), now=now, **more)


def told(north, order):
    """Visit's number, who and when by the desk's clock."""
    zone = zone_of(north.tenant)
    return [
        (one.visit.number, one.technician.first_name, f"{one.start.astimezone(zone):%H:%M}")
        for one in order.places
    ]


def test_a_zigzag_becomes_a_line(north, now):
    far = visit_at(north, now, FAR, "09:00")
    near = visit_at(north, now, NEAR, "11:00")
    middle = visit_at(north, now, MIDDLE, "13:00")

    order = propose(north, now)

    # Home to far, near, middle, and home: 36 + 24 + 12 + 24 minutes; then 12 + 12 + 12 + 36.
    assert (order.before.minutes, order.after.minutes) == (96, 72)
    assert order.minutes_saved == 24
    assert order.before.unmeasured == 0
    # 0.1 degrees of latitude on a sphere of 6,371,009 m, times 1.4.
    assert order.metres_saved == pytest.approx(2 * 0.05 * 111_195 * 1.4, abs=3)
    moved = {one.visit.pk: one.start for one in order.places}
    starts = {v.pk: moved.get(v.pk, v.planned_start) for v in (far, near, middle)}
    # Each ends in time for the way to the next: 75 minutes and 12.
    times = sorted(starts.values())
    assert all(b - a >= dt.timedelta(minutes=87) for a, b in zip(times, times[1:], strict=False))


def test_a_window_that_was_told_is_kept(north, now):
    visit_at(north, now, FAR, "09:00", until="09:30")
    visit_at(north, now, NEAR, "11:00", until="11:30", window_start=at(north, "11:00"))
    visit_at(north, now, MIDDLE, "13:00", until="13:30", window_start=at(north, "13:00"))
    order = propose(north, now)
    assert told(north, order) == []
    assert order.minutes_saved == 0


def test_a_confirmed_visit_keeps_its_technician(north, now):
    """Marek stands where Lou's second visit is; only an unconfirmed one may become his."""
    Technician.objects.filter(pk=north.marek.pk).update(home_latitude=FAR, home_longitude=0)
    visit_at(north, now, NEAR, "09:00")
    confirmed = visit_at(north, now, FAR, "11:00", state=Visit.State.CONFIRMED, confirmed_at=now)
    assert propose(north, now).places == ()

    Visit.objects.filter(pk=confirmed.pk).update(state=Visit.State.BOOKED, confirmed_at=None)
    order = propose(north, now)
    assert told(north, order) == [(confirmed.number, "Marek", "11:00")]
    # Lou home to near, far and home: 12 + 24 + 36; Lou to near and back, and Marek none.
    assert (order.before.minutes, order.after.minutes) == (72, 24)


def test_only_who_knows_how_and_is_at_work_gets_a_visit(north, now):
    Technician.objects.filter(pk=north.marek.pk).update(
        home_latitude=FAR, home_longitude=0, skills=["stapler"]
    )
    WorkType.objects.create(visit_kind="fault", minutes=75, skills=["copier"])
    visit_at(north, now, NEAR, "09:00")
    visit_at(north, now, FAR, "11:00")
    assert propose(north, now).places == ()
    WorkType.objects.all().delete()
    Absence.objects.create(technician=north.marek, starts_at=at(north, "07:00"), ends_at=at(north, "18:00"))
    assert propose(north, now).places == ()
    Absence.objects.all().delete()
    TechnicianPreference.objects.create(technician=north.marek, customer=north.customer, level="excluded")
    assert propose(north, now).places == ()
    TechnicianPreference.objects.all().delete()
    assert [one.technician for one in propose(north, now).places] == [north.marek]


def test_of_one_technician_nothing_goes_to_another(north, now):
    Technician.objects.filter(pk=north.marek.pk).update(home_latitude=FAR, home_longitude=0)
    visit_at(north, now, NEAR, "09:00")
    visit_at(north, now, FAR, "11:00")
    assert propose(north, now, technician=north.lou).places == ()


@pytest.mark.parametrize(
    "values",
    [
        {"state": "on the way"},
        {"state": "on site"},
        {"called_ahead_at": dt.datetime(2026, 3, 5, tzinfo=dt.UTC)},
        {"crew": 2},
    ],
)
def test_what_is_under_way_or_promised_closer_stays(north, now, values):
    visit_at(north, now, FAR, "09:00", **values)
    visit_at(north, now, NEAR, "11:00", **values)
    visit_at(north, now, MIDDLE, "13:00", **values)
    assert propose(north, now).places == ()


def test_what_has_begun_hinders_nobody(north, now):
    """Two past visits closer than the way between them, and one that runs over the break: the rest gains."""
    for opens, closes in ((dt.time(8), dt.time(12)), (dt.time(13), dt.time(17, 30))):
        WorkingHours.objects.create(technician=north.lou, weekday=1, starts=opens, ends=closes)
    visit_at(north, now, NEAR, "08:00", state=Visit.State.DONE, completed_at=now, completed_on=DAY)
    visit_at(north, now, FAR, "09:15", state=Visit.State.DONE, completed_at=now, completed_on=DAY)
    visit_at(north, now, MIDDLE, "11:30", state=Visit.State.ON_SITE, arrived_at=now)
    visit_at(north, now, FAR, "13:00")
    visit_at(north, now, NEAR, "14:40")
    visit_at(north, now, MIDDLE, "16:10")

    order = propose(north, at(north, "12:10"))

    # From the middle to far, near, middle and home: 12 + 24 + 12 + 24; then to middle, far, near, home.
    assert order.minutes_saved == 24
    assert {one.visit.number for one in order.places} <= {"V-4", "V-5", "V-6"}
    assert all(one.start >= at(north, "13:00") for one in order.places)


def test_a_visit_that_a_person_put_outside_the_hours_hinders_nobody(north, now):
    visit_at(north, now, FAR, "09:00")
    visit_at(north, now, NEAR, "11:00")
    visit_at(north, now, MIDDLE, "13:00")
    visit_at(north, now, MIDDLE, "19:00", until="20:30", called_ahead_at=now)
    assert propose(north, now).minutes_saved > 0


def test_an_absence_is_kept_free(north, now):
    """Only before noon Lou has time: the line cannot be driven, so the day stands."""
    visit_at(north, now, FAR, "08:40")
    visit_at(north, now, NEAR, "10:25")
    Absence.objects.create(technician=north.lou, starts_at=at(north, "11:45"), ends_at=at(north, "17:30"))
    order = propose(north, now)
    away = Absence.objects.get()
    for one in order.places:
        length = one.visit.planned_end - one.visit.planned_start
        assert one.start + length <= away.starts_at


def test_where_no_place_is_known_nothing_is_saved(north, now):
    Technician.objects.update(home_latitude=None, home_longitude=None)
    for clock in ("09:00", "11:00", "13:00"):
        visit_at(north, now, None, clock)
    order = propose(north, now)
    assert order.places == ()
    # From home, twice between, and back: a quarter of an hour each.
    assert (order.before.minutes, order.before.metres, order.before.unmeasured) == (60, 0, 4)


def test_applying_moves_all_at_once_and_undoing_puts_all_back(north, now):
    visits = [
        visit_at(north, now, FAR, "09:00"),
        visit_at(north, now, NEAR, "11:00"),
        visit_at(north, now, MIDDLE, "13:00"),
    ]
    stood = {v.pk: v.planned_start for v in visits}
    order = propose(north, now)

    made = apply_better_order(order, key=order.key, reason="", by=north.dispatcher, now=now)

    assert (made.kind, made.minutes_saved, made.metres_saved) == ("order", 24, order.metres_saved)
    for one in order.places:
        moved = Visit.objects.get(pk=one.visit.pk)
        assert moved.planned_start == one.start
        assert moved.window_end == at(north, "17:30")
        assert Assignment.objects.get(visit=moved).starts_at == one.start
    # Nobody hears of another minute within the window told.
    assert not Message.objects.filter(kind="moved").exists()
    assert propose(north, now).places == ()

    undo(made, by=north.dispatcher, now=now + dt.timedelta(seconds=30))
    assert {v.pk: v.planned_start for v in Visit.objects.filter(pk__in=stood)} == stood
    assert Rearrangement.objects.get().undone_by == north.dispatcher
    with pytest.raises(TooLateToUndo):
        again = propose(north, now)
        made = apply_better_order(again, key=again.key, reason="", by=north.dispatcher, now=now)
        undo(made, by=north.dispatcher, now=now + dt.timedelta(minutes=2))


def test_another_name_is_told(north, now):
    Technician.objects.filter(pk=north.marek.pk).update(home_latitude=FAR, home_longitude=0)
    visit_at(north, now, NEAR, "09:00")
    visit_at(north, now, FAR, "11:00")
    order = propose(north, now)
    apply_better_order(order, key=order.key, reason="", by=north.dispatcher, now=now)
    assert set(Message.objects.filter(kind="moved").values_list("channel", flat=True)) >= {"mail"}


def test_another_name_at_another_minute_leaves_the_window_as_told(north, now):
    """Told of Marek and of the hours they know; the promise to come stands, in his name."""
    Technician.objects.filter(pk=north.marek.pk).update(home_latitude=FAR, home_longitude=0)
    WorkingHours.objects.create(technician=north.marek, weekday=1, starts=dt.time(13), ends=dt.time(17, 30))
    visit_at(north, now, NEAR, "09:00")
    far = visit_at(north, now, FAR, "11:00")
    make_promises(far, by=north.dispatcher, now=now)
    order = propose(north, now)
    assert told(north, order) == [(far.number, "Marek", "13:00")]

    apply_better_order(order, key=order.key, reason="", by=north.dispatcher, now=now)

    moved = Visit.objects.get(pk=far.pk)
    assert moved.planned_start == at(north, "13:00")
    assert (moved.window_start, moved.window_end) == (at(north, "08:00"), at(north, "17:30"))
    assert (moved.told_from, moved.told_until) == (dt.time(8), dt.time(17, 30))
    letter = Message.objects.get(kind="moved", channel="mail")
    assert letter.subject_start == moved.planned_start
    said = filling_of(letter, moved, language="en", now=now)
    assert (said["who"], said["between"]) == ("Marek", "8 am and 5:30 pm")
    window = moved.promises.get(promise__kind=Promise.Kind.WINDOW).promise
    assert (window.state, window.renegotiated_at, window.due_at) == ("open", None, at(north, "17:30"))
    assert window.text == "Marek will be there on 10 March, 08:00 to 17:30"


def test_a_day_that_changed_meanwhile_is_looked_at_again(north, now):
    visits = [
        visit_at(north, now, place, clock)
        for place, clock in ((FAR, "09:00"), (NEAR, "11:00"), (MIDDLE, "13:00"))
    ]
    key = propose(north, now).key
    Visit.objects.filter(pk=visits[0].pk).update(version=7)
    with pytest.raises(VisitChanged):
        apply_better_order(propose(north, now), key=key, reason="", by=north.dispatcher, now=now)
    assert not Rearrangement.objects.exists()


def test_the_queries_are_the_same_for_two_visits_and_for_four(north, now, django_assert_num_queries):
    for clock in ("09:00", "11:00"):
        visit_at(north, now, MIDDLE, clock)
    calendar = calendar_of(Tenant.objects.get(pk=north.tenant.pk))
    for clock in ("13:00", "15:00"):
        with django_assert_num_queries(6):
            better_order(north.tenant, DAY, calendar=calendar, now=now)
        visit_at(north, now, NEAR, clock)
        visit_at(north, now, FAR, clock, technician=north.marek)


def test_nobody_is_moved_whose_promised_call_is_due_or_could_not_be_made_any_more(north, now):
    """A call is promised half an hour before: at 8:20 for nine; nothing begins before it could be made."""
    assert north.tenant.call_ahead_minutes == 30
    zigzag = [(FAR, "09:00"), (NEAR, "11:00"), (MIDDLE, "13:00")]
    far, near, middle = (visit_at(north, now, latitude, clock) for latitude, clock in zigzag)
    for minute, stays in (("08:20", False), ("08:30", True)):
        order = propose(north, at(north, minute))
        assert order.places
        assert (far.pk not in {place.visit.pk for place in order.places}) is stays
        assert all(place.start >= at(north, minute) + dt.timedelta(minutes=30) for place in order.places)


def test_an_answer_promised_by_a_time_is_kept(north, now):
    """Far out first is the longer way; but by half past nine they were promised an answer."""
    far = visit_at(north, now, FAR, "09:00")
    visit_at(north, now, NEAR, "11:00")
    visit_at(north, now, MIDDLE, "13:00")
    case = Case.objects.create(
        customer=north.customer, kind=Case.Kind.FAULT, title="Jam", opened_at=now,
        response_due_at=at(north, "09:30"),
    )  # fmt: skip
    Visit.objects.filter(pk=far.pk).update(case=case)
    kept = {place.visit.pk: place.start for place in propose(north, now).places}
    assert kept.get(far.pk, far.planned_start) <= at(north, "09:30")

    Case.objects.filter(pk=case.pk).update(responded_at=now)
    free = {place.visit.pk: place.start for place in propose(north, now).places}
    assert free.get(far.pk, far.planned_start) > at(north, "09:30")
