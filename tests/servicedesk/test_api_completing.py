"""The steps of a visit and its end through the gate, for other programs."""

import datetime as dt

import pytest

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.servicedesk.api_scene import program
from visits.models import Part, PartUse, ServiceReport, Visit

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def call(cast, moment, now):
    """Lou's own program."""
    return program(cast.north, now=now, acts_as=cast.north.technician)


@pytest.fixture
def visit(cast, now):
    """Lou is there."""
    with tenant(cast.north.tenant):
        return make_plain_visit(cast.north, now=now, start=now - HOUR, state="on site", arrived_at=now - HOUR)


def completion(desk, **changes):
    """All that ends the visit, with the fuser put off."""
    review = {
        "recommendation": str(desk.recommendation.public_id),
        "outcome": "deferred",
        "reason": "Next budget",
        "deferred_until": "2026-06-01",
    }
    report = {"work_done": "New roller.", "fixed_first_time": True, "signed_by": "M. Ellison"}
    return {"reviews": [review], "report": report, **changes}


def refused(answer):
    first = answer.json()["errors"][0]
    return answer.status_code, first["code"], first["attr"]


def test_the_steps_in_their_order(call, cast, now):
    with tenant(cast.north.tenant):
        visit = make_plain_visit(cast.north, now=now, start=now + HOUR)
    path = f"visits/{visit.public_id}/"
    early = call("POST", f"{path}on-my-way/", {})
    assert refused(early) == (409, "step_refused", None)
    assert early.json()["errors"][0]["detail"] == "Call ahead first, or skip it with a reason."
    assert refused(call("POST", f"{path}call-ahead/", {"result": "maybe"}))[0] == 422
    rang = call("POST", f"{path}call-ahead/", {"result": "spoke"}).json()
    assert rang["called_ahead_at"] == "2026-03-05T13:07:00Z"
    assert refused(call("POST", f"{path}on-my-way/", {}))[:2] == (409, "brief_not_read")
    assert call("POST", f"{path}read-brief/", {}).status_code == 200
    late = call("POST", f"{path}on-my-way/", {"expected_at": "2026-03-06T13:00:00Z"})
    assert refused(late) == (422, "invalid", "expected_at")
    off = call("POST", f"{path}on-my-way/", {"expected_at": "2026-03-05T14:10:00Z"}).json()
    assert (off["state"], off["expected_at"]) == ("on the way", "2026-03-05T14:10:00Z")
    there = call("POST", f"{path}arrived/", {}).json()
    assert (there["state"], there["arrived_at"]) == ("on site", "2026-03-05T13:07:00Z")
    assert refused(call("POST", f"{path}no-access/", {"because": "Shut"})) == (409, "step_refused", None)


def test_nobody_got_in(call, cast, now, time_machine):
    with tenant(cast.north.tenant):
        visit = make_plain_visit(cast.north, now=now, start=now + HOUR, brief_read_at=now)
    path = f"visits/{visit.public_id}/"
    for step in ("call ahead", "on the way"):
        skipped = call("POST", f"{path}skip/", {"step": step, "because": "Next door"})
        assert skipped.status_code == 200, skipped.json()
    assert call("POST", f"{path}arrived/", {}).status_code == 200
    time_machine.move_to(now + dt.timedelta(minutes=11), tick=False)
    assert call("POST", f"{path}call-ahead/", {"result": "no answer"}).status_code == 200
    ended = call("POST", f"{path}no-access/", {"because": "Shut"}).json()
    assert (ended["state"], ended["ended_because"]) == ("no access", "Shut")


def test_without_the_reviews_nothing_is_completed_and_each_is_named(call, cast, visit):
    fuser = str(cast.north.recommendation.public_id)
    answer = call("POST", f"visits/{visit.public_id}/complete/", completion(cast.north, reviews=[]))
    assert answer.json() == {
        "type": "validation_error",
        "errors": [
            {
                "code": "not_reviewed",
                "detail": "“Replace the fuser unit” has no answer.",
                "attr": f"reviews.{fuser}",
            }
        ],
    }
    assert answer.status_code == 422
    with tenant(cast.north.tenant):
        assert Visit.objects.get().state == "on site"
        assert not ServiceReport.objects.exists()


