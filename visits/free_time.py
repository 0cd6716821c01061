"""Free working time of technicians, and the visits on either side of it: what slots are cut from.

The database takes what stands in the diaries from the working time, and answers only with what is
long enough. Working time is given to it as instants: the zone's arithmetic is done by
`tenancy.calendars` alone.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from tenancy.calendars import Calendar, day_bounds, local_day
from tenancy.models import Tenant
from tenancy.prepared import Among, Keys, Prepared, Statement
from tenancy.scope import current_tenant_id
from visits.availability import Hours, Span, working_spans
from visits.models import Technician, WorkingHours
from visits.travel import Point, Way, point_of, way

# Farther apart than this a visit is nobody's neighbour: there is a night between.
APART = dt.timedelta(days=1)
NEXT_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Member:
    """A technician who works for the desk, with their own hours; none means the desk's."""

    technician: Technician
    hours: Hours = ()

    @property
    def home(self) -> Point:
        """Where the first way of a day begins, if it is known."""
        return point_of(self.technician.home_latitude, self.technician.home_longitude)

    def spans(self, day: dt.date, calendar: Calendar) -> list[Span]:
        """The working spans of one day, in order; none on a holiday or a day that the desk closes."""
        return working_spans(day, calendar, self.hours, self.technician.subdivision)


def _with_hours(technicians: QuerySet[Technician]) -> QuerySet[Technician]:
    rows = WorkingHours.objects.filter(technician=OuterRef("pk")).order_by("weekday", "starts")
    hours = ArraySubquery(rows.values(row=JSONObject(weekday="weekday", starts="starts", ends="ends")))
    return technicians.annotate(own_hours=hours).order_by("name")


_EVERYBODY = Prepared(lambda: _with_hours(Technician.objects.filter(is_active=True)))


_THESE = Prepared(lambda keys: _with_hours(Technician.objects.filter(Among("pk", keys))), keys=Keys())


def team(technicians: QuerySet[Technician] | None = None) -> list[Member]:
    """Everybody who can be sent, or those `technicians`, by name: one query."""
    return _members(_EVERYBODY.rows() if technicians is None else _with_hours(technicians))


def members_of(keys: Iterable[int]) -> list[Member]:
    """The technicians with these primary keys, by name: one query."""
    return _members(_THESE.rows(keys=list(keys)))


def _members(rows) -> list[Member]:
    return [
        Member(
            technician,
            tuple(
                (row["weekday"], dt.time.fromisoformat(row["starts"]), dt.time.fromisoformat(row["ends"]))
                for row in technician.own_hours
            ),
        )
        for technician in rows
    ]


@dataclass(frozen=True)
class Stop:
    """A visit beside free time: when it ends, or when it begins (UTC), where it is, and whose it is."""

    at: dt.datetime
    point: Point = None
    name: str = ""


@dataclass(frozen=True)
class Arrival:
    """How soon somebody can be at a place; `way_from` is a customer's name, or empty for home."""

    at: dt.datetime
    way: Way | None = None
    way_from: str = ""


@dataclass(frozen=True)
class Gap:
    """Free working time of one technician on one day; instants are UTC."""

    member: Member
    day: dt.date
    opens: dt.datetime
    closes: dt.datetime
    # When the working day began, and when its date did.
    day_opens: dt.datetime
    midnight: dt.datetime
    before: Stop | None = None
    after: Stop | None = None

    def arrival(self, desk: Tenant, place: Point, now: dt.datetime) -> Arrival:
        """How soon the technician can be at `place`, for all that this gap says.

        From the day's visit before; the first way of a day begins at home when the hours open. Where
        that way cannot be measured, whoever works that day is there at opening; of a day that has
        begun, the desk's usual way from now.
        """
        before = self.before
        reached = None
        if before is not None:
            found = way(desk, before.point, place)
            reached = max(before.at, now) if before.at > self.midnight else before.at
            reached += min(dt.timedelta(minutes=found.minutes), APART)
            if before.at > self.midnight:
                return Arrival(max(self.opens, reached), found, before.name)
        found = way(desk, self.member.home, place)
        if found.metres is None:
            usual = dt.timedelta(minutes=desk.travel_minutes)
            from_home, found = max(self.day_opens, now + usual), None
        else:
            from_home = max(self.day_opens, now) + dt.timedelta(minutes=found.minutes)
        return Arrival(max(filter(None, (self.opens, from_home, reached))), found)

    def leaves_by(self, desk: Tenant, place: Point) -> dt.datetime:
        """When a visit at `place` must be over: by the end, or in time for the way to the visit after."""
        if self.after is None:
            return self.closes
        onwards = dt.timedelta(minutes=way(desk, place, self.after.point).minutes)
        return min(self.closes, self.after.at - min(onwards, APART))

    def takes(
        self, desk: Tenant, place: Point, start: dt.datetime, end: dt.datetime, now: dt.datetime
    ) -> bool:
        """Whether a visit fits in between two instants: reached in time, and over in time for the next.

        What ought to have begun by now is judged by the diary alone.
        """
        arrival = self.arrival(desk, place, now if start >= now else self.midnight)
        return arrival.at <= start and end <= self.leaves_by(desk, place)

    def without(self, start: dt.datetime, end: dt.datetime, place: Point, name: str) -> list["Gap"]:
        """What is left of it, and by what it is bordered, once the technician has a visit then."""
        ends, begins = Stop(end, place, name), Stop(start, place, name)
        if end <= self.opens:
            is_nearer = self.before is None or self.before.at < end
            return [replace(self, before=ends) if is_nearer and self.opens - end < APART else self]
        if self.closes <= start:
            is_nearer = self.after is None or self.after.at > start
            return [replace(self, after=begins) if is_nearer and start - self.closes < APART else self]
        parts = [replace(self, closes=start, after=begins), replace(self, opens=end, before=ends)]
        return [part for part in parts if part.opens < part.closes]


