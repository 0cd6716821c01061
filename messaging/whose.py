"""Whose a number, a mail address or a mail is, among the contacts of the active desk."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from customers.models import Contact, Customer
from customers.searchkeys import mail_key, phone_digits
from messaging.mail_marks import keys_in
from messaging.models import Message, Reply
from tenancy.models import Membership, Tenant
from tenancy.scope import current_tenant_id

_NUMBER = re.compile(r"\+?\(?\d[\d ()./-]{6,22}\d")
_FEWEST_DIGITS, _MOST_NUMBERS = 8, 10


@dataclass(frozen=True)
class Writer:
    """Who wrote a mail, as far as known: the message or the earlier mail it goes on from, and whose it is."""

    message: Message | None = None
    follows: Reply | None = None
    contact: Contact | None = None
    customer: Customer | None = None


@dataclass(frozen=True)
class Traces:
    """What a mail says of whose it is: ids by how closely they name what it answers, addresses, numbers."""

    named: tuple[tuple[str, ...], ...] = ()
    addresses: tuple[str, ...] = ()
    phones: str = ""


def contacts_at(channel: str, address: str) -> QuerySet[Contact]:
    """Everybody with this number (however it is written) or mail address; nobody for an empty one."""
    key = key_at(channel, address)
    if not key:
        return Contact.objects.none()
    if channel == Message.Channel.MAIL:
        return Contact.objects.filter(mail_key=key)
    return Contact.objects.filter(Q(phone_digits=key) | Q(phone2_digits=key))


def key_at(channel: str, address: str) -> str:
    """A number or mail address of the active desk as contacts are searched by it; empty for none."""
    if channel == Message.Channel.MAIL:
        return mail_key(address)[:254]
    return phone_digits(address, Tenant.objects.get(pk=current_tenant_id()).country)[:60]


def writer_of_mail(traces: Traces) -> Writer:
    """By what it answers, else its sender's address, else the numbers in its signature.

    Each counts only where it is exactly one customer's; one address of several is told by the numbers.
    """
    for ids in traces.named:
        message, follows, customers = _named(ids)
        if len(customers) > 1:
            return Writer()
        if customers:
            customer = customers[0]
            contact = _contact_of(customer, traces.addresses) or _contact_that_wrote(message, follows)
            return Writer(message, follows, contact, customer)
    for address in traces.addresses:
        found = list(contacts_at(Message.Channel.MAIL, address).select_related("customer"))
        if found:
            return _one_of(found, traces.phones)
    return _one_of(contacts_with_numbers(traces.phones), "")


def contacts_with_numbers(words: str) -> list[Contact]:
    """Everybody with one of the telephone numbers in some words; the desk's own number is nobody's."""
    desk = Tenant.objects.get(pk=current_tenant_id())
    own = phone_digits(desk.phone, desk.country)
    written = [found.group() for found in _NUMBER.finditer(words)][:_MOST_NUMBERS]
    keys = {phone_digits(one, desk.country) for one in written} - {own, ""}
    keys = {key for key in keys if len(key) >= _FEWEST_DIGITS}
    if not keys:
        return []
    rows = Contact.objects.filter(Q(phone_digits__in=keys) | Q(phone2_digits__in=keys))
    return list(rows.select_related("customer"))


def is_colleague(address: str) -> bool:
    """Whether somebody of the active desk has this mail address."""
    return bool(address) and Membership.objects.filter(user__email__iexact=address).exists()


def _named(ids: Sequence[str]):
    """The newest message and mail that ids name, and the customers of all of them."""
    if not ids:
        return None, None, []
    local = [one.partition("@")[0] for one in ids]
    rows = Message.objects.filter(channel=Message.Channel.MAIL).select_related("contact", "customer")
    by_key = rows.filter(key__in=keys_in(" ".join(ids)))
    messages = list(by_key) or list(rows.filter(provider_id__in=[*ids, *local, *(f"<{one}>" for one in ids)]))
    earlier = Reply.objects.filter(mail_id__in=ids, customer__isnull=False)
    replies = list(earlier.select_related("contact", "customer").order_by("-pk")[:20])
    whose = {row.customer_id: row.customer for row in (*messages, *replies) if row.customer is not None}
    message = max(messages, key=lambda row: row.pk, default=None)
    return message, next(iter(replies), None), list(whose.values())


def _contact_of(customer, addresses: Iterable[str]):
    for address in addresses:
        found = contacts_at(Message.Channel.MAIL, address).filter(customer=customer).order_by("pk").first()
        if found is not None:
            return found
    return None


def _contact_that_wrote(message, follows):
    if message is not None and message.contact is not None:
        return message.contact
    return follows.contact if follows is not None else None


def _one_of(contacts: list[Contact], phones: str) -> Writer:
    """The contact where all are one customer's; else the one that a number of the signature tells."""
    customers = {contact.customer_id for contact in contacts}
    if len(customers) > 1 and phones:
        told = {contact.customer_id for contact in contacts_with_numbers(phones)} & customers
        contacts = [contact for contact in contacts if contact.customer_id in told]
        customers = told
    if len(customers) != 1:
        return Writer()
    contact = min(contacts, key=lambda one: (not one.is_main, one.pk))
    return Writer(contact=contact, customer=contact.customer)
