"""Every path that could complete a visit, walked with a recommendation unanswered: none may get there (R5.4).

The lists are the product's own: addresses from the resolver, tasks from Celery, commands from Django.
What is new there is attacked by itself; what cannot be reached fails the test until a reason stands here.
"""

import datetime as dt
import json
import uuid

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import CommandError, call_command, get_commands
from django.db import IntegrityError, connection, transaction
from django.urls import get_resolver

from customers.links import make_link
from customers.models import CustomerLink
from messaging.models import Provider
from recommendations.lifecycle import raise_recommendation
from servicedesk.celery import app
from tenancy.api_keys import SCOPES, make_key
from tenancy.calendars import zone_of
from tenancy.models import Role, Tenant
from tenancy.scope import NoTenant, tenant
from tests.architecture.test_routes import ROUTES, desks, ids_of, people_of, say
from tests.cast import visit_of
from visits.models import Assignment, Technician, Visit, VisitEquipment

__all__ = ["desks"]

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# Who takes steps: the visit's own technician, and the manager, to whom every gate opens.
ATTACKERS = (Role.MANAGER, Role.TECHNICIAN)
NOT_INSIDE = {403, 404, 405}
# Below it a key opens the desk; the pages' attack leaves it to the one with keys.
API = "api/v1/"

# Answers of addresses that stay outside for every attacker, and why no visit is completed there.
UNREACHED = {
    "<str:token>/book/": "the link on a machine's label opens it; it books another visit",
    "<str:token>/accept/": "a renewal offer's own link opens it, and no visit's",
    "<str:token>/how-it-was/": "the link sent after a visit opens it; that visit is done",
    "<str:token>/decline/": "a renewal offer's own link opens it, and no visit's",
    "hooks/": "what providers report is about messages; its own key opens it (tests/messaging)",
    "no-more/": "a customer stops messages; its own signed word opens it (tests/messaging)",
    "mailbox/": "a caught letter is shown; nothing is written",
}

COMMANDS = {
    "health": lambda desk, folder: call_command("health"),
    "cover": lambda desk, folder: call_command("cover", "--desk", desk.slug),
    "encrypt_secrets_anew": lambda desk, folder: call_command("encrypt_secrets_anew"),
    "import_folder": lambda desk, folder: call_command("import_folder", str(folder), "--desk", desk.slug),
}
UNABLE = {
    "mailbox": "catches letters and texts that are sent to it; it opens no database",
    "up": "starts the servers; what they serve are the addresses and tasks attacked here",
    "demo": "makes the two desks that stand in this test, and their visits pass the gate when they are made",
}
# Whose commands write no visit: they know none of our rows.
NOT_OURS = {
    "django.core": "Django's own; loaddata, which can write a row, is attacked below",
    "django.contrib.auth": "users and their passwords",
    "django.contrib.contenttypes": "Django's own names of tables",
    "django.contrib.sessions": "who is signed in",
    "django.contrib.staticfiles": "files of the pages",
    "pghistory": "history of rows; its tables only",
    "rest_framework": "describes the API; no row",
    "drf_spectacular": "describes the API; no row",
    "pgtrigger": "switches triggers, for which one must own the table; app_web owns none",
}


