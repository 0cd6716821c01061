"""Rows of the call list in words: what a sales rep reads before opening one."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case as WhenCase
from django.db.models import DateField, F, Value, When
from django.db.models.functions import Cast

from cases.models import Case, Promise
from contracts.call_list import ACTIVE, HELD, IN_REVIEW, PUT_OFF, RENEWS_ITSELF, Row
from contracts.cover import Cover, cover_in_words, sentence_of_end, visits_left_of
from contracts.covered import State
from contracts.models import CallSkip, Contract
from contracts.wording import day_nearby
from customers.models import Hold
from customers.models.customer import short_name
from servicedesk.moments import due_word
from tenancy.calendars import local_day
from tenancy.prepared import DAY, Among, Keys, Prepared, together

_CONTRACTS = Prepared(
    lambda day, contracts: Contract.objects.with_reasons(day).filter(Among("pk", contracts)),
    day=DAY,
    contracts=Keys(),
)


def _only_of(contracts, name):
    """A fact that a row says in one state only, looked up for those contracts; of the others none."""
    return WhenCase(When(Among("pk", contracts), then=F(name)))


# Of those whom one may call the place in the list says the state: their cover is not asked for again.
_CALLED = Prepared(
    lambda day, contracts, due, lapsed: (
        Contract.objects.with_reasons(day)
        .filter(Among("pk", contracts))
        .annotate(
            granted=_only_of(due, "visits_granted"),
            done=_only_of(due, "visits_done"),
            given_up=_only_of(due, "visits_given_up"),
            machines=_only_of(lapsed, "serial_numbers"),
        )
        .values_list(
            "pk",
            "public_id",
            "number",
            "customer__name",
            "customer__company",
            "last_term_end",
            "granted",
            "done",
            "given_up",
            "machines",
            "tenant__grace_days",
            named=True,
        )
    ),
    day=DAY,
    contracts=Keys(),
    due=Keys(),
    lapsed=Keys(),
)


def _to_know(customers):
    """All that may stand beside customers, by what it is: whose, when, a day and words that belong to it."""

    def theirs(what, rows, at, words, until=_NO_DAY):
        columns = {"what": Value(what), "when": F(at), "until_day": until, "said": words}
        of_them = rows.order_by().filter(Among("customer", customers)).annotate(**columns)
        return of_them.values_list("what", "customer_id", "when", "pk", "until_day", "said", named=True)

    complaints = Case.objects.filter(kind=Case.Kind.COMPLAINT).exclude(state=Case.State.CLOSED)
    holds = Hold.objects.filter(released_at__isnull=True)
    return theirs(COMPLAINT, complaints, "opened_at", F("title")).union(
        theirs(PROMISE, Promise.objects.open().by_hand(), "due_at", F("text")),
        theirs(HOLD, holds, "set_at", F("reason")),
        theirs(SKIP, CallSkip.objects.all(), "at", F("reason"), F("until")),
        all=True,
    )


COMPLAINT, PROMISE, HOLD, SKIP = "complaint", "promise", "hold", "put off"
_NO_DAY = Cast(None, DateField())
_TO_KNOW = Prepared(_to_know, customers=Keys())


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


@dataclass(frozen=True)
class _Spoken:
    """What a row says of the contract to speak about; of visits and machines only where it says any."""

    public_id: str
    number: str
    name: str
    sentence: str
    ends_on: dt.date | None
    visits_left: int
    machines: int
    grace_days: int


def call_rows(rows: Iterable[Row], *, day: dt.date, now: dt.datetime, zone) -> list[CallRow]:
    """Rows with their words: one query, however many rows there are."""
    rows = list(rows)
    can_all = all(row.may_be_called for row in rows)
    contracts, known = together(
        _asking_called(rows, day) if can_all else _asking_any(rows, day),
        _TO_KNOW.asking(customers=[row.customer_id for row in rows]),
    )
    spoken = _of_called(rows, contracts, day) if can_all else _of_any(contracts)
    notes = _notes(rows, spoken, known, day=day, now=now, zone=zone)
    return [
        CallRow(
            public_id=row.customer,
            name=its.name,
            number=its.number,
            state=row.state,
            sentence=its.sentence,
            when=_when(its, day),
            ends_on=its.ends_on,
            note=notes[row.customer_id],
            held_back=row.held_back,
            contract_id=its.public_id,
            brief=_brief(row, its, day=day),
        )
        for row, its in ((row, spoken[row.contract_id]) for row in rows)
    ]


def _asking_called(rows, day):
    due, lapsed = (
        [row.contract_id for row in rows if row.state == wanted]
        for wanted in (State.RENEWAL_DUE, State.LAPSED)
    )
    return _CALLED.asking(day=day, contracts=[row.contract_id for row in rows], due=due, lapsed=lapsed)


def _asking_any(rows, day):
    return _CONTRACTS.asking(day=day, contracts=[row.contract_id for row in rows])


def _of_called(rows, contracts, day) -> dict[int, _Spoken]:
    """By contract, for rows in which each may be called."""
    states = {row.contract_id: row.state for row in rows}
    found = {}
    for its in contracts:
        state, ends_on, grace_days = states[its.pk], its.last_term_end, its.tenant__grace_days
        found[its.pk] = _Spoken(
            public_id=str(its.public_id),
            number=its.number,
            name=short_name(its.customer__name, its.customer__company),
            sentence=sentence_of_end(state, ends_on, day=day, grace_days=grace_days),
            ends_on=ends_on,
            visits_left=visits_left_of(
                state, granted=its.granted or 0, done=its.done or 0, given_up=its.given_up or 0
            ),
            machines=len(its.machines or ()),
            grace_days=grace_days,
        )
    return found


def _of_any(contracts) -> dict[int, _Spoken]:
    """By contract, for rows of any kind: by the contract's cover."""
    found = {}
    for contract in contracts:
        cover = cover_in_words(contract)
        found[contract.pk] = _Spoken(
            public_id=str(contract.public_id),
            number=contract.number,
            name=contract.customer.short_name,
            sentence=cover.sentence,
            ends_on=cover.ends_on,
            visits_left=cover.visits_left,
            machines=len(contract.serial_numbers),
            grace_days=contract.tenant.grace_days,
        )
    return found


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


