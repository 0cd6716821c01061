"""The board's day: who is where from when to when, in lanes by technician, as plain values.

Read in a fixed number of queries however many visits there are. Hours of the lanes are the wall
clock of the desk, so that a day of 23 or 25 hours is drawn as its people live it.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property

from servicedesk.board_visits import BoardVisit, touching
from servicedesk.day_lanes import Lane, Placed, hour_of, in_rows, shown_hours
from servicedesk.whereabouts import job_of, raising, rounded, standings
from tenancy.addresses import desk_urls
from tenancy.calendars import Calendar, day_bounds, local_day, local_time
from tenancy.models import Tenant
from tenancy.prepared import Instant, Prepared
from visits.free_time import Member, team_with
from visits.models import Absence, Visit
from visits.standing import Standing, Word

State = Visit.State

# Tallies in their order: key in the address, label, tone, words that count.
TALLIES = (
    ("visits", "visits", "", tuple(Word)),
    ("done", "done", "", (Word.DONE, Word.DONE_LATE)),
    ("on-site", "on site", "", (Word.ON_SITE, Word.RUNNING_OVER)),
    ("late", "late", "bad", (Word.LATE,)),
    ("at-risk", "at risk", "warn", (Word.AT_RISK,)),
    ("missed", "missed", "bad", (Word.MISSED, Word.DONE_LATE)),
    ("not-confirmed", "not confirmed", "warn", (Word.NOT_CONFIRMED,)),
)
# What is said below a name, whatever the visit.
SAYINGS = {
    Word.NOT_CONFIRMED: "Not confirmed",
    Word.NOT_ASSIGNED: "Not assigned",
    Word.MISSED: "Nobody came",
    Word.DONE_LATE: "Done, after the miss",
    Word.NO_ACCESS: "No access",
}
WORDS_OF = {key: words for key, _, _, words in TALLIES}


@dataclass(frozen=True)
class DayPlan:
    """Everything that the board's day view and list view draw."""

    day: dt.date
    first_hour: int
    last_hour: int
    # The hour that it is; None on another day than today.
    now: float | None
    is_past: bool
    lanes: tuple[Lane, ...]
    unplaced: tuple[Placed, ...]
    tallies: Counter = field(compare=False)

    @property
    def hours(self) -> list[str]:
        """The labels of the axis."""
        return [f"{hour:02}" for hour in range(self.first_hour, self.last_hour)]

    @property
    def shown_now(self) -> float | None:
        """Until where the day is over, within what is shown."""
        return None if self.now is None else min(max(self.now, self.first_hour), self.last_hour)

    @property
    def is_now_shown(self) -> bool:
        """Whether the present moment lies within the hours that are shown."""
        return self.now is not None and self.now == self.shown_now

    @cached_property
    def by_time(self) -> list[Placed]:
        """Every visit of the day in the order of its start, those without a technician among them."""
        placed = [*self.unplaced, *(visit for lane in self.lanes for visit in lane.placed)]
        return sorted(placed, key=lambda visit: (visit.starts_at, visit.customer, visit.technician))


def day_plan(
    desk: Tenant,
    day: dt.date,
    *,
    now: dt.datetime,
    calendar: Calendar,
    only: str = "",
    visits: list[BoardVisit] | None = None,
    found: dict[int, Standing] | None = None,
) -> DayPlan:
    """The desk's day as it stands at `now`; `only` is the key of a tally whose visits are wanted.

    `visits`: those that touch the day, where they are read already; `found`: how they stand, where that
    is known.
    """
    if visits is None:
        visits = touching(*day_bounds(day, calendar.zone))
    if found is None:
        found = standings(visits, desk, calendar=calendar, now=now)
    crew = team_with({somebody.technician_id for visit in visits for somebody in visit.going})
    crew.sort(key=lambda member: (not member.technician.is_active, member.technician.name))
    reader = _Reader(desk, day, calendar, now, crew, visits, found)
    lanes = reader.lanes(WORDS_OF.get(only, tuple(Word)))
    first, last = shown_hours(calendar.spans(day), calendar.zone, lanes)
    here = hour_of(now, day, calendar.zone) if local_day(now, calendar.zone) == day else None
    return DayPlan(
        day=day,
        first_hour=first,
        last_hour=last,
        now=here,
        is_past=day < local_day(now, calendar.zone),
        lanes=lanes,
        unplaced=tuple(reader.unplaced),
        tallies=reader.tallies,
    )


