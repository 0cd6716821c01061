"""Visits as a board reads them: hundreds at once, as plain values that answer what the rules ask of a visit.

They are read by SQL that is written once, with the case that waits for an answer and who is booked to go.
"""

import datetime as dt
import uuid
from typing import NamedTuple

from django.db.models import Q, Value
from django.db.models.functions import Coalesce, NullIf

from tenancy.prepared import Instant, Prepared
from visits.availability import Span
from visits.models import Visit

CANCELLED = (Visit.State.CANCELLED_BY_US, Visit.State.CANCELLED_BY_CUSTOMER)
UNDER_WAY = (*Visit.WAITING_STATES, Visit.State.ON_SITE)
# A block is never longer than a day: the index on the start is enough to find it.
LONGEST = dt.timedelta(days=1)
# Of the misses without an outcome, and of the visits far ahead without a technician, so many are read.
MOST_OPEN = 100


class Going(NamedTuple):
    """Somebody who is booked to go."""

    technician_id: int
    name: str

    @property
    def first_name(self) -> str:
        """How the desk calls them."""
        return self.name.split()[0]


class BoardVisit(NamedTuple):
    """A visit that is not cancelled, by the names of its columns; instants are UTC."""

    pk: int
    public_id: uuid.UUID
    version: int
    state: str
    kind: str
    problem: str
    planned_start: dt.datetime
    planned_end: dt.datetime
    window_end: dt.datetime
    expected_at: dt.datetime | None
    booked_at: dt.datetime
    called_ahead_at: dt.datetime | None
    arrived_at: dt.datetime | None
    missed_at: dt.datetime | None
    miss_closed_at: dt.datetime | None
    approval_asked_at: dt.datetime | None
    approved_at: dt.datetime | None
    customer_id: int
    # The short name that everybody at the desk uses: the company, else the person.
    customer: str
    opened_at: dt.datetime | None
    response_due_at: dt.datetime | None
    responded_at: dt.datetime | None
    # In the order in which they were named.
    going: list[Going]

    was_undone = False
    awaits_approval = Visit.awaits_approval

    @property
    def who_goes(self) -> str:
        """First names, joined; empty where nobody is booked."""
        return " and ".join(somebody.first_name for somebody in self.going)


_OF_VISIT = BoardVisit._fields[: BoardVisit._fields.index("customer")]
_COLUMNS = (
    *_OF_VISIT,
    Coalesce(NullIf("customer__company", Value("")), "customer__name"),
    "case__opened_at",
    "case__response_due_at",
    "case__responded_at",
    "assignments__technician_id",
    "assignments__technician__name",
)


def _with_crew(visits):
    """One row for each who is booked to go, and one where nobody is."""
    return visits.order_by("planned_start", "pk", "assignments__pk").values_list(*_COLUMNS)


_BETWEEN = Prepared(
    lambda begin, end, over: _with_crew(
        Visit.objects.filter(planned_start__gte=begin, planned_start__lt=end, planned_end__gt=over).exclude(
            state__in=CANCELLED
        )
    ),
    begin=Instant(),
    end=Instant(),
    over=Instant(),
)
_UNDER_WAY = Prepared(
    lambda begin, end: _with_crew(
        Visit.objects.filter(state__in=UNDER_WAY, planned_start__gte=begin, planned_start__lt=end)
    ),
    begin=Instant(),
    end=Instant(),
)
_DAY_AND_UNDER_WAY = Prepared(
    lambda begin, end, over, day_end, back: _with_crew(
        Visit.objects.filter(
            Q(state__in=UNDER_WAY)
            | Q(planned_start__gte=back, planned_start__lt=day_end, planned_end__gt=over),
            planned_start__gte=begin,
            planned_start__lt=end,
        ).exclude(state__in=CANCELLED)
    ),
    begin=Instant(),
    end=Instant(),
    over=Instant(),
    day_end=Instant(),
    back=Instant(),
)
# The first of many are found before anything is read of them.
_OPEN_MISSES = Prepared(
    lambda: _with_crew(
        Visit.objects.filter(
            pk__in=Visit.objects.filter(
                missed_at__isnull=False, miss_closed_at__isnull=True, is_history=False
            )
            .order_by("missed_at")
            .values("pk")[:MOST_OPEN]
        )
    )
)
_WITHOUT_ANYBODY = Prepared(
    lambda since: _with_crew(
        Visit.objects.filter(
            pk__in=Visit.objects.filter(
                state__in=Visit.WAITING_STATES, planned_start__gte=since, is_unassigned=True
            )
            .order_by("planned_start")
            .values("pk")[:MOST_OPEN]
        )
    ),
    since=Instant(),
)


def of_day_and_to_be_minded(day: Span, tray: Span) -> tuple[list[BoardVisit], list[BoardVisit]]:
    """What `touching` gives for the day and `to_be_minded` for the tray, of one day among them read once."""
    (start, end), (begin, until) = day, tray
    if start - LONGEST < begin or end > until:
        return touching(start, end), to_be_minded(begin, until)
    read = _visits(
        _DAY_AND_UNDER_WAY.rows(begin=begin, end=until, over=start, day_end=end, back=start - LONGEST)
    )
    of_day = [visit for visit in read if visit.planned_start < end and visit.planned_end > start]
    return of_day, _with_others([visit for visit in read if visit.state in UNDER_WAY], until)


def touching(start: dt.datetime, end: dt.datetime) -> list[BoardVisit]:
    """The visits whose block touches the span, in the order of their start: one query."""
    return _visits(_BETWEEN.rows(begin=start - LONGEST, end=end, over=start))


def beginning(start: dt.datetime, end: dt.datetime) -> list[BoardVisit]:
    """The visits that begin in the span, in the order of their start: one query."""
    return _visits(_BETWEEN.rows(begin=start, end=end, over=start))


def to_be_minded(start: dt.datetime, end: dt.datetime) -> list[BoardVisit]:
    """What a tray may speak of, in the order of its start: three queries.

    Under way or to come in the span, missed without an outcome at any time, and after the span those
    that nobody is booked for.
    """
    return _with_others(_visits(_UNDER_WAY.rows(begin=start, end=end)), end)


def _with_others(under_way: list[BoardVisit], end: dt.datetime) -> list[BoardVisit]:
    others = _visits((*_OPEN_MISSES.rows(), *_WITHOUT_ANYBODY.rows(since=end)))
    once = {visit.pk: visit for visit in (*others, *under_way)}
    return sorted(once.values(), key=lambda visit: (visit.planned_start, visit.pk))


def _visits(rows) -> list[BoardVisit]:
    visits: dict[int, BoardVisit] = {}
    for row in rows:
        visit = visits.get(row[0])
        if visit is None:
            visit = visits[row[0]] = BoardVisit._make((*row[:-2], []))
        if row[-2] is not None:
            visit.going.append(Going(*row[-2:]))
    return list(visits.values())
