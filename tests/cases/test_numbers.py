"""A case has a number that people can say: one of its desk, in a row, also for two at the same moment."""

import pytest
from django.db import IntegrityError, transaction

from cases.joining import join_cases
from cases.life import seen_of
from cases.matters import open_case
from cases.models import Case
from customers.finding import find
from customers.merging import merge_customers
from customers.models import Customer
from tenancy.scope import tenant
from tests.at_once import at_once


def opened(desk, now, title="Grey bands", customer=None):
    return open_case(
        customer=customer or desk.customer, kind="fault", title=title, by=desk.dispatcher, now=now
    )


def cases_found(typed):
    return [(hit.title, hit.why, hit.customer.name) for hit in find(typed, country="GB").cases]


def test_each_desk_counts_its_own(cast, now):
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            assert [opened(desk, now).number for _ in range(2)] == ["C-1001", "C-1002"]


def test_no_two_have_one_number(north, now):
    first, second = opened(north, now), opened(north, now)
    with pytest.raises(IntegrityError, match="case_counted_once"), transaction.atomic():
        Case.objects.filter(pk=second.pk).update(counted=first.counted)
    second.save()
    assert Case.objects.get(pk=second.pk).number == "C-1002"


def test_of_two_at_once_each_has_its_own(committed_cast, now):
    desk = committed_cast.north

    def take():
        return opened(desk, now).number

    assert sorted(at_once(take, take, desk=desk)) == ["C-1001", "C-1002"]


@pytest.mark.parametrize("typed", ["C-1001", "c1001", " c 1001 ", "1001"])
def test_it_is_found_by_its_whole_number(north, now, typed):
    opened(north, now)
    assert cases_found(typed) == [("C-1001", "case", "Margaret Ellison")]


@pytest.mark.parametrize("typed", ["C-100", "10011", "C-1002", "001"])
def test_it_is_not_found_by_a_part_of_it(north, now, typed):
    opened(north, now)
    assert cases_found(typed) == []


def test_another_desks_is_not_found(cast, now):
    with tenant(cast.south.tenant):
        opened(cast.south, now)
    with tenant(cast.north.tenant):
        assert cases_found("C-1001") == []


def test_the_number_leads_on_where_customers_or_cases_became_one(north, now):
    gone = Customer.objects.create(name="M Ellison")
    ours, theirs = opened(north, now), opened(north, now, customer=gone)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    theirs.refresh_from_db()
    assert cases_found(theirs.number) == [("C-1002", "case", "Margaret Ellison")]
    join_cases(kept=ours, gone=theirs, by=north.dispatcher, now=now, seen=seen_of(ours))
    assert cases_found(theirs.number) == [("C-1002", "case", "Margaret Ellison")]
