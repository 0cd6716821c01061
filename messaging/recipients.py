"""To whom, and over which ways, a message goes that is not about one visit."""

from collections.abc import Collection, Iterable

from customers.models import Contact
from messaging.models import Message


def main_contacts(customers: Iterable[int]) -> dict[int, Contact]:
    """Whom to write to at each customer, by the customer's primary key: one query."""
    rows = Contact.objects.filter(customer__in=customers).order_by("customer", "-is_main", "id")
    return {contact.customer_id: contact for contact in rows.distinct("customer")}


def wanted_channels(contact: Contact | None, ready: Collection[str]) -> list[str]:
    """Every way that reaches the contact and that they want, of those that are ready; none for nobody."""
    if contact is None:
        return []
    ways = (
        (Message.Channel.SMS, contact.by_sms, contact.phone),
        (Message.Channel.MAIL, contact.by_mail, contact.email),
    )
    return [channel for channel, likes, address in ways if likes and address and channel in ready]
