"""Cover in words: what a contract grants on one day, why, and what to do about it (R1).

`contracts.covered` derives the state in SQL; here it becomes the sentence of R1.2, the one line
of reasons of R1.6 and an instruction. Warranty is not cover and is never mixed in.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q

from contracts.covered import State, covered_on
from contracts.models import Contract, ContractEquipment
from contracts.wording import day_in_full, day_nearby, days_word, money
from customers.models import Equipment
from tenancy.calendars import local_time, zone_of
from tenancy.prepared import DAY, Key, Prepared

# Best first: what a caller is told when several contracts cover one machine.
RANK = {
    state: place
    for place, state in enumerate(
        [
            State.ACTIVE,
            State.RENEWAL_DUE,
            State.IN_REVIEW,
            State.IN_GRACE,
            State.UPCOMING,
            State.LAPSED,
            State.CANCELLED,
        ]
    )
}
INSTRUCTION = {
    State.UPCOMING: "Nothing to sell.",
    State.ACTIVE: "Don't pitch a renewal.",
    State.RENEWAL_DUE: "Ask about the renewal.",
    State.IN_REVIEW: "Ask accounts before calling.",
    State.IN_GRACE: "Still covered. Ask about the renewal.",
    State.LAPSED: "You may offer a new term.",
    State.CANCELLED: "Visits are charged.",
}
GOES_ON = "It renews by itself: nothing to ask."
TONE = {
    State.UPCOMING: "good",
    State.ACTIVE: "good",
    State.RENEWAL_DUE: "good",
    State.IN_REVIEW: "warn",
    State.IN_GRACE: "plain",
    State.LAPSED: "plain",
    State.CANCELLED: "plain",
}
COVERED_STATES = (State.ACTIVE, State.RENEWAL_DUE, State.IN_REVIEW, State.IN_GRACE)


@dataclass(frozen=True)
class Cover:
    """What one contract grants on one day. `response_hours` are working hours; days are the desk's."""

    contract: Contract
    day: dt.date
    state: str
    sentence: str
    reason: str
    instruction: str
    tone: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    visits_granted: int
    visits_done: int
    visits_given_up: int
    hours_granted: Decimal
    hours_done: Decimal
    response_hours: int | None
    covered: str
    not_covered: str
    checked_at: dt.datetime | None
    checked_by: str

    @property
    def days_left(self) -> int | None:
        """Days from this day to the last covered one; negative once it has passed."""
        return None if self.ends_on is None else (self.ends_on - self.day).days

    @property
    def visits_left(self) -> int:
        """Entitled visits of the running term, neither done yet nor given up."""
        return visits_left_of(
            self.state, granted=self.visits_granted, done=self.visits_done, given_up=self.visits_given_up
        )

    @property
    def hours_left(self) -> Decimal:
        """Granted hours of work of the running term not used yet."""
        return max(Decimal(0), self.hours_granted - self.hours_done)

    @property
    def machines(self) -> list[str]:
        """Serial numbers of the machines that it names on this day; none: all of the customer's."""
        return self.contract.serial_numbers

    @property
    def is_covered(self) -> bool:
        """Whether a visit on this day falls under the contract: review and grace keep entitlements."""
        return self.state in COVERED_STATES

    def covers(self, machine: Equipment) -> bool:
        """Whether the contract is about a machine, in whatever state: `covers_of_machines` has the rule."""
        if self.contract.names_machines:
            return machine.pk in self.contract.machine_ids
        return machine.site.customer_id == self.contract.customer_id


_ONE = Prepared(
    lambda contract, day: Contract.objects.with_reasons(day).filter(pk=contract), contract=Key(), day=DAY
)
_OF_CUSTOMER = Prepared(
    lambda customer, day: Contract.objects.with_reasons(day).filter(customer=customer),
    customer=Key(),
    day=DAY,
)


@lru_cache
def _about(count: int) -> Prepared:
    """The contracts about any of so many machines."""

    def build(day, **keys):
        these = reduce(or_, (Q(pk=key) for key in keys.values()))
        owners = Equipment.objects.filter(these).values("site__customer")
        about = reduce(or_, (Q(equipment=key) for key in keys.values()))
        naming = ContractEquipment.objects.filter(covered_on(day), about).values("contract")
        names_none = ~Exists(ContractEquipment.objects.filter(contract=OuterRef("pk")))
        theirs = Contract.objects.filter(names_none, customer__in=owners).values("pk")
        # As one list: the database looks them up by it, where an OR makes it go through all of the desk's.
        return Contract.objects.with_reasons(day).filter(pk__in=naming.union(theirs, all=True))

    return Prepared(build, day=DAY, **{f"machine{number}": Key() for number in range(count)})


def cover_of(contract: Contract, day: dt.date) -> Cover:
    """The cover of one contract on a day (in the desk's zone): one query."""
    (found,) = _ONE.rows(contract=contract.pk, day=day)
    return cover_in_words(found)


def covers_of_customer(customer, day: dt.date) -> list[Cover]:
    """The covers of a customer's contracts on a day, best first: one query."""
    return _best_first(_OF_CUSTOMER.rows(customer=customer.pk, day=day))


