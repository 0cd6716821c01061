"""A customer's details changed: what visits that are still to come, and messages that wait, do with it.

The language, and the clock of quiet hours, are read when a message leaves. The hours that a message
names stand with the visit, and somebody who is there no more is still its contact: both follow here.
"""

import datetime as dt

from django.db import transaction

from customers.editing import change_customer, retire_contact
from customers.models import Contact, Customer
from messaging.models import Message
from visits.models import Visit
from visits.places import hold_visits
from visits.told import told


@transaction.atomic
def change_details(customer: Customer, *, seen: str, by, now: dt.datetime, **values: str) -> list[str]:
    """`customers.editing.change_customer`; in another zone, visits to come are told by the new clock.

    The instants stay. Raises as it does.
    """
    different = change_customer(customer, seen=seen, by=by, now=now, **values)
    if "time_zone" in different:
        customer.refresh_from_db()
        coming = Visit.objects.waiting().filter(customer=customer, is_history=False)
        for visit in hold_visits(coming.values_list("pk", flat=True)).values():
            _tell_by_clock_of(customer, visit, now)
    return different


@transaction.atomic
def let_contact_go(contact: Contact, *, by, now: dt.datetime) -> bool:
    """`customers.editing.retire_contact`; visits to come and waiting messages go to the main contact.

    Raises as it does.
    """
    if not retire_contact(contact, by=by, now=now):
        return False
    main = Contact.objects.filter(customer_id=contact.customer_id, is_main=True).first()
    if main is not None:
        coming = Visit.objects.waiting().filter(contact=contact)
        for visit in hold_visits(coming.values_list("pk", flat=True)).values():
            visit.contact = main
            visit.version, visit.changed_at = visit.version + 1, max(now, visit.changed_at)
            visit.save(update_fields=["contact", "version", "changed_at"])
        waiting = Message.objects.filter(contact=contact, state=Message.State.PLANNED)
        waiting.update(contact=main)
    return True


def _tell_by_clock_of(customer, visit, now) -> None:
    by_clock = told(customer, visit.window_start, visit.window_end)
    if all(getattr(visit, name) == value for name, value in by_clock.items()):
        return
    for name, value in by_clock.items():
        setattr(visit, name, value)
    visit.version, visit.changed_at = visit.version + 1, max(now, visit.changed_at)
    visit.save(update_fields=[*by_clock, "version", "changed_at"])
