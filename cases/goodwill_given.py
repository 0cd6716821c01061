"""What was given in some days, and what it came to (R6.6)."""

from django.db.models import QuerySet

from cases.goodwill_register import SUMS, Total, all_of
from cases.models import Goodwill
from tenancy.figures import Days


def given_in(days: Days) -> QuerySet[Goodwill]:
    """The rows that are counted: what was approved in these days."""
    return all_of(Goodwill.State.APPROVED).filter(days.within("decided_at"))


def goodwill_given(days: Days) -> Total:
    """The figure, in the desk's currency, and days apart from it: one query."""
    found = given_in(days).order_by().aggregate(**SUMS)
    return Total(days, found["count"], found["amount"], found["days"])
