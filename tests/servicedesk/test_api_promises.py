"""Promises for other programs: made, kept, moved and released; and the messages that went out."""

import datetime as dt

import pytest

from cases.models import Promise
from messaging.by_hand import written_by
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.messaging.delivering import planned
from tests.servicedesk.api_scene import first_error, program

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


def made(call, cast, now, **fields):
    sent = {
        "customer": str(cast.north.customer.public_id),
        "kind": "call back",
        "text": "Ring about the fuser",
        "due_at": (now + HOUR).isoformat(),
    }
    return call("POST", "promises/", sent | fields)


def test_a_promise_is_made_and_kept_once(call, cast, now):
    answer = made(call, cast, now)
    said = answer.json()
    assert (answer.status_code, said["state"], said["owner"]["name"], said["made_by"]["name"]) == (
        201,
        "open",
        "Robin Vale",
        "Robin Vale",
    )
    path = f"promises/{said['id']}/"
    assert call("GET", path).json() == said
    kept = call("POST", f"{path}keep/", {"evidence": "Rang, all clear"}, If_Match=answer["ETag"])
    assert (kept.status_code, kept.json()["state"], kept.json()["evidence"]) == (
        200,
        "kept",
        "Rang, all clear",
    )
    again = call("POST", f"{path}release/", {"evidence": "Never mind"}, If_Match="*")
    assert first_error(again) == (409, "settled_meanwhile", None)
    assert call("POST", f"{path}keep/", {"evidence": "x"}, If_Match=answer["ETag"]).status_code == 412
    late = {"due_at": (now + 2 * HOUR).isoformat()}
    assert first_error(call("POST", f"{path}move/", late, If_Match="*")) == (409, "too_late_to_move", None)


def test_a_moved_one_can_be_kept_late_only_and_the_customer_hears(call, cast, now):
    path = f"promises/{made(call, cast, now).json()['id']}/"
    later = {"due_at": (now + 3 * HOUR).isoformat(), "tell": True}
    moved = call("POST", f"{path}move/", later, If_Match="*").json()
    assert dt.datetime.fromisoformat(moved["due_at"]) == now + 3 * HOUR
    assert dt.datetime.fromisoformat(moved["renegotiated_at"]) == now
    with tenant(cast.north.tenant):
        assert Message.objects.filter(contact__isnull=False).count() == 1
    kept = call("POST", f"{path}keep/", {"evidence": "Rang"}, If_Match="*").json()
    assert kept["state"] == "kept late"


def test_what_the_form_refuses_is_refused(call, cast, now):
    assert first_error(made(call, cast, now, due_at=now.isoformat()))[2] == "due_at"
    assert first_error(made(call, cast, now, kind="window"))[2] == "kind"
    assert first_error(made(call, cast, now, text=""))[2] == "text"
    assert first_error(made(call, cast, now, customer=str(cast.south.customer.public_id)))[2] == "customer"
    path = f"promises/{made(call, cast, now).json()['id']}/"
    assert first_error(call("POST", f"{path}keep/", {}, If_Match="*"))[2] == "evidence"
    past = {"due_at": (now - HOUR).isoformat()}
    assert first_error(call("POST", f"{path}move/", past, If_Match="*"))[2] == "due_at"
    with tenant(cast.north.tenant):
        assert Promise.objects.count() == 1


def test_lists_of_promises(call, cast, now, django_assert_max_num_queries):
    counts = []
    for number in range(3):
        made(call, cast, now, text=f"Promise {number}", due_at=(now + (number + 1) * HOUR).isoformat())
        with django_assert_max_num_queries(40) as captured:
            assert call("GET", "promises/").status_code == 200
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
    # Those of a visit are the visit's.
    with tenant(cast.north.tenant):
        make_plain_visit(cast.north, now=now, start=now + 5 * HOUR)

    def texts(query):
        return [row["text"] for row in call("GET", f"promises/?{query}").json()["results"]]

    assert texts("") == ["Promise 2", "Promise 1", "Promise 0"]
    assert texts(f"due_before={(now + 2 * HOUR):%Y-%m-%dT%H:%M:%SZ}") == ["Promise 0"]
    assert texts("state=broken") == []
    assert texts(f"owner={cast.north.sales.public_id}") == []


def test_messages_are_read_by_who_works_with_the_outbox(call, cast, now, django_assert_max_num_queries):
    north, counts = cast.north, []
    # A key's first call of a minute notes its use.
    call("GET", "messages/")
    for number in range(1, 4):
        with tenant(north.tenant):
            fields = written_by(north.dispatcher, "Sorry") if number == 3 else {}
            planned(north, now, number=number, fields=fields)
        with django_assert_max_num_queries(40) as captured:
            rows = call("GET", "messages/").json()["results"]
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
    assert [row["is_by_hand"] for row in rows] == [True, False, False]
    assert {(row["state"], row["customer"]) for row in rows} == {("planned", str(north.customer.public_id))}
    assert call("GET", f"messages/{rows[0]['id']}/").json() == rows[0]
    assert call("GET", "messages/?state=failed").json()["results"] == []
    assert (
        len(call("GET", f"messages/?customer={north.customer.public_id}&state=planned").json()["results"])
        == 3
    )
    assert call("POST", "messages/", {"text": "Hello"}).status_code == 405
    jamie = program(north, now=now, acts_as=north.people[Role.SALES])
    assert first_error(jamie("GET", "messages/")) == (403, "role", None)
