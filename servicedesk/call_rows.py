"""Rows of the call list in words: what a sales rep reads before opening one."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cases.models import Case, Promise
from contracts.call_list import ACTIVE, HELD, IN_REVIEW, PUT_OFF, RENEWS_ITSELF, Row
from contracts.cover import Cover, cover_in_words
from contracts.covered import State
from contracts.models import CallSkip, Contract
from contracts.wording import day_nearby
from customers.models import Hold
from servicedesk.moments import due_word
from tenancy.calendars import local_day
from tenancy.prepared import DAY, Among, Keys, Prepared

_CONTRACTS = Prepared(
    lambda day, contracts: Contract.objects.with_reasons(day).filter(Among("pk", contracts)),
    day=DAY,
    contracts=Keys(),
)
_COMPLAINTS = Prepared(
    lambda customers: (
        Case.objects.filter(Among("customer", customers), kind=Case.Kind.COMPLAINT)
        .exclude(state=Case.State.CLOSED)
        .values_list("customer_id", flat=True)
    ),
    customers=Keys(),
)
_PROMISES = Prepared(
    lambda customers: (
        Promise.objects.open().by_hand().filter(Among("customer", customers)).order_by("due_at")
    ),
    customers=Keys(),
)
_HOLDS = Prepared(
    lambda customers: Hold.objects.filter(Among("customer", customers), released_at__isnull=True).values_list(
        "customer_id", "reason"
    ),
    customers=Keys(),
)
_SKIPS = Prepared(
    lambda customers: CallSkip.objects.filter(Among("customer", customers)).order_by("at", "pk"),
    customers=Keys(),
)


@dataclass(frozen=True)
class CallRow:
    """One row: who, until when or since when, and the one thing to know.

    `note` is empty where the state says all; `brief` is the state in few words; `gone` says why a
    row is greyed out. `contract_id` is the public id of the contract to speak about.
    """

    public_id: str
    name: str
    number: str
    state: str
    sentence: str
    when: str
    ends_on: dt.date | None
    note: str
    held_back: str
    contract_id: str = ""
    brief: str = ""
    gone: str = ""


def call_rows(rows: Iterable[Row], *, day: dt.date, now: dt.datetime, zone) -> list[CallRow]:
    """Rows with their words: five queries, however many rows there are."""
    rows = list(rows)
    contracts = _CONTRACTS.rows(day=day, contracts=[row.contract_id for row in rows])
    covers = {contract.pk: cover_in_words(contract) for contract in contracts}
    notes = _notes(rows, covers, day=day, now=now, zone=zone)
    return [
        CallRow(
            public_id=row.customer,
            name=_called(covers[row.contract_id].contract.customer),
            number=covers[row.contract_id].contract.number,
            state=row.state,
            sentence=covers[row.contract_id].sentence,
            when=_when(covers[row.contract_id], day),
            ends_on=covers[row.contract_id].ends_on,
            note=notes[row.customer_id],
            held_back=row.held_back,
            contract_id=str(covers[row.contract_id].contract.public_id),
            brief=_brief(row, covers[row.contract_id], day=day),
        )
        for row in rows
    ]


def _called(customer) -> str:
    return customer.company or customer.name


def why_not(row: Row, cover: Cover, *, day: dt.date) -> str:
    """Why a customer is not to be called, in one line, by the cover of its contract: a query at most."""
    if row.held_back == HELD:
        hold = Hold.objects.filter(customer_id=row.customer_id, released_at__isnull=True).first()
        return f"Held: {hold.reason}"
    if row.held_back == PUT_OFF:
        skip = CallSkip.objects.filter(customer_id=row.customer_id).order_by("-at", "-pk").first()
        return f"Put off until {day_nearby(skip.until, today=day)}: {skip.reason}"
    if row.held_back == RENEWS_ITSELF:
        return f"Renews by itself. {cover.sentence}"
    return cover.sentence


def _when(cover, day: dt.date) -> str:
    if cover.ends_on is None:
        return ""
    word = "ends" if cover.ends_on >= day else "ended"
    year = "" if cover.ends_on.year == day.year else f" {cover.ends_on:%Y}"
    return f"{word} {cover.ends_on.day} {cover.ends_on:%b}{year}"


def _notes(rows, covers, *, day, now, zone) -> dict[int, str]:
    """Of each customer the first that applies: complaint, promise, hold, put off, unused visits, state."""
    ids = [row.customer_id for row in rows]
    complaints = set(_COMPLAINTS.rows(customers=ids))
    promises = defaultdict(list)
    for promise in _PROMISES.rows(customers=ids):
        promises[promise.customer_id].append(promise)
    holds = dict(_HOLDS.rows(customers=ids))
    skips = {skip.customer_id: skip for skip in _SKIPS.rows(customers=ids)}
    return {
        row.customer_id: _note(
            row,
            covers[row.contract_id],
            has_complaint=row.customer_id in complaints,
            promises=promises[row.customer_id],
            hold=holds.get(row.customer_id, ""),
            skip=skips.get(row.customer_id),
            day=day,
            now=now,
            zone=zone,
        )
        for row in rows
    }


def _note(row, cover, *, has_complaint, promises, hold, skip, day, now, zone) -> str:
    if has_complaint:
        return "Open complaint, manager first"
    if row.held_back == HELD:
        return hold
    if row.held_back == PUT_OFF:
        return f"Put off until {day_nearby(skip.until, today=day)}: {skip.reason}"
    if row.held_back == RENEWS_ITSELF:
        return "Renews by itself"
    if promises:
        return f"Promised {due_in_words(promises[0].due_at, now=now, zone=zone)}: {promises[0].text}"
    if row.held_back in (ACTIVE, IN_REVIEW):
        return ""
    if row.state == State.RENEWAL_DUE and cover.visits_left:
        visits = "1 visit" if cover.visits_left == 1 else f"{cover.visits_left} visits"
        return f"{visits} unused, mention it"
    return f"Put off before: {skip.reason}" if skip is not None else ""


def _brief(row, cover, *, day) -> str:
    """ "14 days left", "In grace until 22 March", "No payment found. 3 machines"."""
    if row.state == State.RENEWAL_DUE:
        return {0: "Ends today", 1: "1 day left"}.get(cover.days_left, f"{cover.days_left} days left")
    if row.state == State.IN_GRACE:
        until = cover.ends_on + dt.timedelta(days=cover.contract.tenant.grace_days)
        return f"In grace until {day_nearby(until, today=day)}"
    if row.state == State.LAPSED:
        machines = len(cover.contract.serial_numbers)
        return "No payment found" + (f". {machines} machines" if machines > 1 else "")
    return cover.sentence


def due_in_words(due_at: dt.datetime, *, now: dt.datetime, zone) -> str:
    """ "by 15:00" today, "by Fri 10:00" on another day, on the desk's clock."""
    return f"by {due_word(due_at, zone=zone, today=local_day(now, zone))}"
