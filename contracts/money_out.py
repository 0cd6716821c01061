"""Money that left and looks like the return of a payment: which one it was, settled by a person (R1.4)."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Length, StrIndex, Upper
from django.db.models.lookups import GreaterThan

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.bank_lines import BankLine
from contracts.models import MoneyOut, Payment
from contracts.named_contracts import named_contracts
from contracts.open_money import AlreadySettled, NeedsReason, close_match_duty, tell, what_was_done
from contracts.payers import Payers, name_key, telling_words
from contracts.renewals import lock_contract
from contracts.taking_back import return_payment
from contracts.wording import day_in_full, money
from customers.searchkeys import serial_key, words
from tenancy.calendars import local_day, zone_of

# A direct debit that was never allowed can be taken back for 13 months.
LONGEST_RETURN = dt.timedelta(days=400)
SOON = dt.timedelta(days=14)
# So much of an earlier payment's reference in another line's words is no chance.
SHORTEST_SIGN = 5
_MOST_SHOWN = 5
TEXT = TextField()


@dataclass(frozen=True)
class Leaving:
    """Money that left: the day, how much, and what the bank says of it. `amount` is above nothing."""

    day: dt.date
    amount: Decimal
    currency: str
    whom: str
    words: str
    is_return: bool

    @classmethod
    def of_line(cls, line: BankLine) -> "Leaving":
        """A debit as the bank's file has it."""
        said = f"{line.reference} {line.text}"
        return cls(line.booked_on, -line.amount, line.currency, line.payer, said, line.is_return)

    @classmethod
    def of_row(cls, row: MoneyOut) -> "Leaving":
        """A debit that waits for a person: it looked like a return when it came."""
        return cls(row.booked_on, row.amount, row.currency, row.payee, row.reference, is_return=True)


@dataclass(frozen=True)
class Likely:
    """A payment that may have been returned, and why we think so."""

    payment: Payment
    reasons: tuple[str, ...]
    # A number or the payee says so. Of the same amount alone nothing follows.
    is_told: bool = False

    @property
    def is_other_amount(self) -> bool:
        """Whether another amount went back than was paid."""
        return any(reason.endswith(" than was paid") for reason in self.reasons)


def likely_returned(leaving: list[Leaving]) -> list[list[Likely]]:
    """For each the payments that it may return, the likeliest first: one query for any number.

    A contract's number and the payee outrank the amount: where they speak of one customer, no other's
    payment of the same amount is listed. What the bank calls a return may be of another amount.
    """
    if not leaving:
        return []
    about = _about(leaving)
    known = _payments_of(leaving, about)
    return [_likely(each, told, known) for each, told in zip(leaving, about, strict=True)]


@dataclass(frozen=True)
class _About:
    """Of whom the bank's words speak: contracts by exact number, and customers of these or called so."""

    contracts: frozenset[int]
    customers: frozenset[int]
    payee: int | None


def _about(leaving: list[Leaving]) -> list[_About]:
    lines = [
        BankLine(number="", booked_on=each.day, amount=-each.amount, currency=each.currency, text=each.words)
        for each in leaving
    ]
    payees = Payers(each.whom for each in leaving)
    told = []
    for each, named in zip(leaving, named_contracts(lines), strict=True):
        payee = payees.called_so(each.whom)
        owners = {contract.customer_id for contract in named.contracts}
        told.append(
            _About(
                contracts=frozenset(contract.pk for contract in named.contracts),
                customers=frozenset(owners | ({payee.pk} if payee else set())),
                payee=payee.pk if payee else None,
            )
        )
    return told


@transaction.atomic
def settle_as_return(
    money_out: MoneyOut, payment: Payment, *, by, now: dt.datetime, because: str = ""
) -> None:
    """This money is that payment, gone back: its term goes with it.

    A payment that was split goes back with every part that stands. Raises AlreadySettled, and
    NeedsReason where neither number nor payee says that it is this payment and `because` is empty.
    """
    row = _lock(money_out)
    parts = _hold_parts(payment)
    if not parts:
        payment.refresh_from_db()
        raise AlreadySettled(f"Somebody was quicker: {what_was_done(payment)}. Look at it again.")
    if sum(part.amount for part in parts) > row.amount:
        raise NeedsReason("More was paid than went back. Settle it as something else, or refund a part.")
    if not because.strip() and not _is_told(row, payment):
        raise NeedsReason("Neither its number nor its payee says that it is this payment. Say how you know.")
    outcome = f"Return of the payment of {day_in_full(payment.paid_on)}"
    if because.strip():
        outcome += f": {because.strip()}"
    because = row.reference or "Returned by the bank"
    for part in parts:
        return_payment(part, returned_on=row.booked_on, by=by, now=now, because=because)
        _check_it_was_us(part, by=by, now=now)
        close_match_duty(part, outcome="Returned by the bank", by=by, now=now)
        tell(part, "returned by the bank", step="returned", by=by, now=now, detail=because)
    _settle(row, payment, outcome, by=by, now=now)


