"""The bench: its data stand behind the walls, its pages answer, and what misses its bound says so."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from contracts.models import Contract
from customers.models import Customer, SearchWord
from servicedesk.bench import build, floors
from servicedesk.bench.asking import Answer, Figures, percentile
from servicedesk.bench.delivering import first_round_is_over
from servicedesk.bench.effort import Effort
from servicedesk.bench.measuring import Line, measure
from servicedesk.bench.pages import Page, about, pages
from servicedesk.bench.samples import samples_of
from servicedesk.bench.sessions import Measured
from servicedesk.bench.signing import NOISY, mail_of
from servicedesk.bench.sizes import TENTH, WHOLE, Size
from servicedesk.bench.table import as_json, lines_of
from tenancy.models import Tenant, User
from tenancy.scope import tenant
from visits.models import Assignment, Technician, Visit

# As many days of visits as lie behind and before any hour of the day.
SMALL = Size("small", desks=2, customers=244, noisy_customers=240)


class InProcess:
    """A visitor that asks without a server."""

    def __init__(self, role):
        self.client = Client()
        if role:
            self.client.force_login(User.objects.get(email=mail_of(role, NOISY)))

    def get(self, path, **headers):
        answer = self.client.get(path, headers=headers)
        return Answer(answer.status_code, 0.0, 0, answer.content, {})

    def post(self, path, data, **headers):
        answer = self.client.post(path, data, headers=headers)
        return Answer(answer.status_code, 0.0, 0, answer.content, {})


def connected(alias):
    parts = connection.settings_dict | settings.DATABASES[alias]
    return psycopg.connect(
        host=parts["HOST"], user=parts["USER"], dbname=connection.settings_dict["NAME"], autocommit=True
    )


@pytest.fixture
def made(committed, monkeypatch):
    monkeypatch.setattr(build, "SAY_EVERY", float("inf"))
    build.build(SMALL)


def test_sizes_are_those_that_are_told():
    assert [(size.desks, size.customers, size.visits, size.noisy_customers) for size in (TENTH, WHOLE)] == [
        (20, 10_000, 100_000, 3_000),
        (200, 100_000, 1_000_000, 30_000),
    ]
    for size in (TENTH, WHOLE):
        desks = dict(size.customers_by_desk())
        assert (len(desks), sum(desks.values())) == (size.desks, size.customers)


def test_the_data_hold_and_every_page_answers(made):
    for slug, customers, technicians in ((NOISY, 240, 50), ("desk-000", 4, 2)):
        with tenant(Tenant.objects.get(slug=slug)):
            assert (Customer.objects.count(), Visit.objects.count()) == (customers, 10 * customers)
            assert Technician.objects.count() == technicians
            assert Assignment.objects.count() == 10 * customers
            assert (
                SearchWord.objects.filter(kind="visit").values("subject").distinct().count() == 10 * customers
            )
    with tenant(Tenant.objects.get(slug=NOISY)):
        assert Contract.objects.count() == 144
        assert set(Visit.objects.values_list("state", flat=True)) >= {"done", "booked", "confirmed"}
    with connected("migrator") as owner, connected("default") as web:
        samples = samples_of(owner, NOISY)
        assert samples.customers
        rows = about(samples, 0)
        for page in pages():
            if page.writes:
                continue
            answer = page.ask(InProcess(page.role), samples, 0)
            assert answer.status == 200, (page.name, answer.text[:500])
            assert floors.seconds_of(web, samples, page.floor, rows) > 0


def a_line(name, bound, seconds, floor):
    page = Page(name, "dispatcher", lambda *_: None, ("SELECT 1",), bound)
    return Line(page, Figures([seconds], 7, 100), Figures([floor / 2]), Figures([floor / 2]))


def test_what_misses_its_bound_says_so():
    before = Measured(TENTH, [a_line("slow", 3, 0.030, 0.010), a_line("well", 3, 0.020, 0.010)])
    after = Measured(WHOLE, [a_line("slow", 3, 0.040, 0.010), a_line("well", 3, 0.026, 0.010)])
    after.jobs = {
        "sweep": {"planned": 100_000, "visits": 1_000_000, "seconds": 5.0, "raw": 2.0},
        "delivery": {"a_second": 149.4},
    }
    after.neighbour, after.keyset = {"small": 0.1, "noisy": 0.12}, {"page": 5000, "first": 0.1, "far": 0.16}
    lines = list(lines_of([before, after]))
    found = {line.split("  ")[0]: line for line in lines}
    assert found["slow"].endswith("4.00    1.33  over its bound: ratio and growth")
    assert found["well"].endswith("2.60    1.30")
    over = [line.split(":")[0] for line in lines if line.endswith("over its bound")]
    assert over == [
        "a list's page 1 in 100.0 ms, its page 5,000 in 160.0 ms",
        "reminder sweep, 100,000 due among 1,000,000",
        "delivery",
    ]
    assert as_json([before, after])["whole"]["pages"]["slow"]["ratio"] == pytest.approx(4.0)


@pytest.mark.parametrize(("of", "value"), [(50, 10), (95, 19), (100, 20), (1, 1)])
def test_so_many_of_a_hundred_do_not_exceed_it(of, value):
    assert percentile(range(20, 0, -1), of) == value


def sent(task):
    return f"Scheduler: Sending due task some words ({task})\n"


def done(task):
    return f"Task {task}[88d75949-ffb1-4b97] succeeded in 0.18s: 0\n"


MAIL, HOOKS, NIGHT = "servicedesk.tasks.deliver_messages", "a.tell_webhooks", "a.see_to_unused"


@pytest.mark.parametrize(
    ("said", "over"),
    [
        ("", False),
        (sent(MAIL), False),
        (sent(MAIL) + sent(NIGHT) + done(MAIL), False),
        (sent(MAIL) + sent(NIGHT) + done(NIGHT), False),
        # The first mails' task may still run: who counts needs the next.
        (sent(MAIL) + sent(NIGHT) + done(NIGHT) + sent(MAIL), True),
        (sent(MAIL) + sent(NIGHT) + sent(HOOKS) + done(NIGHT) + sent(MAIL), False),
        (sent(NIGHT) + sent(HOOKS) + done(HOOKS) + done(NIGHT) + sent(MAIL) + done(HOOKS), True),
        (sent(NIGHT) + done(NIGHT) + sent(MAIL) + sent(HOOKS), False),
    ],
)
def test_mail_is_counted_once_the_first_round_is_over(said, over):
    assert first_round_is_over(said) is over


class Nobody:
    def of(self, role):
        return None


def test_each_round_asks_for_other_customers_and_counts_what_the_clock_saw():
    numbers = []

    def ask(visitor, samples, number):
        numbers.append(number)
        return Answer(200, float(number), 3, b"12345", {})

    line = Line(Page("one", "dispatcher", ask, ()))
    effort = Effort(rounds=2, asked=2, warm_up=1, crowd_seconds=1, delivery_seconds=1, neighbours=1, sweeps=1)
    for _ in range(effort.rounds):
        measure(line, effort, Nobody(), None, None)
    assert numbers == [0, 1, 2, 3, 4, 5]
    assert line.figures == Figures([1.0, 2.0, 4.0, 5.0], 3, 5)


def test_a_page_that_does_not_answer_ends_the_bench():
    line = Line(Page("one", "", lambda *_: Answer(500, 0.1, 3, b"went wrong", {}), ()))
    effort = Effort(rounds=1, asked=1, warm_up=0, crowd_seconds=1, delivery_seconds=1, neighbours=1, sweeps=1)

    with pytest.raises(RuntimeError, match="one: 500 went wrong"):
        measure(line, effort, Nobody(), None, None)
