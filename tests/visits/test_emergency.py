"""An emergency put in between: whom it delays is shown, done and undone as one."""

import datetime as dt

import pytest

from cases.models import Duty
from contracts.models import Entitlement
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.emergency import insert, proposal
from visits.models import Absence, Assignment, Rearrangement, Visit, WorkingHours, WorkType
from visits.places import MoveRefused, NeedsAgreement, VisitChanged, crews_of
from visits.rearranging import undo

# Friday 6 March 2026. The desk works from 8:00 to 17:30; the way takes 20 minutes.
NINE = dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def clock(hour, minute=0):
    return NINE.replace(hour=hour, minute=minute)


@pytest.fixture
def north(cast):
    cast.north.tenant.travel_minutes = 20
    cast.north.tenant.save()
    with tenant(cast.south.tenant):
        make_visit(cast.south, start=clock(10), technician=cast.south.lou)
    with tenant(cast.north.tenant):
        cast.north.lou.tenant = cast.north.tenant
        yield cast.north


@pytest.fixture
def day(north):
    """Lou at ten, at one and at four, an hour and a quarter each, each promised within the hour."""
    return [
        make_visit(north, start=clock(hour), technician=north.lou, number=f"V-{hour}")
        for hour in (10, 13, 16)
    ]


def proposed(north, now, start=NINE, length=75 * MINUTE, **values):
    values = {"crew": [north.lou], "site": north.site, **values}
    return proposal(start=start, length=length, now=now, **values)


def inserted(seen, north, now, **values):
    booking = {
        "customer": north.customer, "site": north.site, "contact": north.contact, "machines": [north.copier],
        "kind": Visit.Kind.FAULT, "problem": "Smoke from the copier",
    }  # fmt: skip
    values = {"reason": "Smoke", "by": north.dispatcher, "now": now, "booking": booking, **values}
    return insert(seen, **values)


def starts():
    waiting = Visit.objects.waiting().order_by("planned_start")
    return [(visit.number, visit.planned_start, visit.window_start) for visit in waiting]


def test_who_is_delayed_by_how_much_and_whether_the_window_is_kept(north, day, now):
    seen = proposed(north, now)
    # Until 10:15, 20 minutes' way: 10:35. That visit ends at 11:50: the next one need not move.
    assert [(d.visit, d.start, d.by, d.keeps_window) for d in seen.delays] == [
        (day[0], clock(10, 35), 35 * MINUTE, True)
    ]
    assert seen.problems == ()
    assert starts()[0] == ("V-10", clock(10), clock(10))


def test_one_pushes_the_next_no_further_than_it_must_in_steps_of_five_minutes(north, day, now):
    seen = proposed(north, now, length=157 * MINUTE)
    # 9:00 to 11:37, way: 11:57, on five minutes 12:00; till 13:15, way: 13:35; till 14:50: four stands.
    assert [(d.visit.number, d.start, d.keeps_window) for d in seen.delays] == [
        ("V-10", clock(12), False),
        ("V-13", clock(13, 35), True),
    ]


def test_a_kept_window_is_moved_in_silence_and_a_left_one_is_told_and_rung_about(north, day, now):
    made = inserted(proposed(north, now, length=157 * MINUTE), north, now)
    assert (made.kind, made.visits.count()) == ("insertion", 3)
    booked = Visit.objects.exclude(pk__in=[visit.pk for visit in day]).get()
    assert starts() == [
        (booked.number, NINE, NINE),
        ("V-10", clock(12), clock(12)),
        ("V-13", clock(13, 35), clock(13)),
        ("V-16", clock(16), clock(16)),
    ]
    told = Message.objects.filter(kind="moved").values_list("subject", "send_after")
    assert set(told) == {(day[0].public_id, now + 2 * MINUTE)}
    duty = Duty.objects.open().get(kind=Duty.Kind.TELL_CUSTOMER)
    assert (duty.subject, duty.title, duty.due_at, duty.owner) == (
        day[0].public_id,
        f"Tell {north.customer}: 12:00 to 13:00 instead of 10:00 to 11:00",
        now + 10 * MINUTE,
        north.dispatcher,
    )


