"""Cases for other programs: taken in, read with their thread, and led to their end."""

import datetime as dt

import pytest

from cases.life import note_try
from cases.matters import open_case
from cases.models import Case, Duty
from tenancy.models import Role
from tenancy.scope import tenant
from tests.servicedesk.api_scene import first_error, program

DAY = dt.timedelta(days=1)


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


@pytest.fixture
def case(cast, moment, now):
    """A fault of the copier at Northgate."""
    with tenant(cast.north.tenant):
        return a_case(cast.north, "It smells", now)


def a_case(desk, title, now, kind="fault", **fields):
    return open_case(customer=desk.customer, kind=kind, title=title, by=desk.dispatcher, now=now, **fields)


def test_what_is_raised_becomes_a_case_or_goes_to_the_open_matter(call, cast):
    north = cast.north
    sent = {
        "customer": str(north.customer.public_id),
        "kind": "fault",
        "title": "Lines on every page",
        "words": "Since this morning",
        "equipment": str(north.copier.public_id),
        "severity": 3,
    }
    made = call("POST", "cases/", sent, Idempotency_Key="web-1")
    said = made.json()
    assert (made.status_code, said["is_new"], said["title"], said["severity"]) == (
        201,
        True,
        "Lines on every page",
        3,
    )
    assert made["Location"].endswith(f"/api/v1/cases/{said['id']}/")
    assert (said["state"], said["owner"]["name"], said["equipment"]) == (
        "open",
        "Robin Vale",
        str(north.copier.public_id),
    )
    assert call("POST", "cases/", sent, Idempotency_Key="web-1").json() == said
    again = call("POST", "cases/", {**sent, "title": "Worse now"}).json()
    assert (again["id"], again["is_new"], again["title"]) == (said["id"], False, "Lines on every page")
    assert call("POST", "cases/", {**sent, "is_new": True}).json()["is_new"] is True
    chosen = call("POST", "cases/", {**sent, "case": said["id"], "equipment": None}).json()
    assert (chosen["id"], chosen["is_new"]) == (said["id"], False)


def test_what_is_another_customers_is_refused_at_its_field(call, cast):
    with tenant(cast.south.tenant):
        theirs = str(cast.south.copier.public_id)
    sent = {"customer": str(cast.north.customer.public_id), "kind": "fault", "title": "Lines"}
    assert first_error(call("POST", "cases/", {**sent, "equipment": theirs})) == (
        422,
        "unknown",
        "equipment",
    )
    assert first_error(call("POST", "cases/", {**sent, "title": " "}))[2] == "title"
    assert first_error(call("POST", "cases/", {**sent, "kind": "renewal claim"}))[2] == "kind"


def test_a_case_is_read_with_its_thread(call, case):
    path = f"cases/{case.public_id}/"
    seen = call("GET", path)["ETag"]
    noted = call("POST", f"{path}note/", {"way": "in", "channel": "call", "words": "It burns"})
    assert noted.status_code == 200
    assert (noted.json()["summary"], noted.json()["direction"], noted.json()["case"]) == (
        "It burns",
        "in",
        str(case.public_id),
    )
    tried = call("POST", f"{path}note/", {"way": "try", "channel": "call"}).json()
    assert (tried["is_try"], tried["summary"]) == (True, "Nobody answered")
    assert first_error(call("POST", f"{path}note/", {"way": "out", "channel": "mail"}))[2] == "words"
    read = call("GET", path)
    assert read["ETag"] == seen
    titles = [line["title"] for line in read.json()["thread"]]
    assert titles == [
        "Tried to reach Margaret Ellison: call",
        "Call from Margaret Ellison",
        "Fault: It smells",
    ]
    page = call("GET", f"{path}thread/?page_size=2").json()
    assert [line["title"] for line in page["results"]] == titles[:2]
    rest = call("GET", page["next"].partition("/api/v1/")[2]).json()
    assert [line["title"] for line in rest["results"]] == titles[2:]
    assert call("GET", f"{path}?fields=title").json() == {"title": "It smells"}


