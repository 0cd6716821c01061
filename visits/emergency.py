"""An emergency put in between: whom it delays is shown first, then all of it is one act (R2.4, R4.1).

Visits of that day that begin later give way, each no further than it must. Where a promised window
is left the customer is told, a dispatcher rings them, and a confirmed visit is moved out of its
window only when somebody says so.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction

from cases.models import Duty
from contracts.disposing import NothingLeft
from customers.models import Equipment, Site
from tenancy.calendars import calendar_of, day_bounds, local_day, local_time, zone_of
from tenancy.models import Membership
from visits.booking import SlotTaken, book_visit
from visits.free_time import team
from visits.hindrances import Hindrances
from visits.maintenance import PlanRefused
from visits.models import Absence, Assignment, Rearrangement, Technician, Visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged, crews_of, hold_technicians
from visits.preferences import wishes_for
from visits.rearranging import add_booking, rearrange
from visits.relocating import Change
from visits.travel import point_of, way
from visits.visit_duties import open_visit_duty

ROUNDED_TO = dt.timedelta(minutes=5)
TELL_WITHIN = dt.timedelta(minutes=10)


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


@dataclass(frozen=True)
class Insertion:
    """What putting it in between would mean; with `problems` it cannot be done, and they say why."""

    technician: Technician
    start: dt.datetime
    end: dt.datetime
    delays: tuple[Delay, ...] = ()
    problems: tuple[str, ...] = ()
    # The emergency itself, where it is booked already.
    visit: Visit | None = None

    @property
    def key(self) -> str:
        """What a form posts back: the same only while nobody changed a visit, and every delay is the same."""
        known = [f"{self.visit.public_id}.{self.visit.version}"] if self.visit else []
        moved = (f"{d.visit.public_id}.{d.visit.version}@{d.start:%Y%m%dT%H%M%SZ}" for d in self.delays)
        return " ".join([*known, *moved])


def proposal(
    *,
    technician: Technician,
    site: Site,
    start: dt.datetime,
    length: dt.timedelta,
    now: dt.datetime,
    machines: Iterable[Equipment] = (),
    visit: Visit | None = None,
) -> Insertion:
    """Whom an emergency at `site` from `start` would delay; changes nothing.

    It is about `machines`, or it is `visit`, booked already and brought forward. The technician needs
    the way from it to the next visit, which begins on five minutes, and so on, until one need not move.
    """
    plan = _Plan(technician, start, start + length, now, visit)
    problems = plan.problems_of_the_emergency()
    if not _may_come(technician, site, machines, visit):
        problems.append(f"The customer wants somebody other than {technician.first_name}.")
    delays: list[Delay] = []
    free_at, place = start + length, site
    for later in plan.later:
        earliest = _rounded(free_at + _way(technician.tenant, place, later.site))
        if later.planned_start >= earliest:
            break
        crew = tuple(plan.crews[later.pk])
        begins, why_not = plan.place_for(later, crew, earliest)
        if begins is None:
            problems.append(why_not)
            break
        keeps = later.window_start <= begins <= later.window_end
        delays.append(Delay(later, crew, begins, keeps))
        free_at, place = begins + (later.planned_end - later.planned_start), later.site
    return Insertion(technician, start, start + length, tuple(delays), tuple(problems), visit)


def insert(
    seen: Insertion,
    *,
    reason: str,
    by: Membership,
    now: dt.datetime,
    visit: Visit | None = None,
    version: int = 0,
    booking: dict | None = None,
    agreed: Collection[Visit] = (),
    despite: Collection[Visit] = (),
) -> Rearrangement:
    """Put the emergency in as it was proposed, in one act: undone as one, too.

    It is a `visit` (as seen in `version`), else it is booked by what `booking` gives to `book_visit`
    beside technician and times. `agreed` are the visits whose customers said yes, `despite` those that
    are moved out of their confirmed window all the same. Raises VisitChanged when the day is not as it
    was proposed any more, NeedsAgreement, PlaceTaken, or MoveRefused with what stands in the way.
    """
    site = visit.site if visit else booking["site"]
    with transaction.atomic():
        crews = [who.pk for delay in seen.delays for who in delay.crew]
        coming = [who.pk for who in crews_of([visit.pk])[visit.pk]] if visit else []
        hold_technicians([seen.technician.pk, *crews, *coming])
        found = proposal(
            technician=seen.technician,
            site=site,
            start=seen.start,
            length=seen.end - seen.start,
            now=now,
            machines=booking["machines"] if booking else (),
            visit=visit,
        )
        if found.key != seen.key:
            raise VisitChanged("The day has changed since. Look at whom it delays now.")
        if found.problems:
            raise MoveRefused(" ".join(found.problems))
        _check_words(found, agreed, despite)
        made = rearrange(
            Rearrangement.Kind.INSERTION,
            [*_changes(found, agreed), *_brought_forward(found, visit, version, agreed)],
            reason=reason,
            by=by,
            now=now,
        )
        if visit is None:
            add_booking(made, _book(found, booking, by=by, now=now))
        for delay in found.delays:
            if not delay.keeps_window and not _is_among(delay.visit, agreed):
                _let_somebody_ring(delay, by=by, now=now)
    return made


class _Plan:
    """The technician's day as it stands, read once."""

    def __init__(self, technician, start, end, now, visit):
        self.technician, self.start, self.end, self.now = technician, start, end, now
        self.calendar = calendar_of(technician.tenant)
        self.zone = zone_of(technician.tenant)
        self.day = local_day(start, self.zone)
        day_starts, day_ends = day_bounds(self.day, self.zone)
        rows = Assignment.objects.filter(
            technician=technician,
            state__in=Assignment.BLOCKING_STATES,
            starts_at__lt=day_ends,
            ends_at__gt=day_starts,
        ).exclude(visit=visit)
        visits = [
            row.visit for row in rows.select_related("visit__customer", "visit__site").order_by("starts_at")
        ]
        self.before = [v for v in visits if v.planned_start < start and v.planned_end > start]
        self.later = [v for v in visits if v.planned_start >= start]
        self.crews = crews_of(v.pk for v in self.later)
        # Each of them may give way: their places count only once they stay.
        self.giving_way = [v.pk for v in self.later] + ([visit.pk] if visit else [])
        (self.member,) = team(Technician.objects.filter(pk=technician.pk))

    def problems_of_the_emergency(self) -> list[str]:
        name = self.technician.first_name
        problems = []
        if self.start < self.now:
            problems.append("That time has passed. Choose a later one.")
        if not self.technician.is_active:
            problems.append(f"{name} does not work here any more.")
        for visit in self.before:
            problems.append(f"{name} is with {_called(visit)} until {self._clock(visit.planned_end)}.")
        away = self._absence(self.technician, self.start, self.end)
        if away is not None:
            problems.append(f"{name} is away until {self._clock(away.ends_at)}.")
        return problems

    def place_for(self, visit, crew, earliest) -> tuple[dt.datetime | None, str]:
        """The first start for a visit that has to give way, or why there is none that day."""
        who = _called(visit)
        if visit.state not in (Visit.State.BOOKED, Visit.State.CONFIRMED):
            return None, f"{who} cannot give way: it is {visit.get_state_display().lower()}."
        if visit.window_end <= self.now:
            return None, f"{who} cannot give way: its window is over. Agree a new time with them first."
        begins = self._within_hours(visit, earliest)
        if begins is None:
            return None, f"{who} cannot give way: no time is left in {self.technician.first_name}’s day."
        ends = begins + (visit.planned_end - visit.planned_start)
        for member in crew:
            away = self._absence(member, begins, ends)
            if away is not None:
                return None, f"{who} cannot give way to {self._clock(begins)}: {member.first_name} is away."
            other = Hindrances([member], start=begins, end=ends, besides=self.giving_way).visit(
                member, begins, ends
            )
            if other is not None:
                return None, (
                    f"{who} cannot give way to {self._clock(begins)}: "
                    f"{member.first_name} is with {_called(other)} then."
                )
        return begins, ""

    def _within_hours(self, visit, earliest):
        """From `earliest`, or after a break; what was planned outside the hours may stay outside."""
        length = visit.planned_end - visit.planned_start
        spans = self.member.spans(self.day, self.calendar)
        if not any(opens <= visit.planned_start and visit.planned_end <= closes for opens, closes in spans):
            return earliest
        starts = [max(opens, earliest) for opens, closes in spans if max(opens, earliest) + length <= closes]
        return min(starts, default=None)

    def _absence(self, technician, start, end):
        within = {"technician": technician, "starts_at__lt": end, "ends_at__gt": start}
        return Absence.objects.filter(**within).order_by("-ends_at").first()

    def _clock(self, instant):
        return f"{local_time(instant, self.zone):%H:%M}"


