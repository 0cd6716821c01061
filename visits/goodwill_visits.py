"""A visit made free as goodwill: one that is to come, or that was done not long ago."""

import datetime as dt

from django.db.models import Q

from cases.goodwill import GoodwillRefused, books_on
from cases.models import Goodwill, GoodwillItem
from customers.models import Customer
from visits.models import Visit

# A visit that was done longer ago is billed and paid.
DONE_WITHIN = dt.timedelta(days=90)
MOST = 8


def visits_for_goodwill(customer: Customer, *, now: dt.datetime) -> list[Visit]:
    """The customer's next and last visits that may be made free, the latest first: one query."""
    return list(_may_be_free(customer.pk, now).order_by("-planned_start", "-pk")[:MOST])


def make_free(goodwill: Goodwill, *, by, now: dt.datetime) -> None:
    """The goodwill itself says that its visit is free. Raises GoodwillRefused for one that cannot be."""
    rows = Visit.objects.select_for_update(of=("self",), no_key=True).filter(public_id=goodwill.place)
    # Held, so that it is not cancelled meanwhile.
    held = rows.filter(customer=goodwill.customer_id).first()
    if held is None or not _may_be_free(goodwill.customer_id, now).filter(pk=held.pk).exists():
        raise GoodwillRefused("This visit is off, or too long ago. Choose another.", "place")


def goodwill_of(visit: Visit) -> Goodwill | None:
    """What makes a visit free; None where nothing does."""
    given = Goodwill.objects.filter(place=visit.public_id, state=Goodwill.State.APPROVED)
    return given.select_related("item").first()


def _may_be_free(customer_id, now):
    over = Q(state=Visit.State.DONE, completed_at__gte=now - DONE_WITHIN)
    coming = Q(state__in=[*Visit.WAITING_STATES, Visit.State.ON_SITE])
    return Visit.objects.filter(coming | over, customer=customer_id, is_history=False)


books_on(GoodwillItem.Kind.FREE_VISIT, Goodwill.Place.VISIT, make_free)