_ABSENCES = Prepared(
    lambda start, end: Absence.objects.filter(starts_at__lt=end, ends_at__gt=start).order_by("starts_at"),
    start=Instant(),
    end=Instant(),
)


class _Reader:
    """Draws one day from the rows that were read for it."""

    def __init__(self, desk, day, calendar, now, crew: list[Member], visits: list[BoardVisit], found):
        self.desk, self.day, self.calendar, self.now = desk, day, calendar, now
        self.zone, self.crew, self.visits = calendar.zone, crew, visits
        start, end = day_bounds(day, calendar.zone)
        self.absences = defaultdict(list)
        for absence in _ABSENCES.rows(start=start, end=end):
            self.absences[absence.technician_id].append(absence)
        today = local_day(now, self.zone)
        self.is_today = today == day
        self.raising = raising(visits, today)
        self.standings = found
        words = Counter(found[visit.pk].word for visit in visits)
        counts = {key: sum(words[word] for word in counted) for key, _, _, counted in TALLIES}
        self.tallies = Counter({key: count for key, count in counts.items() if count})
        self.url_of = desk_urls(desk, "visit")
        # Many visits begin and end at the same times.
        self._clock = cache(self._clock)
        self._hour = cache(self._hour)
        self.unplaced = []

    def lanes(self, words) -> tuple[Lane, ...]:
        """The lanes with the visits that have one of the words; what is said counts them all."""
        theirs = defaultdict(list)
        for visit in self.visits:
            for assignment in visit.going:
                theirs[assignment.technician_id].append(visit)
            if not visit.going and self.standings[visit.pk].word in words:
                self.unplaced.append(self._place(visit, "nobody yet"))
        return tuple(self._lane(member, theirs[member.technician.pk], words) for member in self.crew)

    def _lane(self, member, visits, words) -> Lane:
        technician = member.technician
        spans = member.spans(self.day, self.calendar)
        absences = self.absences[technician.pk]
        off = self._off_all_day(absences, spans)
        says, is_warning = self._says(visits, absences, off)
        overs = tuple(self._overs(visits))
        wanted = [visit for visit in visits if self.standings[visit.pk].word in words]
        placed = in_rows([self._place_of(visit, technician) for visit in wanted])
        if overs:
            placed = [visit._replace(is_short=_is_crossed(visit, overs)) for visit in placed]
        return Lane(
            id=str(technician.public_id),
            name=technician.name,
            first_name=technician.first_name,
            says=says,
            is_warning=is_warning,
            load=self._load(visits, spans),
            skills=", ".join(technician.skills),
            off=off if not visits else "",
            spans_off=tuple(self._hours(a.starts_at, a.ends_at) for a in absences),
            overs=overs,
            placed=tuple(placed),
        )

    def _place_of(self, visit, technician) -> Placed:
        others = [them.first_name for them in visit.going if them.technician_id != technician.pk]
        return self._place(visit, technician.name, " and ".join(others))

    def _place(self, visit, technician, beside="") -> Placed:
        standing = self.standings[visit.pk]
        a, b = self._hours(visit.planned_start, visit.planned_end)
        public_id = str(visit.public_id)
        may_move = visit.state in Visit.WAITING_STATES and standing.word != Word.MISSED
        return Placed(
            id=public_id,
            url=self.url_of(public_id),
            customer=visit.customer,
            technician=technician,
            starts=self._clock(visit.planned_start),
            ends=self._clock(visit.planned_end),
            starts_at=visit.planned_start,
            a=a,
            b=b,
            word=str(standing.word),
            tone=standing.tone,
            icon=standing.icon,
            block=standing.block,
            what=self._what(visit, standing),
            is_raising=visit.pk in self.raising,
            version=visit.version if may_move else None,
            beside=beside,
        )

    def _what(self, visit, standing) -> str:
        """What is said below the name: what to know of how it stands, else what is to be done."""
        match standing.word:
            case Word.CALL_DUE:
                return f"Call by {self._clock(standing.call_by)}"
            case Word.CALLED_AHEAD:
                return f"Called ahead {self._clock(visit.called_ahead_at)}"
            case Word.ON_THE_WAY:
                return f"On the way, {self._clock(visit.expected_at or visit.planned_start)}"
            case Word.ON_SITE | Word.RUNNING_OVER:
                return f"On site since {self._clock(visit.arrived_at)}" if visit.arrived_at else "On site"
            case Word.AT_RISK:
                return self._risk(visit, standing)
            case Word.LATE:
                return f"Late since {self._clock(visit.window_end)}"
        return SAYINGS.get(standing.word) or job_of(visit)

    def _risk(self, visit, standing) -> str:
        if standing.expected_at <= visit.window_end:
            return f"Answer promised by {self._clock(visit.response_due_at)}"
        likely = self._clock(rounded(standing.expected_at))
        return f"Likely {likely}, not by {self._clock(visit.window_end)}"

    def _says(self, visits, absences, off) -> tuple[str, bool]:
        """A technician's state in words, and whether it is a warning."""
        if not self.is_today:
            return (off or _count(len(visits))), False
        away = next((a for a in absences if a.starts_at <= self.now < a.ends_at), None)
        on_site = next((v for v in visits if v.state == State.ON_SITE), None)
        if on_site is not None and self.now > on_site.planned_end:
            return f"Running over since {self._clock(on_site.planned_end)}", True
        if on_site is not None:
            return f"On site, {on_site.customer}", False
        driving = next((v for v in visits if v.state == State.ON_THE_WAY), None)
        if driving is not None:
            arrival = self._clock(driving.expected_at or driving.planned_start)
            return f"Driving, {arrival} at {driving.customer}", False
        if away is not None:
            return f"{away.reason or 'Away'} until {self._last_of(away)}", False
        return self._free(visits)

    def _last_of(self, absence) -> str:
        """Its last day, or on that day the time of return."""
        until = local_time(absence.ends_at, self.zone)
        if until.time() == dt.time(0):
            return f"{until - dt.timedelta(days=1):%A}"
        return f"{until:%H:%M}" if until.date() == self.day else f"{until:%A}, {until:%H:%M}"

    def _free(self, visits):
        coming = [v for v in visits if self.standings[v.pk].expected_at]
        if not coming:
            return "Nothing more today", False
        nearest = coming[0]
        if nearest.planned_start > self.now:
            return f"Free until {self._clock(nearest.planned_start)}", False
        return f"Due at {nearest.customer}", False

    def _off_all_day(self, absences, spans) -> str:
        if not spans:
            return "Not working"
        free = [
            span
            for span in spans
            if not any(a.starts_at <= span[0] and span[1] <= a.ends_at for a in absences)
        ]
        return "" if free else f"{absences[0].reason or 'Away'}, no visits"

    def _load(self, visits, spans) -> int:
        granted = sum((closes - opens for opens, closes in spans), dt.timedelta())
        used = sum((v.planned_end - v.planned_start for v in visits), dt.timedelta())
        if not granted:
            return 100 if used else 0
        return min(100, round(100 * used / granted))

    def _overs(self, visits):
        for visit in visits:
            if self.is_today and self.standings[visit.pk].word == Word.RUNNING_OVER:
                yield self._hours(visit.planned_end, rounded(self.now))

    def _hours(self, start, end) -> tuple[float, float]:
        """Both ends within the day, and never the wrong way round where the clock goes back."""
        a, b = max(0.0, self._hour(start)), min(24.0, self._hour(end))
        if b <= a:
            b = min(24.0, a + (end - start).total_seconds() / 3600)
        return a, b

    def _clock(self, instant) -> str:
        return f"{local_time(instant, self.zone):%H:%M}"

    def _hour(self, instant) -> float:
        return hour_of(instant, self.day, self.zone)


def _is_crossed(visit: Placed, overs) -> bool:
    return any(visit.a < b and a < visit.b for a, b in overs)


def _count(visits: int) -> str:
    return "1 visit" if visits == 1 else f"{visits} visits"
