"""Money in lists: what came in, what it was for or may be for, and by when a person says so."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from cases.models import Duty
from contracts.models import MoneyOut, Payment, Statement
from contracts.proposals import Proposal, proposals_for
from contracts.wording import money
from imports.bank.refusing import plain
from imports.money import parse_amount
from servicedesk.moments import due_word, moment_word
from tenancy.calendars import local_day
from tenancy.models import Role

PAGE = 50


@dataclass(frozen=True)
class Due:
    """Whose the question is, by when, and whether that is over."""

    owner: str
    by: str
    is_late: bool


@dataclass(frozen=True)
class MoneyRow:
    """One payment in a list. `likely` is the proposal worth a button, `state` what became of it."""

    payment: Payment
    amount: str
    tone: str
    state: str
    due: Due | None
    likely: Proposal | None
    hint: str = ""


@dataclass(frozen=True)
class OutRow:
    """One line of money that left."""

    out: MoneyOut
    amount: str
    due: Due | None


@dataclass(frozen=True)
class PageOf:
    """Rows of one page, and the public id of the last where there are more."""

    rows: list
    after: str


def queue_page(*, after: str, words: str, now: dt.datetime, zone) -> PageOf:
    """Money that waits for a person, the oldest first; its queries do not grow with the rows."""
    found = _said(Payment.objects.unmatched(), words).order_by("paid_on", "pk")
    start = _row(Payment.objects.all(), after)
    if start is not None:
        found = found.filter(Q(paid_on__gt=start.paid_on) | Q(paid_on=start.paid_on, pk__gt=start.pk))
    payments, more = _cut(found.select_related("customer", "tenant"))
    proposed = proposals_for(payments, today=local_day(now, zone))
    dues = dues_of([payment.public_id for payment in payments], now=now, zone=zone)
    rows = [
        MoneyRow(
            payment=payment,
            amount=money(payment.amount, payment.currency),
            tone="warn",
            state="Waiting",
            due=dues.get(payment.public_id),
            likely=_likeliest(proposed[payment.pk]),
            hint=_hint(proposed[payment.pk]),
        )
        for payment in payments
    ]
    return PageOf(rows, more)


def all_page(*, after: str, words: str) -> PageOf:
    """All money, the latest first; what was taken apart is shown by its parts."""
    found = _said(Payment.objects.filter(replaced_at__isnull=True), words).order_by("-paid_on", "-pk")
    start = _row(Payment.objects.all(), after)
    if start is not None:
        found = found.filter(Q(paid_on__lt=start.paid_on) | Q(paid_on=start.paid_on, pk__lt=start.pk))
    payments, more = _cut(found.select_related("customer", "contract", "renewal"))
    rows = []
    for payment in payments:
        tone, state = state_of(payment)
        rows.append(MoneyRow(payment, money(payment.amount, payment.currency), tone, state, None, None))
    return PageOf(rows, more)


def out_page(*, after: str, is_settled: bool, now: dt.datetime, zone) -> PageOf:
    """Money that left: what waits, the oldest first, or what was settled."""
    found = MoneyOut.objects.filter(settled_at__isnull=not is_settled).order_by("booked_on", "pk")
    start = _row(MoneyOut.objects.all(), after)
    if start is not None:
        found = found.filter(Q(booked_on__gt=start.booked_on) | Q(booked_on=start.booked_on, pk__gt=start.pk))
    lines, more = _cut(found.select_related("payment__customer", "settled_by__user"))
    dues = dues_of([line.public_id for line in lines], now=now, zone=zone)
    rows = [OutRow(line, money(line.amount, line.currency), dues.get(line.public_id)) for line in lines]
    return PageOf(rows, more)


def statement_page(*, after: str) -> PageOf:
    """Files that were taken in, the latest first."""
    found = Statement.objects.order_by("-imported_at", "-pk")
    start = _row(Statement.objects.all(), after)
    if start is not None:
        same = Q(imported_at=start.imported_at, pk__lt=start.pk)
        found = found.filter(Q(imported_at__lt=start.imported_at) | same)
    return PageOf(*_cut(found.select_related("imported_by__user")))


def state_of(payment: Payment) -> tuple[str, str]:
    """What became of a payment: a pill's tone and its words."""
    if payment.replaced_at is not None:
        return "plain", "Taken apart"
    if payment.returned_on is not None:
        return "bad", payment.get_return_kind_display()
    if payment.contract is not None:
        return "good", f"{'Renewed' if has_renewed(payment) else 'Pays'} {payment.contract.number}"
    if payment.set_aside_at is not None:
        return "plain", "Set aside"
    return "warn", "Waiting"


def has_renewed(payment: Payment) -> bool:
    """Whether matching it made a renewal; other money pays for a term that stood already."""
    return payment.renewal is not None and payment.renewal.renewed_at == payment.matched_at


def dues_of(subjects: list, *, now: dt.datetime, zone) -> dict[uuid.UUID, Due]:
    """The open questions about these payments or lines, by their public ids."""
    kinds = (Duty.Kind.MATCH_PAYMENT, Duty.Kind.SETTLE_MONEY_OUT)
    open_ones = Duty.objects.open().filter(subject__in=subjects, kind__in=kinds).select_related("owner__user")
    today = local_day(now, zone)
    return {
        duty.subject: Due(
            owner=duty.owner.name if duty.owner else Role(duty.owner_role).label,
            by=(moment_word if duty.due_at < now else due_word)(duty.due_at, zone=zone, today=today),
            is_late=duty.due_at < now,
        )
        for duty in open_ones
    }


def _likeliest(proposals: list[Proposal]) -> Proposal | None:
    """The one to accept with a button: none where a second one is as likely."""
    if not proposals or not proposals[0].is_likely:
        return None
    if len(proposals) > 1 and proposals[1].score >= proposals[0].score:
        return None
    return proposals[0]


def _hint(proposals: list[Proposal]) -> str:
    """What is known of money that no one button settles: the contract it names, and what is against it."""
    if not proposals or not (proposals[0].is_named or proposals[0].second_look):
        return ""
    first = proposals[0]
    if first.shares:
        return f"{first.why[:1].upper()}{first.why[1:]}. {first.second_look}".strip()
    return f"{first.contract.number}: {first.why}" + (f". {first.second_look}" if first.second_look else "")


def _said(payments, words: str):
    """Only money of which the words stand anywhere, or whose amount they are."""
    words = plain(words)
    if not words:
        return payments
    anywhere = Q(payer__icontains=words) | Q(reference__icontains=words) | Q(number__iexact=words)
    anywhere |= Q(contract_written__icontains=words) | Q(contract__number__icontains=words)
    anywhere |= Q(customer__name__icontains=words) | Q(customer__company__icontains=words)
    amount = parse_amount(words, "point")
    if amount is not None and amount > Decimal(0):
        anywhere |= Q(amount=amount)
    return payments.filter(anywhere)


def _row(rows, public_id: str):
    """Where a page begins; a cursor that is none begins at the front."""
    try:
        return rows.filter(public_id=uuid.UUID(public_id)).first()
    except ValueError:
        return None


def _cut(rows) -> tuple[list, str]:
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return shown, str(shown[-1].public_id) if len(found) > PAGE else ""