@transaction.atomic
def settle_as_else(money_out: MoneyOut, *, because: str, by, now: dt.datetime) -> None:
    """This money is no payment's return. Raises NeedsReason without a reason, and AlreadySettled."""
    if not because.strip():
        raise NeedsReason("Say what it was.")
    _settle(_lock(money_out), None, because.strip(), by=by, now=now)


def _lock(money_out: MoneyOut) -> MoneyOut:
    row = MoneyOut.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=money_out.pk)
    if row.settled_at is not None:
        person = row.settled_by.name if row.settled_by else "the desk itself"
        day = day_in_full(local_day(row.settled_at, zone_of(row.tenant)))
        raise AlreadySettled(f"Somebody was quicker: {person} settled it on {day}: {row.settled_because}.")
    return row


def _settle(row: MoneyOut, payment: Payment | None, because: str, *, by, now) -> None:
    row.payment, row.settled_at, row.settled_by, row.settled_because = payment, now, by, because[:300]
    row.save(update_fields=["payment", "settled_at", "settled_by", "settled_because"])
    close_duties_about(row.public_id, Duty.Kind.SETTLE_MONEY_OUT, outcome=because, by=by, now=now)


def _hold_parts(payment: Payment) -> list[Payment]:
    """What stands of the payment, once every contract that it pays for is held.

    By their keys: two returns that take the same contracts wait, not for each other.
    """
    for contract in sorted({part.contract_id for part in _standing_parts(payment) if part.contract_id}):
        lock_contract(contract)
    return _standing_parts(payment)


def _standing_parts(payment: Payment) -> list[Payment]:
    """The payment itself, or what it was cut into, as far as it was not given back."""
    payment = Payment.objects.select_related("customer", "tenant").get(pk=payment.pk)
    if payment.returned_on is not None:
        return []
    if payment.replaced_at is None:
        return [payment]
    return [part for piece in payment.parts.order_by("pk") for part in _standing_parts(piece)]


def _check_it_was_us(part: Payment, *, by, now) -> None:
    """Returning money twice changes nothing; this line of the bank's would be left without its payment."""
    part.refresh_from_db()
    if (part.returned_at, part.returned_by) != (now, by):
        raise AlreadySettled(f"Somebody was quicker: {what_was_done(part)}. Look at it again.")


def _is_told(row: MoneyOut, payment: Payment) -> bool:
    (found,) = likely_returned([Leaving.of_row(row)])
    return any(each.is_told for each in found if each.payment.pk == payment.pk)


def _payments_of(leaving: list[Leaving], about: list[_About]) -> list[Payment]:
    """The payments for which something may speak, and the latest of its amount for what is just a return.

    At a desk where thousands pay the same price, all of that amount would be most of the money there is.
    """
    first = min(each.day for each in leaving) - LONGEST_RETURN
    last = max(each.day for each in leaving)
    there = Payment.objects.filter(returned_on__isnull=True, part_of__isnull=True)
    spoken_for = there.filter(_is_spoken_for(leaving, about), paid_on__range=(first, last))
    chosen = Q(pk__in=spoken_for.values("pk"))
    for each, told in zip(leaving, about, strict=True):
        if each.is_return and not told.customers:
            days = (each.day - LONGEST_RETURN, each.day)
            alike = there.filter(amount=each.amount, currency=each.currency, paid_on__range=days)
            chosen |= Q(pk__in=alike.order_by("-paid_on", "-pk").values("pk")[:_MOST_SHOWN])
    rows = Payment.objects.filter(chosen).select_related("customer", "contract", "tenant")
    return list(rows.prefetch_related("parts__contract").order_by("-paid_on", "-pk"))


def _is_spoken_for(leaving: list[Leaving], about: list[_About]) -> Q:
    """Of a contract that is named; or of the amount, with the payee, or a number of it in the bank's words.

    It may let too many through: `_signs` judges each.
    """
    contracts = {contract for told in about for contract in told.contracts}
    named = Q(contract__in=contracts) | Q(pk__in=_wholes_of(Q(contract__in=contracts)))
    customers = {customer for told in about for customer in told.customers}
    theirs = (
        Q(customer__in=customers)
        | Q(contract__customer__in=customers)
        | Q(pk__in=_wholes_of(Q(contract__customer__in=customers)))
    )
    payees = {key for each in leaving for key in _written_words(each.whom)}
    for key in payees:
        theirs |= Q(payer_key__contains=key) | Q(customer__name__icontains=key)
        theirs |= Q(customer__company__icontains=key)
    said = Value("\n".join(sorted({serial_key(each.words) for each in leaving})))
    for sign in (F("written_key"), _bare("number"), _bare("reference")):
        stands_in_words = GreaterThan(StrIndex(said, sign), 0)
        theirs |= Q(GreaterThan(Length(sign), SHORTEST_SIGN - 1)) & Q(stands_in_words)
    return named | Q(amount__in={each.amount for each in leaving}) & theirs


