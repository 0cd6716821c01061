"""Breakdowns that we had warned of: the case of a fault, and what was open on its machine by then (R5.7)."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, Min, OuterRef, Prefetch, QuerySet

from cases.models import Case
from customers.models import Equipment
from recommendations.models import Recommendation, WarnedFault
from tenancy.calendars import local_day, zone_of
from tenancy.figures import Days


@dataclass(frozen=True)
class Page:
    """Some breakdowns, and the cursor after which the next ones stand; empty on the last page."""

    rows: list[Case]
    after: str


def link_warnings(
    case: Case, machines: Iterable[Equipment], *, now: dt.datetime, since: dt.datetime | None = None
) -> int:
    """Link the case of a fault to what is open on its machines; how many. Linked twice, it is once.

    What was found when the fault was there already had warned of nothing: it is there `since` then,
    else since its case was opened.
    """
    today = local_day(now, zone_of(case.tenant))
    known = set(case.warnings.values_list("recommendation", flat=True))
    before = Recommendation.objects.open(today).filter(raised_at__lt=since or case.opened_at)
    warned = before.filter(equipment__in=list(machines)).exclude(pk__in=known)
    found = [WarnedFault(case=case, recommendation=one, noticed_at=now) for one in warned]
    WarnedFault.objects.bulk_create(found, ignore_conflicts=True)
    return len(found)


def unlink_warnings(case: Case, *, noticed_at: dt.datetime | None = None) -> None:
    """The fault was never reported: what was linked (at that moment only) is taken back."""
    linked = case.warnings.all() if noticed_at is None else case.warnings.filter(noticed_at=noticed_at)
    linked.delete()


def breakdowns_warned_of() -> int:
    """How many faults there were on machines with something open: one query."""
    return _cases().count()


def breakdowns_in(days: Days) -> QuerySet[Case]:
    """Those of them that were noticed on some days, each with the instant as `noticed_at`."""
    return _cases().filter(days.within("noticed_at"))


def that_we_had_warned_of(cases):
    """Of some cases those that were foreseen."""
    return cases.filter(Exists(WarnedFault.objects.filter(case=OuterRef("pk"))))


def page_of_breakdowns(*, after: str = "", size: int) -> Page:
    """The faults, the latest first, with what we had warned of as `warnings.all`: two queries."""
    rows = _cases().order_by("-noticed_at", "-pk")
    cursor = _cursor(after)
    if cursor is not None:
        noticed_at, pk = cursor
        rows = rows.exclude(noticed_at__gt=noticed_at).exclude(noticed_at=noticed_at, pk__gte=pk)
    warnings = WarnedFault.objects.select_related("recommendation__equipment").order_by("pk")
    rows = rows.select_related("customer").prefetch_related(Prefetch("warnings", warnings))
    found = list(rows[: size + 1])
    shown = found[:size]
    return Page(shown, str(shown[-1].public_id) if len(found) > size else "")


def _cases():
    return Case.objects.filter(warnings__isnull=False).annotate(noticed_at=Min("warnings__noticed_at"))


def _cursor(after: str):
    """Where the page before ended; None for the first page, and for what is no cursor."""
    try:
        return _cases().filter(public_id=uuid.UUID(after)).values_list("noticed_at", "pk").get()
    except (ValueError, Case.DoesNotExist):
        return None
