"""Money that paid for the first term of a contract."""

import datetime as dt
from decimal import Decimal

from contracts.models import Payment

# The instant at which these tests happen.
AT = dt.datetime(2026, 3, 2, 10, 14, tzinfo=dt.UTC)


def pay(desk, amount: str, day: dt.date) -> Payment:
    """Money of the day that is the contract's, but made no renewal."""
    return Payment.objects.create(
        customer=desk.customer,
        paid_on=day,
        amount=Decimal(amount),
        currency="GBP",
        contract=desk.contract,
        matched_at=AT,
        recorded_at=AT,
    )
