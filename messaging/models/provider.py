"""Provider: through whom a desk's mail or texts leave, where it is not the installation's own way."""

from django.db import models
from django.db.models import Q

from messaging.models.message import Message
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked(exclude=("secret", "hook_hash"))
class Provider(TenantModel):
    """One per channel and desk; without one the installation's settings send."""

    class Kind(models.TextChoices):
        SMTP = "smtp", "Mail server (SMTP)"
        POSTMARK = "postmark", "Postmark"
        TWILIO = "twilio", "Twilio"
        HTTP = "http", "Any provider of texts over HTTP"

    channel = models.CharField(max_length=4, choices=Message.Channel.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Host, port, sender, account: what may be shown. The secret is encrypted and never shown again.
    settings = models.JSONField(default=dict, blank=True)
    secret = models.TextField(blank=True)
    # SHA-256 of the token in the address at which the provider reports; empty: it cannot report.
    hook_hash = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField()
    changed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    tested_at = models.DateTimeField(null=True, blank=True)
    test_failed_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "channel"], name="provider_once"),
            models.UniqueConstraint(
                fields=["tenant", "hook_hash"], condition=~Q(hook_hash=""), name="provider_hook_once"
            ),
            models.CheckConstraint(
                condition=Q(channel="mail", kind__in=["smtp", "postmark"])
                | Q(channel="sms", kind__in=["twilio", "http"]),
                name="provider_of_its_channel",
            ),
        ]
        indexes = [
            # A report comes in: whose is it? Over all desks, by a definer function.
            models.Index(fields=["hook_hash"], condition=~Q(hook_hash=""), name="provider_by_hook"),
        ]
