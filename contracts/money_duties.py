"""Duties about money: match what came in, settle what went out. One for each, whoever finds it first.

Taking in a statement opens them at once; the renewal check opens what is still missing, under the same key.
"""

import datetime as dt
from collections.abc import Iterable

from cases.models import Duty
from contracts.models import MoneyOut, Payment
from contracts.wording import day_in_full, money
from messaging.keys import key_of
from tenancy.calendars import Calendar, instant_at, local_day
from tenancy.models import Role

# By when on the next working day money is to be settled, in the desk's wall time.
DUE_BY = dt.time(12, 0)


def due_next_noon(calendar: Calendar, now: dt.datetime) -> dt.datetime:
    """Noon of the next working day of the desk, an instant."""
    return instant_at(calendar.next_working_day(local_day(now, calendar.zone)), DUE_BY, calendar.zone)


def match_duty(payment: Payment, due_at: dt.datetime, now: dt.datetime) -> Duty:
    """The duty, unsaved, to find out what unmatched money was for; accounts own it."""
    named = f", naming “{payment.contract_written}”" if payment.contract_written else ", naming no contract"
    before = payment.perhaps_again
    perhaps = f". Perhaps known already: {told_before(before)}" if before is not None else ""
    return Duty(
        key=key_of("duty", "unmatched money", payment.public_id),
        kind=Duty.Kind.MATCH_PAYMENT,
        title=f"Match {money(payment.amount, payment.currency)} of {_whose(payment)}"[:200],
        detail=f"Received {day_in_full(payment.paid_on)}{named}{perhaps}",
        customer=payment.customer,
        subject=payment.public_id,
        owner_role=Role.ACCOUNTS,
        opened_at=now,
        due_at=due_at,
    )


def settle_duty(
    money_out: MoneyOut, returns: Iterable[Payment], due_at: dt.datetime, now: dt.datetime
) -> Duty:
    """The duty, unsaved, to say which payment went back. `returns`: likely ones, the likeliest first."""
    likely = next(iter(returns), None)
    said = f"Left {day_in_full(money_out.booked_on)}: {money_out.reference or 'no reference'}"
    if likely is not None:
        said += f". Likely the payment of {day_in_full(likely.paid_on)} by {_whose(likely)}"
    return Duty(
        key=key_of("duty", "money out", money_out.public_id),
        kind=Duty.Kind.SETTLE_MONEY_OUT,
        title=f"Settle {money(money_out.amount, money_out.currency)} that went to "
        f"{money_out.payee or 'somebody not named'}"[:200],
        detail=said,
        customer=likely.customer if likely is not None else None,
        subject=money_out.public_id,
        owner_role=Role.ACCOUNTS,
        opened_at=now,
        due_at=due_at,
    )


def told_before(payment: Payment) -> str:
    """Which file told a payment, and in what words: for whoever has to say whether it came twice."""
    words = " · ".join(filter(None, (payment.payer, payment.reference))) or "no words"
    where = f"{payment.statement.name} tells" if payment.statement is not None else "we have"
    return f"{where} {money(payment.amount, payment.currency)} of {day_in_full(payment.paid_on)}, {words}"


def _whose(payment: Payment) -> str:
    if payment.customer is not None:
        return str(payment.customer)
    return payment.payer or "a payer not named"
