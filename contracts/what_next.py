"""Every contract whose renewal needs something next, by what that is: the renewals board's rows.

A query over cover, as the call list is: nothing is kept, and what a page shows was true when it was
asked for. A contract stands in one section by its state, and in those of its offer as well.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import models
from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from contracts.beside_terms import recorded_beside_terms
from contracts.covered import State
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    Renewal,
    RenewalOffer,
)
from tenancy.calendars import day_bounds, zone_of
from tenancy.models import Tenant

SOON_DAYS = 30
LATELY_DAYS = 90


class Section(models.TextChoices):
    """What comes next, the most pressing first."""

    REVIEW = "review", "In review"
    ACCEPTED = "accepted", "Offer accepted"
    GRACE = "grace", "In grace"
    SOON = "soon", "Ends within 30 days"
    LATER = "later", "Ends later"
    LAPSED = "lapsed", "Lapsed lately"
    OFFERED = "offered", "Offer out"
    RENEWED = "renewed", "Renewed this month"


# In the others who ends first, or ended first, comes first.
NEWEST_FIRST = (Section.LAPSED, Section.RENEWED)


@dataclass(frozen=True)
class Page:
    """Contracts read by `with_reasons`, in order; `after` is the cursor of what follows ("": nothing)."""

    contracts: list[Contract]
    after: str


def counts(desk: Tenant, day: dt.date, owned: Q) -> dict[str, int]:
    """How many contracts stand in each section on a day (the desk's): two queries.

    `owned` narrows the contracts by their owner.
    """
    found = dict.fromkeys(Section.values, 0)
    # Grouped by the state and not by the section: that would judge each contract once for each section.
    judged = _candidates(desk, day, _STATES).filter(owned).with_cover(day)
    groups = (
        judged.annotate(**{section: _is(condition) for section, condition in _ends(day).items()})
        .order_by()
        .values("cover_state", *_ends(day))
        .annotate(many=Count("pk"))
    )
    for group in groups:
        for section, state in _STATES.items():
            if group["cover_state"] == state and group.get(section, True):
                found[section] += group["many"]
    others = Contract.objects.filter(owned)
    return found | others.aggregate(
        **{section: Count("pk", filter=condition) for section, condition in _by_record(desk, day).items()}
    )


def page_of(desk: Tenant, day: dt.date, section: str, owned: Q, *, after: str = "", size: int = 50) -> Page:
    """One page of a section: one query. A cursor that is none begins at the front."""
    descends = section in NEWEST_FIRST
    if section in _STATES:
        contracts = _candidates(desk, day, [section]).with_reasons(day)
        contracts = contracts.filter(_ends(day).get(section, Q()), cover_state=_STATES[section])
    else:
        contracts = Contract.objects.filter(_by_record(desk, day)[section]).with_reasons(day)
    contracts = contracts.filter(owned).select_related("owner__user")
    contracts = contracts.annotate(place=_renewed_last() if section == Section.RENEWED else _end())
    at = _cursor(after, is_instant=section == Section.RENEWED)
    if at is not None:
        side = "lt" if descends else "gt"
        place, public_id = at
        contracts = contracts.filter(
            Q(**{f"place__{side}": place}) | Q(**{"place": place, f"public_id__{side}": public_id})
        )
    sign = "-" if descends else ""
    found = list(contracts.order_by(f"{sign}place", f"{sign}public_id")[: size + 1])
    shown = found[:size]
    return Page(shown, _cursor_of(shown[-1]) if len(found) > size else "")


def ending_soon(desk: Tenant, day: dt.date) -> models.QuerySet[Contract]:
    """All contracts of the section SOON, whoever looks after them, with their cover."""
    return ending_by(day, day + dt.timedelta(days=SOON_DAYS))


def ending_by(day: dt.date, last: dt.date) -> models.QuerySet[Contract]:
    """Contracts to be renewed that end on a day or later, up to a last one, with their cover."""
    ends = ContractTerm.objects.filter(
        contract=OuterRef("pk"), taken_back_at__isnull=True, ends_on__gte=day, ends_on__lte=last
    )
    rows = Contract.objects.filter(Exists(ends)).with_cover(day)
    return rows.filter(last_end__lte=last, cover_state=_STATES[Section.SOON])


_STATES = {
    Section.REVIEW: State.IN_REVIEW,
    Section.GRACE: State.IN_GRACE,
    Section.SOON: State.RENEWAL_DUE,
    Section.LATER: State.RENEWAL_DUE,
    Section.LAPSED: State.LAPSED,
}


def _ends(day) -> dict[str, Q]:
    """Of the sections that a state alone does not tell: when the last term ends."""
    soon = day + dt.timedelta(days=SOON_DAYS)
    return {
        Section.SOON: Q(last_end__lte=soon),
        Section.LATER: Q(last_end__gt=soon),
        Section.LAPSED: Q(last_end__gte=day - dt.timedelta(days=LATELY_DAYS)),
    }


def _is(condition):
    return ExpressionWrapper(condition, BooleanField())


def _candidates(desk, day, sections):
    """All that can stand in these sections, by records with an index: most of a desk's contracts cannot."""
    days = {
        Section.GRACE: (-desk.grace_days, 0),
        Section.SOON: (0, SOON_DAYS),
        Section.LATER: (SOON_DAYS, desk.renewal_due_days),
        Section.LAPSED: (-LATELY_DAYS, 0),
    }
    possible = Q(pk__in=[])
    if Section.REVIEW in sections:
        possible |= may_be_in_review()
    spans = [days[section] for section in sections if section in days]
    if spans:
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        possible |= Q(
            Exists(
                ContractTerm.objects.filter(
                    contract=OuterRef("pk"),
                    taken_back_at__isnull=True,
                    ends_on__gte=day + dt.timedelta(days=first),
                    ends_on__lte=day + dt.timedelta(days=last),
                )
            )
        )
    return Contract.objects.filter(possible)


def may_be_in_review() -> Q:
    """Which contracts' cover may read as in review: all that do are among them, whatever the day.

    Sets to look a contract up in, and no question asked for each: so all of a desk costs little.
    """
    return reduce(or_, recorded_beside_terms(), Q(is_auto_renewing=True))


def _by_record(desk, day) -> dict[str, Q]:
    """The sections that an offer or a renewal puts a contract in, whatever its state but cancelled."""
    own = {"contract": OuterRef("pk")}
    cancelled = Cancellation.objects.filter(
        Q(effective_on__isnull=True) | Q(effective_on__lte=day), **own, undone_at__isnull=True
    )
    offers = RenewalOffer.objects.filter(
        **own, sent_at__isnull=False, declined_at__isnull=True, settled_at__isnull=True
    )
    return {
        Section.OFFERED: Exists(offers.filter(accepted_at__isnull=True)) & ~Exists(cancelled),
        Section.ACCEPTED: Exists(offers.filter(accepted_at__isnull=False)) & ~Exists(cancelled),
        Section.RENEWED: Q(_renewed_in_month_of(desk, day)),
    }


def _renewed_in_month_of(desk, day):
    zone = zone_of(desk)
    begins, _ = day_bounds(day.replace(day=1), zone)
    _, ends = day_bounds(day, zone)
    return Exists(_renewals().filter(renewed_at__gte=begins, renewed_at__lt=ends))


def _renewals():
    return Renewal.objects.filter(contract=OuterRef("pk"), taken_back_at__isnull=True)


def _renewed_last():
    last = _renewals().order_by("-renewed_at").values("renewed_at")[:1]
    return Subquery(last, output_field=DateTimeField())


def _end():
    # Without a standing term: after everything else.
    return Coalesce(F("last_end"), Value(dt.date.max))


def _cursor_of(contract: Contract) -> str:
    return f"{contract.place.isoformat()}~{contract.public_id}"


def _cursor(text: str, *, is_instant: bool):
    place, _, public_id = text.partition("~")
    kind = dt.datetime if is_instant else dt.date
    try:
        at = kind.fromisoformat(place)
        known = uuid.UUID(public_id)
    except ValueError:
        return None
    return None if is_instant and at.tzinfo is None else (at, known)
