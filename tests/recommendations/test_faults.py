"""Breakdowns that we had warned of: linked at the fault, counted by fault, taken back with a booking."""

import datetime as dt

import pytest

from cases.models import Case
from customers.models import Customer
from recommendations.faults import breakdowns_warned_of, link_warnings, page_of_breakdowns, unlink_warnings
from recommendations.lifecycle import decline, raise_recommendation
from recommendations.models import Recommendation, WarnedFault
from tenancy.scope import tenant

DAY = dt.timedelta(days=1)


def fault(desk, now, title="Jam"):
    customer = Customer.objects.get(pk=desk.customer.pk)
    return Case.objects.create(customer=customer, kind=Case.Kind.FAULT, title=title, opened_at=now)


def advise(desk, now, finding):
    return raise_recommendation(
        equipment=desk.copier, finding=finding, severity=2, by=desk.technician, now=now - DAY
    )


def test_what_is_open_on_its_machines_is_linked_once(north, now):
    rollers = advise(north, now, "New rollers")
    decline(advise(north, now, "New lid"), by=north.technician, now=now, reason="Too dear")
    case = fault(north, now)
    assert [link_warnings(case, [north.copier], now=now) for _ in range(2)] == [2, 0]
    assert set(case.warnings.values_list("recommendation", flat=True)) == {
        north.recommendation.pk,
        rollers.pk,
    }
    assert link_warnings(fault(north, now), [north.sorter], now=now) == 0


def test_what_was_found_after_the_fault_had_warned_of_nothing(north, now):
    case = fault(north, now - 2 * DAY)
    Recommendation.objects.update(raised_at=now - 2 * DAY)
    advise(north, now, "New rollers")
    assert link_warnings(case, [north.copier], now=now) == 0
    assert link_warnings(case, [north.copier], now=now, since=now) == 2


@pytest.mark.parametrize(("until", "linked"), [(0, 1), (1, 0)])
def test_what_was_put_off_counts_from_its_day_on(north, now, until, linked):
    Recommendation.objects.update(state="deferred", deferred_until=now.date() + until * DAY)
    assert link_warnings(fault(north, now), [north.copier], now=now) == linked


def test_a_breakdown_counts_once_however_much_we_had_said(cast, north, now):
    with tenant(cast.south.tenant):
        link_warnings(fault(cast.south, now), [cast.south.copier], now=now)
    advise(north, now, "New rollers")
    for number in range(3):
        link_warnings(fault(north, now, f"Jam {number}"), [north.copier], now=now + number * DAY)
    assert breakdowns_warned_of() == 3
    first = page_of_breakdowns(size=2)
    assert [case.title for case in first.rows] == ["Jam 2", "Jam 1"]
    rest = page_of_breakdowns(after=first.after, size=2)
    assert ([case.title for case in rest.rows], rest.after) == (["Jam 0"], "")
    assert page_of_breakdowns(after="no-cursor", size=2).rows == first.rows
    assert {one.recommendation.finding for one in rest.rows[0].warnings.all()} == {
        "Replace the fuser unit",
        "New rollers",
    }


def test_a_fault_that_was_never_reported_is_not_counted(north, now):
    case = fault(north, now)
    link_warnings(case, [north.copier], now=now)
    unlink_warnings(case)
    assert (breakdowns_warned_of(), WarnedFault.objects.count()) == (0, 0)


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_queries_for_three_breakdowns_as_for_one(north, now, count, django_assert_num_queries):
    for number in range(count):
        link_warnings(fault(north, now, f"Jam {number}"), [north.copier], now=now)
    with django_assert_num_queries(2):
        rows = page_of_breakdowns(size=5).rows
        assert [len(case.warnings.all()) for case in rows] == [1] * count