def _wholes_of(parts: Q):
    return Payment.objects.filter(parts, part_of__isnull=False).values("part_of")


def _bare(field: str) -> Func:
    """As `serial_key` makes it, but for accents: capitals and digits only."""
    cleaned = Func(
        F(field), Value("[^[:alnum:]]"), Value(""), Value("g"), function="regexp_replace", output_field=TEXT
    )
    return Upper(cleaned)


def _written_words(name: str) -> list[str]:
    """The longest telling word of a name, as it is written: by it a payer of that name is found."""
    telling = set(telling_words(name)[:1])
    return [written for written in name.lower().split() if telling & set(words(written))]


def _likely(leaving: Leaving, about: _About, payments: list[Payment]) -> list[Likely]:
    scored = []
    for payment in payments:
        if payment.currency != leaving.currency:
            continue
        if not payment.paid_on <= leaving.day <= payment.paid_on + LONGEST_RETURN:
            continue
        points, reasons, is_told = _signs(leaving, about, payment)
        if points:
            scored.append((points, Likely(payment, tuple(reasons), is_told)))
    scored.sort(key=lambda each: (-each[0], -each[1].payment.paid_on.toordinal(), each[1].payment.pk))
    return [likely for _, likely in scored[:_MOST_SHOWN]]


def _signs(leaving: Leaving, about: _About, payment: Payment) -> tuple[int, list[str], bool]:
    """What speaks for a payment, no points for nothing; and whether a number or the payee is among it."""
    points, reasons = 0, [f"amount is exactly {money(payment.amount, payment.currency)}"]
    is_payee = _is_same_name(leaving.whom, payment)
    if is_payee:
        points += 3
        reasons.append("it went to the payer")
    of_contracts = [payment, *payment.parts.all()]
    if about.contracts & {each.contract_id for each in of_contracts}:
        points += 6
        reasons.append("its contract number is named")
    said = serial_key(leaving.words)
    for sign, words_of_it in (
        (payment.written_key, "its contract number is named"),
        (serial_key(payment.number), "the bank’s number of it is named"),
        (serial_key(payment.reference), "its reference is named"),
    ):
        if len(sign) >= SHORTEST_SIGN and sign in said and words_of_it not in reasons:
            points += 3
            reasons.append(words_of_it)
    is_told = points > 0
    if payment.amount != leaving.amount:
        if not (leaving.is_return and is_told):
            return 0, [], False
        reasons[0] = _other_amount(leaving, payment)
        points -= 4
    elif not is_told and about.customers and not about.customers & _customers_of(payment):
        return 0, [], False
    if is_told and _is_somebody_else(leaving, about, payment, is_payee=is_payee):
        reasons.append(f"paid by somebody else: {payment.payer or payment.customer}")
    if leaving.is_return:
        points += 1
        reasons.append("the bank calls it a return")
    if points and leaving.day - payment.paid_on <= SOON:
        points += 1
        days = (leaving.day - payment.paid_on).days
        reasons.append("the same day" if days == 0 else "a day later" if days == 1 else f"{days} days later")
    return max(points, 1) if is_told else points, reasons, is_told


def _other_amount(leaving: Leaving, payment: Payment) -> str:
    difference = money(abs(payment.amount - leaving.amount), payment.currency)
    more_or_less = "less than was paid" if leaving.amount < payment.amount else "more than was paid"
    return f"{difference} {more_or_less}"


def _customers_of(payment: Payment) -> set[int]:
    contracts = [each.contract for each in (payment, *payment.parts.all()) if each.contract is not None]
    found = {payment.customer_id, *(contract.customer_id for contract in contracts)}
    return found - {None}


def _is_somebody_else(leaving: Leaving, about: _About, payment: Payment, *, is_payee: bool) -> bool:
    """Whether the money went to another than it had come from."""
    if is_payee or not leaving.whom.strip():
        return False
    if about.payee is not None:
        return about.payee not in _customers_of(payment)
    return bool(payment.payer.strip())


def _is_same_name(whom: str, payment: Payment) -> bool:
    if not words(whom):
        return False
    names = [payment.payer]
    if payment.customer is not None:
        names += [payment.customer.name, payment.customer.company]
    return any(name_key(name) == name_key(whom) for name in names if name)
