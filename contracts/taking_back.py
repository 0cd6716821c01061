"""Taking a renewal back: returned money takes its term along, into review, never to lapsed (R1.4)."""

import datetime as dt

from django.db import transaction
from django.db.models import Min, Q, Sum

from contracts.allowance import withdraw_grant
from contracts.as_it_was import put_back
from contracts.cover_events import tell_of_cover
from contracts.first_terms import not_paid, unpaid_first_term
from contracts.given_days import lengthen
from contracts.models import Contract, ContractTerm, Entitlement, Payment, Renewal, RenewalEvidence
from contracts.terms import ENOUGH, ONE_DAY
from contracts.verifying import begin_verification
from contracts.wording import day_in_full, days_word, money
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import calendar_of, local_day, zone_of


@transaction.atomic
def return_payment(
    payment: Payment,
    *,
    returned_on: dt.date,
    by,
    now: dt.datetime,
    kind: str = Payment.Return.RETURNED,
    because: str = "",
) -> None:
    """Money that went back takes its term back; the contract is in review, never lapsed by it (R1.4).

    A term that other money of the same renewal still pays for (95 % of it) stays. A first term, which
    no renewal made, stays as well: nobody loses a contract that began because a payment bounced. Where
    too little of its money is left, a person asks the customer. A second return changes nothing.
    `returned_on` is a day in the desk's zone.
    """
    # Its contract, or the one that matching could give it at this moment.
    pays = Contract.objects.filter(Q(pk=payment.contract_id) | Q(number_key=payment.written_key))
    list(pays.select_for_update(of=("self",)).order_by("pk"))
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    if payment.returned_on is not None or payment.replaced_at is not None:
        return
    payment.returned_on, payment.return_kind, payment.returned_because = returned_on, kind, because[:300]
    payment.returned_at, payment.returned_by = now, by
    payment.save(
        update_fields=["returned_on", "return_kind", "returned_because", "returned_at", "returned_by"]
    )
    renewal, first = payment.renewal, None
    words = payment.get_return_kind_display().lower()
    note = because or payment.get_return_kind_display()
    if renewal is None:
        first = unpaid_first_term(payment)
        if first is None:
            return
        note = f"{note}. {not_paid(first)}"
    elif renewal.taken_back_at is not None or is_still_paid(renewal):
        return
    else:
        take_back(renewal, because=f"Payment of {day_in_full(payment.paid_on)} {words}", by=by, now=now)
    evidence = RenewalEvidence.objects.create(
        contract=payment.contract,
        first_term=first,
        kind=RenewalEvidence.Kind.BANK_LINE,
        reference=payment.reference[:120],
        amount=payment.amount,
        dated_on=min(returned_on, local_day(now, zone_of(payment.tenant))),
        note=note[:300],
        recorded_at=now,
        recorded_by=by,
    )
    begin_verification(evidence, calendar=calendar_of(payment.tenant), by=by, now=now)
    add_line(
        payment.contract.customer,
        TimelineEntry.Kind.PAYMENT,
        f"Payment of {money(payment.amount, payment.currency)} {words}",
        at=now,
        detail=because,
        actor=by,
        subject=payment.public_id,
        step="returned",
    )


def is_still_paid(renewal: Renewal) -> bool:
    """Whether what is left of a renewal's money is enough: 95 % of its price, or of what was taken for it.

    An overpaid renewal stands on its price; one that was let pass for less stands on that.
    """
    left = renewal.payments.standing().aggregate(sum=Sum("amount"))["sum"] or 0
    return left > 0 and left >= min(renewal.amount, renewal.term.price) * ENOUGH


def take_back(renewal: Renewal, *, because: str, by, now: dt.datetime) -> None:
    """Withdraw what a renewal added. Its rows stay, with the reason; they count for no day any more.

    A term that had been extended stands again to its old end; what was added after it by later
    renewals stands as a term of its own. Days that were given as goodwill at its end are not lost: they
    go to the end of the last term that stands. The contract asks for its next term, and covers machines, as
    before, as soon as no later renewal stands. The caller holds the contract's lock.
    """
    because = because[:200]
    renewal.taken_back_at = now
    renewal.save(update_fields=["taken_back_at"])
    withdraw_grant(renewal, because=because, by=by, now=now)
    if renewal.term.extends_id is None and not renewal.term.extended_by.exists():
        _end_term(renewal.term, because, now)
    else:
        _shorten(renewal, because, by=by, now=now)
    put_back(renewal)
    tell_of_cover([renewal.contract], because=f"A renewal was taken back: {because}", now=now)


def _shorten(renewal, because, *, by, now) -> None:
    """Of a term that went on longer: cut out the days that this renewal added, and move those given on it."""
    standing = ContractTerm.objects.select_for_update(of=("self",)).get(
        contract=renewal.contract,
        taken_back_at__isnull=True,
        starts_on__lte=renewal.starts_on,
        ends_on__gte=renewal.ends_on,
    )
    _end_term(standing, because, now)
    copy = {"contract": renewal.contract, "created_at": now, "created_by": by}
    given = _given_after(renewal, standing)
    pieces = []
    if standing.starts_on < renewal.starts_on:
        # As it stood when it was extended: price, response time, and from where the next one counts.
        before = renewal.term.extends
        pieces.append(
            ContractTerm(
                **copy,
                starts_on=standing.starts_on,
                ends_on=renewal.starts_on - ONE_DAY,
                price=before.price,
                response_hours=before.response_hours,
                counts_from=before.counts_from,
                usual_months=before.usual_months,
                usual_days=before.usual_days,
                given_days=before.given_days,
            )
        )
    next_start = renewal.ends_on + (given + 1) * ONE_DAY
    if next_start <= standing.ends_on:
        pieces.append(
            ContractTerm(
                **copy,
                starts_on=next_start,
                ends_on=standing.ends_on,
                price=standing.price,
                response_hours=standing.response_hours,
                counts_from=standing.counts_from,
                usual_months=standing.usual_months,
                usual_days=standing.usual_days,
                given_days=standing.given_days,
            )
        )
    if given:
        _give_at_the_end(renewal.contract, given, pieces, by=by, now=now)
    ContractTerm.objects.bulk_create(pieces)
    if pieces:
        Entitlement.objects.filter(term=standing).update(term=pieces[0])


def _given_after(renewal, standing) -> int:
    """The days of goodwill between what a renewal added and what the next one did, or the term's end."""
    later = renewal.contract.renewals.filter(
        taken_back_at__isnull=True, starts_on__gt=renewal.ends_on, starts_on__lte=standing.ends_on
    )
    next_start = later.aggregate(first=Min("starts_on"))["first"] or standing.ends_on + ONE_DAY
    return (next_start - renewal.ends_on).days - 1


def _give_at_the_end(contract, given, pieces, *, by, now) -> None:
    """To the last term that stands: one of the pieces (unsaved), or another."""
    others = contract.terms.filter(taken_back_at__isnull=True)
    last = max([*others, *pieces], key=lambda term: term.ends_on, default=None)
    if last in pieces:
        last.ends_on += given * ONE_DAY
        last.given_days += given
    elif last is not None:
        because = f"Extended {days_word(given)} as goodwill, from a term that was taken back"
        lengthen(last, given, because=because, by=by, now=now)


def _end_term(term, because, now) -> None:
    term.taken_back_at, term.taken_back_because = now, because
    term.save(update_fields=["taken_back_at", "taken_back_because"])
