"""A customer asks on their page to be rung: when they choose, within business hours; a person does."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect

from cases.asked_calls import ask_for_call, promise_of
from cases.models import Case, Duty
from customers.models import Customer
from tenancy.calendars import Calendar, calendar_of, instant_at, local_day, local_time
from tenancy.prepared import Prepared, PublicId, Words
from visits.told import told_zone
from visits.wording import clock_words, day_words, window_words

RING_WITHIN = dt.timedelta(hours=1)
HOUR, NOON, EVENING = dt.timedelta(hours=1), dt.time(12), dt.time(17)
SOON = "soon"
TOO_LATE = "That time has passed meanwhile. Choose another one."
NOBODY_RINGS = "We cannot promise you a call. Please ring us: a person answers."


class TimeGone(ValueError):
    """The time they chose cannot be had any more, or never was one of ours."""


@dataclass(frozen=True)
class Ringing:
    """A time to be rung that may be chosen: `key` is what a form sends, `expects` what they then expect."""

    key: str
    words: str
    due_at: dt.datetime
    expects: str = ""


def times_to_ring(customer: Customer, *, now: dt.datetime) -> list[Ringing]:
    """As soon as we can; the last open hour of today; the first half of the next working day.

    Only what lies within the desk's business hours, said by the customer's clock. Two queries.
    """
    calendar = calendar_of(customer.tenant)
    try:
        soon = calendar.due_after(now, RING_WITHIN)
    except ValueError:
        # A desk that is closed for good: nobody is promised a call.
        return []
    words = f"As soon as you can, {by_said(customer, soon, now=now)}"
    found = [Ringing(SOON, words, soon)]
    today = local_day(now, calendar.zone)
    for begins, ends in (_late_today(calendar, today, soon), _next_morning(calendar, today, soon)):
        if begins is not None:
            found.append(_between(customer, begins, ends, now))
    return found


def ask_to_be_rung(
    customer: Customer,
    subject: uuid.UUID,
    *,
    about: str,
    now: dt.datetime,
    when: str = "",
    case: Case | None = None,
) -> Duty:
    """A person rings by the time that was chosen (a key; none: within one working hour).

    Pressed twice it is one call. Raises TimeGone.
    """
    times = {time.key: time for time in times_to_ring(customer, now=now)}
    chosen = times.get(when or SOON)
    if chosen is None:
        raise TimeGone(TOO_LATE if times else NOBODY_RINGS)
    return ask_for_call(
        customer,
        subject,
        about=about,
        due_at=chosen.due_at,
        expects=chosen.expects,
        now=now,
        case=case,
    )


def ringing_page(
    request, customer: Customer, subject: uuid.UUID, *, token, now, show, **about
) -> HttpResponse:
    """Ask as the form says, then back to the page; a time that is gone shows it again by `show(problem)`."""
    problem = ask_as_sent(request, customer, subject, now=now, **about)
    return show(problem) if problem else redirect("customer-page", token=token)


def ask_as_sent(request, customer: Customer, subject: uuid.UUID, *, now: dt.datetime, **about) -> str:
    """Ask for a call at the time that the form names; what stood in the way, else nothing."""
    try:
        ask_to_be_rung(customer, subject, now=now, when=request.POST.get("when", ""), **about)
    except TimeGone as refused:
        return str(refused)
    return ""


def ringing_of(customer: Customer, subject: uuid.UUID, *, now: dt.datetime) -> dict:
    """What the part of a page needs that asks whether we shall ring, or says when we do."""
    rung = rings_by(customer, subject, now=now)
    return {"rings_by": rung, "times_to_ring": [] if rung else times_to_ring(customer, now=now)}


def rings_by(customer: Customer, subject: uuid.UUID, *, now: dt.datetime, kind: str = "") -> str:
    """When a person rings about the subject: "today by 2:07 pm", by the customer's clock; else empty."""
    kind = kind or Duty.Kind.CALL_CUSTOMER
    asked = next(iter(_OWED.rows(subject=subject, kind=kind)), None)
    if asked is None:
        return ""
    promise = promise_of(asked)
    if promise is not None and promise.expects:
        return promise.expects
    return by_said(customer, asked.due_at, now=now)


_OWED = Prepared(
    lambda subject, kind: Duty.objects.open().filter(subject=subject, kind=kind).order_by("due_at", "pk")[:1],
    subject=PublicId(),
    kind=Words(),
)


def by_said(customer: Customer, due_at: dt.datetime, *, now: dt.datetime) -> str:
    """ "today by 2:07 pm", "on Mon 9 March by 9 am", by the customer's clock."""
    zone, country = told_zone(customer), customer.tenant.country
    at = local_time(due_at, zone)
    return f"{_day(at.date(), customer, now)} by {clock_words(at.time(), country=country)}"


def _late_today(calendar: Calendar, today, soon):
    """The last whole open hour of today, where it begins after the soonest time is over."""
    spans = calendar.spans(today)
    if not spans:
        return None, None
    opens, closes = spans[-1]
    begins = closes - HOUR
    return (begins, closes) if begins >= max(opens, soon) else (None, None)


def _next_morning(calendar: Calendar, today, soon):
    """From opening on the next working day until noon, or until we close, where that is sooner."""
    try:
        day = calendar.next_working_day(today)
    except ValueError:
        return None, None
    opens, closes = calendar.spans(day)[0]
    noon = instant_at(day, NOON, calendar.zone)
    ends = min(closes, noon) if opens < noon else closes
    return (opens, ends) if ends > soon else (None, None)


def _between(customer, begins, ends, now) -> Ringing:
    zone, country = told_zone(customer), customer.tenant.country
    start, end = local_time(begins, zone), local_time(ends, zone)
    window = window_words(start.time(), end.time(), country=country)
    part = _part_of_day(start.time(), end.time())
    day = _day(start.date(), customer, now)
    said = {"today": f"this {part}", "tomorrow": f"tomorrow {part}"}.get(day, day) if part else day
    today = local_day(now, zone)
    expects = f"on {day_words(start.date(), country=country, today=today)}, {window}"
    return Ringing(f"{begins:%Y%m%dT%H%MZ}", f"{said[:1].upper()}{said[1:]}, {window}", ends, expects)


def _part_of_day(start: dt.time, end: dt.time) -> str:
    """Morning, afternoon or evening, where all of it is."""
    if end <= NOON and start < end:
        return "morning"
    if start < NOON:
        return ""
    return "evening" if start >= EVENING else "afternoon"


def _day(day: dt.date, customer, now) -> str:
    today = local_day(now, told_zone(customer))
    named = {0: "today", 1: "tomorrow"}.get((day - today).days)
    return named or f"on {day_words(day, country=customer.tenant.country, today=today)}"
