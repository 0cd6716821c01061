import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Contract, ContractTerm
from customers.models import Customer
from recommendations.lifecycle import raise_recommendation
from tests.cast import make_plain_visit
from visits import fieldwork
from visits.models import Part, PartUse, ServiceReport, VanStock, Visit

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


def test_the_order_of_the_brief(north, visit, lou, now, client):
    make_plain_visit(
        north,
        now=now,
        start=now - 9 * DAY,
        state="missed by us",
        missed_at=now - 9 * DAY,
        is_history=True,
    )
    page = brief(client, north, visit)
    parts = [
        "14:00</time> to 15:00",
        "Margaret Ellison",
        "customer for 10 years",
        "Call ahead",
        "Start with this.</b> We missed a visit on 24 February.",
        "Raise with Margaret today",
        "Replace the fuser unit",
        "The job",
        "Grey bands",
        "Covered to 16 Aug 2026",
        "Labour and parts",
        "Getting in",
        "3 Quay Lane, Eastmouth EM4 2QL",
        "Side door",
        "Bring",
        'id="machine-1"',
        "TC240-118-4471",
        "I called ahead",
    ]
    page = page[page.find("<main") :]
    found = [page.find(part) for part in parts]
    assert -1 not in found, parts[found.index(-1)]
    assert found == sorted(found)


def test_recommendations_of_all_machines_at_the_site_worst_first(north, visit, lou, now, client):
    raise_recommendation(equipment=north.sorter, finding="Spring", severity=1, by=lou, now=now - 9 * DAY)
    raise_recommendation(equipment=north.sorter, finding="Bare wire", severity=4, by=lou, now=now - 9 * DAY)
    page = brief(client, north, visit)
    assert page.find("Bare wire") < page.find("Replace the fuser unit") < page.find("Spring")


def test_what_is_not_covered_is_said(north, visit, lou, client):
    Contract.objects.update(not_covered="drums")
    assert "Not drums" in brief(client, north, visit)


def test_no_contract_is_said(north, visit, lou, client):
    Contract.objects.get().covered.filter(equipment=north.copier).delete()
    assert "No contract, visits are charged" in brief(client, north, visit)


def test_tenure_counts_from_the_first_term_that_stood(north, visit, lou, client):
    Customer.objects.filter(pk=north.customer.pk).update(customer_since=None)
    assert "customer since August 2025" in brief(client, north, visit)
    ContractTerm.objects.create(
        contract=north.contract,
        starts_on=dt.date(2020, 3, 5),
        ends_on=dt.date(2021, 3, 4),
        price=1,
        created_at=visit.booked_at,
        taken_back_at=visit.booked_at,
    )
    assert "customer since August 2025" in brief(client, north, visit)


def test_history_and_parts_to_bring(north, visit, lou, now, client):
    fuser = Part.objects.create(number="FU-240", name="Fuser unit")
    VanStock.objects.create(part=fuser, technician=north.lou, quantity=1)
    for days in (20, 30):
        past = make_plain_visit(
            north, now=now, start=now - days * DAY, state="done", is_history=True,
            completed_at=now - days * DAY, completed_on=now.date() - days * DAY,
        )  # fmt: skip
        PartUse.objects.create(visit=past, part=fuser, quantity=1)
        ServiceReport.objects.create(
            visit=past, work_done=f"Did {days}.", fixed_first_time=True, written_at=now
        )
    page = brief(client, north, visit)
    assert "Bring, 1 of 1 on the van" in page
    assert page.find("Did 20.") < page.find("Did 30.")


def test_people_s_words_are_escaped(north, visit, lou, client):
    Visit.objects.filter(pk=visit.pk).update(problem="<script>alert(1)</script>")
    assert "<script>alert(1)" not in brief(client, north, visit)


def test_the_dock_follows_the_steps(north, visit, lou, now, client):
    assert "I called ahead" in brief(client, north, visit)
    tap(client, north, visit, "call", result="no answer")
    assert "No answer at 13:07" in brief(client, north, visit)
    assert "I tried again" in brief(client, north, visit)
    tap(client, north, visit, "call", result="left a message")
    assert "1 to raise, read" in brief(client, north, visit)
    tap(client, north, visit, "read")
    assert "On my way" in brief(client, north, visit)
    tap(client, north, visit, "set-out", expected="14:10")
    assert "expects you at <b>14:10</b>" in brief(client, north, visit)
    tap(client, north, visit, "arrive")
    assert "On site since 13:07" in brief(client, north, visit)
    visit.refresh_from_db()
    assert visit.state == "on site"


def test_a_strangers_visit_is_a_404(cast, visit, client):
    client.force_login(cast.south.technician.user)
    assert client.get(cast.south.url(f"today/{visit.public_id}/")).status_code == 404
    assert client.post(cast.south.url(f"today/{visit.public_id}/arrive/")).status_code == 404


def test_a_done_visit_offers_nothing_but_the_way_back(north, visit, lou, now, client):
    Visit.objects.filter(pk=visit.pk).update(state="cancelled by us")
    page = brief(client, north, visit)
    assert "Back to today" in page
    assert "I called ahead" not in page


def test_more_to_raise_costs_no_more_queries(north, visit, lou, now, client):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            brief(client, north, visit)
        counts.append(len(captured))
        for n in range(3):
            raise_recommendation(
                equipment=north.sorter, finding=f"F{n}", severity=2, by=lou, now=now - n * DAY
            )
            fieldwork.call_ahead(visit, result="no answer", by=lou, now=now)
    assert counts[0] == counts[1]


def brief(client, desk, visit):
    answer = client.get(desk.url(f"today/{visit.public_id}/"))
    assert answer.status_code == 200
    return answer.content.decode()


def tap(client, desk, visit, name, **values):
    answer = client.post(desk.url(f"today/{visit.public_id}/{name}/"), values)
    assert answer.status_code == 302, answer.content.decode()