@pytest.fixture
def bait(desks, now):
    """North's four visits by state, each at a machine whose recommendation nobody has answered."""
    north, _ = desks
    with tenant(north):
        theirs = Visit.objects.select_related("customer", "site", "contact").first()
        machine = theirs.site.equipment.create(
            kind="copier", make="Corvane", model="B-1", serial_number="B-1"
        )
        by = people_of(north)[Role.TECHNICIAN]
        found = raise_recommendation(
            equipment=machine, finding="Bare wire", severity=4, by=by, now=now - 9 * DAY
        )
        technician = Technician.objects.get(membership=by)
        early, told = now.replace(hour=1, minute=0), {"on_the_way_at": now - 2 * HOUR}
        moments = {
            "on site": (early, told | {"arrived_at": now - HOUR}),
            "on the way": (now.replace(hour=22), told | {"brief_read_at": now, "expected_at": now + HOUR}),
            "confirmed": (early + 3 * DAY, {"confirmed_at": now}),
            "missed by us": (early - DAY, {"missed_at": now - DAY, "late_at": now - DAY}),
        }
        visits = {}
        for number, (state, (start, values)) in enumerate(moments.items()):
            visit = visit_of(
                number=f"BAIT-{number}", start=start, zone=zone_of(north), customer=theirs.customer,
                site=theirs.site, contact=theirs.contact, state=state, **values,
            )  # fmt: skip
            visit.save(force_insert=True)
            VisitEquipment.objects.create(visit=visit, equipment=machine)
            span = {"starts_at": visit.planned_start, "ends_at": visit.planned_end}
            Assignment.objects.create(visit=visit, technician=technician, **span)
            visits[state] = visit
    return north, visits, found


def done_of(desk) -> set[int]:
    """The desk's completed visits."""
    with tenant(desk):
        rows = Visit.objects.filter(state="done") | Visit.objects.filter(completed_at__isnull=False)
        return set(rows.values_list("pk", flat=True))


# By hand over HTTP


def everything(visit, found) -> dict:
    """What a finish needs but the answer, beside all that other forms of visits ask."""
    return {
        "shown": [str(found.public_id)],
        "work_done": "New fuser.",
        "fixed": "yes",
        "signed_name": "M. Ellison",
        "same_signs": "on",
        "state": "done",
        "outcome": "done",
        "act": "done",
        "step": "finished",
        "kind": "finish",
        "seen": "1",
        "completed_at": "2026-03-05T13:07:00Z",
        "completed_on": "2026-03-05",
        "is_history": "true",
        "because": "Nobody is there",
        "result": "spoke",
        "expected": "23:00",
        "what_happened": "It was done",
        "spoke_to": "Margaret",
        "spoke_at": "2026-03-05T13:00",
        "whose": "us",
        "version": str(visit.version),
        "visit": str(visit.public_id),
        "other": str(visit.public_id),
        "technician": str(found.raised_by.public_id),
        "start": "2026-03-06T09:00",
        "day": "2026-03-06",
        "time": "09:00",
        "reason": "It is done",
        "new-finding": "Bare wire",
        "new-severity": "4",
        "new-public_id": str(found.public_id),
        "batch": "{}",
    }


def batch_of(visit, found, person, now) -> dict:
    """A phone's queue that takes every step of the visit, and finishes it twice."""
    typed = [
        [n, v]
        for n, value in everything(visit, found).items()
        for v in ([value] if isinstance(value, str) else value)
    ]
    kinds = ("call", "read", "set-out", "arrive", "add", "finish", "finish")
    actions = [
        {
            "id": str(uuid.uuid4()), "device": str(uuid.uuid4()), "order": order, "kind": kind,
            "visit": str(visit.public_id), "device_at": now.isoformat(), "typed": typed,
            "read_at": now.isoformat(),
        }
        for order, kind in enumerate(kinds)
    ]  # fmt: skip
    return {
        "batch": json.dumps({"person": str(person.public_id), "sent_at": now.isoformat(), "actions": actions})
    }


def addresses(desk, visits, found, now, *, of_api=False):
    """(route, address, visit) for each address of the pages, or of the API, and each of the visits."""
    own = ids_of(desk)
    with tenant(desk):
        links = {
            visit: make_link(
                visit.customer, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=None
            )
            for visit in visits.values()
        }
    for route in ROUTES:
        if route.path.startswith(API) != of_api:
            continue
        words = [word for word, _ in route.parameters]
        knows = bool({"visits", "today", "v"} & {*words, *route.path.split("/")})
        # Addresses that know no visit are asked once.
        for visit in visits.values() if knows else [visits["on site"]]:
            ids = own | {"visits": visit.public_id, "today": visit.public_id, "v": links[visit]}
            ids |= {"recommendation": found.public_id, "recommendations": found.public_id}
            yield route, route.at(desk, [ids[word] for word in words]), visit, knows


