"""Visits that come again every so many weeks, at the same wall time with the same people (R2.4).

The desk's wall clock counts: across a change of the clock ten stays ten. A day on which it cannot be
is never left out in silence: it is told with why, and with the next day on which it could be.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db import transaction

from cases.duties import open_duty
from cases.models import Case, Duty
from customers.models import Contact, Customer, Equipment, Site
from tenancy.calendars import calendar_of, instant_at, local_day, local_time, zone_of
from tenancy.models import Membership, Role
from visits.booking import SlotTaken, book_visit
from visits.free_time import FreeTime, members_of
from visits.hindrances import Hindrances
from visits.models import Technician, Visit, VisitSeries
from visits.outcomes import OutcomeRefused, Whose, cancel_visit
from visits.places import crews_of, hold_technicians, hold_visits

MOST = 60
FARTHEST = dt.timedelta(days=3 * 366)
# So far ahead of a day that cannot be, another one is looked for; never as far as the next time.
PROPOSED_WITHIN = 14
PASSED = "That time has passed. Choose a later one."
TELL_WITHIN = dt.timedelta(hours=1)


@dataclass(frozen=True)
class SeriesDay:
    """A day that a series would have: when it would begin, and why it cannot be (empty: it can).

    `instead` is the next start at which it could (None: none, or not needed).
    """

    day: dt.date
    start: dt.datetime
    why: str
    instead: dt.datetime | None


@dataclass(frozen=True)
class NotBooked:
    """A day of the series on which it cannot be: why, and the next start at which it could (None: none)."""

    day: dt.date
    why: str
    instead: dt.datetime | None


@dataclass(frozen=True)
class SeriesBooked:
    """What was booked, in order, and what was not."""

    series: VisitSeries
    visits: tuple[Visit, ...]
    not_booked: tuple[NotBooked, ...]


@dataclass(frozen=True)
class SeriesCancelled:
    """Which visits were cancelled, and which stand, each with why."""

    cancelled: tuple[Visit, ...]
    standing: tuple[tuple[Visit, str], ...]


class SeriesRefused(ValueError):
    """There can be no such series; the words say why."""


def plan_series(
    technician: Technician,
    *,
    first: dt.datetime,
    length: dt.timedelta,
    every_weeks: int,
    now: dt.datetime,
    until: dt.date | None = None,
    times: int | None = None,
    others: Iterable[Technician] = (),
) -> tuple[SeriesDay, ...]:
    """Each day of such a series, and whether it can be; books nothing. Raises SeriesRefused."""
    zone = zone_of(technician.tenant)
    days = _days(local_day(first, zone), every_weeks, until, times)
    if first < now:
        raise SeriesRefused(PASSED)
    free = _Free(_crew(technician, others), days, local_time(first, zone).time(), length, zone)
    return tuple(free.look_at(day, every_weeks) for day in days)


def look_again(series: VisitSeries, days: Iterable[dt.date]) -> tuple[SeriesDay, ...]:
    """How days that could not be booked stand now, for the people and the time of the first visit."""
    days = sorted(days)[:MOST]
    like = series.visits.order_by("planned_start").first() if days else None
    crew = crews_of([like.pk])[like.pk] if like else []
    if like is None or not crew:
        return ()
    zone = zone_of(series.tenant)
    clock, length = local_time(like.planned_start, zone).time(), like.planned_end - like.planned_start
    free = _Free(crew, days, clock, length, zone)
    return tuple(free.look_at(day, series.every_weeks) for day in days)


@transaction.atomic
def book_series(
    *,
    customer: Customer,
    site: Site,
    contact: Contact | None,
    machines: Iterable[Equipment],
    kind: str,
    problem: str,
    technician: Technician,
    first: dt.datetime,
    length: dt.timedelta,
    window: dt.timedelta,
    every_weeks: int,
    by: Membership,
    now: dt.datetime,
    until: dt.date | None = None,
    times: int | None = None,
    others: Iterable[Technician] = (),
    instead: Mapping[dt.date, dt.datetime] = MappingProxyType({}),
    case: Case | None = None,
    tell_by_mail: bool = True,
    tell_by_sms: bool = True,
) -> SeriesBooked:
    """Book a visit at the instant `first` and every so many weeks after, `until` a day or so many `times`.

    Each lasts `length`, with a window of `window`. Where a day cannot be, the start that `instead` has
    for it is booked, if that is the one that would be proposed now. The customer's confirmation is that
    of the first visit; the others remind by themselves. Raises SeriesRefused for what is no series, and
    where no day of it can be.
    """
    zone = zone_of(customer.tenant)
    days = _days(local_day(first, zone), every_weeks, until, times)
    if first < now:
        raise SeriesRefused(PASSED)
    crew = _crew(technician, others)
    hold_technicians(_keys(crew))
    series = VisitSeries.objects.create(
        customer=customer, site=site, every_weeks=every_weeks, made_at=now, made_by=by
    )
    free = _Free(crew, days, local_time(first, zone).time(), length, zone)
    visits, not_booked = [], []
    for day in days:
        looked = free.look_at(day, every_weeks)
        start, why = looked.start, looked.why
        if why and looked.instead is not None and instead.get(day) == looked.instead:
            start, why = looked.instead, ""
        if not why:
            try:
                with transaction.atomic():
                    visits.append(
                        book_visit(
                            customer=customer,
                            site=site,
                            contact=contact,
                            machines=machines,
                            kind=kind,
                            problem=problem,
                            technician=technician,
                            others=crew[1:],
                            start=start,
                            end=start + length,
                            window_end=start + window,
                            by=by,
                            now=now,
                            case=case or (visits[0].case if visits else None),
                            series=series,
                            tell_by_mail=tell_by_mail,
                            tell_by_sms=tell_by_sms,
                            confirm=not visits,
                        )
                    )
                continue
            except SlotTaken as taken:
                why = f"{taken.technician.first_name} has another visit then."
        not_booked.append(NotBooked(day, why, looked.instead or free.next_after(day, every_weeks)))
    if not visits:
        raise SeriesRefused(f"None of these days can be. {not_booked[0].why}")
    return SeriesBooked(series, tuple(visits), tuple(not_booked))


def cancel_rest_of_series(
    series: VisitSeries,
    *,
    from_day: dt.date,
    whose: Whose,
    because: str,
    by: Membership,
    now: dt.datetime,
) -> SeriesCancelled:
    """Cancel every visit of the series that is still to come, from a day (by the desk's clock) on.

    The customer is told of the next one; where it is our doing somebody rings them about the rest, and
    they are not told one by one. Each can be restored as any cancelled visit can.
    """
    from_instant = instant_at(from_day, dt.time(0), zone_of(series.tenant))
    coming = Visit.objects.waiting().filter(series=series, planned_start__gte=from_instant)
    cancelled, standing = [], []
    with transaction.atomic():
        hold_visits(coming.values_list("pk", flat=True))
        for visit in coming.select_related("customer").order_by("planned_start"):
            try:
                cancelled.append(
                    cancel_visit(
                        visit,
                        whose=whose,
                        because=because,
                        by=by,
                        now=now,
                        version=visit.version,
                        tell=not cancelled,
                    )
                )
            except OutcomeRefused as refused:
                standing.append((visit, str(refused)))
        if whose == Whose.US and len(cancelled) > 1:
            _let_somebody_ring(series, cancelled, because, by=by, now=now)
    return SeriesCancelled(tuple(cancelled), tuple(standing))


class _Free:
    """Whether a whole crew is free at one wall time, day by day; everything read once."""

    def __init__(self, crew, days, clock, length, zone):
        self.clock, self.length, self.zone = clock, length, zone
        self.calendar = calendar_of(crew[0].tenant)
        self.crew = crew
        self.members = {m.technician.pk: m for m in members_of(_keys(crew))}
        last = days[-1] + dt.timedelta(days=PROPOSED_WITHIN)
        all_days = [days[0] + dt.timedelta(days=ahead) for ahead in range((last - days[0]).days + 1)]
        start, end = self.start_on(days[0]), self.start_on(last) + length
        self.free = FreeTime(self.members.values(), self.calendar, all_days, since=start, length=length)
        self.hindrances = Hindrances(crew, start=start, end=end)

    def start_on(self, day) -> dt.datetime:
        return instant_at(day, self.clock, self.zone)

    def look_at(self, day, every_weeks) -> SeriesDay:
        """Whether it can be, else when instead."""
        why = self.why_not(day)
        return SeriesDay(day, self.start_on(day), why, self.next_after(day, every_weeks) if why else None)

    def why_not(self, day) -> str:
        """In words; empty when everybody is free."""
        start = self.start_on(day)
        end = start + self.length
        for who in self.crew:
            name = who.first_name
            spans = self.members[who.pk].spans(day, self.calendar)
            if not spans:
                closed = self.calendar.is_holiday(day) or day in self.calendar.closed
                return "A holiday, or the desk is closed." if closed else f"{name} does not work that day."
            if not any(opens <= start and end <= closes for opens, closes in spans):
                return f"Outside {name}’s hours."
            if self.free.gap_at(who, start, end) is None:
                is_away = self.hindrances.absence(who, start, end) is not None
                return f"{name} is away." if is_away else f"{name} has another visit then."
        return ""

    def next_after(self, day, every_weeks) -> dt.datetime | None:
        """The next day at the same wall time, before the series comes again."""
        for ahead in range(1, min(PROPOSED_WITHIN, 7 * every_weeks - 1) + 1):
            other = day + dt.timedelta(days=ahead)
            if not self.why_not(other):
                return self.start_on(other)
        return None


def _crew(technician, others) -> list[Technician]:
    return list(dict.fromkeys([technician, *others]))


def _keys(crew) -> list[int]:
    return [who.pk for who in crew]


def _days(first, every_weeks, until, times) -> list[dt.date]:
    if every_weeks < 1:
        raise SeriesRefused("Say after how many weeks it comes again.")
    if (until is None) == (times is None):
        raise SeriesRefused("Say either until when, or how many times.")
    if times is not None and not 1 <= times <= MOST:
        raise SeriesRefused(f"Between one and {MOST} times can be booked at once.")
    if until is not None and not first <= until <= first + FARTHEST:
        raise SeriesRefused("The last day lies before the first one, or more than three years ahead.")
    days = [first + dt.timedelta(weeks=every_weeks * number) for number in range(times or MOST + 1)]
    days = [day for day in days if until is None or day <= until]
    if len(days) > MOST:
        raise SeriesRefused(f"More than {MOST} visits: choose an earlier last day.")
    return days


def _let_somebody_ring(series, cancelled, because, *, by, now):
    last = cancelled[-1].told_day
    open_duty(
        "series cancelled",
        series.public_id,
        cancelled[0].public_id,
        cancelled[0].version,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Ring {series.customer}: {len(cancelled)} visits until {last.day} {last:%b %Y} are cancelled",
        detail=f"{because.strip()} A message tells them of the next one only.",
        due_at=now + TELL_WITHIN,
        now=now,
        owner=by,
        owner_role=Role.DISPATCHER,
        customer=series.customer,
        subject=series.public_id,
    )
