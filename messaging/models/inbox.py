"""Inbox: the mailbox at a mail server in which a desk's mail comes in, and how far we have read it."""

from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked(exclude=("secret", "validity", "last_uid", "read_at", "failed_at", "failed_because"))
class Inbox(TenantModel):
    """One per desk, read over IMAP; nothing in it is changed or deleted."""

    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    # As a mail server's: starttls, tls or none.
    security = models.CharField(max_length=8)
    user = models.CharField(max_length=254)
    folder = models.CharField(max_length=200, default="INBOX")
    # The password, encrypted and never shown again.
    secret = models.TextField(blank=True)
    changed_at = models.DateTimeField()
    changed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # The folder's UIDVALIDITY, and the UID up to which all was taken in; both empty before the first look.
    validity = models.PositiveBigIntegerField(null=True, blank=True)
    last_uid = models.PositiveBigIntegerField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # Since when it cannot be read, and what was answered; empty while all is well.
    failed_at = models.DateTimeField(null=True, blank=True)
    failed_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="inbox_once"),
            models.CheckConstraint(
                condition=Q(failed_at__isnull=True, failed_because="")
                | Q(failed_at__isnull=False) & ~Q(failed_because=""),
                name="inbox_fails_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(validity__isnull=True, last_uid__isnull=True)
                | Q(validity__isnull=False, last_uid__isnull=False),
                name="inbox_place_is_whole",
            ),
        ]
