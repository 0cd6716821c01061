"""Free working time of technicians, and the visits on either side of it: what slots are cut from.

The database takes what stands in the diaries from the working time, and answers only with what is
long enough. Working time is given to it as instants: the zone's arithmetic is done by
`tenancy.calendars` alone.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from tenancy.calendars import Calendar, day_bounds, local_day
from tenancy.models import Tenant
from tenancy.prepared import Among, Keys, Prepared
from tenancy.scope import current_tenant_id
from visits.availability import Hours, Span, working_spans
from visits.diary_gaps import GAPS
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


_EVERYBODY_AND = Prepared(
    lambda keys: _with_hours(Technician.objects.filter(Q(is_active=True) | Q(Among("pk", keys)))), keys=Keys()
)


def team_with(keys: Iterable[int]) -> list[Member]:
    """Everybody who can be sent, and whoever has one of these primary keys, by name: one query."""
    return _members(_EVERYBODY_AND.rows(keys=list(keys)))


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
    """The gaps of technicians on some days, in order: one query for each part of the days that is looked at.

    Visits `besides` (primary keys) are left out: they are to be moved. `at_first` are the numbers of working
    days in the first parts: whoever goes on beyond one makes the next be read, of everybody at once.
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
        at_first: Iterable[int] = (),
    ):
        self.members = {member.technician.pk: member for member in members}
        self.calendar, self.days = calendar, sorted(set(days))
        self.since, self.length, self.besides = since, length, list(besides)
        self._spans, self._opens = self._working_time()
        self._midnights = {day: day_bounds(day, calendar.zone)[0] for day in self.days}
        working = sorted({day for spans in self._spans.values() for day in spans})
        self._parts = [_Part(days) for days in _parted(working, at_first)]

    def of(self, technician: Technician) -> Iterator[Gap]:
        """The technician's gaps, the earliest first."""
        for part in self._parts:
            for gaps in self._gaps(part, technician).values():
                yield from gaps

    def on(self, technician: Technician, day: dt.date) -> list[Gap]:
        """The technician's gaps of one day."""
        part = next((part for part in self._parts if part.days[0] <= day <= part.days[-1]), None)
        return self._gaps(part, technician).get(day, []) if part else []

    def gap_at(self, technician: Technician, start: dt.datetime, end: dt.datetime) -> Gap | None:
        """The gap that holds all the time between two instants; None: the technician is not free then."""
        gaps = self.on(technician, local_day(start, self.calendar.zone))
        return next((gap for gap in gaps if gap.opens <= start and end <= gap.closes), None)

    def begins(self, technician: Technician) -> dt.datetime | None:
        """When the technician's working time begins, taken or not; None without any on these days."""
        member = self.members.get(technician.pk)
        opens = member and self._opens[_key(member)]
        return max(self.since, min(opens.values())) if opens else None

    def take(self, technician: Technician, start: dt.datetime, end: dt.datetime, place: Point, name: str):
        """Let the technician have a visit then: it is nobody else's any more."""
        day = local_day(start, self.calendar.zone)
        for near in (day - NEXT_DAY, day, day + NEXT_DAY):
            gaps = self.on(technician, near)
            gaps[:] = [part for gap in gaps for part in gap.without(start, end, place, name)]

    def _working_time(self) -> tuple[dict, dict]:
        """By what decides it: what is left of each working day, and when it opened."""
        spans, opens = {}, {}
        for key in {_key(member) for member in self.members.values()}:
            hours, subdivision = key
            calendar = self.calendar.in_region(subdivision)
            spans[key], opens[key] = {}, {}
            for day in self.days:
                found = working_spans(day, calendar, hours)
                left = [(max(begins, self.since), ends) for begins, ends in found if ends > self.since]
                if left:
                    spans[key][day], opens[key][day] = left, found[0][0]
        return spans, opens

    def _gaps(self, part: "_Part", technician) -> ByDay:
        if part.rows is None:
            part.rows = self._read(part.days)
        if technician.pk not in part.gaps:
            by_day = part.gaps[technician.pk] = {}
            for row in part.rows.get(technician.pk, ()):
                gap = self._gap(row)
                by_day.setdefault(gap.day, []).append(gap)
        return part.gaps[technician.pk]

    def _read(self, days) -> dict[int, list[tuple]]:
        """What the database says of each technician's gaps on these days."""
        works = {
            key: [span for day in days for span in spans.get(day, ())] for key, spans in self._spans.items()
        }
        numbers = {key: number for number, key in enumerate((key for key in works if works[key]), start=1)}
        who = {pk: numbers[key] for pk, member in self.members.items() if (key := _key(member)) in numbers}
        found: dict[int, list[tuple]] = {}
        values = {
            "tenant": current_tenant_id(),
            "technicians": list(who),
            "patterns": list(who.values()),
            "works": [_multirange(works[key]) for key in numbers],
            "start": day_bounds(days[0], self.calendar.zone)[0],
            "end": day_bounds(days[-1], self.calendar.zone)[1],
            "length": self.length,
            "besides": self.besides,
            "apart": APART,
        }
        for row in GAPS.rows(**values):
            found.setdefault(row[0], []).append(row)
        return found

    def _gap(self, row) -> Gap:
        pk, opens, closes, *stops = row
        member, day = self.members[pk], local_day(opens, self.calendar.zone)
        return Gap(
            member,
            day,
            opens,
            closes,
            self._opens[_key(member)][day],
            self._midnights[day],
            _stop(*stops[:4]),
            _stop(*stops[4:]),
        )


@dataclass
class _Part:
    """Some working days; rows and gaps are kept by technician (primary key) once they are asked for."""

    days: list[dt.date]
    rows: dict[int, list[tuple]] | None = None
    gaps: dict[int, ByDay] = field(default_factory=dict)


def _parted(days: list[dt.date], at_first: Iterable[int]) -> Iterator[list[dt.date]]:
    """The days in parts of so many, and what is left of them."""
    for number in at_first:
        if days:
            yield days[:number]
        days = days[number:]
    if days:
        yield days


def _key(member):
    return member.hours, member.technician.subdivision


def _stop(at, latitude, longitude, name) -> Stop | None:
    return None if at is None else Stop(at, point_of(latitude, longitude), name)


def _multirange(spans: list[Span]) -> str:
    """Spans of one technician never touch: each stays a range of its own."""
    return "{" + ",".join(f"[{opens.isoformat()},{closes.isoformat()})" for opens, closes in spans) + "}"