def test_each_act_takes_the_edition_that_was_seen(call, cast, case):
    path = f"cases/{case.public_id}/"
    seen = call("GET", path)["ETag"]
    assert call("POST", f"{path}wait/", {"what": "a photo"}).status_code == 428
    waits = call("POST", f"{path}wait/", {"what": "a photo"}, If_Match=seen)
    assert (waits.status_code, waits.json()["state"], waits.json()["waiting_for"]) == (
        200,
        "waiting",
        "a photo",
    )
    assert call("POST", f"{path}wait/", {"what": "a photo"}, If_Match=seen).status_code == 412
    twice = call("POST", f"{path}wait/", {"what": "a photo"}, If_Match=waits["ETag"])
    assert first_error(twice) == (409, "case_refused", None)
    back = call("POST", f"{path}end-waiting/", If_Match=waits["ETag"])
    assert back.json()["state"] == "open"
    to = {"to": str(cast.north.sales.public_id), "note": "Please ring"}
    handed = call("POST", f"{path}hand-over/", to, If_Match=back["ETag"])
    assert handed.json()["owner"] == {"id": to["to"], "name": "Jamie Mercer"}
    with tenant(cast.north.tenant):
        assert Duty.objects.open().get(case=case).detail == "From Robin Vale: Please ring"
    technician = {"to": str(cast.north.technician.public_id)}
    assert first_error(call("POST", f"{path}hand-over/", technician, If_Match="*"))[2] == "to"


def test_a_case_closes_with_an_outcome_and_opens_again_with_a_reason(call, cast, case):
    path = f"cases/{case.public_id}/"
    assert first_error(call("POST", f"{path}close/", {"on": "ours"}, If_Match="*"))[2] == "outcome"
    unsaid = call("POST", f"{path}close/", {"on": "word", "outcome": "Mended"}, If_Match="*")
    assert first_error(unsaid)[2] == "word"
    closed = call("POST", f"{path}close/", {"on": "ours", "outcome": "Mended"}, If_Match="*")
    assert (closed.status_code, closed.json()["state"], closed.json()["outcome"]) == (200, "closed", "Mended")
    opened = call("POST", f"{path}reopen/", {"because": "It smells again"}, If_Match=closed["ETag"])
    assert (opened.json()["state"], opened.json()["closed_on"]) == ("open", "")


def test_a_complaint_never_closes_on_our_word(call, cast, now):
    with tenant(cast.north.tenant):
        complaint = a_case(cast.north, "Nobody came", now - 9 * DAY, kind="complaint")
        note_try(complaint, channel="call", words="", by=cast.north.dispatcher, now=now - DAY)
    path = f"cases/{complaint.public_id}/close/"
    for on in ("ours", "tries"):
        refused = call("POST", path, {"on": on, "outcome": "Done"}, If_Match="*")
        assert first_error(refused) == (409, "case_refused", None)
    said = {"on": "word", "outcome": "Done", "word": "All is well now"}
    assert call("POST", path, said, If_Match="*").json()["closed_on"] == "word"


def test_filters_and_the_same_queries_for_one_and_for_three(call, cast, now, django_assert_max_num_queries):
    counts = []
    # A key's first call of a minute notes its use.
    call("GET", "cases/")
    for number, kind in enumerate(("fault", "question", "complaint")):
        with tenant(cast.north.tenant):
            due = now - DAY if kind == "fault" else None
            a_case(cast.north, kind, now - number * DAY, kind=kind, response_due_at=due)
        with django_assert_max_num_queries(40) as captured:
            assert call("GET", "cases/").status_code == 200
        counts.append(len(captured))
    assert counts == [counts[0]] * 3

    def titles(query):
        return [row["title"] for row in call("GET", f"cases/?{query}").json()["results"]]

    assert titles("") == ["complaint", "question", "fault"]
    assert titles("kind=question") == ["question"]
    assert titles("late=true&kind=fault") == ["fault"]
    assert titles("late=false&kind=fault") == []
    assert titles("state=closed") == []
    assert titles(f"owner={cast.north.dispatcher.public_id}&kind=fault") == ["fault"]
    assert titles(f"customer={cast.south.customer.public_id}") == []
    assert call("GET", "cases/?status=open").status_code == 422


def test_the_office_decides_and_all_staff_note(cast, moment, now, case):
    lou = program(cast.north, now=now, acts_as=cast.north.people[Role.TECHNICIAN])
    path = f"cases/{case.public_id}/"
    assert first_error(lou("GET", "cases/")) == (403, "role", None)
    assert lou("GET", path).status_code == 200
    assert lou("POST", f"{path}note/", {"way": "in", "channel": "call", "words": "Ah"}).status_code == 200
    assert first_error(lou("POST", f"{path}wait/", {"what": "x"}, If_Match="*")) == (403, "role", None)
    with tenant(cast.south.tenant):
        theirs = a_case(cast.south, "Theirs", now)
    assert lou("GET", f"cases/{theirs.public_id}/").status_code == 404
    assert lou("GET", f"cases/{theirs.public_id}/thread/").status_code == 404
    with tenant(cast.south.tenant):
        assert Case.objects.get().state == "open"
