"""What can be said of a visit: each wording with its fields, when it is sent, and one to show it with."""

import datetime as dt

from messaging.languages import (
    clock_words,
    day_words,
    minutes_words,
    near_day_words,
    today_or_day_words,
    window_words,
)
from messaging.models import Message
from messaging.wordings import MAIL, SMS, Field, Wording, Words, offer
from visits import letter_words as say
from visits.announcements import contact_of
from visits.models import Visit

LINKED = frozenset({"link"})
# A made-up visit, for a desk that has none yet.
_DAY, _FROM, _UNTIL = dt.date(2026, 3, 6), dt.time(14), dt.time(15)

# Name, kind, label, when it is sent, the fields that only some have, those it must name.
_WORDINGS = (
    ("booked", "booked", "Visit booked", "When a visit is booked", (say.BEFORE, say.RECOMMENDATIONS), LINKED),
    ("moved", "moved", "Visit moved", "When a visit moves", (say.BEFORE, say.RECOMMENDATIONS), LINKED),
    (
        "reminder",
        "reminder",
        "Reminder",
        "7 days, 24 hours and 2 hours before, as the desk has set it",
        (say.RECOMMENDATIONS,),
        frozenset({"link", "who", "recommendations"}),
    ),
    (
        "reminder to confirm",
        "reminder",
        "Reminder, not confirmed yet",
        "The reminder on the day before, to those who have not confirmed",
        (say.RECOMMENDATIONS,),
        frozenset({"link", "who", "recommendations"}),
    ),
    ("cancelled by us", "cancelled", "Cancelled by us", "When we cancel a visit", (), frozenset()),
    (
        "cancelled by the customer",
        "cancelled",
        "Cancelled as they asked",
        "When the customer cancels a visit",
        (),
        frozenset(),
    ),
    (
        "not called",
        "not called",
        "The promised call has not come",
        "When we have not rung before a visit as we promised",
        (say.BEFORE, say.CALLER, say.CALL_BY),
        frozenset(),
    ),
    (
        "on the way",
        "on the way",
        "On the way",
        "When the technician sets out",
        (say.EXPECTED,),
        frozenset(),
    ),
    (
        "delayed",
        "delayed",
        "Held up",
        "When the technician will not be there in time, before the window ends",
        (say.EXPECTED,),
        frozenset(),
    ),
    (
        "late",
        "late",
        "Late",
        "When the window is over and nobody has come",
        (say.EXPECTED, say.CALLER, say.CALL_BY),
        LINKED,
    ),
    ("missed", "missed", "Missed", "When nobody came", (say.CALLER, say.CALL_BY), LINKED),
)


def example_of(kind: str, channel: str, now: dt.datetime) -> Message | None:
    """A message, not saved, about the next visit that somebody waits for, else the latest one."""
    visits = Visit.objects.select_related("customer", "contact", "tenant")
    visit = (
        visits.waiting().filter(planned_start__gte=now).order_by("planned_start", "pk").first()
        or visits.order_by("-planned_start", "-pk").first()
    )
    if visit is None:
        return None
    fields = {
        "expected_at": (visit.planned_start + dt.timedelta(minutes=10)).isoformat(),
        "call_by": (visit.planned_start + dt.timedelta(hours=2)).isoformat(),
    }
    return _about(visit, kind, channel, fields, subject_start=visit.planned_start)


def example_of_done(channel: str, now: dt.datetime, *, kind: str, **also) -> Message | None:
    """A message, not saved, about the latest visit that was done, and is as `also` says; None for none."""
    done = Visit.objects.filter(state=Visit.State.DONE, is_history=False, **also)
    visit = done.select_related("customer", "contact", "tenant").order_by("-completed_at", "-pk").first()
    return None if visit is None else _about(visit, kind, channel, {})


def _about(visit, kind, channel, fields, **more) -> Message:
    return Message(
        kind=kind,
        channel=channel,
        customer=visit.customer,
        contact=contact_of(visit),
        subject=visit.public_id,
        fields=fields,
        tenant=visit.tenant,
        **more,
    )


def made_up(language: str, channel: str) -> dict[str, str]:
    """The times of the made-up visit, as a reader of the language writes them."""
    reading = {"language": language, "country": "GB"}
    today = _DAY - dt.timedelta(days=1)
    return {
        "day": day_words(_DAY, today=today, **reading),
        "when": near_day_words(_DAY, today=today, **reading),
        "that_day": today_or_day_words(_DAY, today=_DAY, **reading),
        "window": window_words(_FROM, _UNTIL, **reading),
        "between": window_words(_FROM, _UNTIL, between=True, **reading),
        "window_end": clock_words(_UNTIL, **reading),
        "before": minutes_words(30, language=language),
        "expected": clock_words(dt.time(14, 10), **reading),
        "call_by": clock_words(dt.time(15, 45), **reading),
    }


def _wording(name, kind, label, sent, more, must_name) -> Wording:
    return Wording(
        name=name,
        label=label,
        sent=sent,
        kind=kind,
        fields=(*say.ALWAYS, *more),
        ours=say.ours(name),
        must_name=must_name,
        example=lambda channel, now: example_of(kind, channel, now),
        made_up=made_up,
    )


_PAID_VISIT = "{desk}: {paid} paid for until {until}.[ {offer}] Book: {link}"

offer(
    *(_wording(*one) for one in _WORDINGS),
    Wording(
        name="unused visit",
        label="Paid visit that nobody uses",
        sent="At half and three quarters of a term, and 60 days before its end, while visits are left",
        kind="unused visit",
        fields=(
            say.DESK,
            Field("paid", "how many are left, with the verb", "one tune-up is"),
            Field("until", "until when they can be used", "14 March"),
            Field("offer", "a time of the usual technician", "Lou has Monday 10 am.", can_be_empty=True),
            Field("phone", "your number, or “us”", "01632 960 118"),
            Field("link", "their own page of the contract, to book it", "{link}"),
        ),
        ours={
            "en": {
                MAIL: Words(_PAID_VISIT + " or ring {phone}.", "{paid} paid for until {until}"),
                SMS: Words(_PAID_VISIT),
            }
        },
        must_name=frozenset({"until"}),
    ),
)