def _may_come(technician, site, machines, visit) -> bool:
    """Whoever is on the visit already stays, as in a move."""
    if visit is not None:
        if visit.assignments.filter(technician=technician).exists():
            return True
        machines = [machine.equipment for machine in visit.machines.select_related("equipment")]
    return wishes_for(site.customer, site, machines).allows(technician)


def _way(desk, a, b) -> dt.timedelta:
    points = [point_of(site.latitude, site.longitude) for site in (a, b)]
    return dt.timedelta(minutes=way(desk, *points).minutes)


def _rounded(instant):
    past = dt.timedelta(minutes=instant.minute % 5, seconds=instant.second, microseconds=instant.microsecond)
    return instant - past + ROUNDED_TO if past else instant


def _called(visit) -> str:
    return visit.customer.company or visit.customer.name


def _is_among(visit, visits) -> bool:
    return visit.pk in {each.pk for each in visits}


def _check_words(found, agreed, despite):
    lost = [d for d in found.delays if d.needs_word and not _is_among(d.visit, [*agreed, *despite])]
    if not lost:
        return
    named = ", ".join(
        f"{_called(d.visit)} ({d.visit.told_from:%H:%M} to {d.visit.told_until:%H:%M})" for d in lost
    )
    raise NeedsAgreement(f"Confirmed, and moved out of what was promised: {named}. Say that it must be.")


