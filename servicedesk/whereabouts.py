"""Visits as the desk's pages show them: with their names, and the delay that is to be expected."""

import datetime as dt
from collections import defaultdict

from django.db.models import Prefetch

from recommendations.models import Recommendation
from servicedesk.board_visits import CANCELLED, LONGEST, BoardVisit
from tenancy.calendars import Calendar
from tenancy.models import Tenant
from tenancy.prepared import DAY, Among, Keys, Prepared
from visits.models import Assignment, Visit
from visits.standing import Standing, arrivals, standing_of

# Of the working time promised for a first answer so much may be used before it is at risk (R2.5).
RISKY_SHARE = 0.75
KINDS = dict(Visit.Kind.choices)


def visits_between(start: dt.datetime, end: dt.datetime) -> list[Visit]:
    """The visits whose block touches the span, with what a board needs to name them: two queries."""
    begun = Visit.objects.between(start, end).filter(planned_start__gt=start - LONGEST)
    return list(with_names(begun.exclude(state__in=CANCELLED)).order_by("planned_start", "pk"))


def with_names(visits):
    """The rows with customer, case and, as the list `going`, who is booked to go: two queries."""
    going = Prefetch(
        "assignments", Assignment.objects.select_related("technician").order_by("pk"), to_attr="going"
    )
    return visits.select_related("customer", "contact", "case").prefetch_related(going)


_TO_RAISE = Prepared(
    lambda visits, day: (
        Recommendation.objects.open(day)
        .filter(Among("equipment__visited__visit", visits))
        .values_list("equipment__visited__visit_id", flat=True)
    ),
    visits=Keys(),
    day=DAY,
)


def raising(visits: list[BoardVisit], day: dt.date) -> set[int]:
    """Keys of those on whose machines something is to be raised: one query."""
    waiting = [visit.pk for visit in visits if visit.state not in Visit.OVER_STATES]
    return set(_TO_RAISE.rows(visits=waiting, day=day)) & set(waiting)


def standings(
    visits: list[BoardVisit], desk: Tenant, *, calendar: Calendar, now: dt.datetime
) -> dict[int, Standing]:
    """How each of them stands at `now`, by its key, all that each technician has to do before considered."""
    expected = expected_arrivals(visits, desk, now)
    return {
        visit.pk: standing_of(
            visit,
            now=now,
            desk=desk,
            assigned=bool(visit.going),
            expected_at=expected.get(visit.pk),
            response_at_risk=response_is_at_risk(visit, calendar=calendar, now=now),
        )
        for visit in visits
    }


def expected_arrivals(visits: list[BoardVisit], desk: Tenant, now: dt.datetime) -> dict[int, dt.datetime]:
    """When each waiting visit should be reached, given all that its technician has to do before."""
    travel = dt.timedelta(minutes=desk.travel_minutes)
    by_technician = defaultdict(list)
    for visit in visits:
        for assignment in visit.going:
            by_technician[assignment.technician_id].append(visit)
    expected = {}
    for theirs in by_technician.values():
        for pk, arrival in arrivals(theirs, now=now, travel=travel).items():
            expected[pk] = max(arrival, expected.get(pk, arrival))
    return expected


def response_is_at_risk(visit: BoardVisit, *, calendar: Calendar, now: dt.datetime) -> bool:
    """Whether three quarters of the working time promised for a first answer are used (R2.5)."""
    if visit.response_due_at is None or visit.responded_at or visit.arrived_at:
        return False
    granted = calendar.working_time(visit.opened_at, visit.response_due_at)
    return calendar.working_time(visit.opened_at, now) >= granted * RISKY_SHARE


def rounded(instant: dt.datetime) -> dt.datetime:
    """To the next five minutes: a guess is not told to the minute."""
    past = dt.timedelta(minutes=instant.minute % 5, seconds=instant.second, microseconds=instant.microsecond)
    return instant - past + dt.timedelta(minutes=5) if past else instant


def job_of(visit: Visit | BoardVisit) -> str:
    """What is to be done, in few words: the customer's own, else the kind of visit."""
    line = (visit.problem.strip().splitlines() or [""])[0]
    return line[:60] or KINDS.get(visit.kind, visit.kind)
