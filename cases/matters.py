"""Which matter a contact is about: the open case it belongs to, else a new one (R6.4)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, Q

from cases.case_lines import add_case_line
from cases.clocks import clocks_from
from cases.interactions import Channel, note_interaction
from cases.models import Case, Interaction
from cases.reopening import REOPENS_WITHIN_DAYS
from customers.models import Contact, Customer, Equipment, SearchWord, Site
from customers.search_words import add_number
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.prepared import Instant, Key, Prepared

# A case that nobody was heard about for longer is another matter by now.
ATTACHES_WITHIN_DAYS = 30


@dataclass(frozen=True)
class Known:
    """A case as the rule sees it: what it is about, and the desk's days of its last word and its closing."""

    key: int
    equipment: int | None
    category: str
    heard_on: dt.date
    closed_on: dt.date | None = None


def matter_of(
    known: Iterable[Known], *, equipment: Iterable[int] = (), category: str = "", today: dt.date
) -> Known | None:
    """The case to which a contact belongs by itself, or None for a new matter.

    Open and heard of in 30 days (the 30th counts), about the same equipment, else of the same category;
    where none is open, one that was closed in the last 14. Of several it is the one heard of last. Words
    about neither equipment nor category belong to the only open matter there is.
    """
    machines, category = set(equipment), category.strip().casefold()
    near = [case for case in known if _is_near(case, today)]
    is_open = [case for case in near if case.closed_on is None]
    if not machines and not category:
        return is_open[0] if len(is_open) == 1 else None
    for cases in (is_open, near):
        same = [case for case in cases if case.equipment in machines] or [
            case for case in cases if category and case.category.strip().casefold() == category
        ]
        if same:
            return max(same, key=lambda case: (case.heard_on, case.key))
    return None


def matter_for(
    customer: Customer,
    *,
    equipment: Equipment | Iterable[Equipment] | None = None,
    category: str = "",
    now: dt.datetime,
    near: Iterable[Case] | None = None,
) -> Case | None:
    """The case that a contact of a customer is about by default, open or closed of late; None: a new one.

    `note_interaction(case=…)` opens a closed one again. `near` are the customer's `matters_near`, where
    somebody has them already.
    """
    machines = [equipment] if isinstance(equipment, Equipment) else list(equipment or ())
    cases = {case.pk: case for case in (matters_near(customer, now=now) if near is None else near)}
    zone = zone_of(customer.tenant)
    found = matter_of(
        [_known(case, zone) for case in cases.values()],
        equipment=[machine.pk for machine in machines],
        category=category,
        today=local_day(now, zone),
    )
    return found and cases[found.key]


def matter_of_call(customer: Customer, *, by, since: dt.datetime, now: dt.datetime) -> Case | None:
    """The case that a call is about which began at `since`: as whoever took it said, else by default."""
    calls = customer.interactions.filter(channel=Channel.CALL, direction=Interaction.Direction.IN, by=by)
    noted = calls.filter(at__gte=since, at__lte=now).select_related("case").order_by("-at", "-pk").first()
    return noted.case if noted else matter_for(customer, now=now)


def matters_near(customer: Customer, *, now: dt.datetime) -> list[Case]:
    """What a contact may be about: open cases, and those closed of late on somebody's word. One query.

    Each says when the customer was last heard on it: `heard_at`. The latest come first.
    """
    cases = _NEAR.rows(customer=customer.pk, since=now - dt.timedelta(days=REOPENS_WITHIN_DAYS + 1))
    for case in cases:
        case.heard_at = max(case.opened_at, case.last_heard_at or case.opened_at)
    return sorted(cases, key=lambda case: (case.heard_at, case.pk), reverse=True)


def _near(customer, since):
    lately = Q(closed_at__gte=since) & ~Q(closed_on="")
    of_customer = Case.objects.filter(customer=customer, joined_into__isnull=True)
    heard = Max("interactions__at", filter=Q(interactions__direction=Interaction.Direction.IN))
    found = of_customer.filter(~Q(state=Case.State.CLOSED) | lately).annotate(last_heard_at=heard)
    return found.select_related("equipment", "owner__user", "tenant").order_by("-opened_at", "-pk")


_NEAR = Prepared(_near, customer=Key(), since=Instant())


