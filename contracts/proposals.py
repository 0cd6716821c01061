"""What unmatched money was likely for, with the reasons in words. Only proposed: a person matches (R1.4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from contracts.agreed import Agreed, agreed_for, standing_offers
from contracts.bank_lines import BankLine
from contracts.likely_customers import is_like_name, likely_customers
from contracts.matching import is_enough, is_in_range, pays_next_term
from contracts.models import Cancellation, Contract, ContractTerm, Payment
from contracts.money_by_hand import Purpose, Share
from contracts.named_contracts import named_contracts, numbers_in
from contracts.near_numbers import near_numbers
from contracts.wording import day_nearby, money

MOST = 5
# A contract worth showing, and one worth a button in the list.
SHOWN, LIKELY = 20, 45
# How much each sign counts.
NAMED, NEAR, SWAPPED = 60, 45, 10
# A payer's name beside a near number: much like the customer's, or hardly.
ALIKE, OTHER_PAYER = 18, -25
EXACT, ENOUGH, MAKES_PRICE, MAKES_ALL, TOO_LITTLE, TOO_MUCH = 30, 22, 28, 32, -8, -12
IN_RANGE, OUT_OF_RANGE, OTHER_CURRENCY, CANCELLED, OTHER_CUSTOMER = 10, -15, -30, -25, -10
_MOST_IN_A_SPLIT = 3


@dataclass(frozen=True)
class Proposal:
    """One likely contract. `together` are other unmatched payments that make its price with this one.

    `shares` are there instead where the money is exactly the price of several contracts. `missing` is
    what one button cannot do without: words for the person, empty where it can be accepted as it is.
    """

    contract: Contract
    purpose: str
    score: int
    reasons: tuple[str, ...]
    together: tuple[Payment, ...] = ()
    shares: tuple[Share, ...] = ()
    after: ContractTerm | None = None
    missing: str = ""
    # Why a person looks twice before it is accepted; empty where one button will do.
    second_look: str = ""
    is_named: bool = False

    @property
    def is_likely(self) -> bool:
        """Whether it is worth a button of its own."""
        return self.score >= LIKELY and not self.missing and not self.second_look

    @property
    def why(self) -> str:
        """The reasons on one line."""
        return ", ".join(self.reasons)


@dataclass
class _Known:
    """What all payments of one page are held against, read at once."""

    named: dict[int, list[Contract]]
    near: dict[int, list[tuple[Contract, str]]]
    whose: dict[int, dict[int, tuple[int, str]]]
    contracts: dict[int, list[Contract]]
    last: dict[int, ContractTerm]
    agreed: dict[int, Agreed]
    cancelled: set[int]
    others: dict[int, list[Payment]] = field(default_factory=dict)


def proposals_for(payments: Iterable[Payment], *, today: dt.date) -> dict[int, list[Proposal]]:
    """The likely contracts of each unmatched payment, the likeliest first, by its id.

    The number of queries is the same for one payment and for fifty.
    """
    payments = list(payments)
    if not payments:
        return {}
    known = _known(payments)
    return {payment.pk: _of(payment, known, today) for payment in payments}


def _of(payment: Payment, known: _Known, today: dt.date) -> list[Proposal]:
    signs: dict[int, tuple[Contract, int, list[str]]] = {}

    def count(contract, points, reason):
        _, before, reasons = signs.get(contract.pk, (contract, 0, []))
        signs[contract.pk] = (contract, before + points, [*reasons, *([reason] if reason else [])])

    for contract in known.named[payment.pk]:
        count(contract, NAMED, "the money names it")
    # Who writes exact numbers means these, not their neighbours.
    for contract, slip in known.near[payment.pk] if not signs else ():
        if contract.pk not in signs:
            count(contract, NEAR + (SWAPPED if "swapped" in slip else 0), slip)
    whose = known.whose[payment.pk]
    for contract, _, _ in list(signs.values()):
        # The names of payers are looked up by whole words; beside a near number half a name says enough.
        customer = contract.customer
        if payment.customer_id is None and customer.pk not in whose and is_like_name(payment.payer, customer):
            count(contract, ALIKE, f"the payer is called much like it ({payment.payer})")
    for customer, (points, reason) in whose.items():
        for contract in known.contracts.get(customer, ()):
            count(contract, points, reason)
    found = [
        _judge(payment, contract, points, reasons, known, today)
        for contract, points, reasons in signs.values()
        if contract.pk in known.last
    ]
    found += _splits(payment, signs, known)
    found.sort(key=lambda each: (-each.score, each.contract.number_key))
    return [each for each in found if each.score >= SHOWN][:MOST]


def _judge(payment, contract, points, reasons, known: _Known, today) -> Proposal:
    last, agreed = known.last[contract.pk], known.agreed[contract.pk]
    renews = pays_next_term(payment.paid_on, last)
    purpose = Purpose.RENEWS if renews else Purpose.OWN_TERM
    price = agreed.price if renews else last.price
    together, more, said, missing = _by_amount(payment, contract, price, known, today)
    points, reasons = points + more, [*reasons, said]
    if renews or is_in_range(payment.paid_on, last.ends_on, given_days=last.given_days):
        points += IN_RANGE
    else:
        points += OUT_OF_RANGE
        reasons.append(_how_far(payment.paid_on, last))
    if payment.customer_id not in (None, contract.customer_id):
        points += OTHER_CUSTOMER
        reasons.append(f"it belongs to {contract.customer}, the payer is {payment.customer}")
    if contract.pk in known.cancelled:
        points += CANCELLED
        reasons.append("it is cancelled")
        missing = missing or ("Undo the cancellation first." if renews else "")
    look = _second_look(payment, contract, known)
    if look and contract not in known.named[payment.pk]:
        points += OTHER_PAYER
    return Proposal(
        contract,
        purpose,
        points,
        tuple(reasons),
        together,
        after=last,
        missing=missing,
        second_look=look,
        is_named=contract in known.named[payment.pk],
    )


def _second_look(payment, contract, known: _Known) -> str:
    """Words where it may be known already, or the payer may well be another than the contract's customer."""
    if payment.perhaps_again_id is not None:
        return "Perhaps known already: another file told it before."
    if payment.customer_id is not None:
        is_other = payment.customer_id != contract.customer_id
        return f"The payer is another customer: {payment.customer}." if is_other else ""
    whose = known.whose[payment.pk]
    if contract.customer_id in whose or not payment.payer.strip():
        return ""
    if is_like_name(payment.payer, contract.customer):
        return ""
    if whose:
        others = [known.contracts[pk][0].customer for pk in whose if known.contracts.get(pk)]
        if others:
            return f"The payer, {payment.payer}, is more like another customer: {others[0]}."
    if contract in known.named[payment.pk]:
        return ""
    return f"The payer, {payment.payer}, is not known as {contract.customer}."