def _changes(found, agreed):
    return [
        Change(
            visit=delay.visit,
            version=delay.visit.version,
            technicians=delay.crew,
            start=delay.start,
            length=delay.visit.planned_end - delay.visit.planned_start,
            agreed=_is_among(delay.visit, agreed),
            tell=not delay.keeps_window,
        )
        for delay in found.delays
    ]


def _brought_forward(found, visit, version, agreed):
    if visit is None:
        return []
    others = crews_of([visit.pk])[visit.pk]
    crew = others if found.technician in others else [found.technician, *others[1:]]
    return [
        Change(
            visit=visit,
            version=version,
            technicians=tuple(crew),
            start=found.start,
            length=found.end - found.start,
            agreed=_is_among(visit, agreed),
        )
    ]


def _book(found, booking, *, by, now) -> Visit:
    try:
        return book_visit(
            **{"window_end": found.start + dt.timedelta(minutes=by.tenant.window_minutes), **booking},
            technician=found.technician,
            start=found.start,
            end=found.end,
            by=by,
            now=now,
        )
    except SlotTaken as taken:
        raise PlaceTaken(str(taken)) from taken
    except (NothingLeft, PlanRefused) as refused:
        raise MoveRefused(str(refused)) from refused


def _let_somebody_ring(delay, *, by, now):
    """A message alone does not tell somebody that what was promised is not kept."""
    visit = Visit.objects.select_related("customer", "case", "tenant").get(pk=delay.visit.pk)
    was = f"{delay.visit.told_from:%H:%M} to {delay.visit.told_until:%H:%M}"
    open_visit_duty(
        visit,
        "delayed by an emergency",
        visit.version,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Tell {visit.customer}: {visit.told_from:%H:%M} to {visit.told_until:%H:%M} instead of {was}",
        detail="An emergency was put in before it.",
        due_at=now + TELL_WITHIN,
        now=now,
        owner=by,
    )
