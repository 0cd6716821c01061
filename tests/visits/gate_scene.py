"""A visit whose technician is on site, and what is said to complete it."""

import datetime as dt

import pytest

from tests.cast import make_plain_visit
from visits.gate import Answer, Completion, Report, complete_visit

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
FIXED = Report(
    work_done="New fuser, bands gone.", fixed_first_time=True, signing="typed", signed_by="M. Ellison"
)
SIGNED = Report(
    work_done="Looked at it.",
    fixed_first_time=True,
    signing="typed",
    signed_by="M. Ellison",
    recommendations_signing="typed",
    recommendations_signed_by="M. Ellison",
)


@pytest.fixture
def visit(north, now):
    return on_site_visit(north, now)


def on_site_visit(desk, now, **values):
    """Lou is at the copier since 12:30; the window was 12:00 to 13:00."""
    return make_plain_visit(
        desk,
        now=now,
        start=now.replace(hour=12, minute=0),
        state="on site",
        on_the_way_at=now - 60 * MINUTE,
        arrived_at=now - 37 * MINUTE,
        **values,
    )


def answer(recommendation, outcome="still valid", told=True, **more):
    return Answer(recommendation=recommendation, outcome=outcome, customer_told=told, **more)


def finish(visit, now, by, *answers, report=FIXED, **more):
    return complete_visit(visit, completion=Completion(report, tuple(answers), **more), by=by, now=now)
