"""Recommendations and reviews, for other programs."""

import pytest

from recommendations.lifecycle import raise_recommendation
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.servicedesk.api_scene import program


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


@pytest.fixture
def path(cast):
    return f"recommendations/{cast.north.recommendation.public_id}/"


def refused(answer):
    first = answer.json()["errors"][0]
    return answer.status_code, first["code"], first["attr"]


def test_one_with_what_happened_to_it(call, cast, path):
    north = cast.north
    said = call("GET", path).json()
    assert said == {
        "id": str(north.recommendation.public_id),
        "equipment": str(north.copier.public_id),
        "customer": str(north.customer.public_id),
        "finding": "Replace the fuser unit",
        "risk": "If it goes, printing stops for two to three days",
        "action": "",
        "severity": 3,
        "state": "open",
        "estimate": None,
        "deferred_until": None,
        "review_by": None,
        "raised_at": "2025-09-03T13:07:00Z",
        "raised_by": {"id": str(north.technician.public_id), "name": north.technician.name},
        "signed_by": "",
        "superseded_by": None,
        "changes": [],
    }


def test_it_is_raised_once(call, cast):
    sent = {
        "equipment": str(cast.north.sorter.public_id),
        "finding": "Worn belt",
        "severity": 2,
        "estimate": "120.50",
        "review_by": "2026-06-01",
    }
    made = call("POST", "recommendations/", sent, Idempotency_Key="r1")
    assert made.status_code == 201
    said = made.json()
    assert (said["estimate"], said["state"], said["review_by"]) == ("120.50", "open", "2026-06-01")
    assert [(change["before"], change["after"]) for change in said["changes"]] == [("", "open")]
    assert call("POST", "recommendations/", sent, Idempotency_Key="r1").json() == said
    for changes, field in (
        ({"finding": " "}, "finding"),
        ({"severity": 5}, "severity"),
        ({"estimate": "-1"}, "estimate"),
        ({"review_by": "2026-03-05"}, "review_by"),
        ({"equipment": str(cast.north.customer.public_id)}, "equipment"),
    ):
        answer = call("POST", "recommendations/", {**sent, **changes})
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, field)
    with tenant(cast.north.tenant):
        assert Recommendation.objects.filter(finding="Worn belt").count() == 1


@pytest.mark.parametrize(
    ("act", "sent", "state", "shown"),
    [
        ("accept", {}, "accepted", {}),
        ("decline", {"reason": "Too expensive"}, "declined", {}),
        (
            "defer",
            {"until": "2026-06-01", "reason": "Next budget"},
            "deferred",
            {"deferred_until": "2026-06-01"},
        ),
        ("quote", {"estimate": "310"}, "quoted", {"estimate": "310.00"}),
        ("worsen", {"severity": 4}, "open", {"severity": 4}),
        ("done", {"reason": "By themselves"}, "done", {}),
        ("invalidate", {"reason": "Mistaken"}, "invalid", {}),
    ],
)
def test_each_act_is_done_once_from_what_was_seen(call, cast, path, act, sent, state, shown):
    seen = call("GET", path)["ETag"]
    assert refused(call("POST", f"{path}{act}/", sent))[0] == 428
    done = call("POST", f"{path}{act}/", sent, If_Match=seen)
    assert done.status_code == 200
    said = done.json()
    assert (said["state"], {name: said[name] for name in shown}) == (state, shown)
    last = said["changes"][-1]
    assert (last["after"], last["reason"]) == (state, sent.get("reason", ""))
    assert last["by"]["id"] == str(cast.north.manager.public_id)
    assert refused(call("POST", f"{path}{act}/", sent, If_Match=seen)) == (412, "changed_meanwhile", None)


@pytest.mark.parametrize(
    ("act", "sent", "field"),
    [
        ("decline", {}, "reason"),
        ("done", {"reason": " "}, "reason"),
        ("defer", {"reason": "Later"}, "until"),
        ("defer", {"reason": "Later", "until": "2026-03-05"}, "all"),
        ("defer", {"reason": "Later", "until": "2027-03-05"}, "all"),
        ("quote", {}, "estimate"),
        ("worsen", {"severity": 9}, "severity"),
        # Half a letter, which the refusal would say back.
        ("worsen", {"severity": "\ud800"}, "severity"),
        ("supersede", {}, "superseded_by"),
    ],
)
def test_what_an_act_lacks(call, path, act, sent, field):
    answer = call("POST", f"{path}{act}/", sent, If_Match="*")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, field)
    assert call("GET", path).json()["state"] == "open"


def test_another_takes_its_place_and_what_is_over_stays_over(call, cast, path, now):
    north = cast.north
    with tenant(north.tenant):
        other = raise_recommendation(
            equipment=north.copier, finding="New drum", severity=2, by=north.technician, now=now
        )
    itself = {"superseded_by": str(north.recommendation.public_id)}
    assert refused(call("POST", f"{path}supersede/", itself, If_Match="*")) == (422, "not_possible", "all")
    sent = {"superseded_by": str(other.public_id)}
    ended = call("POST", f"{path}supersede/", sent, If_Match="*").json()
    assert (ended["state"], ended["superseded_by"]) == ("superseded", str(other.public_id))
    assert refused(call("POST", f"{path}accept/", {}, If_Match="*")) == (422, "not_possible", "all")


def test_lists_roles_and_another_desks(call, cast, now, path, django_assert_max_num_queries):
    north = cast.north

    def found(query):
        return [row["finding"] for row in call("GET", f"recommendations/?{query}").json()["results"]]

    assert found("") == ["Replace the fuser unit"]
    counts = []
    for number in range(3):
        with tenant(north.tenant):
            raise_recommendation(
                equipment=north.sorter, finding=f"Belt {number}", severity=1, by=north.technician, now=now
            )
        with django_assert_max_num_queries(30) as captured:
            assert len(found("is_open=true")) == number + 2
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
    assert found(f"equipment={north.copier.public_id}&severity=3") == ["Replace the fuser unit"]
    assert (found("is_open=false"), found("state=declined&state=done")) == ([], [])
    lou = program(north, now=now, acts_as=north.technician)
    assert lou("GET", path).status_code == 200
    for where in ("recommendations/", f"{path}accept/"):
        assert refused(lou("POST", where, {}, If_Match="*")) == (403, "role", None)
    with tenant(cast.south.tenant):
        theirs = cast.south.recommendation.public_id
    assert call("GET", f"recommendations/{theirs}/").status_code == 404
    assert call("POST", f"recommendations/{theirs}/accept/", {}, If_Match="*").status_code == 404
    sent = {"superseded_by": str(theirs)}
    assert refused(call("POST", f"{path}supersede/", sent, If_Match="*"))[:2] == (422, "unknown")