@pytest.mark.parametrize("role", ATTACKERS)
def test_no_address_completes_a_visit_past_an_open_recommendation(bait, client, now, capsys, role):
    desk, visits, found = bait
    client.raise_request_exception = False
    person = people_of(desk)[role]
    before, inside, outside, requests = done_of(desk), set(), set(), 0
    client.force_login(person.user)
    for route, address, visit, knows in addresses(desk, visits, found, now):
        if not knows and role != Role.MANAGER:
            continue
        bodies = [everything(visit, found)]
        if route.path.endswith("today/actions/"):
            bodies.append(batch_of(visit, found, person, now))
        for method, body in [*([("get", {})] if knows else []), *(("post", body) for body in bodies)]:
            with transaction.atomic():
                status = getattr(client, method)(address, body).status_code
                after = done_of(desk)
                transaction.set_rollback(True)
            requests += 1
            assert after == before, f"{role} {method} {address} completed a visit"
            assert status < 500, f"{role} {method} {address}: {status}"
            if method == "post" and status != 405:
                (outside if status in NOT_INSIDE else inside).add(route.path)
    never = {path for path in outside - inside if not any(word in path for word in UNREACHED)}
    if role == Role.MANAGER:
        assert never == set(), "POST never got inside: fill its ids, or say in UNREACHED why"
    say(
        capsys,
        f"gate: {requests} requests by the {role}, {len(inside)} addresses took a POST for a visit with an "
        f"open recommendation, 0 completed",
    )


# By other programs


def sent_by_programs(visit, found) -> list[dict]:
    """What completes a visit but for the answer: none, one to something else, the same raised anew."""
    whole = everything(visit, found) | {
        "report": {"work_done": "New fuser.", "fixed_first_time": True, "signed_by": "M. Ellison"},
        "start": "2026-03-06T09:00:00Z",
        "new_visit": None,
        "equipment": str(found.equipment.public_id),
        "severity": 4,
    }
    other = {"recommendation": str(uuid.UUID(int=7)), "outcome": "done", "customer_told": True}
    raised = {"equipment": str(found.equipment.public_id), "finding": "Bare wire", "severity": 4}
    return [
        whole | {"reviews": [], "findings": []},
        whole | {"reviews": [other], "findings": []},
        whole | {"findings": [raised]},
    ]


def answered(visit, found) -> dict:
    """The same with the answer."""
    said = {"recommendation": str(found.public_id), "outcome": "done", "customer_told": True}
    return sent_by_programs(visit, found)[0] | {"reviews": [said]}


@pytest.mark.parametrize("role", ATTACKERS)
def test_no_call_with_a_key_completes_a_visit_past_an_open_recommendation(
    bait, client, now, settings, capsys, role
):
    settings.API_CALLS_PER_MINUTE = 1_000_000
    client.raise_request_exception = False
    desk, visits, found = bait
    people, on_site = people_of(desk), visits["on site"]
    with tenant(desk):
        _, words = make_key(
            name="A", scopes=SCOPES, acts_as=people[role], expires_at=None, by=people[Role.MANAGER], now=now
        )
    headers = {"Authorization": f"Bearer {words}", "If-Match": "*"}

    def call(method, address, body):
        """Status, body and completed visits; nothing of it is kept."""
        with transaction.atomic():
            said = client.generic(method, address, json.dumps(body), "application/json", headers=headers)
            after = done_of(desk)
            transaction.set_rollback(True)
        return said, after

    before, requests, inside = done_of(desk), 0, set()
    for route, address, visit, knows in addresses(desk, visits, found, now, of_api=True):
        if not knows and role != Role.MANAGER:
            continue
        bodies = sent_by_programs(visit, found)
        calls = [("POST", body) for body in bodies] + [(m, bodies[0]) for m in ("PATCH", "PUT", "DELETE")]
        for method, body in calls:
            said, after = call(method, address, body)
            requests += 1
            assert after == before, f"{role} {method} {address} completed a visit"
            assert said.status_code < 500, f"{role} {method} {address}: {said.status_code}"
            assert said.status_code != 401, "the key must open the desk, or nothing was attacked"
            if said.status_code not in NOT_INSIDE:
                inside.add(route.path)
    complete = f"/{API}visits/{on_site.public_id}/complete/"
    said, _ = call("POST", complete, sent_by_programs(on_site, found)[0])
    assert said.status_code == 422
    assert [error["attr"] for error in said.json()["errors"]] == [f"reviews.{found.public_id}"]
    # The same call with the answer gets through: it is the gate that held the others.
    said, after = call("POST", complete, answered(on_site, found))
    assert (said.status_code, after - before) == (200, {on_site.pk})
    say(
        capsys,
        f"gate: {requests} calls with a key by the {role}, {len(inside)} addresses took one, 0 completed",
    )


