"""A fault's case ends with the visit that mended it, and with no other."""

import datetime as dt

import pytest

from cases.models import Case
from tests.cast import a_case, make_plain_visit
from tests.visits.gate_scene import FIXED, answer, finish, on_site_visit
from visits.gate import Report

LEFT = Report(
    work_done="Looked at it",
    fixed_first_time=False,
    not_fixed_because="No drum",
    signing="typed",
    signed_by="M",
)


@pytest.fixture
def case(north, now):
    """Bands, reported yesterday."""
    return a_case(north, "Bands", now - dt.timedelta(days=1))


def visited(north, lou, case, now, report=FIXED):
    visit = on_site_visit(north, now, case=case)
    finish(visit, now, lou, answer(north.recommendation), report=report)
    case.refresh_from_db()
    return visit


def test_the_visit_that_mends_a_fault_ends_its_case(north, lou, case, now):
    visit = visited(north, lou, case, now)
    assert (case.state, case.closed_on, case.closed_at) == ("closed", "ours", now)
    assert case.outcome == f"Mended at visit {visit.number}"


def test_a_case_with_work_left_stays_open(north, lou, case, now):
    visited(north, lou, case, now, LEFT)
    assert case.state == "open"


def test_a_case_with_another_visit_stays_open(north, lou, case, now):
    make_plain_visit(north, now=now, case=case)
    visited(north, lou, case, now)
    assert case.state == "open"


@pytest.mark.parametrize("fields", [{"kind": "complaint"}, {"supervised": True}])
def test_a_complaint_and_what_a_supervisor_has_are_for_a_person_to_close(north, lou, case, now, fields):
    supervised = fields.pop("supervised", False)
    Case.objects.update(**fields, **({"supervisor": north.manager} if supervised else {}))
    case.refresh_from_db()
    visited(north, lou, case, now)
    assert case.state == "open"
