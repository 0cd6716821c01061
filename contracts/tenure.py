"""How long somebody has been a customer (R1.10)."""

import datetime as dt

from django.db.models import OuterRef, QuerySet, Subquery

from contracts.models import ContractTerm
from customers.models import Customer
from tenancy.prepared import Key, Prepared


def _starts(customer):
    """The first start of a customer's terms."""
    terms = ContractTerm.objects.filter(contract__customer=customer, taken_back_at__isnull=True)
    return terms.order_by("starts_on").values_list("starts_on", flat=True)[:1]


_FIRST = Prepared(_starts, customer=Key())


def with_first_term(customers: QuerySet) -> QuerySet:
    """Customers that know when their first term started: `customer_since` asks nothing more of them."""
    return customers.annotate(first_term_start=Subquery(_starts(OuterRef("pk"))))


def customer_since(customer: Customer) -> dt.date | None:
    """The first term's start over all contracts, or an earlier "customer since": one query at most.

    It survives cancellation and renumbering; terms taken back never were.
    """
    known = vars(customer)
    first = [known["first_term_start"]] if "first_term_start" in known else _FIRST.rows(customer=customer.pk)
    return min((day for day in (*first, customer.customer_since) if day), default=None)


def whole_years(since: dt.date | None, *, today: dt.date) -> int:
    """How many years somebody has been a customer; 0 in the first one, and when it is not known."""
    if since is None or since > today:
        return 0
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))


def tenure_in_words(since: dt.date | None, *, today: dt.date) -> str:
    """ "customer for 10 years", "customer since March 2026" in the first year, "" when not known."""
    if since is None or since > today:
        return ""
    years = whole_years(since, today=today)
    if years < 1:
        return f"customer since {since:%B %Y}"
    return f"customer for {years} year{'s' if years > 1 else ''}"
