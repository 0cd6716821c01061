"""A nod: the customer says that what we know still holds (R2.2)."""

import datetime as dt

from django.db import transaction

from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of


@transaction.atomic
def confirm_details(customer: Customer, *, by, now: dt.datetime) -> None:
    """Mark the customer's sites and contacts as right today, and note who was told so."""
    today = local_day(now, zone_of(customer.tenant))
    customer.sites.update(verified_on=today)
    customer.contacts.update(verified_on=today)
    add_line(customer, TimelineEntry.Kind.NOTE, "Address and numbers confirmed", at=now, actor=by)