def covers_of_equipment(equipment: Equipment, day: dt.date) -> list[Cover]:
    """The covers of the contracts about a machine, best first: one query."""
    return covers_of_machines([equipment], day)


def covers_of_machines(machines: Iterable[Equipment], day: dt.date) -> list[Cover]:
    """The covers of the contracts about any of the machines, best first: one query.

    A contract is about the machines that it names; one that names none is about all of its
    customer's.
    """
    keys = {f"machine{number}": machine.pk for number, machine in enumerate(machines)}
    return _best_first(_about(len(keys)).rows(day=day, **keys) if keys else [])


def cover_in_words(contract: Contract) -> Cover:
    """The words for a contract read by `with_reasons`."""
    check = contract.last_check or {}
    return Cover(
        contract=contract,
        day=contract.cover_day,
        state=contract.cover_state,
        sentence=sentence_of(contract),
        reason=reason_of(contract),
        instruction=_instruction(contract),
        tone=TONE[contract.cover_state],
        starts_on=contract.running_start or contract.next_start or contract.last_start,
        ends_on=contract.chain_end or contract.last_end,
        visits_granted=_granted(contract.cover_state, contract.visits_granted),
        visits_done=int(contract.visits_done),
        visits_given_up=int(contract.visits_given_up),
        hours_granted=contract.hours_granted,
        hours_done=contract.hours_done,
        response_hours=contract.response_hours_now,
        covered=contract.kind,
        not_covered=contract.not_covered,
        checked_at=dt.datetime.fromisoformat(check["at"]) if check else None,
        checked_by=check.get("by") or "",
    )


def sentence_of(contract: Contract) -> str:
    """The sentence of R1.2 for a contract read by `with_reasons`."""
    match contract.cover_state:
        case State.CANCELLED:
            day = _day((contract.cancellation or {}).get("effective_on"))
            return f"Cancelled {day_in_full(day)}" if day else "Cancelled, date unknown"
        case State.ACTIVE:
            paid = _paid(contract) if contract.last_end > contract.running_end else ""
            return f"Active until {day_in_full(contract.chain_end)}{paid}"
        case State.UPCOMING:
            return f"Starts {day_in_full(contract.next_start)}"
        case State.IN_REVIEW if contract.running_end:
            return (
                f"Active until {day_in_full(contract.chain_end)}, renewal in review: {_in_review(contract)}"
            )
        case State.IN_REVIEW:
            return f"Renewal in review: {_in_review(contract)}"
    ends_on = contract.chain_end or contract.last_end
    grace_days = contract.tenant.grace_days
    return sentence_of_end(contract.cover_state, ends_on, day=contract.cover_day, grace_days=grace_days)


def sentence_of_end(state: str, ends_on: dt.date | None, *, day: dt.date, grace_days: int) -> str:
    """The sentence of R1.2 where its last end says all: renewal due, in grace, lapsed."""
    if ends_on is None:
        return "No term stands, no payment found"
    if state == State.RENEWAL_DUE:
        return _ends_in((ends_on - day).days)
    ended = f"Ended {day_in_full(ends_on)}"
    if state == State.IN_GRACE:
        return f"{ended}, in grace until {day_in_full(ends_on + dt.timedelta(days=grace_days))}"
    return f"{ended}, no payment found"


def visits_left_of(state: str, *, granted, done, given_up) -> int:
    """Entitled visits neither done nor given up; none in a state that is no cover."""
    return max(0, int(_granted(state, granted) - done - given_up))


def _granted(state, granted) -> int:
    return int(granted) if state in COVERED_STATES else 0


def reason_of(contract: Contract) -> str:
    """Why, in one line: dates, renewal, payment, person, and when it was last checked (R1.6)."""
    parts = [_term_reason(contract), *_records(contract), _check_reason(contract)]
    return "; ".join(part for part in parts if part)


def _instruction(contract) -> str:
    goes_on = contract.is_auto_renewing and not contract.noticed
    is_due = contract.cover_state == State.RENEWAL_DUE
    return GOES_ON if is_due and goes_on else INSTRUCTION[contract.cover_state]


def _best_first(contracts) -> list[Cover]:
    covers = [cover_in_words(contract) for contract in contracts]
    return sorted(
        covers, key=lambda c: (RANK[c.state], -(c.ends_on or dt.date.min).toordinal(), c.contract.pk)
    )


def _paid(contract) -> str:
    """The next term stands. One that the clock entered is not paid for, and is not said to be."""
    by_clock = contract.last_renewal and contract.last_renewal["channel"] == "clock"
    return ", renewed by itself" if by_clock else ", renewal paid"


def _ends_in(days: int) -> str:
    if days == 0:
        return "Ends today"
    return "Ends in 1 day" if days == 1 else f"Ends in {days} days"


