"""A technician is never in two places, however many dispatchers book at once (R2.4).

Eight bookers post overlapping slots of one technician at the same moment, place after place, over
HTTP and a real database. `PROOF=full` (make proof): 200 places, 1,600 requests.
"""

import datetime as dt
import os
import re
import sys
import threading
import time
from collections import Counter
from itertools import islice, product

import pytest
import time_machine
from django.db import connection, connections
from django.test import Client

from tenancy.scope import tenant
from visits.models import Assignment, Technician, Visit

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
BOOKERS = 8
PLACES = 200 if FULL else 8
# A visit takes 75 minutes: any two of three starts half an hour apart overlap.
STARTS = (dt.time(8, 0), dt.time(10, 30), dt.time(13, 0))
SHIFTS = (0, 30, 60)
MONDAY = dt.date(2026, 3, 9)
SLOT = re.compile(r'name="slot"\s+value="([^"]+)"')

OVERLAPS = """
SELECT count(*) FROM visits_assignment a JOIN visits_assignment b
    ON a.technician_id = b.technician_id AND a.id < b.id AND a.during && b.during
WHERE a.state = 'booked' AND b.state = 'booked'
"""


def places(desk):
    """Technician and start of places that do not touch each other, as many as are asked for."""
    with tenant(desk.tenant):
        crew = [Technician.objects.create(name=f"Technician {n:02}") for n in range(10)]
    days = [MONDAY + dt.timedelta(days=n) for n in range(14) if n % 7 < 5]
    wanted = islice(product(days, STARTS, crew), PLACES)
    return [(technician, dt.datetime.combine(day, clock, dt.UTC)) for day, clock, technician in wanted]


class Booker(threading.Thread):
    """A dispatcher who tries every place, at the same moment as all the others."""

    def __init__(self, number, desk, places, gate):
        super().__init__()
        self.number, self.desk, self.places, self.gate = number, desk, places, gate
        self.answers, self.times, self.error = [], [], None
        self.client = Client()
        self.client.force_login(desk.dispatcher.user)

    def run(self):
        try:
            for place, (technician, start) in enumerate(self.places):
                self.gate.wait(timeout=60)
                self._book(technician, start, SHIFTS[(self.number + place) % len(SHIFTS)])
        except Exception as error:
            self.error = error
            self.gate.abort()
        finally:
            connections.close_all()

    def _book(self, technician, start, shift):
        asked = f"{technician.public_id}@{start + dt.timedelta(minutes=shift):%Y%m%dT%H%M%SZ}"
        began = time.perf_counter()
        answer = self.client.post(
            self.desk.url(f"customers/{self.desk.customer.public_id}/book/"),
            {"kind": "tune-up", "machine": str(self.desk.copier.public_id), "slot": asked},
            headers={"HX-Request": "true"},
        )
        self.times.append(time.perf_counter() - began)
        self.answers.append((answer.status_code, asked, SLOT.findall(answer.text), "taken" in answer.text))


def test_eight_bookers_at_once_never_book_one_technician_twice(committed_cast, now, capsys):
    desk = committed_cast.north
    with time_machine.travel(now, tick=True):
        wanted = places(desk)
        gate = threading.Barrier(BOOKERS)
        bookers = [Booker(number, desk, wanted, gate) for number in range(BOOKERS)]
        for booker in bookers:
            booker.start()
        for booker in bookers:
            booker.join()
    assert [booker.error for booker in bookers] == [None] * BOOKERS

    answers = [answer for booker in bookers for answer in booker.answers]
    losers = [answer for answer in answers if answer[0] == 409]
    with tenant(desk.tenant), connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        doubles = cursor.fetchone()[0]
        booked, numbers = Visit.objects.count(), set(Visit.objects.values_list("number", flat=True))
        assigned = Assignment.objects.count()
    slowest = sorted(seconds for booker in bookers for seconds in booker.times)
    with capsys.disabled():
        sys.stdout.write(
            f"\nBooking at once: {BOOKERS} bookers x {PLACES} overlapping slots = {len(answers)} requests: "
            f"{booked} booked, {len(losers)} refused (409), {doubles} double bookings; "
            f"p50 {slowest[len(slowest) // 2]:.2f} s, slowest {slowest[-1]:.2f} s\n"
        )
    assert doubles == 0
    assert booked == assigned == len(numbers) == PLACES
    assert Counter(status for status, *_ in answers) == {200: PLACES, 409: (BOOKERS - 1) * PLACES}
    for _, asked, offered, says_taken in losers:
        assert says_taken
        assert offered
        assert asked not in offered
