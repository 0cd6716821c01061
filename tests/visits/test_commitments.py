"""What a visit promises, and what becomes of it when the visit moves (R4.1, R6.2)."""

import datetime as dt

import pytest

from cases.models import Case, Promise
from cases.promising import make_promise
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.commitments import (
    keep_promise,
    keep_promised_visit,
    make_promises,
    release_promises,
    renew_promises,
)

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def visit(cast, now):
    """Lou's visit two days ahead, 14:00 to 15:00; the desk's scope is open."""
    with tenant(cast.north.tenant):
        yield make_visit(
            cast.north, start=now.replace(hour=14, minute=0) + 2 * DAY, technician=cast.north.lou
        )


def promises(visit):
    found = Promise.objects.filter(of_visit__visit=visit).order_by("pk")
    return [(each.kind, each.due_at, each.state) for each in found]


def move(visit, days):
    for name in ("window_start", "window_end", "planned_start", "planned_end"):
        setattr(visit, name, getattr(visit, name) + days)
    visit.save()


def test_before_counts_from_the_planned_arrival(visit):
    start = visit.planned_start
    assert promises(visit) == [
        ("window", start + HOUR, "open"),
        ("confirmation", start - DAY, "open"),
        ("call ahead", start - HOUR / 2, "open"),
    ]


def test_the_technician_owns_what_only_the_technician_can_keep(cast, visit):
    owners = {each.owner for each in Promise.objects.filter(of_visit__visit=visit)}
    assert owners == {cast.north.technician}


def test_what_lies_in_the_past_when_booked_is_not_promised(cast, now):
    with tenant(cast.north.tenant):
        visit = make_visit(cast.north, start=now + HOUR / 3, booked_at=now)
        assert [kind for kind, _, _ in promises(visit)] == ["window"]
        assert make_promises(visit, by=None, now=visit.window_end) == []


def test_moved_by_the_customers_wish_the_old_ones_are_released(visit, now):
    move(visit, DAY)
    renew_promises(visit, by=None, now=now, agreed_by_customer=True)
    assert [(kind, state) for kind, _, state in promises(visit)] == [
        ("window", "released"),
        ("confirmation", "released"),
        ("call ahead", "released"),
        ("window", "open"),
        # Their yes to the new time confirms it: nobody could keep it later.
        ("confirmation", "kept"),
        ("call ahead", "open"),
    ]


def test_moved_by_us_before_it_is_due_it_can_be_kept_late_only(cast, visit, now):
    move(visit, DAY)
    renew_promises(visit, by=cast.north.dispatcher, now=now, agreed_by_customer=False)
    assert promises(visit)[0] == ("window", visit.window_end, "open")
    assert len(promises(visit)) == 3
    keep_promise(visit, Promise.Kind.WINDOW, now=visit.planned_start, evidence="Arrived")
    assert promises(visit)[0][2] == "kept late"


def test_moved_by_us_so_near_that_no_time_is_left_it_ends_and_says_so(cast, visit, now):
    move(visit, -2 * DAY)
    renew_promises(visit, by=cast.north.dispatcher, now=now, agreed_by_customer=False)
    confirmation = Promise.objects.get(of_visit__visit=visit, kind="confirmation")
    assert (confirmation.state, confirmation.evidence) == ("released", "Moved; there is no time left for it")


def test_moved_after_it_was_due_it_stays_broken_and_a_new_one_is_made(cast, visit):
    late = visit.window_end + HOUR
    move(visit, DAY)
    renew_promises(visit, by=cast.north.dispatcher, now=late, agreed_by_customer=True)
    windows = Promise.objects.filter(of_visit__visit=visit, kind="window").order_by("pk")
    assert [(each.state, each.due_at) for each in windows] == [
        ("broken", visit.window_end - DAY),
        ("open", visit.window_end),
    ]


def test_released_with_the_visit(visit, now):
    release_promises(visit, now=now, because="Cancelled by the customer")
    assert {state for _, _, state in promises(visit)} == {"released"}


class TestAPromisedVisit:
    """Somebody said "we come again": the visit that is done keeps it, of its matter only."""

    def promised(self, visit, now, *, kind=Promise.Kind.VISIT, case=None, due_in=5 * DAY):
        return make_promise(
            customer=visit.customer, kind=kind, text="New visit by Monday", due_at=now + due_in, owner=None,
            by=None, now=now, case=case,
        )  # fmt: skip

    def matter(self, visit, now):
        return Case.objects.create(customer=visit.customer, kind="fault", title="Bands", opened_at=now)

    def done(self, visit, case=None):
        visit.case, visit.arrived_at = case, visit.planned_start
        return keep_promised_visit(visit, by=None, now=visit.planned_end)

    def test_a_done_visit_keeps_it(self, visit, now):
        promise = self.promised(visit, now)
        assert self.done(visit) == 1
        promise.refresh_from_db()
        assert (promise.state, promise.evidence) == (Promise.State.KEPT, f"Visit {visit.number} done")

    def test_past_its_time_it_is_broken_all_the_same(self, visit, now):
        promise = self.promised(visit, now, due_in=DAY)
        self.done(visit)
        promise.refresh_from_db()
        assert promise.state == Promise.State.BROKEN

    def test_one_made_at_the_visit_is_for_the_next(self, visit, now):
        self.promised(visit, visit.planned_start)
        assert self.done(visit) == 0

    def test_another_matter_and_another_kind_stay_open(self, visit, now):
        mine, other = self.matter(visit, now), self.matter(visit, now)
        self.promised(visit, now, case=other)
        self.promised(visit, now, kind=Promise.Kind.CALL_BACK)
        assert self.done(visit) == 0
        assert self.done(visit, mine) == 0
        self.promised(visit, now, case=mine)
        assert self.done(visit, mine) == 1
