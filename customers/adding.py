"""Adding somebody who calls for the first time, in the flow of the call (R2.2, R7.3)."""

import datetime as dt

from django.db import transaction
from django.db.models import Q

from customers.finding import customers_at_number
from customers.models import Contact, Customer, Site, TimelineEntry
from customers.search_words import index_customer
from customers.searchkeys import mail_key
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.constraints import told_as


class NumberTaken(ValueError):
    """Another customer is known by this number."""


@transaction.atomic
def add_customer(
    *,
    name: str,
    by,
    now: dt.datetime,
    number: str = "",
    company: str = "",
    phone: str = "",
    email: str = "",
    street: str = "",
    city: str = "",
    postcode: str = "",
    access_notes: str = "",
) -> Customer:
    """A customer with one contact and one site, found by the next search.

    `number` is the one by which an older system knows them. Raises ValueError without a name or a
    company, and NumberTaken.
    """
    name = name.strip() or company.strip()
    if not name:
        raise ValueError("Write a name or a company.")
    number = number.strip()
    taken = f"Another customer has the number {number}."
    with told_as(lambda: NumberTaken(taken), constraint="customer_number_once"):
        customer = Customer.objects.create(name=name, company=company.strip(), number=number)
    today = local_day(now, zone_of(customer.tenant))
    site = Site.objects.create(
        customer=customer,
        street=street.strip(),
        city=city.strip(),
        postcode=postcode.strip(),
        access_notes=access_notes.strip(),
        verified_on=today,
    )
    Contact.objects.create(
        customer=customer,
        site=site,
        name=name,
        phone=phone.strip(),
        email=email.strip(),
        is_main=True,
        verified_on=today,
    )
    index_customer(customer)
    add_line(customer, TimelineEntry.Kind.NOTE, "Added as a new customer", at=now, actor=by)
    return customer


def known_already(*, phone: str, email: str, country: str) -> list[Customer]:
    """Customers with this very phone number or mail address: they may be the same. Two queries."""
    found = customers_at_number(phone, country=country)
    if key := mail_key(email):
        same_mail = Customer.objects.standing().filter(Q(contacts__mail_key=key)).distinct()
        found += [customer for customer in same_mail.order_by("id") if customer not in found]
    return found