def _when(spoken: _Spoken, day: dt.date) -> str:
    ends_on = spoken.ends_on
    if ends_on is None:
        return ""
    word = "ends" if ends_on >= day else "ended"
    year = "" if ends_on.year == day.year else f" {ends_on:%Y}"
    return f"{word} {ends_on.day} {ends_on:%b}{year}"


def _notes(rows, spoken, found, *, day, now, zone) -> dict[int, str]:
    """Of each customer the first that applies: complaint, hold, promise, unused visits, put off, state."""
    known = defaultdict(lambda: defaultdict(list))
    for one in sorted(found, key=lambda one: (one.when, one.pk)):
        known[one.customer_id][one.what].append(one)
    return {
        row.customer_id: _note(
            row, spoken[row.contract_id], known[row.customer_id], day=day, now=now, zone=zone
        )
        for row in rows
    }


def _note(row, spoken, known, *, day, now, zone) -> str:
    if known[COMPLAINT]:
        return "Open complaint, manager first"
    if row.held_back == HELD:
        return known[HOLD][-1].said if known[HOLD] else ""
    if row.held_back == PUT_OFF:
        return _put_off(row, known[SKIP], day)
    if row.held_back == RENEWS_ITSELF:
        return "Renews by itself"
    if promises := known[PROMISE]:
        return f"Promised {due_in_words(promises[0].when, now=now, zone=zone)}: {promises[0].said}"
    if row.held_back in (ACTIVE, IN_REVIEW):
        return ""
    if row.state == State.RENEWAL_DUE and spoken.visits_left:
        visits = "1 visit" if spoken.visits_left == 1 else f"{spoken.visits_left} visits"
        return f"{visits} unused, mention it"
    return _put_off(row, known[SKIP], day)


def _put_off(row, skips, day) -> str:
    if row.held_back == PUT_OFF:
        return f"Put off until {day_nearby(skips[-1].until_day, today=day)}: {skips[-1].said}"
    return f"Put off before: {skips[-1].said}" if skips else ""


def _brief(row, spoken: _Spoken, *, day) -> str:
    """ "14 days left", "In grace until 22 March", "No payment found. 3 machines"."""
    if row.state == State.RENEWAL_DUE:
        days = (spoken.ends_on - day).days
        return {0: "Ends today", 1: "1 day left"}.get(days, f"{days} days left")
    if row.state == State.IN_GRACE:
        until = spoken.ends_on + dt.timedelta(days=spoken.grace_days)
        return f"In grace until {day_nearby(until, today=day)}"
    if row.state == State.LAPSED:
        return "No payment found" + (f". {spoken.machines} machines" if spoken.machines > 1 else "")
    return spoken.sentence


def due_in_words(due_at: dt.datetime, *, now: dt.datetime, zone) -> str:
    """ "by 15:00" today, "by Fri 10:00" on another day, on the desk's clock."""
    return f"by {due_word(due_at, zone=zone, today=local_day(now, zone))}"