@transaction.atomic
def take_in(
    *,
    customer: Customer,
    kind: str,
    title: str,
    words: str,
    by,
    now: dt.datetime,
    channel: str = Channel.CALL,
    contact: Contact | None = None,
    site: Site | None = None,
    equipment: Equipment | Iterable[Equipment] | None = None,
    category: str = "",
    severity: int = Case.Severity.SOON,
    response_due_at: dt.datetime | None = None,
    matter: Case | None = None,
    is_new: bool = False,
) -> Case:
    """Take what a customer raises: on the matter it belongs to, else as a new case of whoever takes it.

    `matter` is the one that a person chose; `is_new` says that it is none of the known. A complaint
    about a matter makes that a complaint. Raises ValueError without a word on what it is about.
    """
    title = title.strip()
    if not title:
        raise ValueError("Say what it is about.")
    machines = [equipment] if isinstance(equipment, Equipment) else list(equipment or ())
    if matter is None and not is_new and (machines or category):
        matter = matter_for(customer, equipment=machines, category=category, now=now)
    what = {"kind": kind, "severity": severity, "response_due_at": response_due_at}
    if matter is None:
        place = {"site": site, "equipment": machines[0] if machines else None, "category": category}
        case = open_case(customer=customer, title=title, words=words, by=by, now=now, **what, **place)
    else:
        case = _go_on_with(matter, **what, now=now)
    said = "\n".join(filter(None, dict.fromkeys((title, words.strip()))))
    note_interaction(
        customer=customer,
        channel=channel,
        summary=words.strip() if words.strip().startswith(title) else said,
        contact=contact,
        case=case,
        by=by,
        now=now,
        # Of a new case its own line tells.
        tell_timeline=matter is not None,
    )
    case.refresh_from_db()
    return case


def open_case(
    *,
    customer: Customer,
    kind: str,
    title: str,
    by,
    now: dt.datetime,
    words: str = "",
    site: Site | None = None,
    equipment: Equipment | None = None,
    category: str = "",
    severity: int = Case.Severity.SOON,
    response_due_at: dt.datetime | None = None,
) -> Case:
    """A new case, whatever else is open, with its clocks and its line on the time line."""
    case = Case.objects.create(
        customer=customer,
        site=site or (equipment.site if equipment else None),
        equipment=equipment,
        kind=kind,
        category=category.strip()[:60],
        title=title.strip()[:200],
        words=words.strip(),
        severity=severity,
        opened_at=now,
        opened_by=by,
        owner=by,
        **clocks_from(now, response_due_at=response_due_at, calendar=calendar_of(customer.tenant)),
    )
    add_number(customer, SearchWord.Kind.CASE, case.number, case.public_id)
    line = f"{case.get_kind_display()}: {case.title}"
    add_case_line(case, line, step="opened", now=now, by=by, detail=case.words)
    return case


def _go_on_with(matter, *, kind, severity, response_due_at, now) -> Case:
    """The matter as it is after one more word on it: never less than it was."""
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=matter.pk)
    fields = {"severity": max(case.severity, severity)}
    if kind == Case.Kind.COMPLAINT:
        fields["kind"] = kind
    was_answered = case.responded_at is not None and (
        case.response_due_at is None or case.responded_at <= case.response_due_at
    )
    if response_due_at is not None and (case.response_due_at is None or was_answered):
        # Answered in time once, it is to be answered again; what was missed stays missed.
        clocks = clocks_from(now, response_due_at=response_due_at, calendar=calendar_of(matter.tenant))
        fields |= {name: clocks[name] for name in ("response_risk_at", "response_due_at")}
        fields["responded_at"] = None
    Case.objects.filter(pk=case.pk).update(**fields, version=F("version") + 1)
    return case


def _known(case, zone) -> Known:
    return Known(
        key=case.pk,
        equipment=case.equipment_id,
        category=case.category,
        heard_on=local_day(case.heard_at, zone),
        closed_on=case.closed_at and local_day(case.closed_at, zone),
    )


def _is_near(case: Known, today: dt.date) -> bool:
    if case.closed_on is not None:
        return (today - case.closed_on).days <= REOPENS_WITHIN_DAYS
    return (today - case.heard_on).days <= ATTACHES_WITHIN_DAYS