def test_it_is_undone_as_one(north, day, now):
    before = starts()
    made = inserted(proposed(north, now, length=157 * MINUTE), north, now)
    undo(made, by=north.dispatcher, now=now + MINUTE)
    assert starts() == before
    booked = Visit.objects.exclude(pk__in=[visit.pk for visit in day]).get()
    assert booked.was_undone
    assert not Duty.objects.open().exists()
    assert not Message.objects.filter(state="planned").exists()


def test_a_visit_that_is_booked_already_is_brought_forward(north, day, now):
    seen = proposed(north, now, visit=day[2])
    assert [d.visit for d in seen.delays] == [day[0]]
    inserted(seen, north, now, visit=day[2], version=1)
    assert [number for number, *_ in starts()] == ["V-16", "V-10", "V-13"]
    assert starts()[0] == ("V-16", NINE, NINE)


def test_confirmed_it_leaves_its_window_only_when_somebody_says_so(north, day, now):
    Visit.objects.filter(pk=day[0].pk).update(state="confirmed", confirmed_at=now)
    seen = proposed(north, now, length=157 * MINUTE)
    assert [d.needs_word for d in seen.delays] == [True, False]
    before = starts()
    with pytest.raises(NeedsAgreement, match=r"The Harbour Letter \(10:00 to 11:00\)\. Say that it must be"):
        inserted(seen, north, now)
    assert starts() == before
    inserted(seen, north, now, despite=[day[0]])
    assert Visit.objects.get(pk=day[0].pk).state == "booked"


def test_a_customer_who_agreed_is_confirmed_at_the_new_time_and_not_rung(north, day, now):
    Visit.objects.filter(pk=day[0].pk).update(state="confirmed", confirmed_at=now)
    inserted(proposed(north, now, length=157 * MINUTE), north, now, agreed=[day[0]])
    assert Visit.objects.get(pk=day[0].pk).state == "confirmed"
    assert not Duty.objects.open().exists()


def test_a_day_that_changed_meanwhile_is_looked_at_again(north, day, now):
    seen = proposed(north, now)
    Visit.objects.filter(pk=day[0].pk).update(version=2)
    with pytest.raises(VisitChanged, match="The day has changed since"):
        inserted(seen, north, now)
    assert not Rearrangement.objects.exists()


def test_it_does_not_begin_while_the_technician_is_with_somebody(north, day, now):
    seen = proposed(north, now, start=clock(10, 30))
    assert seen.problems == ("Lou is with The Harbour Letter until 11:15.",)
    with pytest.raises(MoveRefused, match="until 11:15"):
        inserted(seen, north, now)


def test_no_time_left_in_the_day_is_said(north, day, now):
    seen = proposed(north, now, start=clock(15), length=2 * HOUR)
    assert seen.problems == ("The Harbour Letter cannot give way: no time is left in Lou’s day.",)


def test_a_break_is_jumped_over(north, day, now):
    for opens, closes in ((8, 12), (13, 18)):
        WorkingHours.objects.create(
            technician=north.lou, weekday=4, starts=dt.time(opens), ends=dt.time(closes)
        )
    seen = proposed(north, now, start=clock(9, 30))
    # 11:05 would end at 12:20, within the break.
    assert [(d.visit.number, d.start) for d in seen.delays] == [("V-10", clock(13)), ("V-13", clock(14, 35)),
                                                               ("V-16", clock(16, 10))]  # fmt: skip


