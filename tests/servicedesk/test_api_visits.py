"""Visits, slots and technicians, for other programs."""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from contracts.models import AllowanceEntry
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.servicedesk.api_scene import program
from visits.models import Visit

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


def body(desk, **changes):
    """A fault at the copier, with Lou at the first slot."""
    sent = {
        "customer": str(desk.customer.public_id),
        "equipment": [str(desk.copier.public_id)],
        "problem": "Grey bands",
        "technician": str(desk.lou.public_id),
        "start": "2026-03-05T13:30:00Z",
    }
    return {**sent, **changes}


def asked(desk, **more):
    said = {"customer": desk.customer.public_id, "equipment": desk.copier.public_id, **more}
    return "slots/?" + "&".join(f"{name}={value}" for name, value in said.items())


def visit_at(desk, now, start, **fields):
    with tenant(desk.tenant):
        return make_plain_visit(desk, now=now, start=start, **fields)


def path_of(visit, more=""):
    return f"visits/{visit.public_id}/{more}"


def refused(answer):
    first = answer.json()["errors"][0]
    return answer.status_code, first["code"], first["attr"]


def test_slots_are_those_of_the_panel_with_their_reasons(call, cast):
    north = cast.north
    said = call("GET", asked(north)).json()
    first = said["slots"][0]
    assert first == {
        "technician": str(north.lou.public_id),
        "name": "Lou Baptiste",
        "others": [],
        "start": "2026-03-05T13:30:00Z",
        "end": "2026-03-05T14:45:00Z",
        "window_end": "2026-03-05T14:30:00Z",
        "is_preferred": True,
        "due_at": "2026-03-05T17:07:00Z",
        "meets_promise": True,
        "when": "Lou, today 13:30 to 14:30",
        "verdict": "Meets the 17:07 promise.",
        "why": "Preferred. Soonest.",
    }
    assert len(said["slots"]) <= 5
    assert said["looked_for"] == "75 min"
    of_marek = call("GET", asked(north, day="2026-03-06", technician=north.marek.public_id)).json()
    assert {slot["technician"] for slot in of_marek["slots"]} == {str(north.marek.public_id)}
    assert {slot["start"][:10] for slot in of_marek["slots"]} == {"2026-03-06"}


def test_what_slots_cannot_be_asked_for(call, cast):
    north = cast.north
    with tenant(cast.south.tenant):
        theirs = cast.south.customer.public_id
    never = uuid.UUID(int=1)
    for path, field in (
        ("slots/", "customer"),
        (f"slots/?customer={theirs}", "customer"),
        (asked(north, site=never), "site"),
        (asked(north, case=never), "case"),
        (asked(north, technician=never), "technician"),
        (asked(north, service=never), "service"),
        (asked(north, entitlement=never), "entitlement"),
        (asked(north, day="2026-03-04"), "day"),
        (asked(north, when="now"), "when"),
        (f"slots/?customer={north.customer.public_id}&equipment={never}", "equipment"),
    ):
        answer = call("GET", path)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, field), path


def test_a_slot_is_booked_once_and_tells_all(call, cast):
    north = cast.north
    made = call("POST", "visits/", body(north), Idempotency_Key="b1")
    assert made.status_code == 201
    said = made.json()
    assert (said["state"], said["kind"], said["problem"]) == ("booked", "fault", "Grey bands")
    assert said["technicians"] == [{"id": str(north.lou.public_id), "name": "Lou Baptiste"}]
    assert said["equipment"] == [{"id": str(north.copier.public_id), "name": "Corvane TC-240 copier"}]
    assert (said["window_start"], said["window_end"]) == ("2026-03-05T13:30:00Z", "2026-03-05T14:30:00Z")
    assert (said["told_day"], said["told_from"]) == ("2026-03-05", "13:30")
    assert said["case"] and said["contact"] and said["report"] is None
    assert made["Location"].endswith(f"/api/v1/visits/{said['id']}/")
    again = call("POST", "visits/", body(north), Idempotency_Key="b1")
    assert (again.status_code, again.json()["id"], again["Idempotency-Replayed"]) == (201, said["id"], "true")
    with tenant(north.tenant):
        visit = Visit.objects.get()
        assert (visit.tell_by_mail, visit.tell_by_sms) == (True, True)
        assert Message.objects.filter(subject=visit.public_id).count() == 2
    undone = call("POST", f"visits/{said['id']}/undo/")
    assert (undone.status_code, undone.json()["state"]) == (200, "cancelled by us")


def test_a_booking_uses_what_it_says(call, cast):
    north = cast.north
    with tenant(north.tenant):
        granted = str(north.term.entitlements.get().public_id)
    sent = body(north, kind="tune-up", entitlement=granted, tell=["mail"])
    said = call("POST", "visits/", sent)
    assert said.status_code == 201
    with tenant(north.tenant):
        visit = Visit.objects.get()
        assert (visit.tell_by_mail, visit.tell_by_sms) == (True, False)
        assert AllowanceEntry.objects.filter(subject=visit.public_id, kind="booked").count() == 1


