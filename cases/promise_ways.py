"""How a customer can be told something: whom, and over which channel."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from customers.models import Contact, Customer
from messaging import outbox
from messaging.channels import is_ready
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.prepared import Key, Prepared

_CONTACTS = Prepared(
    lambda customer: Contact.objects.filter(customer=customer).order_by("-is_main", "pk"), customer=Key()
)


@dataclass(frozen=True)
class Way:
    """A contact, and the channel that reaches them."""

    contact: Contact
    channel: str

    @property
    def verb(self) -> str:
        """ "Text" or "Mail"."""
        return "Text" if self.channel == Message.Channel.SMS else "Mail"


def way_to(customer: Customer, *, now: dt.datetime, contacts: Iterable[Contact] | None = None) -> Way | None:
    """The first contact who can be told, by text before mail: one query. None: nobody, or not yet.

    `contacts` are the customer's, the main one first, where they were read already.
    """
    if not messages_on(customer.tenant, now):
        return None
    for contact in _CONTACTS.rows(customer=customer.pk) if contacts is None else contacts:
        for channel, address in ((Message.Channel.SMS, contact.phone), (Message.Channel.MAIL, contact.email)):
            if address and outbox.wants(contact, channel) and is_ready(channel):
                return Way(contact, channel)
    return None


def messages_on(desk: Tenant, at: dt.datetime) -> bool:
    """Whether what falls due at an instant is told and alarmed of: a desk's history alarms nobody."""
    return desk.messages_from is not None and desk.messages_from <= at
