"""Taking in a bank's file: money in is matched or queued, returns wait for a person, nothing counts twice.

A line that was taken in before is known by the bank's own number, else by its day, amount, payer and
words, and by how often these came. The same file changes nothing.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from django.db import connection, transaction
from django.db.models import prefetch_related_objects

from cases.duties import open_duties
from contracts.bank_lines import BankFile, BankLine, RefusedLine
from contracts.matching import match_payments
from contracts.models import MoneyOut, Payment, Statement
from contracts.money_duties import due_next_noon, settle_duty
from contracts.money_out import Leaving, likely_returned
from contracts.named_contracts import Named, keep_names, named_contracts
from contracts.open_money import wait_for_person
from contracts.payers import Payers
from contracts.renewals import tell_renewals
from contracts.told_again import mark_of, mark_of_line, perhaps_told, reference_of
from contracts.wording import day_in_full, money
from customers.models import TimelineEntry
from customers.searchkeys import serial_key
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.desk_settings import SettingRefused
from tenancy.models import Tenant
from tenancy.scope import current_tenant_id

# What becomes of a line, in the order in which a person reads it.
KINDS = (
    "renewed",
    "paid",
    "unmatched",
    "perhaps known",
    "known",
    "money out",
    "left alone",
    "refused",
    "pending",
)
MOST_REFUSED_KEPT = 500


class TakenBefore(ValueError):
    """The same file was taken in already; `statement` is that one."""

    def __init__(self, statement: Statement):
        zone = zone_of(statement.tenant)
        day = day_in_full(local_day(statement.imported_at, zone))
        person = statement.imported_by.name if statement.imported_by else "the desk itself"
        super().__init__(
            f"This file was taken in on {day} by {person}, as {statement.name}. Nothing changed."
        )
        self.statement = statement


class KnownBefore(ValueError):
    """The same money was told before."""


@dataclass
class _Sorted:
    """The lines of one file by what they are."""

    credits: list[BankLine] = field(default_factory=list)
    debits: list[BankLine] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    known: list[BankLine] = field(default_factory=list)
    fates: list["Fate"] = field(default_factory=list)


@dataclass(frozen=True)
class Fate:
    """What becomes of one line: one of KINDS, and the contract's number where it is for one."""

    line: BankLine
    kind: str
    number: str = ""


@dataclass(frozen=True)
class Tried:
    """What taking a file in would make, unsaved, and what would become of its lines in their order."""

    statement: Statement
    fates: list[Fate]


def try_out(file: BankFile, *, name: str, digest: str, by, now: dt.datetime) -> Tried:
    """What taking the file in would do; nothing is kept of it. Raises TakenBefore."""
    with transaction.atomic():
        statement, told = _take_in(file, name=name, digest=digest, by=by, now=now)
        transaction.set_rollback(True)
    places = {line.place: at for at, line in enumerate(file.lines)}
    fates = [*told.fates, *(Fate(line, "known") for line in told.known)]
    return Tried(statement, sorted(fates, key=lambda fate: places[fate.line.place]))


@transaction.atomic
def take_in(file: BankFile, *, name: str, digest: str, by, now: dt.datetime) -> Statement:
    """Take in what a file says, once; `digest` is the SHA-256 of its bytes. Raises TakenBefore.

    `Statement.counts` say what became of its lines, by KINDS.
    """
    statement, _ = _take_in(file, name=name, digest=digest, by=by, now=now)
    return statement


@transaction.atomic
def take_in_one(line: BankLine, *, name: str, by, now: dt.datetime) -> Payment:
    """One payment that another program tells by its own number, taken in as a file of one line.

    `name` says which program. Raises SettingRefused for what cannot be, and KnownBefore.
    """
    known = KnownBefore(f"The payment {line.number} was taken in before. Nothing changed.")
    if not line.number or line.amount <= 0:
        field = "amount" if line.number else "number"
        raise SettingRefused(field, "Send the payment’s own number, and an amount above nothing.")
    if line.booked_on > local_day(now, zone_of(Tenant.objects.get(pk=current_tenant_id()))):
        raise SettingRefused("paid_on", "Money that has not come yet is not taken in.")
    _one_file_at_a_time()
    if Payment.objects.filter(number=line.number).exists():
        raise known
    digest = hashlib.sha256(f"one payment: {line.number}".encode()).hexdigest()
    try:
        statement = take_in(
            BankFile(Statement.Format.API, lines=[line]), name=name, digest=digest, by=by, now=now
        )
    except TakenBefore:
        raise known from None
    payment = statement.payments.first()
    if payment is None:
        # Without its number a file has told it: the same day, money, payer and words.
        raise known
    return payment


