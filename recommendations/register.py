"""The register of recommendations: whose turn it is with each, the worst first (R5.2, R5.6, R5.7)."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextChoices

from cases.models import Duty
from recommendations.faults import breakdowns_warned_of
from recommendations.models import Recommendation

State = Recommendation.State


class Section(TextChoices):
    """What is to come next."""

    ANSWER = "answer", "Waiting for an answer"
    PRICE = "price", "Asked for the price"
    BOOK = "book", "To be booked"
    REVIEW = "review", "To be looked at again"
    BOOKED = "booked", "Booked"
    PUT_OFF = "put off", "Put off"
    DECLINED = "declined", "Declined"
    WARNED = "warned", "Breakdowns we had warned of"


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor after which the next ones stand; empty on the last page."""

    rows: list[Recommendation]
    after: str


def counts(day: dt.date) -> dict[str, int]:
    """How many stand in each section on a day of the desk's: two queries."""
    sections = [section for section in Section if section != Section.WARNED]
    found = _with_facts(Recommendation.objects.all()).aggregate(
        **{section.name: Count("pk", filter=_of(section, day)) for section in sections}
    )
    return {**{one: found[one.name] for one in sections}, Section.WARNED: breakdowns_warned_of()}


def page_of(section: str, day: dt.date, *, after: str = "", size: int) -> Page:
    """The rows of a section after a cursor, safety first, then the oldest: one query.

    The breakdowns we had warned of are cases: `recommendations.faults`.
    """
    rows = _with_facts(Recommendation.objects.all()).filter(_of(section, day))
    rows = rows.select_related("equipment__site__customer", "raised_by__user", "tenant").worst_first()
    cursor = _cursor(after)
    if cursor is not None:
        severity, raised_at, pk = cursor
        rows = rows.filter(
            Q(severity__lt=severity)
            | Q(severity=severity, raised_at__gt=raised_at)
            | Q(severity=severity, raised_at=raised_at, pk__gt=pk)
        )
    found = list(rows[: size + 1])
    shown = found[:size]
    more = len(found) > size
    return Page(shown, str(shown[-1].public_id) if more else "")


def _with_facts(rows: QuerySet) -> QuerySet:
    quotes = Duty.objects.open().filter(kind=Duty.Kind.GIVE_QUOTE, subject=OuterRef("public_id"))
    return rows.annotate(asks_price=Exists(quotes))


def _of(section, day) -> Q:
    came_back = Q(state=State.DEFERRED, deferred_until__lte=day)
    unanswered = Q(state__in=[State.OPEN, State.QUOTED]) | came_back
    is_open = unanswered | Q(state__in=[State.ACCEPTED, State.SCHEDULED])
    return {
        Section.ANSWER: unanswered & Q(asks_price=False),
        Section.PRICE: unanswered & Q(asks_price=True),
        Section.BOOK: Q(state=State.ACCEPTED),
        Section.REVIEW: is_open & Q(review_by__lt=day),
        Section.BOOKED: Q(state=State.SCHEDULED),
        Section.PUT_OFF: Q(state=State.DEFERRED, deferred_until__gt=day),
        Section.DECLINED: Q(state=State.DECLINED),
    }[section]


def _cursor(after: str):
    """Where the page before ended; None for the first page, and for what is no cursor."""
    try:
        ended = Recommendation.objects.filter(public_id=uuid.UUID(after))
        return ended.values_list("severity", "raised_at", "pk").get()
    except (ValueError, Recommendation.DoesNotExist):
        return None