def test_what_cannot_be_booked_is_a_422_with_its_field(call, cast):
    north, never = cast.north, str(uuid.UUID(int=1))
    for changes, field in (
        ({"equipment": []}, "equipment"),
        ({"equipment": [never]}, "equipment.0"),
        ({"contact": never}, "contact"),
        ({"technician": never}, "technician"),
        ({"start": "x"}, "start"),
        ({"start": "9999-12-31T23:59:59-12:00"}, "start"),
        ({"kind": "party"}, "kind"),
        ({"tell": ["pigeon"]}, "tell.0"),
        ({"with_tune_up": True, "kind": "tune-up"}, "with_tune_up"),
    ):
        answer = call("POST", "visits/", body(north, **changes))
        assert answer.status_code == 422, changes
        assert answer.json()["errors"][0]["attr"].startswith(field.partition(".")[0]), changes
    with tenant(north.tenant):
        assert not Visit.objects.exists()


def test_a_slot_that_is_none_is_a_409_with_others(call, cast, now):
    north = cast.north
    visit_at(north, now, now.replace(hour=13, minute=30), booked_at=now - HOUR)
    answer = call("POST", "visits/", body(north))
    assert refused(answer) == (409, "slot_taken", None)
    said = answer.json()
    assert set(said) == {"type", "errors", "slots"}
    assert said["errors"][0]["detail"] == "Lou’s 13:30 was taken 1 h ago."
    free = said["slots"][0]
    assert (free["technician"], free["start"]) != (str(north.lou.public_id), "2026-03-05T13:30:00Z")
    booked = call("POST", "visits/", body(north, technician=free["technician"], start=free["start"]))
    assert booked.status_code == 201


