"""The next slots at a large desk: 50 technicians with 60 days of visits before them.

Prints what the database and the whole answer take; asserts the number of statements only, as another
machine's clock says nothing about this one. `PROOF=full` (make proof): the whole size.
"""

import datetime as dt
import os
import random
import statistics
import sys
import time

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Site
from tenancy.calendars import calendar_of, instant_at, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import visit_of
from visits.models import Assignment, Technician, TechnicianPreference, Visit, WorkType
from visits.slots import Wanted, best_slots

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
SEED = int(os.environ.get("SEED", "20260305"))
TECHNICIANS, DAYS = 50 if FULL else 6, 60
RUNS = 15 if FULL else 2
MINUTE = dt.timedelta(minutes=1)
# How many of a day's six visits are booked, what lies between them, and whom the request needs.
SCENES = (
    ("nobody has anything to do", 0, "", 1),
    ("every second place is taken", 3, "", 1),
    ("full, but for one place in fifty", 6, "", 1),
    ("full to the last place", 7, "", 1),
    ("full, a crew of two", 6, "", 2),
    ("every second place is taken, a crew of two", 3, "", 2),
    ("full, a skill that one in ten has", 6, "Ricoh", 1),
)


def fill(desk, now, booked, chance):
    """Blocks of 75 minutes with a quarter of an hour between, from eight to five, on working days."""
    zone = zone_of(desk.tenant)
    visits, spans = [], []
    for technician in Technician.objects.order_by("pk"):
        for ahead in range(DAYS):
            day = now.date() + dt.timedelta(days=ahead)
            places = list(range(6))
            if booked < 6:
                places = sorted(chance.sample(places, booked))
            elif booked == 6 and chance.random() < 6 / 50:
                places.remove(chance.choice(places))
            for place in places if day.weekday() < 5 else ():
                start = instant_at(day, dt.time(8), zone) + place * 93 * MINUTE
                visits.append(a_visit(desk, len(visits), start, chance))
                spans.append((technician, start))
    Visit.objects.bulk_create(visits, batch_size=2000)
    Assignment.objects.bulk_create(
        [
            Assignment(visit=visit, technician=technician, starts_at=start, ends_at=visit.planned_end)
            for visit, (technician, start) in zip(visits, spans, strict=True)
        ],
        batch_size=2000,
    )
    return len(visits)


def a_visit(desk, number, start, chance):
    site = chance.choice(desk.sites)
    return visit_of(number=f"V-{number}", customer=site.customer, site=site, start=start)


@pytest.mark.parametrize(("scene", "booked", "skill", "crew"), SCENES)
def test_the_next_slots_at_a_large_desk(scene, booked, skill, crew, committed_cast, now, capsys):
    chance = random.Random(SEED)
    desk = committed_cast.north
    Tenant.objects.filter(pk=desk.tenant.pk).update(travel_kmh=60)
    desk.tenant.refresh_from_db()
    with tenant(desk.tenant):
        make_people(desk, chance)
        visits = fill(desk, now, booked, chance)
        WorkType.objects.create(visit_kind="fault", minutes=75, skills=[skill] if skill else [], crew=crew)
    with connections["migrator"].cursor() as cursor:
        cursor.execute("ANALYZE")
    with tenant(desk.tenant):
        took = []
        for run in range(RUNS + 1):
            asked = Wanted(
                desk=desk.tenant,
                calendar=calendar_of(desk.tenant),
                now=now,
                customer=desk.customer,
                site=desk.site,
                machines=(desk.copier,),
                kind="fault",
            )
            before = time.perf_counter()
            slots = best_slots(asked)
            if run:
                took.append((time.perf_counter() - before) * 1000)
        with CaptureQueriesContext(connection) as queries:
            again = best_slots(asked)
        in_database = [query for query in queries if "interval" in query["sql"]]
        statements = len(queries)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{scene}: {TECHNICIANS} technicians, {DAYS} days, {visits} visits; {len(slots)} slots in "
            f"{statements} statements, {len(in_database)} of them for free time; "
            f"median {statistics.median(took):.1f} ms, slowest {max(took):.1f} ms; "
            f"the diaries' statement {sum(float(q['time']) for q in in_database) * 1000:.0f} ms\n"
        )
    assert slots == again
    # Who works here, and when they are free: the kind of visit and what is wished were read before. Free time
    # is read of the next days first; of those after them, and of the rest, only where these had too little.
    assert 1 <= len(in_database) <= 3 * crew
    assert statements == 1 + len(in_database)
    # Of a few technicians no two need be free at once.
    assert bool(slots) == (booked < 7) or crew > 1


def make_people(desk, chance):
    """The desk's technicians with homes and skills, and its customers' sites around the first one."""
    Site.objects.filter(pk=desk.site.pk).update(latitude=50.82, longitude=-0.13)
    desk.site.refresh_from_db()
    rows = [
        Technician(
            name=f"Technician {number:02}",
            skills=["copier", *(["ricoh"] if number % 10 == 0 else [])],
            home_latitude=round(50.82 + chance.uniform(-0.2, 0.2), 6),
            home_longitude=round(-0.13 + chance.uniform(-0.3, 0.3), 6),
        )
        for number in range(TECHNICIANS - 2)
    ]
    Technician.objects.bulk_create(rows)
    customers = Customer.objects.bulk_create([Customer(name=f"Customer {n}") for n in range(300)])
    desk.sites = Site.objects.bulk_create(
        [
            Site(
                customer=customer,
                latitude=round(50.82 + chance.uniform(-0.03, 0.03), 6),
                longitude=round(-0.13 + chance.uniform(-0.04, 0.04), 6),
            )
            for customer in customers
        ]
    )
    TechnicianPreference.objects.all().delete()
    TechnicianPreference.objects.create(technician=rows[0], level="preferred", customer=desk.customer)
