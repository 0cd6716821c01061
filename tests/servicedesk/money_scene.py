"""Money at a desk, for tests of its pages."""

import datetime as dt
from decimal import Decimal

from contracts.models import ContractTerm, MoneyOut, Payment
from contracts.open_money import wait_for_person
from customers.search_words import index_customer

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)


def prepare(desk):
    """The desk's contract ends on 14 Mar 2026 and its customer is found by name."""
    ContractTerm.objects.filter(contract=desk.contract).update(starts_on=START, ends_on=END)
    index_customer(desk.customer)


def pay(amount="612.00", *, now=None, **fields):
    """Unmatched money of 2 Mar 2026, with its duty when `now` is given."""
    payment = Payment.objects.create(
        **{
            "amount": Decimal(amount),
            "currency": "GBP",
            "paid_on": dt.date(2026, 3, 2),
            "recorded_at": dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC),
            **fields,
        }
    )
    if now is not None:
        wait_for_person([payment], now=now)
    return payment


def money_out(now, amount="612.00", **fields):
    """Money that left on 4 Mar 2026."""
    return MoneyOut.objects.create(
        **{
            "booked_on": dt.date(2026, 3, 4),
            "amount": Decimal(amount),
            "currency": "GBP",
            "reference": "Returned N-20418",
            "payee": "The Harbour Letter",
            "recorded_at": now,
            **fields,
        }
    )


def last_end(contract):
    """The last day of the last term that stands."""
    return contract.terms.filter(taken_back_at=None).order_by("-ends_on").first().ends_on
