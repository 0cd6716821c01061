"""The demo desks: whole, alike, repeatable, and each story on the screen that prevents it."""

import datetime as dt

import pytest
from django.core.management import call_command

from cases.goodwill import decide_goodwill
from cases.models import Duty, Goodwill, Promise
from contracts.cover import State, covers_of_customer
from customers.models import Customer, DuplicateProposal
from recommendations.models import Recommendation
from servicedesk.demo.building import DESKS, build_desk, zone_in_full_swing
from servicedesk.demo.names import NORTHGATE, SOUTHGATE
from servicedesk.start_with import start_with
from tenancy.calendars import calendar_of, local_day, local_time, zone_of
from tenancy.models import Membership, Role, Tenant
from tenancy.scope import tenant
from visits.better_order import better_order
from visits.day_on_the_road import DayOnTheRoad
from visits.models import MaintenancePlan, Visit
from visits.sweeper import sweep
from visits.use_or_lose import unused_rows


@pytest.fixture
def north(db, now):
    """Northgate as the demo builds it, its scope open."""
    desk = build_desk(NORTHGATE, now=now)
    with tenant(desk):
        yield desk


def customer(company):
    return Customer.objects.get(company=company)


@pytest.mark.parametrize("hour", range(24))
def test_whenever_one_looks_it_is_about_one_in_the_afternoon(hour):
    now = dt.datetime(2026, 11, 22, hour, 30, tzinfo=dt.UTC)
    local = local_time(now, zone_of(Tenant(time_zone=zone_in_full_swing(now))))
    assert abs(local.hour * 60 + local.minute - 13 * 60 - 7) <= 75


def test_both_desks_have_one_person_for_each_role_and_the_same_day(db, now):
    days = []
    for names in (NORTHGATE, SOUTHGATE):
        desk = build_desk(names, now=now)
        with tenant(desk):
            assert sorted(Membership.objects.values_list("role", flat=True)) == sorted(Role.values)
            days.append(list(Visit.objects.order_by("pk").values_list("planned_start", "state")))
            assert Customer.objects.count() == 36
    assert days[0] == days[1]


def test_story_1_the_cheque_reads_active_whatever_the_old_program_says(north, now):
    today = local_day(now, zone_of(north))
    cover = covers_of_customer(customer("The Harbour Letter"), today)[0]
    assert cover.contract.imported_status == "X"
    assert (cover.state, cover.sentence) == (State.ACTIVE, "Active until 14 Mar 2027, renewal paid")
    in_review = covers_of_customer(customer("Sable Dental"), today)[0]
    assert in_review.state == State.IN_REVIEW


def test_story_2_the_bakery_is_missed_twice_and_the_surgery_becomes_late_by_itself(north, now):
    missed = Visit.objects.filter(customer=customer("Fennel & Rye Bakery"), missed_at__isnull=False)
    assert missed.count() == 2
    assert missed.filter(miss_closed_at__isnull=True).count() == 1
    swept = sweep(now=now)
    late = Visit.objects.get(customer=customer("St Brannock Surgery"))
    assert (swept.late, swept.missed, late.late_at) == (1, 0, now)


def test_story_3_the_warning_stands_open_and_lou_comes_today(north, now):
    letter = customer("The Harbour Letter")
    today = local_day(now, zone_of(north))
    open_ones = Recommendation.objects.filter(equipment__site__customer=letter).open(today).worst_first()
    assert [each.finding for each in open_ones] == ["Replace the fuser unit", "Move off the extension lead"]
    coming = Visit.objects.waiting().get(customer=letter)
    assert coming.assignments.get().technician.name == "Lou Baptiste"


def test_story_4_ten_years_three_contacts_and_a_broken_promise_come_first(north, now):
    hotel = customer("Grange Hotel")
    assert hotel.interactions.count() == 3
    assert Promise.objects.filter(customer=hotel, state=Promise.State.BROKEN).count() == 1
    assert "promise" in start_with(hotel, now=now).lower()
    # Days on its contract wait for the manager's yes, who can give them.
    waits = Goodwill.objects.select_related("item").get(customer=hotel)
    assert (waits.state, waits.item.kind, waits.days) == ("proposed", "extension", 21)
    manager = Membership.objects.get(role=Role.MANAGER)
    assert decide_goodwill(waits, gives=True, reason="", by=manager, now=now).state == "approved"


def test_story_5_a_shared_number_is_proposed_as_a_duplicate(north):
    assert DuplicateProposal.objects.get().reason.startswith("The same phone number: 07700 900")


def test_a_visit_near_its_end_and_a_service_nobody_booked_stand_on_the_list(north, now):
    today = local_day(now, zone_of(north))
    rows = unused_rows(north, today)
    letter = next(row for row in rows if row.customer.company == "The Harbour Letter")
    service = next(row for row in rows if row.service is not None)
    assert (letter.service, letter.left, (letter.until - today).days) == (None, 2, 9)
    assert (service.service.plan.title, service.until - today) == ("Quarterly tune-up", dt.timedelta(days=5))
    assert Duty.objects.open().filter(kind=Duty.Kind.BOOK_SERVICE).count() == 1
    assert MaintenancePlan.objects.filter(suspended_on__isnull=False).count() == 1


def test_nothing_stands_in_the_past_after_a_sweep(north, now):
    sweep(now=now + dt.timedelta(hours=12))
    assert not Visit.objects.waiting().filter(window_end__lte=now + dt.timedelta(hours=12)).exists()


def test_a_second_run_changes_nothing_and_again_makes_it_anew(committed, settings, tmp_path):
    settings.DEVELOPMENT, settings.BASE_DIR = True, tmp_path
    call_command("demo", verbosity=0)
    before = list(Tenant.objects.order_by("pk").values_list("pk", "slug"))
    assert [slug for _, slug in before] == [names.slug for names in DESKS]
    call_command("demo", verbosity=0)
    assert list(Tenant.objects.order_by("pk").values_list("pk", "slug")) == before
    call_command("demo", again=True, verbosity=0)
    after = list(Tenant.objects.order_by("pk").values_list("pk", "slug"))
    assert [slug for _, slug in after] == [slug for _, slug in before]
    assert not {pk for pk, _ in after} & {pk for pk, _ in before}
    assert "dana@northgate.example" in (tmp_path / "var" / "demo-sign-ins.txt").read_text()


@pytest.mark.parametrize("hour", [0, 13, 22])
def test_whenever_one_looks_a_better_order_saves_driving_today(db, hour):
    now = dt.datetime(2026, 11, 22, hour, 50, tzinfo=dt.UTC)
    desk = build_desk(NORTHGATE, now=now)
    with tenant(desk):
        calendar, day = calendar_of(desk), local_day(now, zone_of(desk))
        road = DayOnTheRoad(desk, day, calendar, now=now)
        late = [
            lane.technician.name for pk, lane in road.lanes.items() if road.timed(pk, road.stands[pk]) is None
        ]
        assert late == []
        order = better_order(desk, day, calendar=calendar, now=now)
        assert order.before.unmeasured == 0
        assert order.minutes_saved >= 20
        assert order.metres_saved >= 5000
        assert "Pell Street Studio" in {place.visit.customer.company for place in order.places}