def test_an_absence_of_one_who_comes_along_stands_in_the_way(north, day, now):
    Assignment.objects.create(
        visit=day[0], technician=north.marek, starts_at=day[0].planned_start, ends_at=day[0].planned_end
    )
    Absence.objects.create(technician=north.marek, starts_at=clock(11, 30), ends_at=clock(15))
    seen = proposed(north, now)
    assert seen.problems == ("The Harbour Letter cannot give way to 10:35: Marek is away.",)
    Absence.objects.all().delete()
    make_visit(north, start=clock(11, 30), technician=north.marek)
    seen = proposed(north, now)
    assert seen.problems == (
        "The Harbour Letter cannot give way to 10:35: Marek is with The Harbour Letter then.",
    )


class TestCrewOfTwo:
    """Where the work takes two, two go, and both days give way."""

    @pytest.fixture(autouse=True)
    def takes_two(self, north):
        WorkType.objects.create(visit_kind="fault", minutes=75, crew=2)

    def test_one_alone_is_not_sent(self, north, now):
        seen = proposed(north, now, kind="fault")
        assert seen.problems == ("It takes 2 technicians. Choose who comes along.",)
        with pytest.raises(MoveRefused, match="It takes 2"):
            inserted(seen, north, now)

    def test_both_are_booked_and_what_either_has_next_gives_way(self, north, day, now):
        make_visit(north, start=clock(9, 30), technician=north.marek, number="V-marek")
        seen = proposed(north, now, crew=[north.lou, north.marek], kind="fault")
        assert seen.problems == ()
        # Until 10:15, the way to each: 10:35.
        assert [(d.visit.number, d.start) for d in seen.delays] == [
            ("V-marek", clock(10, 35)),
            ("V-10", clock(10, 35)),
        ]
        made = inserted(seen, north, now)
        booked = Visit.objects.get(problem="Smoke from the copier")
        assert crews_of([booked.pk])[booked.pk] == [north.lou, north.marek]
        assert booked.crew == 2
        undo(made, by=north.dispatcher, now=now + MINUTE)
        assert [number for number, *_ in starts()] == ["V-marek", "V-10", "V-13", "V-16"]

    def test_what_both_go_to_next_gives_way_to_who_is_free_last(self, north, now):
        both = make_visit(north, start=clock(11), technician=north.lou, number="both", crew=2)
        Assignment.objects.create(
            visit=both, technician=north.marek, starts_at=both.planned_start, ends_at=both.planned_end
        )
        make_visit(north, start=clock(10, 40), technician=north.marek, number="m", length_minutes=15)
        seen = proposed(north, now, crew=[north.lou, north.marek], kind="fault", start=clock(9, 10))
        # Free at 10:25. Marek's from 10:45 to 11:00, way: 11:20, and Lou with him.
        assert [(d.visit.number, d.start) for d in seen.delays] == [
            ("m", clock(10, 45)),
            ("both", clock(11, 20)),
        ]

    def test_one_who_is_with_somebody_stops_both(self, north, day, now):
        make_visit(north, start=clock(8, 30), technician=north.marek)
        seen = proposed(north, now, crew=[north.lou, north.marek], kind="fault")
        assert seen.problems == ("Marek is with The Harbour Letter until 09:45.",)

    def test_a_booked_visit_of_two_is_brought_forward_by_two(self, north, day, now):
        Visit.objects.filter(pk=day[2].pk).update(crew=2)
        day[2].refresh_from_db()
        assert proposed(north, now, visit=day[2]).problems == (
            "It takes 2 technicians. Choose who comes along.",
        )
        seen = proposed(north, now, crew=[north.marek, north.lou], visit=day[2])
        inserted(seen, north, now, visit=day[2], version=1)
        assert crews_of([day[2].pk])[day[2].pk] == [north.marek, north.lou]


class TestSkills:
    def test_who_lacks_one_goes_by_somebodys_reason(self, north, now):
        WorkType.objects.create(visit_kind="fault", minutes=75, skills=["drums"])
        seen = proposed(north, now, kind="fault")
        assert (seen.problems, seen.lacks) == ((), "Lou lacks: drums.")
        with pytest.raises(NeedsAgreement, match=r"Lou lacks: drums\. Say why it has to be\."):
            inserted(seen, north, now, reason=" ")
        assert not Visit.objects.exists()
        inserted(seen, north, now, reason="Nobody else is near")
        assert Visit.objects.count() == 1

    def test_who_has_them_lacks_nothing(self, north, now):
        WorkType.objects.create(visit_kind="fault", minutes=75, skills=["Copier"])
        assert proposed(north, now, kind="fault").lacks == ""