def _in_review(contract) -> str:
    """What is being looked at: evidence first, then money, then an accepted offer."""
    today = contract.cover_day
    if evidence := contract.waiting_evidence:
        return f"{evidence['kind']} of {day_nearby(_day(evidence['dated_on']), today=today)}"
    if payment := contract.unmatched_payment:
        return f"unmatched payment of {day_nearby(_day(payment['paid_on']), today=today)}"
    if contract.accepted_offer is None:
        return "it renews by itself, the next term is being entered"
    accepted = _moment(contract.accepted_offer["accepted_at"])
    return f"offer accepted {day_nearby(local_time(accepted, zone_of(contract.tenant)).date(), today=today)}"


def _term_reason(contract) -> str:
    if contract.last_end is None:
        return "No term stands"
    starts = contract.running_start or contract.next_start or contract.last_start
    ends = contract.running_end or contract.last_end
    return f"Term {day_in_full(starts)} to {day_in_full(ends)}"


def _records(contract):
    """One phrase for each record that the state rests on: what it is, by whom and when it was recorded."""
    currency = contract.currency
    if cancelled := contract.cancellation:
        yield f"cancelled: {cancelled['reason']}" + _recorded(contract, cancelled)
    if coming := contract.coming_cancellation:
        day = day_in_full(_day(coming["effective_on"]))
        yield f"cancelled from {day}: {coming['reason']}" + _recorded(contract, coming)
    if evidence := contract.waiting_evidence:
        amount = f" {money(evidence['amount'], currency)}" if evidence["amount"] is not None else ""
        reference = f" {evidence['reference']}" if evidence["reference"] else ""
        dated = day_in_full(_day(evidence["dated_on"]))
        told = f" ({evidence['note']})" if evidence["note"] else ""
        yield f"{evidence['kind']}{reference}{amount} of {dated} is being looked at{told}" + _recorded(
            contract, evidence
        )
    if payment := contract.unmatched_payment:
        named = (
            f" naming “{payment['contract_written']}”"
            if payment["contract_written"]
            else " naming no contract"
        )
        paid = day_in_full(_day(payment["paid_on"]))
        payer = payment["payer"] or "the customer"
        yield (
            f"{money(payment['amount'], currency)} of {paid} from {payer}{named}"
            + _recorded(contract, payment)
        )
    # The acceptance itself stands among the evidence, while that waits.
    if (offer := contract.accepted_offer) and (evidence or {}).get("kind") != "accepted offer":
        person = offer["accepted_name"] or "the customer"
        at = _at(contract, offer["accepted_at"])
        yield f"offer of {money(offer['amount'], currency)} accepted, {person}, {at}"
    if not contract.cancellation and contract.cover_state in (State.IN_GRACE, State.LAPSED):
        yield "no renewal, no money and no claim found since"
    term = contract.last_term
    if contract.last_renewal:
        yield _renewal_reason(contract, contract.last_renewal)
    elif term and not _was_extended(term):
        person = term["created_by"] or ("the import" if contract.imported_at else "the desk")
        yield f"entered by {person}, {_at(contract, term['created_at'])}"
    if term and term["given_days"]:
        yield _given_reason(contract, term)


def _renewal_reason(contract, renewal) -> str:
    term = f"renewed to {day_in_full(_day(renewal['ends_on']))}"
    if renewal["paid_on"]:
        paid = f" by payment of {day_in_full(_day(renewal['paid_on']))}"
        method = " ".join(part for part in (renewal["method"].lower(), renewal["reference"]) if part)
        how = paid + (f" ({method})" if method else "")
    else:
        how = " by itself" if renewal["channel"] == "clock" else f" by {renewal['channel']}"
    person = renewal["renewed_by"] or "the desk"
    return f"{term}{how}, {person}, {_at(contract, renewal['renewed_at'])}"


def given_words(contract: Contract) -> str:
    """Days of its last term that are goodwill, and why (read by `with_reasons`); "" where there are none."""
    term = contract.last_term
    if not term or not term["given_days"]:
        return ""
    days = days_word(term["given_days"])
    if not _was_extended(term):
        # Those of a term that was taken back, at the end of the one before it.
        return f"{days} of it given as goodwill"
    return term["longer_because"] + (f", {days} in all" if term["given_before"] else "")


def _was_extended(term) -> bool:
    return bool(term["given_days"] and term["longer_because"])


def _given_reason(contract, term) -> str:
    words = given_words(contract)
    if not _was_extended(term):
        return words
    person = term["created_by"] or "the desk"
    return f"{words[0].lower()}{words[1:]}, {person}, {_at(contract, term['created_at'])}"


def _check_reason(contract) -> str:
    if not contract.last_check:
        return "not checked before"
    person = f", {contract.last_check['by']}" if contract.last_check["by"] else ""
    return f"checked {_at(contract, contract.last_check['at'])}{person}"


def _recorded(contract, fact) -> str:
    """Who recorded it and when: ", Hollis Grant, 2 Mar 2026 10:14"."""
    person = fact["recorded_by"] or fact.get("recorded_by_name") or "the import"
    return f", {person}, {_at(contract, fact['recorded_at'])}"


def _at(contract, moment: str) -> str:
    at = local_time(_moment(moment), zone_of(contract.tenant))
    return f"{day_in_full(at.date())} {at:%H:%M}"


def _day(text) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _moment(text) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
