"""Whose a number or mail address is, among the contacts of the active desk."""

from django.db.models import Q, QuerySet

from customers.models import Contact
from customers.searchkeys import mail_key, phone_digits
from messaging.models import Message
from tenancy.models import Tenant
from tenancy.scope import current_tenant_id


def contacts_at(channel: str, address: str) -> QuerySet[Contact]:
    """Everybody with this number (however it is written) or mail address; nobody for an empty one."""
    if channel == Message.Channel.MAIL:
        key = mail_key(address)
        return Contact.objects.filter(mail_key=key) if key else Contact.objects.none()
    digits = phone_digits(address, Tenant.objects.get(pk=current_tenant_id()).country)
    if not digits:
        return Contact.objects.none()
    return Contact.objects.filter(Q(phone_digits=digits) | Q(phone2_digits=digits))