class TestItsOwnCustomer:
    """What they said on the phone."""

    def test_their_yes_confirms_what_is_booked(self, north, now):
        made = inserted(proposed(north, now), north, now, customer_agreed=True)
        booked = Visit.objects.get()
        assert (booked.state, booked.confirmed_at) == ("confirmed", now)
        undo(made, by=north.dispatcher, now=now + MINUTE)
        booked.refresh_from_db()
        assert booked.was_undone

    def test_a_confirmed_one_goes_to_another_by_their_yes(self, north, day, now):
        Visit.objects.filter(pk=day[2].pk).update(state="confirmed", confirmed_at=now, first_confirmed_at=now)
        day[2].refresh_from_db()
        seen = proposed(north, now, crew=[north.marek], visit=day[2])
        with pytest.raises(NeedsAgreement, match="needs the customer’s yes"):
            inserted(seen, north, now, visit=day[2], version=1)
        inserted(seen, north, now, visit=day[2], version=1, customer_agreed=True)
        moved = Visit.objects.get(pk=day[2].pk)
        assert (moved.state, moved.planned_start) == ("confirmed", NINE)


def test_the_queries_do_not_grow_with_who_goes_and_who_gives_way(north, now, django_assert_num_queries):
    for hour in (10, 13):
        two = make_visit(north, start=clock(hour), technician=north.lou, number=f"V-{hour}")
        crew = [north.lou, north.marek][: 2 if hour == 13 else 1]
        with django_assert_num_queries(9):
            seen = proposed(north, now, crew=crew, length=4 * HOUR)
        assert len(seen.delays) == (1 if hour == 10 else 2)
        Assignment.objects.create(
            visit=two, technician=north.marek, starts_at=two.planned_start, ends_at=two.planned_end
        )


def test_a_crew_gives_way_together(north, day, now):
    Assignment.objects.create(
        visit=day[0], technician=north.marek, starts_at=day[0].planned_start, ends_at=day[0].planned_end
    )
    inserted(proposed(north, now), north, now)
    assert [who.first_name for who in crews_of([day[0].pk])[day[0].pk]] == ["Lou", "Marek"]
    assert set(day[0].assignments.values_list("starts_at", flat=True)) == {clock(10, 35)}


@pytest.mark.parametrize("state", ["on the way", "on site"])
def test_whoever_is_under_way_is_not_called_back(north, day, now, state):
    Visit.objects.filter(pk=day[0].pk).update(state=state, arrived_at=now)
    seen = proposed(north, now)
    assert seen.problems == (f"The Harbour Letter cannot give way: it is {state}.",)


def test_the_way_between_known_places_is_counted(north, day, now):
    north.site.latitude, north.site.longitude = 51.5, 0.1
    north.site.save()
    # The same place: no way at all. 10:15.
    assert [d.start for d in proposed(north, now).delays] == [clock(10, 15)]


def test_a_paid_visit_that_somebody_booked_meanwhile_is_refused_in_words(north, now):
    Entitlement.objects.update(quantity=1)
    booking = {
        "customer": north.customer, "site": north.site, "contact": north.contact, "machines": [north.copier],
        "kind": Visit.Kind.FAULT, "problem": "Smoke", "entitlement": Entitlement.objects.get(),
    }  # fmt: skip
    inserted(proposed(north, now), north, now, booking=booking)
    with pytest.raises(MoveRefused, match="The last paid visit was booked or given up meanwhile"):
        inserted(proposed(north, now, clock(14)), north, now, booking=booking)
    assert Visit.objects.count() == 1
