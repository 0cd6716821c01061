"""Slots come from real availability, the preferred technician's first."""

import datetime as dt
import itertools

import pytest

from customers.models import Customer, Site
from tenancy.calendars import calendar_of, zone_of
from tenancy.models import Closure, Tenant
from tenancy.scope import tenant
from tests.cast import visit_of
from visits.models import Absence, Assignment, Technician, TechnicianPreference, Visit, WorkingHours, WorkType
from visits.preferences import Place, wishes_for_places
from visits.proposals import Asked, proposed_slots
from visits.slots import Wanted, best_slots, half_hours, slot_at, slots_on

UTC = dt.UTC
LONDON = zone_of(Tenant(time_zone="Europe/London"))
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
Level = TechnicianPreference.Level


@pytest.fixture
def desk(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def wanted(desk, now, **changes):
    details = {
        "desk": desk.tenant,
        "calendar": calendar_of(desk.tenant),
        "now": now,
        "customer": desk.customer,
        "site": desk.site,
        "machines": (desk.copier,),
    }
    return Wanted(**{**details, **changes})


def on(day, hour, minute=0):
    """An instant of March 2026, when London keeps UTC."""
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def book(desk, technician, start, end, state="booked"):
    visit = visit_of(
        number=f"{technician.pk} {start}",
        customer=desk.customer,
        site=desk.site,
        start=start,
        window_end=end,
        planned_end=end,
        state=state,
    )
    visit.save()
    return Assignment.objects.create(visit=visit, technician=technician, starts_at=start, ends_at=end)


def offered(slots):
    return [(slot.technician.first_name, slot.start) for slot in slots]


def test_the_preferred_technicians_two_first_slots_stand_before_the_soonest_of_another(desk, now):
    slots = best_slots(wanted(desk, now))
    assert offered(slots) == [("Lou", on(5, 13, 30)), ("Lou", on(5, 14, 30)), ("Marek", on(5, 13, 30))]
    assert [slot.is_preferred for slot in slots] == [True, True, False]
    assert (slots[0].end, slots[0].window_end) == (on(5, 14, 45), on(5, 14, 30))


def test_existing_visits_keep_their_place_and_the_way_between(desk, now):
    book(desk, desk.lou, on(5, 13, 15), on(5, 14, 45))
    # 14:45 and 15 minutes of travel: 15:00 is the first half hour.
    assert offered(best_slots(wanted(desk, now)))[0] == ("Lou", on(5, 15, 0))
    # 13:30 to 14:45 would leave no time for the way to a visit at 14:50.
    book(desk, desk.marek, on(5, 14, 50), on(5, 16, 30))
    assert offered(best_slots(wanted(desk, now)))[-1] == ("Marek", on(6, 8, 0))


@pytest.mark.parametrize("state", ["done", "missed by us", "cancelled by us"])
def test_a_visit_that_is_over_takes_no_time(desk, now, state):
    taken = book(desk, desk.lou, on(5, 13, 15), on(5, 16, 0))
    Visit.objects.filter(pk=taken.visit_id).update(
        state=state,
        completed_at=now if state == "done" else None,
        completed_on=now.date() if state == "done" else None,
        missed_at=now,
    )
    assert offered(best_slots(wanted(desk, now)))[0] == ("Lou", on(5, 13, 30))


def test_an_absence_takes_time_but_needs_no_way(desk, now):
    Absence.objects.create(technician=desk.lou, starts_at=on(5, 13), ends_at=on(5, 14, 30))
    assert offered(best_slots(wanted(desk, now)))[0] == ("Lou", on(5, 14, 30))


def test_a_technicians_own_hours_stand_for_the_desks(desk, now):
    WorkingHours.objects.create(technician=desk.lou, weekday=5, starts=dt.time(9), ends=dt.time(12))
    assert offered(best_slots(wanted(desk, now)))[:2] == [("Lou", on(7, 9)), ("Lou", on(7, 10))]


def test_nobody_comes_on_a_closed_day_or_a_holiday(desk, now):
    Closure.objects.create(day=dt.date(2026, 3, 5), name="Stock-taking")
    assert offered(best_slots(wanted(desk, now)))[0] == ("Lou", on(6, 8))
    good_friday = dt.date(2026, 4, 3)
    assert slots_on(wanted(desk, now), good_friday) == []


def test_preference_is_read_from_equipment_then_site_then_customer(desk, now):
    TechnicianPreference.objects.create(technician=desk.marek, level=Level.PREFERRED, equipment=desk.copier)
    assert offered(best_slots(wanted(desk, now)))[0][0] == "Marek"
    assert offered(best_slots(wanted(desk, now, machines=(desk.sorter,))))[0][0] == "Lou"


def test_an_excluded_technician_is_not_offered(desk, now):
    TechnicianPreference.objects.create(technician=desk.lou, level=Level.EXCLUDED, site=desk.site)
    assert {who for who, _ in offered(best_slots(wanted(desk, now)))} == {"Marek"}


def test_a_required_technician_is_the_only_one(desk, now):
    TechnicianPreference.objects.create(technician=desk.marek, level=Level.REQUIRED, equipment=desk.copier)
    assert {who for who, _ in offered(best_slots(wanted(desk, now)))} == {"Marek"}


def test_without_a_preference_each_technicians_earliest_is_offered(desk, now):
    TechnicianPreference.objects.all().delete()
    assert offered(best_slots(wanted(desk, now))) == [("Lou", on(5, 13, 30)), ("Marek", on(5, 13, 30))]


def test_a_desk_of_one_technician_still_has_a_choice(desk, now):
    TechnicianPreference.objects.all().delete()
    Technician.objects.filter(pk=desk.marek.pk).update(is_active=False)
    assert offered(best_slots(wanted(desk, now))) == [("Lou", on(5, 13, 30)), ("Lou", on(5, 14, 30))]


def place(desk, site=None, *, north=0.0):
    """Puts a site so many degrees north of a point; a hundredth of a degree is 1.56 km by road."""
    site = site or desk.site
    Site.objects.filter(pk=site.pk).update(latitude=50.8 + north, longitude=-0.1)
    site.refresh_from_db()
    return site


def test_the_first_way_of_a_day_begins_at_home_when_the_hours_open(desk, now):
    place(desk)
    # 31.1 km by road: 47 minutes.
    Technician.objects.filter(pk=desk.lou.pk).update(home_latitude=51.0, home_longitude=-0.1)
    slots = slots_on(wanted(desk, now), dt.date(2026, 3, 6))
    assert offered(slots)[:3] == [("Marek", on(6, 8)), ("Marek", on(6, 8, 30)), ("Lou", on(6, 9))]
    lou = slots[2]
    assert (lou.way.minutes, lou.way_from) == (47, "")


def test_the_way_between_neighbours_is_by_distance(desk, now):
    place(desk)
    far = place(desk, Site.objects.create(customer=desk.customer), north=0.2)
    taken = book(desk, desk.lou, on(5, 13), on(5, 14))
    Visit.objects.filter(pk=taken.visit_id).update(site=far)
    lou = best_slots(wanted(desk, now))[0]
    assert (lou.technician, lou.start) == (desk.lou, on(5, 15))
    assert (lou.way.minutes, lou.way_from) == (47, "The Harbour Letter")
    # The way to the visit after is kept as well: 47 minutes before 16:50 the visit must be over.
    later = book(desk, desk.lou, on(5, 16, 50), on(5, 17, 20))
    Visit.objects.filter(pk=later.visit_id).update(site=far)
    assert offered(best_slots(wanted(desk, now)))[0] == ("Lou", on(6, 8))


def test_only_whoever_has_the_skills_is_offered(desk, now):
    WorkType.objects.create(visit_kind="fault", minutes=60, skills=["Ricoh"])
    Technician.objects.filter(pk=desk.marek.pk).update(skills=["RICOH", "copier"])
    assert {who for who, _ in offered(best_slots(wanted(desk, now, kind="fault")))} == {"Marek"}
    assert {who for who, _ in offered(best_slots(wanted(desk, now)))} == {"Lou", "Marek"}


def test_a_crew_has_the_skills_together_and_is_free_together(desk, now):
    WorkType.objects.create(visit_kind="install", minutes=60, skills=["lift", "laser"], crew=2)
    Technician.objects.filter(pk=desk.lou.pk).update(skills=["lift"])
    anna = Technician.objects.create(name="Anna Roe", skills=["laser"])
    book(desk, anna, on(5, 13), on(5, 15))
    slots = best_slots(wanted(desk, now, kind="install"))
    assert [(slot.technician, slot.others, slot.start) for slot in slots] == [
        (desk.lou, (anna,), on(5, 15, 30)),
        (desk.lou, (anna,), on(5, 16, 30)),
    ]


def test_a_crew_that_moves_stays_together(desk, now):
    anna = Technician.objects.create(name="Anna Roe")
    visit = book(desk, desk.lou, on(6, 9), on(6, 10)).visit
    Assignment.objects.create(visit=visit, technician=anna, starts_at=on(6, 9), ends_at=on(6, 10))
    Visit.objects.filter(pk=visit.pk).update(crew=2)
    visit.refresh_from_db()
    book(desk, anna, on(5, 12), on(5, 16))
    slots = best_slots(wanted(desk, now, moving=visit))
    assert [(slot.technician, slot.others, slot.start) for slot in slots[:2]] == [
        (desk.lou, (anna,), on(5, 16, 30)),
        (desk.lou, (anna,), on(6, 8)),
    ]
    # Whoever leads instead takes the place of the first: the other stays.
    assert slots[2].others == (anna,)
    assert slots[2].technician == desk.marek


def test_a_break_is_kept_and_rows_that_touch_are_one(desk, now):
    for starts, ends in ((8, 12), (12, 14), (15, 17)):
        WorkingHours.objects.create(
            technician=desk.lou, weekday=4, starts=dt.time(starts), ends=dt.time(ends)
        )
    found = slots_on(wanted(desk, now), dt.date(2026, 3, 6), technician=desk.lou)
    clocks = [f"{slot.start:%H:%M}" for slot in found]
    assert (clocks[0], clocks[-5:]) == ("08:00", ["11:30", "12:00", "12:30", "15:00", "15:30"])


def test_public_holidays_of_a_technicians_own_region_count(desk, now):
    Technician.objects.filter(pk=desk.lou.pk).update(subdivision="SCT")
    Tenant.objects.filter(pk=desk.tenant.pk).update(subdivision="ENG")
    desk.tenant.refresh_from_db()
    # In Scotland the first Monday of August, in England the last.
    asked = wanted(desk, now)
    assert {who for who, _ in offered(slots_on(asked, dt.date(2026, 8, 3)))} == {"Marek"}
    assert {who for who, _ in offered(slots_on(asked, dt.date(2026, 8, 31)))} == {"Lou"}


def test_many_gaps_in_which_nothing_fits_are_all_looked_at(desk, now):
    """More than the database answers with at first: each is long enough but for the way."""
    TechnicianPreference.objects.all().delete()
    Technician.objects.filter(pk=desk.marek.pk).update(is_active=False)
    for day in (5, 6, 9):
        for hour in range(8, 17):
            book(desk, desk.lou, on(day, hour), on(day, hour, 20))
    WorkType.objects.create(visit_kind="fault", minutes=35)
    assert offered(best_slots(wanted(desk, now, kind="fault")))[0] == ("Lou", on(10, 8))


def test_a_tune_up_makes_the_visit_half_an_hour_longer(desk, now):
    slot = best_slots(wanted(desk, now, with_tune_up=True))[0]
    assert slot.end - slot.start == dt.timedelta(minutes=105)


def test_a_slot_says_whether_its_window_ends_by_the_promised_response(desk, now):
    Absence.objects.create(technician=desk.marek, starts_at=on(5, 13), ends_at=on(5, 18))
    slots = best_slots(wanted(desk, now, due_at=on(5, 15)))
    assert [(slot.meets_promise, slot.late_by) for slot in slots] == [
        (True, dt.timedelta()),
        (False, dt.timedelta(minutes=30)),
        # From 15:00 to half past five, and from eight to nine the next day.
        (False, dt.timedelta(hours=3, minutes=30)),
    ]
    assert best_slots(wanted(desk, now))[0].meets_promise is None


def test_a_slot_is_found_again_by_technician_and_start_until_it_is_taken(desk, now):
    asked = wanted(desk, now)
    assert slot_at(asked, desk.lou, on(5, 14)) == slots_on(asked, now.date(), technician=desk.lou)[1]
    book(desk, desk.lou, on(5, 14), on(5, 15))
    assert slot_at(asked, desk.lou, on(5, 14)) is None
    assert slot_at(asked, desk.lou, on(5, 14, 10)) is None


def test_as_many_queries_for_one_technician_as_for_three(desk, now, django_assert_num_queries):
    asked, again = wanted(desk, now), wanted(desk, now)
    with django_assert_num_queries(4):
        best_slots(asked)
    for n in range(2):
        technician = Technician.objects.create(name=f"Extra {n}")
        book(desk, technician, on(5, 14), on(5, 15))
    with django_assert_num_queries(4):
        best_slots(again)


@pytest.mark.parametrize(("days", "queries"), [(2, 4), (8, 5), (25, 6)])
def test_the_fuller_the_diaries_the_farther_is_read(desk, now, days, queries, django_assert_num_queries):
    back = now + dt.timedelta(days=days)
    for technician in (desk.lou, desk.marek):
        Absence.objects.create(technician=technician, starts_at=now, ends_at=back, reason="Away")
    asked = wanted(desk, now)
    with django_assert_num_queries(queries):
        first = min(slot.start for slot in best_slots(asked))
    assert first >= back
    assert first == slots_on(asked, first.date())[0].start


# For many at once


def ahead(now, days, skip=0):
    return tuple(now.date() + dt.timedelta(days=n) for n in range(skip, days))


def said(slots):
    return [(slot.technician.first_name, slot.start, slot.is_preferred) for slot in slots]


def test_for_many_each_is_proposed_a_time_that_nobody_else_has(desk, now):
    plain = Customer.objects.create(name="Nobody preferred")
    site = Site.objects.create(customer=plain)
    elsewhere = wanted(desk, now, customer=plain, site=site, machines=())
    book(desk, desk.lou, on(5, 13, 30), on(5, 15))
    found = proposed_slots(
        [
            Asked(wanted(desk, now), ahead(now, 3)),
            Asked(elsewhere, ahead(now, 3)),
            # Days that suit best come first.
            Asked(wanted(desk, now), (dt.date(2026, 3, 9), dt.date(2026, 3, 6))),
            Asked(wanted(desk, now), ()),
        ]
    )
    assert [said(slots) for slots in found] == [
        [("Lou", on(5, 15, 30), True), ("Lou", on(6, 8), True)],
        [("Marek", on(5, 13, 30), False), ("Marek", on(5, 15), False)],
        [("Lou", on(9, 8), True), ("Lou", on(9, 9, 30), True)],
        [],
    ]
    assert proposed_slots([]) == []


def test_where_the_preferred_one_is_away_anybody_is_proposed(desk, now):
    Absence.objects.create(technician=desk.lou, starts_at=on(5, 0), ends_at=on(20, 0))
    (slots,) = proposed_slots([Asked(wanted(desk, now), ahead(now, 3))])
    assert said(slots) == [("Marek", on(5, 13, 30), False), ("Marek", on(5, 15), False)]
    TechnicianPreference.objects.create(technician=desk.marek, level=Level.EXCLUDED, equipment=desk.copier)
    assert proposed_slots([Asked(wanted(desk, now), ahead(now, 3))]) == [[]]


def test_proposals_for_ten_cost_as_many_queries_as_for_one(desk, now, django_assert_num_queries):
    one = Asked(wanted(desk, now), ahead(now, 10))
    for many in ([one], [one] * 10):
        with django_assert_num_queries(5):
            assert len(proposed_slots(many)) == len(many)


def test_nothing_is_proposed_sooner_than_asked_for(desk, now):
    (slots,) = proposed_slots([Asked(wanted(desk, now, not_before=on(5, 15, 10)), ahead(now, 1))])
    assert said(slots) == [("Lou", on(5, 15, 30), True)]


def test_many_who_ask_alike_are_never_proposed_one_technicians_time_twice(desk, now):
    found = proposed_slots([Asked(wanted(desk, now), ahead(now, 10))] * 8)
    assert all(len(slots) == 2 for slots in found)
    taken = sorted(
        (slot.technician.name, slot.start, slot.end + desk.tenant.travel_minutes * MINUTE)
        for slots in found
        for slot in slots
    )
    for (who, _, free), (next_who, start, _) in itertools.pairwise(taken):
        assert who != next_who or start >= free
    # Everybody has a first time before anybody has a second one.
    assert max(slots[0].start for slots in found) < min(slots[1].start for slots in found)


def test_without_a_preference_whoever_was_there_last_is_proposed(desk, now):
    TechnicianPreference.objects.all().delete()
    for technician, day in ((desk.lou, 2), (desk.marek, 3)):
        went = book(desk, technician, on(day, 9), on(day, 10))
        Visit.objects.filter(pk=went.visit_id).update(
            state=Visit.State.DONE, completed_at=on(day, 10), completed_on=on(day, 10).date()
        )
    (slots,) = proposed_slots([Asked(wanted(desk, now), ahead(now, 3))])
    assert [(slot.technician.first_name, slot.is_preferred) for slot in slots] == [("Marek", False)] * 2


def test_wishes_of_many_places_are_each_read_from_the_nearest(desk):
    TechnicianPreference.objects.create(technician=desk.lou, level=Level.EXCLUDED, equipment=desk.sorter)
    TechnicianPreference.objects.create(technician=desk.marek, level=Level.REQUIRED, site=desk.site)
    customer, site = desk.customer.pk, desk.site.pk
    copier, sorter, nowhere = wishes_for_places(
        [
            Place(customer, site, frozenset({desk.copier.pk})),
            Place(customer, site, frozenset({desk.sorter.pk})),
            Place(customer, None),
        ]
    )
    assert (copier.preferred, copier.required) == ((desk.marek.pk, desk.lou.pk), {desk.marek.pk})
    assert (sorter.preferred, sorter.excluded) == ((desk.marek.pk,), {desk.lou.pk})
    assert (nowhere.preferred, nowhere.required) == ((desk.lou.pk,), frozenset())


def test_half_hours_of_the_days_on_which_the_clock_changes():
    assert len(half_hours(dt.date(2026, 3, 5), LONDON)) == 48
    assert len(half_hours(dt.date(2026, 3, 29), LONDON)) == 46
    assert len(set(half_hours(dt.date(2026, 10, 25), LONDON))) == 48