def _by_amount(payment, contract, price, known: _Known, today):
    """Other payments that belong to it, points, the reason, and what is missing to accept it."""
    if payment.currency != contract.currency:
        asked = money(price, contract.currency)
        return (), OTHER_CURRENCY, f"{payment.currency} was paid, the price is {asked}", "Other currency."
    if payment.amount == price:
        return (), EXACT, "amount is exactly the price", ""
    for others in _with_others(payment, contract, price, known):
        with_them = " and ".join(
            f"{money(other.amount, other.currency)} of {day_nearby(other.paid_on, today=today)}"
            for other in others
        )
        return others, MAKES_PRICE, f"with {with_them} it makes the price", ""
    if is_enough(payment.amount, price):
        over = payment.amount - price
        if over <= price - price * Decimal("0.95"):
            share = int((payment.amount / price * 100).to_integral_value()) if price else 100
            return (), ENOUGH, f"amount is {share} % of the price", ""
        return (), TOO_MUCH, f"{money(over, payment.currency)} more than the price", ""
    short = money(price - payment.amount, contract.currency)
    return (), TOO_LITTLE, f"{short} short of the price", "Less than 95 % of the price."


def _with_others(payment, contract, price, known: _Known):
    """Two or three payments of the same customer, unmatched as well, that make the price together."""
    others = [
        other
        for other in known.others.get(contract.customer_id, ())
        if other.pk != payment.pk and other.currency == payment.currency and other.amount < price
    ]
    for size in range(1, _MOST_IN_A_SPLIT):
        for chosen in combinations(others[:12], size):
            if payment.amount + sum(other.amount for other in chosen) == price:
                yield chosen


def _splits(payment, signs, known: _Known) -> list[Proposal]:
    """The money is exactly the prices of two or three contracts of one customer, or of those it names."""
    groups = defaultdict(dict)
    for contract, points, _ in signs.values():
        if contract.pk in known.last and contract.pk not in known.cancelled:
            groups[contract.customer_id][contract.pk] = (contract, points)
    named = {contract.pk for contract in known.named[payment.pk]}
    together = {pk: pair for group in groups.values() for pk, pair in group.items() if pk in named}
    if len(together) > 1:
        # What a line names belongs together, whoever's the contracts are.
        groups = {None: together}
    found = []
    for group in groups.values():
        for size in range(2, _MOST_IN_A_SPLIT + 1):
            for chosen in combinations(list(group.values())[:8], size):
                proposal = _split(payment, chosen, known)
                if proposal is not None:
                    found.append(proposal)
    return found


