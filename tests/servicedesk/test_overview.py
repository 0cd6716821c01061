"""The manager's overview: its states, its acts, and what it costs. What it counts: test_overview_count."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.duties import open_duty
from cases.models import Case, Goodwill, GoodwillItem, Promise
from contracts.models import ContractTerm
from customers.models import Customer
from recommendations.models import Recommendation, WarnedFault
from servicedesk import overview_cells
from tenancy.models import Membership, Tenant, User
from tenancy.scope import tenant
from tests.cast import make_contract, make_plain_visit
from tests.reading import text
from visits.models import FollowUp, ServiceReport, Technician, Visit

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def promise(desk, *, due_at, kept=True, kind="call back", **values):
    state = "kept" if kept else "broken"
    fields = {"text": "Ring back", "state": state, "settled_at": due_at, "evidence": "Rung", **values}
    return Promise.objects.create(
        customer=desk.customer, owner=desk.sales, kind=kind, made_at=due_at - DAY, due_at=due_at, **fields
    )


def cells(answer):
    return dict(answer.context["cells"])


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("dispatcher", 403), ("technician", 403), ("sales", 403)]
)
def test_it_is_the_managers(client, north, role, status):
    client.force_login(north.people[role].user)
    for page in ("overview/", "overview/kept/", "reports/kept.csv"):
        assert client.get(north.url(page)).status_code == status


def test_of_nineteen_promises_there_is_no_percentage_and_of_twenty_there_is_with_its_counts(
    manager, north, now
):
    for number in range(19):
        promise(north, due_at=now - HOUR, kept=number > 0)
    kept = cells(manager.get(north.url("overview/")))["Promises kept on time"]
    assert (kept.value, kept.note) == ("18 of 19", "Target 95%.")
    promise(north, due_at=now - HOUR)
    page = manager.get(north.url("overview/"))
    kept = cells(page)["Promises kept on time"]
    assert (kept.value, kept.note) == ("95%", "19 of 20. Target 95%.")
    assert "95% 19 of 20" in text(page)


def test_against_as_many_days_before_it_says_points_up_and_how_many_fewer(manager, north, now):
    for number in range(20):
        promise(north, due_at=now - HOUR, kept=number > 0)
        promise(north, due_at=now - 7 * DAY, kept=number > 3)
    for days, misses in ((1, 1), (8, 3)):
        for _ in range(misses):
            start = now - days * DAY
            make_plain_visit(north, now=now, start=start, state="missed by us", missed_at=start + 2 * HOUR)
    found = cells(manager.get(north.url("overview/?days=7")))
    kept, missed = found["Promises kept on time"], found["Missed visits"]
    assert (kept.change, kept.is_better) == ("15 points up", True)
    assert (missed.value, missed.change, missed.is_better) == ("1", "2 fewer", True)
    assert "to 26 Feb 16 of 20; to 5 Mar 19 of 20. Target 95%." in kept.line.words


def test_a_kind_that_pulls_the_figure_down_is_named_with_when_and_its_rows(manager, north, now):
    monday = dt.datetime(2026, 3, 2, 8, 30, tzinfo=dt.UTC)
    for number in range(6):
        promise(north, due_at=monday + number * dt.timedelta(minutes=5), kept=False, kind="answer")
    promise(north, due_at=monday + 30 * HOUR, kept=False, kind="answer")
    promise(north, due_at=monday + 30 * HOUR, kept=False, kind="money")
    part = manager.get(north.url("overview/")).context["kinds_part"]
    assert part["drag"] == "“Answer” pulls the figure down: 6 of 7 late ones were due on Mondays before noon."
    rows = manager.get(part["drag_url"])
    assert len(rows.context["rows"]) == 6
    assert "Only: Answer, Not kept on time, Mondays before noon." in text(rows)


def test_without_any_record_it_says_what_to_do_first(client, db, moment):
    desk = Tenant.objects.create(slug="newport", name="Newport")
    user = User.objects.create_user("ruth@newport.example", "a long password", name="Ruth")
    client.force_login(user)
    with tenant(desk):
        Membership.objects.create(user=user, role="manager")
    made = {
        "Begin with who does the work. Enter a technician": lambda: Technician.objects.create(name="Lou"),
        "Next, whom you work for. Enter a customer": lambda: Customer.objects.create(name="Ann"),
        "Next, book the first visit from a customer’s page. Choose a customer": lambda: make_contract(
            Customer.objects.get(), number="1", ends_on=dt.date(2026, 12, 31)
        ),
    }
    for step, make in made.items():
        words = text(client.get("/d/newport/overview/"))
        assert step in words
        assert "Missed visits" not in words
        with tenant(desk):
            make()
    assert "Missed visits" in text(client.get("/d/newport/overview/"))


def test_a_figure_that_fails_says_so_in_its_own_cell_and_the_rest_stands(manager, north, now, monkeypatch):
    promise(north, due_at=now - HOUR)

    def breaks(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(overview_cells, "missed_visits", breaks)
    monkeypatch.setattr("servicedesk.overview_parts.open_recommendations", breaks)
    answer = manager.get(north.url("overview/"))
    assert answer.status_code == 200
    found = cells(answer)
    assert [title for title, cell in found.items() if cell is None] == ["Missed visits"]
    assert found["Promises kept on time"].value == "1 of 1"
    words = text(answer)
    assert words.count("Could not be counted. Reload the page.") == 1
    assert words.count("This could not be counted. Reload the page.") == 1


def fill(desk, now, count):
    """So many rows behind every figure and in every list."""
    item, _ = GoodwillItem.objects.get_or_create(name="Credit", defaults={"kind": "credit", "limit": 50})
    for number in range(count):
        name = f"{Promise.objects.count()}"
        promise(desk, due_at=now - 2 * HOUR)
        promise(desk, due_at=now - HOUR, kept=True, state="open", settled_at=None, evidence="")
        start = now - DAY
        make_plain_visit(desk, now=now, start=start, state="missed by us", missed_at=start + 2 * HOUR)
        done = {"state": "done", "arrived_at": start, "completed_at": start, "completed_on": start.date()}
        visit = make_plain_visit(desk, now=now, start=start, machines=[], **done)
        FollowUp.objects.create(visit=visit, face=5, answered_at=now, changed_at=now)
        ServiceReport.objects.create(visit=visit, work_done="x", fixed_first_time=True, written_at=now)
        customer = Customer.objects.create(name=f"Customer {name}")
        contract = make_contract(customer, number=f"R-{name}", ends_on=now.date() + 9 * DAY)
        contract.terms.get().entitlements.create(kind="visits", quantity=2)
        Recommendation.objects.create(
            equipment=desk.copier, finding=f"Worn {name}", severity=2, raised_at=now - 40 * DAY
        )
        case = Case.objects.create(
            customer=customer, kind="fault", title="It stopped", opened_at=start, response_due_at=now - HOUR
        )
        WarnedFault.objects.create(case=case, recommendation=desk.recommendation, noticed_at=now - HOUR)
        open_duty(
            "upstairs", name, kind="own case", title="Take over", due_at=now, now=now, owner_role="manager",
            customer=customer, subject=case.public_id,
        )  # fmt: skip
        asked = {"customer": customer, "item": item, "amount": Decimal(9), "reason": "Waited"}
        Goodwill.objects.create(**asked, proposed_at=now + number * HOUR, proposed_by=desk.sales)
        Goodwill.objects.create(**asked, proposed_at=now, state="approved", decided_at=now)
        make_plain_visit(
            desk, now=now, start=now + 9 * DAY + Visit.objects.count() * HOUR, approval_asked_at=now
        )


def statements(client, url):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


def test_it_costs_as_many_queries_for_one_row_as_for_three_and_about_forty(manager, north, now):
    fill(north, now, 1)
    one = statements(manager, north.url("overview/"))
    fill(north, now, 2)
    three = statements(manager, north.url("overview/"))
    assert len(one) == len(three)
    assert len(three) <= 46


def test_what_waits_for_a_yes_is_decided_there_and_one_comes_back(manager, north, now):
    fill(north, now, 2)
    page = manager.get(north.url("overview/"))
    assert "Waiting for your yes 4" in text(page)
    first, second = Goodwill.objects.filter(state="proposed").order_by("proposed_at")
    said = {"from": "overview", "word": "yes"}
    answer = manager.post(north.url(f"goodwill/{first.public_id}/decide/"), said)
    assert answer["Location"] == north.url("overview/")
    no = {"from": "overview", "word": "no", "because": "Given last month"}
    assert manager.post(north.url(f"goodwill/{second.public_id}/decide/"), no)["Location"].endswith(
        "overview/"
    )
    visits = page.context["yes_part"]["visits"]
    for word, (visit, _) in zip(("approve", "decline"), visits, strict=True):
        said = {"from": "overview", "word": word, "version": visit.version, "because": "Ring them first"}
        answer = manager.post(north.url(f"visits/{visit.public_id}/approval/word/"), said)
        assert answer["Location"] == north.url("overview/")
    page = manager.get(north.url("overview/"))
    assert "Nothing waits for you." in text(page)
    assert "Given in these days: 3, £27" in text(page)


def test_a_manager_stops_the_monday_mail_and_has_it_again(manager, north):
    assert "come to robin@northgate.example" in text(manager.get(north.url("overview/")))
    answer = manager.post(north.url("overview/mail/"), {}, follow=True)
    assert "No mail on Mondays any more." in text(answer)
    north.manager.refresh_from_db()
    assert not north.manager.weekly_mail
    manager.post(north.url("overview/mail/"), {"wanted": "yes"})
    north.manager.refresh_from_db()
    assert north.manager.weekly_mail


def test_a_contract_that_is_renewed_by_now_says_so_where_its_visits_lapse(manager, north, now):
    customer = Customer.objects.create(name="Paid already")
    contract = make_contract(customer, number="R-9", ends_on=now.date() + 9 * DAY)
    contract.terms.get().entitlements.create(kind="visits", quantity=2)
    begins = now.date() + 10 * DAY
    ContractTerm.objects.create(
        contract=contract, starts_on=begins, ends_on=begins + 364 * DAY, price=100, created_at=now
    )
    (row,) = manager.get(north.url("overview/")).context["lapsing_part"]["rows"]
    assert (row["left"], row["renewal"][2]) == ("2 of 2", "Renewed")
