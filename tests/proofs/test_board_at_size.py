"""The board of 50 technicians with 200 and with 400 visits on one day: how heavy it is (Must show).

Server time is printed, never asserted: it is the machine's. Bytes and queries are exact bounds.
"""

import datetime as dt
import gzip
import re
import sys
import time

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Site
from servicedesk.board import VERSION_HEADER
from tenancy.calendars import instant_at, zone_of
from tenancy.scope import tenant
from visits.models import Assignment, Technician, Visit

pytestmark = pytest.mark.proof

DAY = dt.date(2026, 3, 5)
STARTS = ("08:00", "09:15", "10:30", "11:45", "13:15", "14:30", "15:45", "17:00")
TECHNICIANS = 50
# In bytes, by visits of each technician; a delta of one moved visit stays below 5 KB on a day of 200.
MOST = {
    4: {"page": 210_000, "delta": 4_999, "week": 60_000},
    8: {"page": 360_000, "delta": 8_000, "week": 60_000},
}
HTMX = {"HX-Request": "true"}


def fill(desk, each):
    """`each` visits for every technician, over the whole day; the scope is open. Their visits by place."""
    zone = zone_of(desk.tenant)
    starts = STARTS[:: len(STARTS) // each]
    crew = [Technician(name=f"Technician {number:02} Baptiste") for number in range(TECHNICIANS)]
    Technician.objects.bulk_create(crew)
    customers = [
        Customer(name=f"Customer {n:03}", company=f"The Harbour Letter {n:03}")
        for n in range(TECHNICIANS * each)
    ]
    Customer.objects.bulk_create(customers)
    sites = [Site(customer=customer, city="Eastmouth") for customer in customers]
    Site.objects.bulk_create(sites)
    visits = [
        _visit(desk, number, sites[number], instant_at(DAY, dt.time.fromisoformat(clock), zone))
        for number, clock in enumerate(clock for _ in crew for clock in starts)
    ]
    Visit.objects.bulk_create(visits)
    Assignment.objects.bulk_create(
        Assignment(
            visit=visit,
            technician=crew[number // each],
            starts_at=visit.planned_start,
            ends_at=visit.planned_end,
            state=visit.state,
        )
        for number, visit in enumerate(visits)
    )
    return crew, visits


def _visit(desk, number, site, start):
    end, now = start + dt.timedelta(minutes=60), instant_at(DAY, dt.time(13, 7), zone_of(desk.tenant))
    booked = start - dt.timedelta(days=7)
    values = {"state": Visit.State.CONFIRMED, "confirmed_at": booked}
    if end < now:
        values = {"state": Visit.State.DONE, "completed_at": end, "completed_on": DAY, "arrived_at": start}
    elif number % 5 == 0:
        values = {"state": Visit.State.BOOKED}
    return Visit(
        number=f"V-{number}",
        number_key=f"V{number}",
        customer=site.customer,
        site=site,
        kind=Visit.Kind.FAULT,
        problem="Grey bands down the right edge",
        window_start=start,
        window_end=start + dt.timedelta(minutes=60),
        planned_start=start,
        planned_end=end,
        told_day=DAY,
        told_from=start.astimezone(zone_of(desk.tenant)).time(),
        told_until=end.astimezone(zone_of(desk.tenant)).time(),
        booked_at=booked,
        changed_at=booked,
        **values,
    )


class Asked:
    """One answer with what it cost."""

    def __init__(self, ask):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            self.answer = ask()
        self.milliseconds = (time.perf_counter() - began) * 1000
        self.queries = len(queries)
        self.bytes = len(self.answer.content)

    def __str__(self):
        packed = len(gzip.compress(self.answer.content))
        return (
            f"{self.answer.status_code}, {self.milliseconds:.0f} ms, {self.queries} queries, "
            f"{self.bytes:,} bytes ({packed:,} packed)"
        )


@pytest.mark.parametrize("each", [4, 8])
def test_board_of_fifty_technicians(cast, client, now, each):
    with time_machine.travel(now, tick=False), tenant(cast.north.tenant):
        crew, visits = fill(cast.north, each)
        client.force_login(cast.north.dispatcher.user)
        Assignment.objects.filter(visit=visits[each * 30 + each - 1]).delete()
        client.get(cast.north.url("board/"))
        page = Asked(lambda: client.get(cast.north.url("board/")))
        version = re.search(r'data-since-url="[^"]+" data-version="([^"]+)"', page.answer.text)[1]
        hears = {**HTMX, VERSION_HEADER: version}
        quiet = Asked(lambda: client.get(cast.north.url("board/since/"), headers=hears))
        moved = visits[each * 7 + each - 1]
        # There was a gap where it goes, and there is one where it was.
        Assignment.objects.filter(visit=moved).update(technician=crew[30])
        Visit.objects.filter(pk=moved.pk).update(version=2, changed_at=now)
        delta = Asked(lambda: client.get(cast.north.url("board/since/"), headers=hears))
        week = Asked(lambda: client.get(cast.north.url("board/?view=week")))
    say(f"\nboard of {TECHNICIANS} technicians, {TECHNICIANS * each} visits")
    for name, asked in {"page": page, "no news": quiet, "one moved": delta, "week": week}.items():
        say(f"  {name}: {asked}")
    most = MOST[each]
    assert (page.bytes <= most["page"], page.queries <= 30) == (True, True)
    assert (quiet.answer.status_code, quiet.bytes, quiet.queries <= 9) == (204, 0, True)
    assert delta.answer.text.count('class="lane"') == 2
    assert (delta.bytes <= most["delta"], delta.queries <= 31) == (True, True)
    assert (week.bytes <= most["week"], week.queries <= 28) == (True, True)


def say(line):
    """Figures go where the other proofs' go."""
    sys.stdout.write(f"{line}\n")