def test_a_whole_completion(call, cast, visit):
    north = cast.north
    with tenant(north.tenant):
        Part.objects.create(number="R-1", name="Roller")
    sent = completion(
        north,
        findings=[{"equipment": str(north.sorter.public_id), "finding": "Worn belt", "severity": 2}],
        parts=[{"number": "r-1", "quantity": 2}],
    )
    path = f"visits/{visit.public_id}/"
    done = call("POST", f"{path}complete/", sent)
    assert done.status_code == 200, done.json()
    said = done.json()
    assert (said["state"], said["completed_at"]) == ("done", "2026-03-05T13:07:00Z")
    assert said["report"] == {
        "work_done": "New roller.",
        "fixed_first_time": True,
        "not_fixed_because": "",
        "next_step": "",
        "minutes": 60,
        "signed_by": "M. Ellison",
        "cannot_sign_because": "",
        "recommendations_signed_by": "",
    }
    reviews = call("GET", f"reviews/?visit={visit.public_id}").json()["results"]
    assert {(row["outcome"], row["deferred_until"]) for row in reviews} == {
        ("deferred", "2026-06-01"),
        ("raised", None),
    }
    assert {row["by"]["id"] for row in reviews} == {str(north.technician.public_id)}
    assert call("GET", f"reviews/{reviews[0]['id']}/").json() == reviews[0]
    with tenant(north.tenant):
        assert PartUse.objects.get().quantity == 2
        assert Recommendation.objects.get(finding="Worn belt").raised_by == north.technician
    assert refused(call("POST", f"{path}complete/", sent)) == (422, "unknown", "reviews.0.recommendation")
    again = completion(north, reviews=[])
    assert refused(call("POST", f"{path}complete/", again)) == (409, "already_over", None)


@pytest.mark.parametrize(
    ("review", "field"),
    [
        ({"outcome": "deferred"}, "reviews.0.deferred_until"),
        ({"outcome": "deferred", "deferred_until": "2026-06-01"}, "all"),
        ({"outcome": "deferred", "deferred_until": "2027-06-01", "reason": "Later"}, "all"),
        ({"outcome": "declined by customer"}, "all"),
        ({"outcome": "accepted", "customer_told": False}, "reviews.0.customer_told"),
        ({"outcome": "raised"}, "reviews.0.outcome"),
        ({"outcome": "still valid", "recommendation": "x"}, "reviews.0.recommendation"),
    ],
)
def test_an_answer_that_cannot_be(call, cast, visit, review, field):
    review = {"recommendation": str(cast.north.recommendation.public_id), **review}
    answer = call("POST", f"visits/{visit.public_id}/complete/", completion(cast.north, reviews=[review]))
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, field)
    with tenant(cast.north.tenant):
        assert Visit.objects.get().state == "on site"


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"work_done": "", "fixed_first_time": True, "signed_by": "M."}, "report.work_done"),
        ({"work_done": "X", "fixed_first_time": False, "signed_by": "M."}, "report.not_fixed_because"),
        ({"work_done": "X", "fixed_first_time": True}, "report.signed_by"),
    ],
)
def test_a_report_that_lacks_something(call, cast, visit, report, field):
    answer = call("POST", f"visits/{visit.public_id}/complete/", completion(cast.north, report=report))
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (422, field)


def test_two_answers_to_one_an_unknown_part_and_another_desks_recommendation(call, cast, visit):
    path, sent = f"visits/{visit.public_id}/complete/", completion(cast.north)
    twice = call("POST", path, {**sent, "reviews": sent["reviews"] * 2})
    assert refused(twice) == (422, "invalid", "reviews")
    part = call("POST", path, {**sent, "parts": [{"number": "Z", "quantity": 1}]})
    assert refused(part) == (422, "invalid", "parts.0.number")
    with tenant(cast.south.tenant):
        theirs = str(cast.south.recommendation.public_id)
    strange = [{**sent["reviews"][0], "recommendation": theirs}]
    assert refused(call("POST", path, {**sent, "reviews": strange})) == (
        422,
        "unknown",
        "reviews.0.recommendation",
    )
