"""Whose a number or mail address is, among the contacts of the active desk."""

from django.db.models import Q, QuerySet

from customers.models import Contact
from customers.searchkeys import mail_key, phone_digits
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import current_tenant_id


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
