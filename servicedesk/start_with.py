"""Start with this: what went wrong with a customer lately, in at most two sentences (design, section 5).

One rule for caller screen, technician's brief and contract check: a miss, a broken promise or an
open complaint of the last 90 days. A miss or a broken promise is over once the customer has been
told and a visit has been kept since; a complaint is over when it is closed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import CharField, DateTimeField, Exists, F, OuterRef, Q, UUIDField, Value
from django.db.models.functions import Cast

from cases.models import Case, Interaction, Promise
from customers.models import Customer
from messaging.models import Message
from tenancy.calendars import local_day, zone_of
from tenancy.prepared import Among, Instant, Keys, Prepared
from visits.models import Visit

LOOK_BACK = dt.timedelta(days=90)
SENT = (Message.State.SENT, Message.State.DELIVERED)
MISS, PROMISE, COMPLAINT = "miss", "promise", "complaint"


@dataclass(frozen=True)
class Trouble:
    """One thing that went wrong: what it was, when, what about, and what came of it so far."""

    customer_id: int
    what: str
    at: dt.datetime
    about: str
    outcome: str
    visit: object
    is_told: bool
    is_kept: bool

    @property
    def is_over(self) -> bool:
        """Nothing is owed any more."""
        return self.what != COMPLAINT and self.is_told and self.is_kept


def start_with(customer: Customer, *, now: dt.datetime) -> str | None:
    """What everything about this customer begins with; None where nothing is owed. One query or two."""
    return start_with_each([customer], now=now).get(customer.pk)


def start_with_each(customers: Iterable[Customer], *, now: dt.datetime) -> dict[int, str]:
    """The sentences of many customers by primary key; customers without one are left out."""
    by_id = {customer.pk: customer for customer in customers}
    troubles = defaultdict(list)
    if by_id:
        for trouble in _troubles(by_id, now):
            if not trouble.is_over:
                troubles[trouble.customer_id].append(trouble)
    if not troubles:
        return {}
    # All belong to the active desk: one zone.
    zone = zone_of(next(iter(by_id.values())).tenant)
    return {pk: _words(found, zone, local_day(now, zone)) for pk, found in troubles.items()}


def _words(troubles: list[Trouble], zone, today: dt.date) -> str:
    """Two sentences: the worst thing, then whether it was put right or what else went wrong."""
    misses = [trouble for trouble in troubles if trouble.what == MISS]
    # A missed visit breaks its own promises: that is one matter, not three.
    visits = {miss.visit for miss in misses}
    promises = [t for t in troubles if t.what == PROMISE and (t.visit is None or t.visit not in visits)]
    complaints = [trouble for trouble in troubles if trouble.what == COMPLAINT]

    said = []
    if misses:
        last = misses[0]
        day = _day(local_day(last.at, zone), today)
        said.append(
            f"We missed {len(misses)} visits, the last {day}." if misses[1:] else f"We missed a visit {day}."
        )
        if last.outcome:
            said.append(_sentence(last.outcome))
        elif not last.is_told:
            said.append("Nobody has apologised yet.")
    if promises:
        day = _day(local_day(promises[0].at, zone), today)
        count = f"{len(promises)} promises were broken, the last" if promises[1:] else "A promise was broken"
        said.append(_sentence(f"{count} {day}: {promises[0].about}"))
    if complaints:
        said.append(_sentence(f"There is an open complaint: {complaints[0].about}"))
    return " ".join(said[:2])


def _troubles(customer_ids: Iterable[int], now: dt.datetime) -> list[Trouble]:
    """Misses, broken promises and open complaints since, newest first, in one query."""
    found = _SINCE.rows(customers=list(customer_ids), since=now - LOOK_BACK, now=now)
    return [Trouble(*row) for row in found]


def _since(customers, since, now):
    misses = Visit.objects.filter(missed_at__gte=since, missed_at__lte=now)
    broken = Promise.objects.filter(
        state=Promise.State.BROKEN, settled_at__gte=since, settled_at__lte=now
    ).exclude(is_imported=True)
    complaints = Case.objects.filter(kind=Case.Kind.COMPLAINT, opened_at__gte=since, opened_at__lte=now)
    parts = (
        _columns(
            misses,
            MISS,
            at=F("missed_at"),
            about=Value(""),
            outcome=F("miss_outcome"),
            visit=F("public_id"),
            told=Q(is_history=True)
            | Q(miss_closed_at__isnull=False)
            | _spoken_since("missed_at")
            | _written_since("missed_at", OuterRef("public_id")),
            kept=_visit_kept_since("missed_at"),
        ),
        _columns(
            broken,
            PROMISE,
            at=F("settled_at"),
            about=F("text"),
            outcome=Value(""),
            visit=F("subject"),
            told=_spoken_since("settled_at")
            | _written_since("settled_at", OuterRef("public_id"))
            | _written_since("settled_at", OuterRef("subject")),
            kept=_visit_kept_since("settled_at"),
        ),
        _columns(
            complaints.exclude(state=Case.State.CLOSED),
            COMPLAINT,
            at=F("opened_at"),
            about=F("title"),
            outcome=Value(""),
            visit=Value(None, output_field=UUIDField()),
            told=Value(False),
            kept=Value(False),
        ),
    )
    first, *others = (part.filter(Among("customer", customers)) for part in parts)
    return first.union(*others, all=True).order_by("-row_at")


def _columns(rows, what: str, *, at, about, outcome, visit, told, kept):
    """The same columns from three tables, so that they can be read as one."""
    return rows.annotate(
        row_what=Value(what),
        row_at=Cast(at, DateTimeField()),
        row_about=Cast(about, CharField()),
        row_outcome=Cast(outcome, CharField()),
        row_visit=Cast(visit, UUIDField()),
        row_told=told,
        row_kept=kept,
    ).values_list(
        "customer_id", "row_what", "row_at", "row_about", "row_outcome", "row_visit", "row_told", "row_kept"
    )


def _spoken_since(moment: str) -> Q:
    return Q(
        Exists(
            Interaction.objects.filter(
                customer_id=OuterRef("customer_id"),
                direction=Interaction.Direction.OUT,
                at__gt=OuterRef(moment),
            )
        )
    )


def _written_since(moment: str, subject) -> Q:
    return Q(Exists(Message.objects.filter(subject=subject, state__in=SENT, sent_at__gt=OuterRef(moment))))


def _visit_kept_since(moment: str) -> Q:
    return Q(
        Exists(
            Visit.objects.filter(
                customer_id=OuterRef("customer_id"),
                state=Visit.State.DONE,
                missed_at__isnull=True,
                completed_at__gt=OuterRef(moment),
            )
        )
    )


_SINCE = Prepared(_since, customers=Keys(), since=Instant(), now=Instant())


def _day(day: dt.date, today: dt.date) -> str:
    if day == today:
        return "today"
    if day == today - dt.timedelta(days=1):
        return "yesterday"
    return f"on {day.day} {day:%B}"


def _sentence(words: str) -> str:
    words = words.strip()
    return words if words.endswith((".", "!", "?")) else f"{words}."