def _split(payment, chosen, known: _Known) -> Proposal | None:
    shares = []
    for contract, _ in chosen:
        renews = pays_next_term(payment.paid_on, known.last[contract.pk])
        if contract.currency != payment.currency or not renews:
            return None
        shares.append(Share(known.agreed[contract.pk].price, contract, Purpose.RENEWS))
    if sum(share.amount for share in shares) != payment.amount:
        return None
    numbers = " and ".join(contract.number for contract, _ in chosen)
    points = max(points for _, points in chosen) + MAKES_ALL + IN_RANGE
    reasons = (f"amount is exactly the prices of {numbers}",)
    looks = [_second_look(payment, contract, known) for contract, _ in chosen]
    return Proposal(
        chosen[0][0],
        Purpose.RENEWS,
        points,
        reasons,
        shares=tuple(shares),
        second_look=next(filter(None, looks), ""),
        is_named=all(contract in known.named[payment.pk] for contract, _ in chosen),
    )


def named_shares(payment: Payment) -> list[Share]:
    """The parts of money that names several contracts: each by its price, and what is left; else none."""
    known = _known([payment])
    shares = []
    for contract in known.named[payment.pk]:
        if contract.pk in known.last and contract.currency == payment.currency:
            last = known.last[contract.pk]
            renews = pays_next_term(payment.paid_on, last)
            price = known.agreed[contract.pk].price if renews else last.price
            shares.append(Share(price, contract, Purpose.RENEWS if renews else Purpose.OWN_TERM))
    left = payment.amount - sum(share.amount for share in shares)
    if not 2 <= len(shares) <= _MOST_IN_A_SPLIT:
        return []
    return [*shares, Share(left)] if left > 0 else shares


def _how_far(paid_on: dt.date, last: ContractTerm) -> str:
    days = (paid_on - last.ends_on).days
    return (
        f"dated {days} days after the term’s end" if days > 0 else f"dated {-days} days before the term’s end"
    )


# What the payments are held against


def _known(payments: list[Payment]) -> _Known:
    lines = {payment.pk: _line(payment) for payment in payments}
    named = dict(zip(lines, (each.contracts for each in named_contracts(lines.values())), strict=True))
    written = {pk: numbers_in(line) for pk, line in lines.items()}
    near = near_numbers({word for found in written.values() for word in found})
    whose = likely_customers(payments)
    customers = {customer for found in whose.values() for customer in found}
    contracts = defaultdict(list)
    for contract in (
        Contract.objects.filter(customer__in=customers).select_related("customer", "tenant").order_by("pk")
    ):
        contracts[contract.customer_id].append(contract)
    everything = {
        contract.pk: contract
        for contract in (
            *(contract for found in named.values() for contract in found),
            *(contract for found in near.values() for contract, _ in found),
            *(contract for found in contracts.values() for contract in found),
        )
    }
    last = _last_terms(everything)
    offers = standing_offers(everything.values())
    return _Known(
        named=named,
        near={
            pk: [pair for word in found for pair in near.get(word, ()) if pair[0] not in named[pk]]
            for pk, found in written.items()
        },
        whose=whose,
        contracts=contracts,
        last=last,
        agreed={pk: agreed_for(everything[pk], term, offers.get(pk)) for pk, term in last.items()},
        cancelled=_cancelled(everything),
        others=_others({contract.customer_id for contract in everything.values()}),
    )


def _line(payment: Payment) -> BankLine:
    """A payment as the bank's line that it was, for finding numbers in it."""
    return BankLine(
        number="",
        booked_on=payment.paid_on,
        amount=payment.amount,
        currency=payment.currency,
        payer=payment.payer,
        reference=payment.reference,
        contract=payment.contract_written,
    )


def _last_terms(contracts: Iterable[int]) -> dict[int, ContractTerm]:
    standing = ContractTerm.objects.filter(contract__in=list(contracts), taken_back_at__isnull=True)
    return {term.contract_id: term for term in standing.order_by("ends_on")}


def _cancelled(contracts: Iterable[int]) -> set[int]:
    standing = Cancellation.objects.filter(contract__in=list(contracts), undone_at__isnull=True)
    return set(standing.values_list("contract_id", flat=True))


def _others(customers: set[int]) -> dict[int, list[Payment]]:
    found = defaultdict(list)
    for payment in Payment.objects.unmatched().filter(customer__in=customers).order_by("-paid_on", "-pk"):
        found[payment.customer_id].append(payment)
    return found
