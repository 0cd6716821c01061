"""The register of promises, with the duties beside them: what is overdue, due, open, broken and kept."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextChoices

from cases.models import Duty, Promise
from tenancy.models import Membership
from tenancy.prepared import Instant, Key, Prepared, counted

# A promise turns amber so long before it is due (design, promise chip).
SOON = dt.timedelta(hours=2)
State = Promise.State


class Section(TextChoices):
    """One list of the register."""

    OVERDUE = "overdue", "Overdue"
    DUE = "due", "Due in 2 h"
    OPEN = "open", "Open"
    DUTIES = "duties", "Duties"
    BROKEN = "broken", "Broken"
    KEPT = "kept", "Kept"


class Whose(TextChoices):
    """Whose promises are looked at."""

    MINE = "mine", "Mine"
    TEAM = "team", "My team"
    ALL = "all", "Everybody’s"


@dataclass(frozen=True)
class Wanted:
    """What somebody asked the register for. `owner` overrules `whose`; `kind` "" is every kind."""

    viewer: Membership
    whose: str = Whose.ALL
    owner: Membership | None = None
    kind: str = ""


@dataclass(frozen=True)
class Page:
    """Some rows (promises or duties), and the cursor after which the next ones stand; empty on the last."""

    rows: list
    after: str


def counts(wanted: Wanted, *, now: dt.datetime) -> dict[str, int]:
    """How many stand in each section: two queries."""
    names = [section for section in Section if section != Section.DUTIES]
    rows = _promises(wanted)
    found = rows.aggregate(**{name.name: Count("pk", filter=_of(name, now)) for name in names})
    return {**{name: found[name.name] for name in names}, Section.DUTIES: _duties(wanted).count()}


def overdue_count(viewer: Membership, *, now: dt.datetime) -> int:
    """The red number in the bar: what stands under "Overdue" for this person; one query."""
    is_mine = first_choice(viewer) == Whose.MINE
    return sum(_OVERDUE_OF.rows(owner=viewer.pk, now=now) if is_mine else _OVERDUE.rows(now=now))


def _overdue_counts(now, **whose) -> QuerySet:
    # Each by an index of its own: as one, all that somebody ever promised is looked through.
    rows = _with_breaks(Promise.objects.by_hand()).filter(**whose)
    late, unheard = (counted(rows.filter(part)) for part in (_late(now), _UNHEARD))
    return late.union(unheard, all=True)


_OVERDUE = Prepared(_overdue_counts, now=Instant())
_OVERDUE_OF = Prepared(_overdue_counts, owner=Key(), now=Instant())


def overdue_promises(*, now: dt.datetime) -> QuerySet[Promise]:
    """Everybody's that stand under "Overdue": past their time, or broken and the customer still waits.

    With `has_unheard_break` for the latter.
    """
    return _with_breaks(Promise.objects.by_hand()).filter(_of(Section.OVERDUE, now))


def first_choice(viewer: Membership) -> str:
    """Whose promises somebody sees unless they choose: a manager everybody's, others their own."""
    return Whose.ALL if viewer.has_role() else Whose.MINE


def page_of(section: str, wanted: Wanted, *, now: dt.datetime, after: str = "", size: int) -> Page:
    """The rows of a section after a cursor: two queries. Of the past the latest stands first."""
    if section == Section.DUTIES:
        rows, newest = _duties(wanted).select_related("customer", "owner__user"), False
    else:
        rows = _promises(wanted).filter(_of(section, now))
        rows = rows.select_related("customer", "owner__user", "settled_by__user", "case")
        newest = section in (Section.BROKEN, Section.KEPT)
    ended = _cursor(rows.model, after)
    if ended is not None:
        due_at, pk = ended
        further = "lt" if newest else "gt"
        rows = rows.filter(Q(**{f"due_at__{further}": due_at}) | Q(due_at=due_at, **{f"pk__{further}": pk}))
    found = list(rows.order_by(*(("-due_at", "-pk") if newest else ("due_at", "pk")))[: size + 1])
    return Page(found[:size], str(found[size - 1].public_id) if len(found) > size else "")


def _promises(wanted) -> QuerySet:
    """Those that a person keeps; a visit's stand with the visit."""
    rows = _with_breaks(Promise.objects.by_hand())
    return _whose(rows, wanted).filter(**({"kind": wanted.kind} if wanted.kind else {}))


def _with_breaks(rows) -> QuerySet:
    break_unheard = Duty.objects.open().filter(subject=OuterRef("public_id"), kind=Duty.Kind.CALL_CUSTOMER)
    return rows.annotate(has_unheard_break=Exists(break_unheard))


def _duties(wanted) -> QuerySet:
    rows = Duty.objects.open()
    if wanted.owner is None and wanted.whose == Whose.MINE:
        # What a role owes and no person has yet is everybody's of that role.
        viewer = wanted.viewer
        return rows.filter(Q(owner=viewer) | Q(owner__isnull=True, owner_role=viewer.role))
    return _whose(rows, wanted)


def _whose(rows, wanted) -> QuerySet:
    if wanted.owner is not None:
        return rows.filter(owner=wanted.owner)
    if wanted.whose == Whose.MINE:
        return rows.filter(owner=wanted.viewer)
    if wanted.whose == Whose.TEAM:
        return rows.filter(Q(owner=wanted.viewer) | Q(owner__lead=wanted.viewer))
    return rows


def _late(now) -> Q:
    return Q(state=State.OPEN, due_at__lt=now, is_imported=False)


# Broken, and nobody has spoken to the customer since: they are still waiting.
_UNHEARD = Q(state=State.BROKEN, has_unheard_break=True)


def _of(section, now) -> Q:
    is_open = Q(state=State.OPEN)
    return {
        Section.OVERDUE: _late(now) | _UNHEARD,
        Section.DUE: is_open & Q(due_at__gte=now, due_at__lte=now + SOON),
        Section.OPEN: is_open,
        Section.BROKEN: Q(state=State.BROKEN),
        Section.KEPT: Q(state__in=[State.KEPT, State.KEPT_LATE]),
    }[section]


def _cursor(model, after: str):
    """Where the page before ended; None for the first page, and for what is no cursor."""
    try:
        return model.objects.filter(public_id=uuid.UUID(after)).values_list("due_at", "pk").first()
    except ValueError:
        return None
