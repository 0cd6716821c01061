"""What calls ahead, a booking undone and a second miss leave on the customer's time line (R7.1)."""

import datetime as dt
from decimal import Decimal

from cases.models import GoodwillItem
from tests.cast import make_visit
from tests.told import told
from visits.booking import book_visit, undo_booking
from visits.fieldwork import call_ahead, undo_step
from visits.models import Visit
from visits.sweeper import sweep

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def test_a_call_ahead_is_a_call_and_a_wrong_tap_is_said_to_be_one(north, now):
    visit = make_visit(north, start=now + HOUR, technician=north.lou, number="V-7")
    call_ahead(visit, result="no answer", by=north.technician, now=now)
    call_ahead(visit, result="spoke", by=north.technician, now=now + dt.timedelta(seconds=5))
    undo_step(visit, by=north.technician, now=now + dt.timedelta(seconds=9))
    assert told(north.customer, kind="call") == [
        ("call", "Rang about visit V-7: no answer", "", "Lou Baptiste"),
        ("call", "Rang about visit V-7: spoke", "", "Lou Baptiste"),
        ("call", "Undone, a wrong tap: rang about visit V-7", "", "Lou Baptiste"),
    ]


def test_a_booking_undone_closes_its_case_in_so_many_words(north, now):
    visit = book_visit(
        customer=north.customer, site=north.site, contact=north.contact, machines=[north.copier],
        kind=Visit.Kind.FAULT, problem="Grey bands", technician=north.lou, start=now + DAY,
        end=now + DAY + HOUR, window_end=now + DAY + HOUR, by=north.dispatcher, now=now,
    )  # fmt: skip
    undo_booking(visit, by=north.dispatcher, now=now)
    assert told(north.customer, kind="case") == [
        ("case", "Fault: Grey bands", "Grey bands", "Dana Whitlock"),
        ("case", "Closed: Grey bands", "The booking was undone", "Dana Whitlock"),
    ]


def test_a_second_miss_opens_a_case_with_its_clocks_and_says_who_takes_over(north, now):
    GoodwillItem.objects.create(name="A credit", kind="credit", limit=Decimal(60))
    make_visit(
        north, start=now - 9 * DAY, technician=north.lou, state=Visit.State.MISSED, number="V-1",
        missed_at=now - 9 * DAY + 2 * HOUR, late_at=now - 9 * DAY + HOUR,
    )  # fmt: skip
    visit = make_visit(north, start=now - 2 * HOUR, technician=north.lou, number="V-2")
    sweep(now=now)
    visit.refresh_from_db()
    assert visit.case.resolution_due_at is not None
    why = "We missed 2 visits in 90 days: 24 February, 5 March."
    assert told(north.customer, kind__in=("case", "goodwill", "missed")) == [
        ("missed", "Missed visit", "Promised 11:07 to 12:07; nobody came.", ""),
        ("case", "Complaint: We did not come, more than once", "", ""),
        ("case", "Robin Vale takes over: We did not come, more than once", why, ""),
        ("goodwill", "Goodwill proposed: A credit", why, ""),
    ]
