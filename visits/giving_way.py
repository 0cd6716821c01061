"""Who gives way to an emergency: visits of the same people that begin later that day (R2.4, R4.1).

Each gives way no further than it must, and pushes the next, until one need not move.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from customers.models import Site
from tenancy.calendars import calendar_of, day_bounds, local_day, local_time
from visits.free_time import FreeTime, members_of
from visits.hindrances import Hindrances
from visits.models import Assignment, Technician, Visit
from visits.places import crews_of
from visits.travel import point_of, way

ROUNDED_TO = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Delay:
    """One visit that gives way: from when to when, and whether the window promised is kept."""

    visit: Visit
    crew: tuple[Technician, ...]
    start: dt.datetime
    keeps_window: bool

    @property
    def by(self) -> dt.timedelta:
        """How much later somebody comes."""
        return self.start - self.visit.planned_start

    @property
    def needs_word(self) -> bool:
        """Whether somebody must say so: a confirmed visit leaves its window."""
        return not self.keeps_window and self.visit.confirmed_at is not None


class DayAround:
    """The day of those who go to an emergency, read at once: eight queries, however many go and give way."""

    def __init__(
        self,
        crew: Sequence[Technician],
        start: dt.datetime,
        end: dt.datetime,
        now: dt.datetime,
        visit: Visit | None = None,
    ):
        self.crew, self.start, self.end, self.now = tuple(crew), start, end, now
        self.desk = crew[0].tenant
        self.calendar = calendar_of(self.desk)
        self.day = local_day(start, self.calendar.zone)
        day_starts, day_ends = day_bounds(self.day, self.calendar.zone)
        rows = Assignment.objects.filter(
            technician__in=crew,
            state__in=Assignment.BLOCKING_STATES,
            starts_at__lt=day_ends,
            ends_at__gt=day_starts,
        ).exclude(visit=visit)
        rows = rows.select_related("visit__customer", "visit__site", "visit__case")
        visits = {row.visit_id: row.visit for row in rows.order_by("starts_at", "pk")}.values()
        self.later = [v for v in visits if v.planned_start >= start]
        self.crews = crews_of(v.pk for v in self.later)
        # Each of them may give way: their places count only once they stay.
        giving_way = [v.pk for v in self.later] + ([visit.pk] if visit else [])
        concerned = {who.pk: who for those in [crew, *self.crews.values()] for who in those}
        self.members = {m.technician.pk: m for m in members_of(concerned)}
        self.free = FreeTime(
            self.members.values(),
            self.calendar,
            [self.day],
            since=start,
            length=dt.timedelta(),
            besides=giving_way,
        )
        self.hindrances = Hindrances(
            concerned.values(), start=min(start, day_starts), end=max(end, day_ends), besides=giving_way
        )

    def problems(self) -> list[str]:
        """Why the emergency cannot be begun by them then."""
        found = ["That time has passed. Choose a later one."] if self.start < self.now else []
        for who in self.crew:
            name = who.first_name
            if not who.is_active:
                found.append(f"{name} does not work here any more.")
            busy = self.hindrances.visit(who, self.start, self.end)
            if busy is not None:
                found.append(
                    f"{name} is with {busy.customer.short_name} until {self.clock(busy.planned_end)}."
                )
            away = self.hindrances.absence(who, self.start, self.end)
            if away is not None:
                found.append(f"{name} is away until {self.clock(away.ends_at)}.")
        return found

    def delays(self, site: Site) -> tuple[list[Delay], list[str]]:
        """Who gives way to the emergency at `site`, in order; and what stands in the way of the last."""
        delays: list[Delay] = []
        # Who is behind their day: since when they are free again, and where.
        behind = {who.pk: (self.end, site) for who in self.crew}
        for later in self.later:
            coming = self.crews[later.pk]
            pushed = [who for who in coming if who.pk in behind]
            if not pushed:
                continue
            earliest = max(_rounded(self._there(*behind[who.pk], later.site)) for who in pushed)
            if later.planned_start >= earliest:
                for who in pushed:
                    del behind[who.pk]
                continue
            begins, why_not = self._place_for(later, coming, pushed[0], earliest)
            if begins is None:
                return delays, [why_not]
            keeps = later.window_start <= begins <= later.window_end
            delays.append(Delay(later, tuple(coming), begins, keeps))
            ends = begins + (later.planned_end - later.planned_start)
            behind |= {who.pk: (ends, later.site) for who in coming if who in self.crew}
        return delays, []

    def clock(self, instant: dt.datetime) -> str:
        """By the desk's wall clock."""
        return f"{local_time(instant, self.calendar.zone):%H:%M}"

    def _there(self, free_at, here, site) -> dt.datetime:
        points = [point_of(place.latitude, place.longitude) for place in (here, site)]
        return free_at + dt.timedelta(minutes=way(self.desk, *points).minutes)

    def _place_for(self, visit, coming, pushed, earliest) -> tuple[dt.datetime | None, str]:
        """The first start for a visit that has to give way, or why there is none that day."""
        who = visit.customer.short_name
        if visit.state not in (Visit.State.BOOKED, Visit.State.CONFIRMED):
            return None, f"{who} cannot give way: it is {visit.get_state_display().lower()}."
        if visit.window_end <= self.now:
            return None, f"{who} cannot give way: its window is over. Agree a new time with them first."
        begins = self._within_hours(visit, pushed, earliest)
        if begins is None:
            return None, f"{who} cannot give way: no time is left in {pushed.first_name}’s day."
        ends = begins + (visit.planned_end - visit.planned_start)
        for member in coming:
            if self.free.gap_at(member, begins, ends) is not None:
                continue
            cannot = f"{who} cannot give way to {self.clock(begins)}: {member.first_name} is"
            if self.hindrances.absence(member, begins, ends) is not None:
                return None, f"{cannot} away."
            other = self.hindrances.visit(member, begins, ends)
            if other is not None:
                return None, f"{cannot} with {other.customer.short_name} then."
        return begins, ""

    def _within_hours(self, visit, pushed, earliest):
        """From `earliest`, or after a break; what was planned outside the hours may stay outside."""
        length = visit.planned_end - visit.planned_start
        spans = self.members[pushed.pk].spans(self.day, self.calendar)
        if not any(opens <= visit.planned_start and visit.planned_end <= closes for opens, closes in spans):
            return earliest
        starts = [max(opens, earliest) for opens, closes in spans if max(opens, earliest) + length <= closes]
        return min(starts, default=None)


def _rounded(instant):
    past = dt.timedelta(minutes=instant.minute % 5, seconds=instant.second, microseconds=instant.microsecond)
    return instant - past + ROUNDED_TO if past else instant
