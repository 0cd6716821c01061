"""A technician is never in two places, whatever happens at once over HTTP (R2.4).

Eight bookers post overlapping slots of one technician at the same moment, place after place, to the
web server that production runs; two dispatchers drag visits into the same hours, and an import brings
visits for them. `make race` (PROOF=full): 1,000 places, with the 99th percentile of a booking beside
its median on a server that has nothing else to do.
"""

import datetime as dt
import http.client
import io
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import islice, product
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from servicedesk.embedded import ports
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_desk, make_visit
from tests.imports.dealer import Dealer, write
from tests.imports.dialects import GERMAN
from visits.models import Assignment, Technician, Visit, WorkingHours

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
BOOKERS, DRAGGERS = 8, 2
PLACES, ALONE, TECHNICIANS, IMPORTED = (1000, 50, 20, 200) if FULL else (24, 3, 6, 8)
# A visit takes 75 minutes: any two of three starts half an hour apart overlap.
STARTS = tuple(dt.time(hour, 30) for hour in (6, 9, 12, 15, 18))
SHIFTS = (0, 30, 60)
TOKEN = "a" * 32
# So many drags by each hand, so many seconds apart: most places are left to the bookers.
DRAGS, PAUSE = PLACES // 4, 0.1
# Only a guard: a busy machine takes its time.
PATIENCE = 120
OVERLAPS = """
SELECT count(*) FROM visits_assignment a JOIN visits_assignment b
    ON a.technician_id = b.technician_id AND a.id < b.id AND a.during && b.during
WHERE a.state IN ('booked', 'confirmed', 'on the way', 'on site')
  AND b.state IN ('booked', 'confirmed', 'on the way', 'on site')
"""


