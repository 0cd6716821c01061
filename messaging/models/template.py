"""MessageTemplate: a desk's own words for one kind of message, in one language and channel."""

from django.db import models
from django.db.models import Q

from messaging.models.message import Message
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked()
class MessageTemplate(TenantModel):
    """Plain text with named fields in braces; without one the product's own words are sent."""

    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=4, choices=Message.Channel.choices)
    language = models.CharField(max_length=12)
    title = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    changed_at = models.DateTimeField()
    changed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "channel", "language"], name="messagetemplate_once"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="messagetemplate_says_something"),
            models.CheckConstraint(
                condition=~Q(channel="mail") | ~Q(title=""), name="messagetemplate_mail_title"
            ),
        ]