def test_every_reason_is_still_needed():
    assert {word for word in UNREACHED if not any(word in route.path for route in ROUTES)} == set()
    ours = {name for name, module in get_commands().items() if is_ours(module)}
    assert ours == set(COMMANDS) | set(UNABLE)
    assert get_resolver().url_patterns
    assert {module for module in get_commands().values() if not is_ours(module)} <= set(NOT_OURS)


# By itself


def tasks_of_ours() -> list[str]:
    """The names of all registered tasks but Celery's own and those that tests make."""
    app.loader.import_default_modules()
    return sorted(name for name in app.tasks if not name.startswith(("celery.", "tests.")))


def test_no_task_completes_a_visit_past_an_open_recommendation(bait, time_machine, now, capsys):
    desk, visits, _ = bait
    before, names = done_of(desk), tasks_of_ours()
    assert {line["task"] for line in app.conf.beat_schedule.values()} <= set(names)
    for each in Tenant.objects.all():
        with tenant(each):
            # The rows that fill the tables hold a provider that nothing can be sent through.
            Provider.objects.all().delete()
    runs = 0
    for later in (dt.timedelta(), HOUR, DAY, 4 * DAY, 100 * DAY):
        time_machine.move_to(now + later, tick=False)
        for name in names:
            # A task that must be told something fails here: then say what, and attack it with that.
            app.tasks[name].run()
            runs += 1
            assert done_of(desk) == before, f"{name} completed a visit"
    say(capsys, f"gate: {len(names)} tasks at 5 moments up to 100 days later, {runs} runs, 0 completed")


# From the command line


def is_ours(module: str) -> bool:
    return module in {config.name for config in apps.get_app_configs()} - set(NOT_OURS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_command_completes_a_visit_past_an_open_recommendation(bait, tmp_path, name):
    desk, visits, _ = bait
    visit = visits["on site"]
    header = "CallNo,CustNo,SerialNo,From,To,Arrived,Completed,Status,Type,WorkDone"
    day = "03/05/2026 01:00,03/05/2026 02:00,03/05/2026 01:00,03/05/2026 02:00"
    row = f"{visit.number},{visit.customer.number},B-1,{day},DONE,PM,Cleaned"
    (tmp_path / "visits.csv").write_text(f"{header}\n{row}\n")
    before = done_of(desk)
    try:
        COMMANDS[name](desk, tmp_path)
    except CommandError as ended:
        # It has done its work, and rings the bell for what is wrong.
        assert str(ended).startswith("Not well")
    assert done_of(desk) == before


def test_loading_rows_from_a_file_completes_nothing(bait, tmp_path, now):
    desk, visits, _ = bait
    visit = visits["on site"]
    with tenant(desk):
        visit.state, visit.completed_at, visit.completed_on = "done", now, now.date()
        (tmp_path / "rows.json").write_text(serializers.serialize("json", [visit]))
    before = done_of(desk)
    with pytest.raises(NoTenant):
        call_command("loaddata", str(tmp_path / "rows.json"), verbosity=0)
    with pytest.raises(IntegrityError, match="lack a review"), transaction.atomic(), tenant(desk):
        call_command("loaddata", str(tmp_path / "rows.json"), verbosity=0)
        connection.check_constraints()
    assert done_of(desk) == before