class Browser:
    """One signed-in person with a connection of their own to the server."""

    def __init__(self, port, user):
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.headers = {
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "HX-Request": "true",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.port, self.answers, self.times = port, [], []

    def post(self, path, data) -> int:
        """Post a form; its status. Kept are all statuses and how long each took."""
        began = time.perf_counter()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request("POST", path, urlencode(data), self.headers)
        answer = line.getresponse()
        answer.read()
        line.close()
        self.times.append(time.perf_counter() - began)
        self.answers.append(answer.status)
        return answer.status


class Booker(threading.Thread):
    """A dispatcher who tries every place, at the same moment as all the others."""

    def __init__(self, number, browser, desk, places, gate=None):
        super().__init__()
        self.number, self.browser, self.desk, self.places, self.gate = number, browser, desk, places, gate
        self.won, self.error = [], None

    def run(self):
        try:
            for place, (technician, start) in enumerate(self.places):
                if self.gate:
                    self.gate.wait(timeout=PATIENCE)
                shift = SHIFTS[(self.number + place) % len(SHIFTS)]
                if self._book(technician, start + dt.timedelta(minutes=shift)) == 200:
                    self.won.append(place)
        except Exception as error:
            self.error = error
            if self.gate:
                self.gate.abort()

    def _book(self, technician, start):
        path = self.desk.url(f"customers/{self.desk.customer.public_id}/book/")
        machine, slot = str(self.desk.copier.public_id), f"{technician.public_id}@{start:%Y%m%dT%H%M%SZ}"
        return self.browser.post(path, {"kind": "tune-up", "machine": machine, "slot": slot})


class Dragger(threading.Thread):
    """A dispatcher who drags own visits into the hours that are being booked, while they are."""

    def __init__(self, number, browser, desk, visits, places):
        super().__init__()
        self.browser, self.desk, self.visits, self.places = browser, desk, visits, places
        self.random, self.over, self.error = random.Random(number), threading.Event(), None
        self.moved = Counter()

    def run(self):
        try:
            for _ in range(DRAGS):
                if self.over.wait(PAUSE):
                    return
                visit = self.random.choice(self.visits)
                technician, start = self.random.choice(self.places)
                path = self.desk.url(f"visits/{visit.public_id}/move/")
                place = f"{technician.public_id}@{start:%Y%m%dT%H%M%SZ}"
                seen = {"version": visit.version + self.moved[visit.pk], "agreed": "on", "tell": "on"}
                if self.browser.post(path, {"place": place, **seen}) in (200, 302):
                    self.moved[visit.pk] += 1
        except Exception as error:
            self.error = error


class Importer(threading.Thread):
    """An older program's export with visits for the same technicians, read in meanwhile."""

    def __init__(self, folder, desk):
        super().__init__()
        self.folder, self.desk, self.error = folder, desk, None

    def run(self):
        try:
            said = io.StringIO()
            call_command(
                "import_folder", str(self.folder), desk=self.desk.tenant.slug, stdout=said, stderr=said
            )
        except Exception as error:
            self.error = error
        finally:
            connections.close_all()


@pytest.fixture
def desk(committed):
    """Northgate by the clock of UTC, open every day from six to ten: any day does for the race."""
    desk = make_desk("northgate", now=timezone.now(), time_zone="UTC")
    Tenant.objects.filter(pk=desk.tenant.pk).update(country="")
    return desk


@pytest.fixture
def port(desk, tmp_path):
    """The web server as `manage.py up` runs it, on the tests' database."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    port = ports.first_free("127.0.0.1", 18200)
    command = [sys.executable, "-m", "gunicorn", "servicedesk.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--config", "python:servicedesk.web_server"]
    environment = os.environ | {
        "DATABASE_URL": database.geturl(), "SERVICEDESK_DEVELOPMENT": "1", "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    with (tmp_path / "web.log").open("ab") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(port, server, tmp_path / "web.log")
        yield port
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def _wait_for(port, server, log):
    deadline = time.monotonic() + PATIENCE
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            line.request("GET", "/sign-in/")
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200, log.read_text()[-2000:]
            return
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
            threading.Event().wait(0.1)
        finally:
            line.close()


def make_places(desk, names, count):
    """Technician and start of places that do not touch each other, from the day after tomorrow on."""
    with tenant(desk.tenant):
        crew = [Technician.objects.create(name=name, skills=["copier"]) for name in names]
        WorkingHours.objects.bulk_create(
            WorkingHours(technician=who, weekday=day, starts=dt.time(6), ends=dt.time(22))
            for who, day in product(crew, range(7))
        )
    first = timezone.now().date() + dt.timedelta(days=2)
    days = [first + dt.timedelta(days=n) for n in range(14)]
    wanted = list(islice(product(days, STARTS, crew), count))
    assert len(wanted) == count
    return [(who, dt.datetime.combine(day, clock, dt.UTC)) for day, clock, who in wanted]


def an_export(folder, places):
    """As many visits as are asked for, in hours that are being booked."""
    customer = {"number": "K1", "name": "Imported", "phone": "", "street": "3 High Street", "city": "Town"}
    visits = [
        {
            "number": f"I-{number}", "customer": "K1", "technician": who.name, "from": start,
            "to": start + dt.timedelta(minutes=75), "status": "~scheduled", "kind": "~repair",
        }
        for number, (who, start) in enumerate(places)
    ]  # fmt: skip
    tables = {"customers": [customer], "visits": visits}
    write(Dealer(tables={name: tables.get(name, []) for name in GERMAN.files}), folder, GERMAN)
    (folder / "truth.json").unlink()


def test_bookers_drags_and_an_import_at_once_never_book_one_technician_twice(desk, port, tmp_path, capsys):
    places = make_places(desk, [f"Technician {n:02}" for n in range(TECHNICIANS)], PLACES)
    quiet = make_places(desk, [f"Quiet {n}" for n in range(5)], ALONE)
    chance = random.Random(1)
    an_export(tmp_path / "export", chance.sample(places, IMPORTED))
    with tenant(desk.tenant):
        far = timezone.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=40)
        dragged = [
            make_visit(desk, start=far + dt.timedelta(hours=2 * n), technician=desk.lou, number=f"D-{n}")
            for n in range(10)
        ]

    alone = Booker(0, Browser(port, desk.dispatcher.user), desk, quiet)
    alone.run()
    assert (alone.error, alone.browser.answers) == (None, [200] * ALONE)

    gate = threading.Barrier(BOOKERS)
    bookers = [Booker(n, Browser(port, desk.dispatcher.user), desk, places, gate) for n in range(BOOKERS)]
    draggers = [
        Dragger(n, Browser(port, desk.dispatcher.user), desk, dragged[n::DRAGGERS], places)
        for n in range(DRAGGERS)
    ]
    importer = Importer(tmp_path / "export", desk)
    everybody = [*draggers, importer, *bookers]
    for one in everybody:
        one.start()
    for booker in bookers:
        booker.join()
    for dragger in draggers:
        dragger.over.set()
        dragger.join()
    importer.join()
    assert [one.error for one in everybody] == [None] * len(everybody)

    with tenant(desk.tenant), connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        doubles = cursor.fetchone()[0]
        booked = Visit.objects.filter(kind="tune-up", booked_at__gte=desk.tenant.created_at).count()
        numbers = list(Visit.objects.values_list("number", flat=True))
        imported = Visit.objects.filter(number__startswith="I-").count()
        placed = Assignment.objects.filter(visit__number__startswith="I-").count()
        versions = dict(Visit.objects.filter(number__startswith="D-").values_list("pk", "version"))
    asked = Counter(status for booker in bookers for status in booker.browser.answers)
    drags = Counter(status for dragger in draggers for status in dragger.browser.answers)
    moved = sum((dragger.moved for dragger in draggers), Counter())
    wins = Counter(place for booker in bookers for place in booker.won)
    times = sorted(seconds for booker in bookers for seconds in booker.browser.times)
    with capsys.disabled():
        sys.stdout.write(
            f"\nRace over HTTP: {BOOKERS} bookers x {PLACES} places {dict(asked)}, drags {dict(drags)}, "
            f"{imported} imported, {placed} of them with their technician: {doubles} double bookings; "
            f"a booking alone p50 {1000 * sorted(alone.browser.times)[ALONE // 2]:.0f} ms, in the race "
            f"p50 {1000 * times[len(times) // 2]:.0f} ms, p99 {1000 * times[len(times) * 99 // 100]:.0f} ms\n"
        )
    assert doubles == 0
    assert set(asked) == {200, 409}
    assert set(drags) <= {200, 302, 409, 422}
    assert max(wins.values()) == 1
    assert booked == asked[200] + ALONE == wins.total() + ALONE
    assert len(numbers) == len(set(numbers))
    # A place that nobody booked was dragged or imported into.
    assert PLACES - wins.total() <= sum(moved.values()) + placed
    assert imported == IMPORTED
    # Every drag that was answered with yes is there, and none besides.
    assert versions == {visit.pk: visit.version + moved[visit.pk] for visit in dragged}