ByDay = dict[dt.date, list[Gap]]


class FreeTime:
    """The gaps of technicians on some days, in order: one query, and another where the first ones are few.

    Visits `besides` (primary keys) are left out: they are to be moved. `most` gaps of each technician are
    read at first. Whoever goes through all of them makes the rest be read, of everybody at once.
    """

    def __init__(
        self,
        members: Iterable[Member],
        calendar: Calendar,
        days: Iterable[dt.date],
        *,
        since: dt.datetime,
        length: dt.timedelta,
        besides: Collection[int] = (),
        most: int | None = None,
    ):
        self.members = {member.technician.pk: member for member in members}
        self.calendar, self.days = calendar, sorted(set(days))
        self.since, self.length, self.besides, self.most = since, length, list(besides), most
        self._opens: dict[int, dict[dt.date, dt.datetime]] = {}
        self._midnights = {day: day_bounds(day, calendar.zone)[0] for day in self.days}
        self._rest: dict[int, ByDay] | None = None
        self._gaps = self._read(most)

    def of(self, technician: Technician) -> Iterator[Gap]:
        """The technician's gaps, the earliest first."""
        seen = [gap for gaps in self._gaps[technician.pk].values() for gap in gaps]
        yield from seen
        if self.most is None or len(seen) < self.most:
            return
        if self._rest is None:
            self._rest = self._read(None)
        rest = (gap for gaps in self._rest[technician.pk].values() for gap in gaps)
        yield from (gap for gap in rest if gap.opens > seen[-1].opens)

    def on(self, technician: Technician, day: dt.date) -> list[Gap]:
        """The technician's gaps of one day; for those who read all at first."""
        return self._gaps.get(technician.pk, {}).get(day, [])

    def gap_at(self, technician: Technician, start: dt.datetime, end: dt.datetime) -> Gap | None:
        """The gap that holds all the time between two instants; None: the technician is not free then."""
        gaps = self.on(technician, local_day(start, self.calendar.zone))
        return next((gap for gap in gaps if gap.opens <= start and end <= gap.closes), None)

    def begins(self, technician: Technician) -> dt.datetime | None:
        """When the technician's working time begins, taken or not; None without any on these days."""
        opens = self._opens.get(technician.pk)
        return opens and max(self.since, min(opens.values()))

    def take(self, technician: Technician, start: dt.datetime, end: dt.datetime, place: Point, name: str):
        """Let the technician have a visit then: it is nobody else's any more."""
        day = local_day(start, self.calendar.zone)
        for near in (day - NEXT_DAY, day, day + NEXT_DAY):
            gaps = self.on(technician, near)
            gaps[:] = [part for gap in gaps for part in gap.without(start, end, place, name)]

    def _read(self, most) -> dict[int, ByDay]:
        gaps: dict[int, ByDay] = {pk: {} for pk in self.members}
        patterns, opens = self._patterns()
        if not patterns:
            return gaps
        numbers = {key: number for number, key in enumerate(patterns, start=1)}
        who = {pk: numbers[key] for pk, member in self.members.items() if (key := _key(member)) in numbers}
        self._opens = {pk: opens[_key(self.members[pk])] for pk in who}
        values = {
            "tenant": current_tenant_id(),
            "technicians": list(who),
            "patterns": list(who.values()),
            "works": list(patterns.values()),
            "start": day_bounds(self.days[0], self.calendar.zone)[0],
            "end": day_bounds(self.days[-1], self.calendar.zone)[1],
            "length": self.length,
            "besides": self.besides,
            "most": most,
            "apart": APART,
        }
        for row in _GAPS.rows(**values):
            gap = self._gap(row)
            gaps[row[0]].setdefault(gap.day, []).append(gap)
        return gaps

    def _patterns(self) -> tuple[dict, dict]:
        """Working time by what decides it, as the database reads it, and when each day opens."""
        works, opens = {}, {}
        for key in {_key(member) for member in self.members.values()}:
            hours, subdivision = key
            spans, opens_on = [], {}
            calendar = self.calendar.in_region(subdivision)
            for day in self.days:
                found = working_spans(day, calendar, hours)
                left = [(max(begins, self.since), ends) for begins, ends in found if ends > self.since]
                if left:
                    spans += left
                    opens_on[day] = found[0][0]
            if spans:
                works[key], opens[key] = _multirange(spans), opens_on
        return works, opens

    def _gap(self, row) -> Gap:
        pk, opens, closes, *stops = row
        zone = self.calendar.zone
        day = local_day(opens, zone)
        return Gap(
            self.members[pk],
            day,
            opens,
            closes,
            self._opens[pk][day],
            self._midnights[day],
            _stop(*stops[:4]),
            _stop(*stops[4:]),
        )