def test_of_two_programs_that_book_one_slot_at_once_one_is_told_what_is_free(committed_cast, moment, now):
    north, together = committed_cast.north, Barrier(2)
    programs = [program(north, now=now) for _ in range(2)]
    sent = body(north)

    def book(call):
        try:
            together.wait(timeout=20)
            return call("POST", "visits/", sent)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        won, lost = sorted(pool.map(book, programs), key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    assert refused(lost) == (409, "slot_taken", None)
    free = lost.json()["slots"]
    assert free
    assert (sent["technician"], sent["start"]) not in {(slot["technician"], slot["start"]) for slot in free}
    with tenant(north.tenant):
        assert str(Visit.objects.get().public_id) == won.json()["id"]


def test_lists_by_filter(call, cast, now):
    north = cast.north
    early = visit_at(north, now, now + 24 * HOUR)
    late = visit_at(north, now, now + 72 * HOUR, technician=north.marek, state="confirmed", confirmed_at=now)

    def found(query):
        answer = call("GET", f"visits/?{query}")
        assert answer.status_code == 200, query
        return [row["id"] for row in answer.json()["results"]]

    first, second = str(early.public_id), str(late.public_id)
    assert found("") == [second, first]
    assert found(f"technician={north.marek.public_id}") == [second]
    assert found(f"customer={north.customer.public_id}&state=confirmed&state=done") == [second]
    assert found("from_day=2026-03-07") == [second]
    assert found("to_day=2026-03-06&from_day=2026-03-06") == [first]
    assert found("number=v-1") == [first]
    assert found(f"equipment={north.sorter.public_id}") == []
    for query in ("state=x", "from_day=9999-12-31", "technician=x", "day=2026-03-06"):
        assert call("GET", f"visits/?{query}").status_code == 422, query


def test_three_rows_cost_as_many_queries_as_one(call, cast, now, django_assert_max_num_queries):
    assert call("GET", "visits/").json()["results"] == []
    counts = []
    for days in range(1, 4):
        visit_at(cast.north, now, now + days * 24 * HOUR, technician=cast.north.lou)
        with django_assert_max_num_queries(30) as captured:
            assert len(call("GET", "visits/").json()["results"]) == days
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
    with django_assert_max_num_queries(14) as captured:
        both = call("GET", "technicians/").json()["results"]
    assert [(row["name"], row["skills"], row["is_active"]) for row in both] == [
        ("Marek Novak", ["copier"], True),
        ("Lou Baptiste", ["copier"], True),
    ]
    one = call("GET", f"technicians/{both[0]['id']}/").json()
    assert set(one) == {"id", "name", "phone", "skills", "is_active", "working_hours"}


def test_a_move_is_of_its_edition_and_says_what_is_free_instead(call, cast, now):
    north = cast.north
    visit = visit_at(north, now, now.replace(hour=15, minute=0))
    visit_at(north, now, now.replace(hour=10, minute=0) + 24 * HOUR)
    there = {"start": "2026-03-06T14:00:00Z", "reason": "Running late"}
    assert refused(call("POST", path_of(visit, "move/"), there))[0] == 428
    seen = call("GET", path_of(visit))["ETag"]
    taken = call("POST", path_of(visit, "move/"), {"start": "2026-03-06T10:30:00Z"}, If_Match=seen)
    assert refused(taken) == (409, "place_taken", None)
    assert taken.json()["slots"]
    moved = call("POST", path_of(visit, "move/"), there, If_Match=seen)
    assert (moved.status_code, moved.json()["planned_start"]) == (200, "2026-03-06T14:00:00Z")
    assert refused(call("POST", path_of(visit, "move/"), there, If_Match=seen)) == (
        412,
        "changed_meanwhile",
        None,
    )
    to_marek = {"technician": str(north.marek.public_id)}
    given = call("POST", path_of(visit, "reassign/"), to_marek, If_Match=moved["ETag"])
    assert [who["name"] for who in given.json()["technicians"]] == ["Marek Novak"]
    assert given.json()["planned_start"] == "2026-03-06T14:00:00Z"
    others = call("GET", path_of(visit, "slots/")).json()["slots"]
    assert others[0]["technician"] == str(north.marek.public_id)


def test_a_cancelling_and_what_cannot_be_moved_any_more(call, cast, now):
    visit = visit_at(cast.north, now, now + 24 * HOUR)
    nothing_said = call("POST", path_of(visit, "cancel/"), {"whose": "us"}, If_Match="*")
    assert refused(nothing_said) == (422, "invalid", "because")
    sent = {"whose": "customer", "because": "On holiday"}
    ended = call("POST", path_of(visit, "cancel/"), sent, If_Match="*").json()
    assert (ended["state"], ended["ended_because"]) == ("cancelled by the customer", "On holiday")
    assert refused(call("POST", path_of(visit, "cancel/"), sent, If_Match="*"))[:2] == (
        409,
        "outcome_refused",
    )
    move = call("POST", path_of(visit, "move/"), {"start": "2026-03-09T10:00:00Z"}, If_Match="*")
    assert refused(move) == (422, "move_refused", "all")


def test_the_outcome_of_a_miss_books_the_next_or_says_that_they_want_none(call, cast, now):
    north, start = cast.north, now - 4 * HOUR
    missed = {"state": "missed by us", "missed_at": now - 2 * HOUR}
    one, other = (visit_at(north, now, start - hours * HOUR, **missed) for hours in (0, 24))
    said = {"what_happened": "Van broke down", "spoke_to": "Margaret", "spoke_at": "2026-03-05T13:00:00Z"}
    place = {"technician": str(north.lou.public_id), "start": "2026-03-06T10:00:00Z"}
    assert refused(call("POST", path_of(one, "outcome/"), said)) == (422, "required", "new_visit")
    gone = {"new_visit": {**place, "start": "2026-03-06T03:00:00Z"}}
    nowhere = call("POST", path_of(one, "outcome/"), {**said, **gone})
    assert refused(nowhere)[:2] == (409, "slot_taken")
    assert nowhere.json()["slots"]
    settled = call("POST", path_of(one, "outcome/"), {**said, "new_visit": place}, Idempotency_Key="o1")
    assert settled.status_code == 200
    assert "Rebooked for Fri 6 Mar, 10:00." in settled.json()["miss_outcome"]
    assert call("GET", "visits/?from_day=2026-03-06").json()["results"][0]["state"] == "booked"
    none = call("POST", path_of(other, "outcome/"), {**said, "new_visit": None}).json()
    assert "They want no other visit." in none["miss_outcome"]
    assert refused(call("POST", path_of(other, "outcome/"), {**said, "new_visit": None}))[0] == 409


def test_roles_and_another_desks_visit(cast, moment, now):
    north, south = cast.north, cast.south
    ours, theirs = visit_at(north, now, now + HOUR, technician=north.marek), visit_at(south, now, now + HOUR)
    lou = program(north, now=now, acts_as=north.technician)
    assert lou("GET", path_of(ours)).status_code == 200
    for act in ("move", "reassign", "cancel", "outcome"):
        assert refused(lou("POST", path_of(ours, f"{act}/"), {}, If_Match="*")) == (403, "role", None)
    assert refused(lou("POST", path_of(ours, "call-ahead/"), {"result": "spoke"}))[0] == 403
    sales = program(north, now=now, acts_as=north.sales)
    assert refused(sales("POST", path_of(ours, "arrived/"), {})) == (403, "role", None)
    assert sales("POST", "visits/", body(north)).status_code == 201
    call = program(north, now=now)
    for more in ("", "slots/"):
        assert call("GET", path_of(theirs, more)).status_code == 404
    for act in ("move", "cancel", "outcome", "arrived", "complete"):
        assert call("POST", path_of(theirs, f"{act}/"), {}, If_Match="*").status_code == 404
    reads = program(north, now=now, scopes=["visits:read"])
    assert refused(reads("POST", "visits/", body(north))) == (403, "scope", None)
