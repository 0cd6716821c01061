"""Would a visit fit there? The same answer for the drag's toast, the move dialog and the move itself."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tenancy.calendars import calendar_of, local_day, local_time, zone_of
from visits.free_time import FreeTime, members_of
from visits.hindrances import Hindrances
from visits.models import Technician, Visit
from visits.preferences import Wishes, wishes_for
from visits.travel import point_of
from visits.work_types import Work, work_for


@dataclass(frozen=True)
class Fit:
    """Whether it fits, in words; `meets` says whether a response promised to the customer is kept."""

    fits: bool
    says: str
    is_taken: bool = False
    meets: bool | None = None
    # In words, which skills would be missing that were not before: it needs a person's reason.
    lacks: str = ""


def fit(
    visit: Visit,
    *,
    crew: Sequence[Technician],
    start: dt.datetime,
    length: dt.timedelta,
    now: dt.datetime,
    besides: Collection[int] = (),
) -> Fit:
    """What placing `visit` with this crew from `start` for `length` would mean; changes nothing.

    `besides` are other visits (primary keys) that leave their places at the same moment. The queries
    are the same for one technician and for four.
    """
    if start < now and start != visit.planned_start:
        return Fit(False, "That time has passed. Choose a later one.")
    asked = _Asked(visit, crew, start, start + length, [visit.pk, *besides])
    for who in crew:
        if not who.is_active:
            return Fit(False, f"{who.first_name} does not work here any more.")
        refused = asked.hindered(who) or asked.unwanted(who)
        if refused is not None:
            return refused
    return asked.judged(now)


def allowed(crew: Sequence[Technician], wishes: Wishes) -> list[Technician]:
    """Those of a crew whom the customer's wishes let come: only the first need be who is required."""
    return [who for who in crew if (wishes.allows(who) if who == crew[0] else who.pk not in wishes.excluded)]


def lacking(work: Work, crew: Sequence[Technician], held: Sequence[Technician] = ()) -> str:
    """In words, which skills a crew would not have together; empty where none is missing.

    What those who are on the visit already (`held`) have not either is nobody's news.
    """
    missing = work.missing(skill for who in crew for skill in who.skills)
    if held:
        already = work.missing(skill for who in held for skill in who.skills)
        missing = [skill for skill in missing if skill not in already]
    if not missing:
        return ""
    they = f"{crew[0].first_name} lacks" if len(crew) == 1 else "Together they lack"
    return f"{they}: {', '.join(missing)}."


class _Asked:
    """One place that a visit could have, and what is known of those who would come."""

    def __init__(self, visit, crew, start, end, besides):
        self.visit, self.crew, self.start, self.end, self.besides = visit, crew, start, end, besides
        self.zone = zone_of(visit.tenant)
        self.day = local_day(start, self.zone)
        self.held = [row.technician for row in visit.assignments.select_related("technician").order_by("pk")]
        self.machines = [machine.equipment for machine in visit.machines.select_related("equipment")]
        self.wishes = wishes_for(visit.customer, visit.site, self.machines)
        members = members_of(who.pk for who in crew)
        free = FreeTime(
            members, calendar_of(visit.tenant), [self.day], since=start, length=end - start, besides=besides
        )
        self.gaps = {who.pk: free.gap_at(who, start, end) for who in crew}
        unfree = [who for who in crew if self.gaps[who.pk] is None]
        self.hindrances = Hindrances(unfree, start=start, end=end, besides=besides) if unfree else None

    def hindered(self, who) -> Fit | None:
        """What is on already; outside the hours nothing need be."""
        if self.gaps[who.pk] is not None:
            return None
        other = self.hindrances.visit(who, self.start, self.end)
        if other is not None:
            span = f"{self._clock(other.planned_start)} to {self._clock(other.planned_end)}"
            return Fit(False, f"Overlaps {other.customer.short_name}, {span}.", is_taken=True)
        away = self.hindrances.absence(who, self.start, self.end)
        if away is None:
            return None
        until = local_time(away.ends_at, self.zone)
        why = f" ({away.reason})" if away.reason else ""
        return Fit(False, f"{who.first_name} is away until {until:%a} {until.day} {until:%b}{why}.")

    def unwanted(self, who) -> Fit | None:
        """Whoever is on the visit already stays: wishes decide who comes anew."""
        wanted = who in self.held or who in allowed(self.crew, self.wishes)
        return None if wanted else Fit(False, f"The customer wants somebody other than {who.first_name}.")

    def judged(self, now) -> Fit:
        """It can be done; what it does to the response promised, and what to mind."""
        lacks = lacking(work_for(self.visit.kind, self.machines), self.crew, self.held)
        minds = [*self._minds(now), *([lacks] if lacks else [])]
        case = self.visit.case
        due = case.response_due_at if case and not case.responded_at else None
        if due is None:
            return Fit(True, " ".join(["Free.", *minds]), lacks=lacks)
        clock = local_time(due, self.zone)
        named = f"{clock:%H:%M}" if clock.date() == self.day else f"{clock:%a %H:%M}"
        # As a slot is judged: the promise is met when the whole window lies before it.
        meets = self.start + (self.visit.window_end - self.visit.planned_start) <= due
        says = " ".join([f"{'Meets' if meets else 'Breaks'} the {named} promise.", *minds])
        return Fit(True, says, meets=meets, lacks=lacks)

    def _minds(self, now):
        """Working time and the way are a person's to judge, but are said."""
        site = self.visit.site
        place = point_of(site.latitude, site.longitude)
        for who in self.crew:
            gap = self.gaps[who.pk]
            if gap is None:
                yield f"Outside {who.first_name}’s hours."
            elif not gap.takes(self.visit.tenant, place, self.start, self.end, now):
                yield f"Too little time for {who.first_name}’s way."

    def _clock(self, instant) -> str:
        return f"{local_time(instant, self.zone):%H:%M}"