def _key(member):
    return member.hours, member.technician.subdivision


def _stop(at, latitude, longitude, name) -> Stop | None:
    return None if at is None else Stop(at, point_of(latitude, longitude), name)


def _multirange(spans: list[Span]) -> str:
    """Spans of one technician never touch: each stays a range of its own."""
    return "{" + ",".join(f"[{opens.isoformat()},{closes.isoformat()})" for opens, closes in spans) + "}"


# Row level security lets an index be read by instants, but not by ranges: a visit is looked for by its
# start, and none is longer than a day.
_GAPS = Statement(
    """
    WITH member AS (
        SELECT technician_id, works.spans::tstzmultirange AS works
        FROM unnest(%(technicians)s::bigint[], %(patterns)s::int[]) AS who (technician_id, pattern)
        JOIN unnest(%(works)s::text[]) WITH ORDINALITY AS works (spans, pattern) USING (pattern)
    ),
    gap AS MATERIALIZED (
        SELECT technician_id, lower(free.span) AS opens, upper(free.span) AS closes,
            row_number() OVER (PARTITION BY technician_id ORDER BY lower(free.span)) AS nth
        FROM member
        CROSS JOIN LATERAL (
            SELECT range_agg(during) AS spans FROM visits_assignment
            WHERE tenant_id = %(tenant)s AND technician_id = member.technician_id
                AND state IN ('booked', 'confirmed', 'on the way', 'on site')
                AND starts_at > %(start)s - %(apart)s AND starts_at < %(end)s
                AND visit_id <> ALL (%(besides)s::bigint[])
        ) visits
        CROSS JOIN LATERAL (
            SELECT range_agg(tstzrange(starts_at, ends_at)) AS spans FROM visits_absence
            WHERE tenant_id = %(tenant)s AND technician_id = member.technician_id
                AND ends_at > %(start)s AND starts_at < %(end)s
        ) away
        CROSS JOIN LATERAL unnest(
            member.works - coalesce(visits.spans, '{}') - coalesce(away.spans, '{}')
        ) AS free (span)
        WHERE upper(free.span) - lower(free.span) >= %(length)s
    ),
    bordered AS MATERIALIZED (
        SELECT gap.technician_id, opens, closes,
            before.ends_at, before.visit_id AS before_id, after.starts_at, after.visit_id AS after_id
        FROM gap
        LEFT JOIN LATERAL (
            SELECT ends_at, visit_id FROM visits_assignment
            WHERE tenant_id = %(tenant)s AND technician_id = gap.technician_id
                AND state IN ('booked', 'confirmed', 'on the way', 'on site')
                AND starts_at < gap.opens AND starts_at > gap.opens - 2 * %(apart)s
                AND ends_at > gap.opens - %(apart)s
                AND visit_id <> ALL (%(besides)s::bigint[])
            ORDER BY starts_at DESC LIMIT 1
        ) before ON true
        LEFT JOIN LATERAL (
            SELECT starts_at, visit_id FROM visits_assignment
            WHERE tenant_id = %(tenant)s AND technician_id = gap.technician_id
                AND state IN ('booked', 'confirmed', 'on the way', 'on site')
                AND starts_at >= gap.closes AND starts_at < gap.closes + %(apart)s
                AND visit_id <> ALL (%(besides)s::bigint[])
            ORDER BY starts_at LIMIT 1
        ) after ON true
        WHERE %(most)s::bigint IS NULL OR nth <= %(most)s
    )
    SELECT technician_id, opens, closes,
        ends_at, came.latitude, came.longitude, coalesce(nullif(had.company, ''), had.name),
        starts_at, goes.latitude, goes.longitude, coalesce(nullif(has.company, ''), has.name)
    FROM bordered
    LEFT JOIN visits_visit earlier ON earlier.id = before_id AND earlier.tenant_id = %(tenant)s
    LEFT JOIN customers_site came ON came.id = earlier.site_id AND came.tenant_id = %(tenant)s
    LEFT JOIN customers_customer had ON had.id = earlier.customer_id AND had.tenant_id = %(tenant)s
    LEFT JOIN visits_visit later ON later.id = after_id AND later.tenant_id = %(tenant)s
    LEFT JOIN customers_site goes ON goes.id = later.site_id AND goes.tenant_id = %(tenant)s
    LEFT JOIN customers_customer has ON has.id = later.customer_id AND has.tenant_id = %(tenant)s
    ORDER BY technician_id, opens
    """,
    {
        "tenant": "bigint",
        "technicians": "bigint[]",
        "patterns": "int[]",
        "works": "text[]",
        "start": "timestamptz",
        "end": "timestamptz",
        "length": "interval",
        "besides": "bigint[]",
        "most": "bigint",
        "apart": "interval",
    },
)
