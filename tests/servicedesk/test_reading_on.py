"""Reading on through a list: each row once, in order, also where two are of the same instant."""

import datetime as dt
import uuid

import pytest

from customers.models import TimelineEntry
from servicedesk.reading_on import newest_first


@pytest.fixture
def lines(north, now):
    """Five lines of a time line, two of them at the same instant, the newest first."""
    instants = [now - dt.timedelta(hours=hours) for hours in (0, 1, 1, 2, 3)]
    made = [
        TimelineEntry.objects.create(customer=north.customer, kind="note", title=str(at), at=at)
        for at in reversed(instants)
    ]
    return made[::-1]


def test_it_reads_on_to_the_end_and_shows_each_row_once(north, lines):
    seen, page = [], newest_first(north.customer.timeline.all(), "at", before="", most=2)
    assert page.is_first
    while page.older:
        seen += page.rows
        page = newest_first(north.customer.timeline.all(), "at", before=str(page.older), most=2)
        assert not page.is_first
    assert seen + page.rows == lines


def test_a_whole_last_page_has_nothing_older(north, lines):
    assert newest_first(north.customer.timeline.all(), "at", before="", most=5).older is None


@pytest.mark.parametrize("before", ["nothing", str(uuid.UUID(int=7))])
def test_what_is_no_cursor_is_the_beginning(north, lines, before):
    page = newest_first(north.customer.timeline.all(), "at", before=before, most=2)
    assert (page.is_first, page.rows) == (True, lines[:2])


def test_a_page_is_one_query_and_reading_on_two(north, lines, django_assert_num_queries):
    with django_assert_num_queries(1):
        older = newest_first(north.customer.timeline.all(), "at", before="", most=2).older
    with django_assert_num_queries(2):
        newest_first(north.customer.timeline.all(), "at", before=str(older), most=2)