def _take_in(file: BankFile, *, name, digest, by, now) -> tuple[Statement, _Sorted]:
    _one_file_at_a_time()
    before = Statement.objects.select_related("tenant", "imported_by__user").filter(digest=digest).first()
    if before is not None:
        raise TakenBefore(before)
    desk = Tenant.objects.get(pk=current_tenant_id())
    told = _sort(file, today=local_day(now, zone_of(desk)))
    days = [line.booked_on for line in told.credits + told.debits]
    statement = Statement.objects.create(
        name=name[:200],
        format=file.format,
        digest=digest,
        account=file.account,
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        imported_at=now,
        imported_by=by,
        refused=[asdict(refused) for refused in told.refused[:MOST_REFUSED_KEPT]],
    )
    _leave_out_known(told, file.account)
    counts = dict.fromkeys(KINDS, 0) | {
        "known": len(told.known),
        "refused": len(told.refused),
        "pending": file.pending,
    }
    counts |= _take_in_credits(statement, told, by=by, now=now)
    counts["money out"] = _take_in_returns(statement, told, by=by, now=now)
    counts["left alone"] = len(told.debits) - counts["money out"]
    statement.counts = counts
    statement.save(update_fields=["counts"])
    return statement, told


def _one_file_at_a_time():
    """Two files with the same lines, taken in at once, would each find none of them known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('statement'), %s::int)", [current_tenant_id()])


def _sort(file: BankFile, *, today: dt.date) -> _Sorted:
    told = _Sorted(refused=list(file.refused))
    for line in file.lines:
        if line.booked_on > today:
            written = day_in_full(line.booked_on)
            expected = "a day that has come: are day and month the other way round?"
            told.refused.append(RefusedLine(line.place, written, expected))
        else:
            (told.credits if line.amount > 0 else told.debits).append(line)
    return told


# Known lines


def _leave_out_known(told: _Sorted, account: str) -> None:
    """Keep only lines that no statement has told before."""
    wholes = Payment.objects.filter(part_of__isnull=True)
    told.credits, known_in = _new(told.credits, account, wholes, "paid_on", "payer")
    told.debits, known_out = _new(told.debits, account, MoneyOut.objects.all(), "booked_on", "payee")
    told.known = known_in + known_out


def _new(lines: list[BankLine], account: str, rows, day_field: str, payer_field: str):
    """The lines that none of these rows is, and the others.

    A number that stands for other money already is left out.
    """
    if not lines:
        return [], []
    numbers = {line.number for line in lines if line.number}
    columns = ("number", day_field, "amount", "currency", payer_field, "reference")
    by_number = {}
    for row in rows.filter(number__in=numbers).values_list(*columns[:4], "statement__account"):
        by_number[row[0]] = row[1:4] if account in ("", row[4]) or not row[4] else None
    days = [line.booked_on for line in lines]
    told = rows.filter(
        statement__isnull=False, **{f"{day_field}__gte": min(days), f"{day_field}__lte": max(days)}
    )
    stored = [(number, mark_of(*rest)) for number, *rest in told.values_list(*columns)]
    unnumbered = Counter(mark for number, mark in stored if not number)
    numbered = Counter(mark for number, mark in stored if number and number not in numbers)
    new, known = [], []
    for line in lines:
        mark, money_of_it = mark_of_line(line), (line.booked_on, abs(line.amount), line.currency)
        if line.number and by_number.get(line.number) == money_of_it:
            known.append(line)
        elif unnumbered[mark] > 0:
            unnumbered[mark] -= 1
            known.append(line)
        elif not line.number and numbered[mark] > 0:
            numbered[mark] -= 1
            known.append(line)
        else:
            is_taken = line.number in by_number
            new.append(replace(line, number="") if is_taken else line)
            if line.number and not is_taken:
                by_number[line.number] = money_of_it
    return new, known


# Money in


def _take_in_credits(statement, told: _Sorted, *, by, now) -> dict[str, int]:
    lines = told.credits
    named = named_contracts(lines)
    payers = Payers(line.payer for line in lines)
    payments = [
        _payment(statement, line, meant, payers, by=by, now=now)
        for line, meant in zip(lines, named, strict=True)
    ]
    written = [payment.contract_written for payment in payments]
    again = perhaps_told(lines, written, known=told.known, statement=statement)
    for payment, before in zip(payments, again, strict=True):
        payment.perhaps_again = before
    Payment.objects.bulk_create(payments, batch_size=1000)
    comes_back = [
        Named((), "") if line.is_return else meant for line, meant in zip(lines, named, strict=True)
    ]
    keep_names(payments, comes_back)
    for payment in payments:
        payment.tenant = statement.tenant
    # Money that comes back to us is no customer's payment, whatever number stands on it.
    paying = [payment for payment, line in zip(payments, lines, strict=True) if not line.is_return]
    result = match_payments(paying, by=by, now=now)
    _tell_payments(payment for payment in payments if payment.perhaps_again is None)
    renewals = [payment.renewal for payment in result.renewed]
    prefetch_related_objects(renewals, "contract__customer")
    tell_renewals(renewals, by=by, now=now)
    settled = {payment.pk for payment in result.renewed + result.paid}
    waiting = [payment for payment in payments if payment.pk not in settled]
    wait_for_person(waiting, now=now)
    perhaps = {payment.pk: "perhaps known" for payment in payments if payment.perhaps_again is not None}
    kinds = perhaps | {payment.pk: "renewed" for payment in result.renewed}
    kinds |= {payment.pk: "paid" for payment in result.paid}
    # Matching reads the payments again: those that it gives back know their contracts.
    numbers = {payment.pk: payment.contract.number for payment in result.renewed + result.paid}
    told.fates += [
        Fate(line, kinds.get(payment.pk, "unmatched"), numbers.get(payment.pk, ""))
        for line, payment in zip(lines, payments, strict=True)
    ]
    return {
        "renewed": len(result.renewed),
        "paid": len(result.paid),
        "unmatched": len(waiting) - len(perhaps),
        "perhaps known": len(perhaps),
    }


def _payment(statement, line: BankLine, meant: Named, payers: Payers, *, by, now) -> Payment:
    written = "" if line.is_return else meant.kept
    return Payment(
        number=line.number,
        customer=_whose(line, meant, payers),
        paid_on=line.booked_on,
        amount=line.amount,
        currency=line.currency,
        method=line.text[:40],
        reference=reference_of(line),
        payer=line.payer[:200],
        contract_written=written,
        written_key=serial_key(written),
        statement=statement,
        recorded_at=now,
        recorded_by=by,
    )


def _whose(line: BankLine, meant: Named, payers: Payers):
    """The customer of the contract, unless the payer is exactly another customer: a person decides that."""
    owners = {contract.customer_id: contract.customer for contract in meant.contracts}
    if len(owners) == 1:
        return payers.called_so(line.payer) or next(iter(owners.values()))
    return payers.customer_of(line.payer)


def _tell_payments(payments: Iterable[Payment]) -> None:
    lines = [
        TimelineEntry(
            customer=payment.customer,
            at=payment.recorded_at,
            kind=TimelineEntry.Kind.PAYMENT,
            title=f"Payment of {money(payment.amount, payment.currency)} received"[:200],
            detail=" · ".join(filter(None, (day_in_full(payment.paid_on), payment.payer, payment.reference))),
            subject=payment.public_id,
            step="received",
        )
        for payment in payments
        if payment.customer_id is not None
    ]
    TimelineEntry.objects.bulk_create(lines, ignore_conflicts=True, batch_size=1000)


# Money out


def _take_in_returns(statement, told: _Sorted, *, by, now) -> int:
    """Keep the debits that look like a return, each with a duty; how many there were."""
    lines = told.debits
    likely = likely_returned([Leaving.of_line(line) for line in lines])
    found = [
        (line, returns) for line, returns in zip(lines, likely, strict=True) if line.is_return or returns
    ]
    rows = [
        MoneyOut(
            statement=statement,
            number=line.number,
            booked_on=line.booked_on,
            amount=-line.amount,
            currency=line.currency,
            reference=reference_of(line),
            payee=line.payer[:200],
            recorded_at=now,
            recorded_by=by,
        )
        for line, _ in found
    ]
    MoneyOut.objects.bulk_create(rows, batch_size=1000)
    due_at = due_next_noon(calendar_of(statement.tenant), now)
    duties = (
        settle_duty(row, [each.payment for each in returns if each.is_told], due_at, now)
        for row, (_, returns) in zip(rows, found, strict=True)
    )
    open_duties(duties)
    told.fates += [
        Fate(line, "money out" if line.is_return or returns else "left alone")
        for line, returns in zip(lines, likely, strict=True)
    ]
    return len(rows)
