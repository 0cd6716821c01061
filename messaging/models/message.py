"""Message: the outbox. One text to one person over one channel, with its delivery state."""

from django.db import models
from django.db.models import Q, Value

from customers.models import Contact, Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel

# Stands in a text for the link, which is made when the message leaves: a token is never stored.
LINK = "{link}"


class Message(TenantModel):
    """Planned in the transaction of its cause, sent by a worker, never forgotten.

    Knows an address, a kind and a key, never why: the app that owns the kind registers the
    function that says whether it is still due and what it says.
    """

    # What was read for several messages at once just before they leave (`messaging.kinds.read_ahead`);
    # None where each reads for itself. Not kept.
    ahead: dict | None = None

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"
        SMS = "sms", "Text"

    class State(models.TextChoices):
        PLANNED = "planned", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Not needed"
        CANCELLED = "cancelled", "Cancelled"
        MISSED = "missed", "Too late to send"
        UNCERTAIN = "uncertain", "Not certain"

    # messaging.keys.key_of what it is about (visit, kind, start, channel): planning twice does nothing.
    key = models.UUIDField()
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=4, choices=Channel.choices)
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="messages")
    contact = TenantForeignKey(Contact, null=True, blank=True, related_name="messages")
    # A colleague it is written to, instead of a contact.
    colleague = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="messages")
    # Public id and planned start of the visit (or the like) it is about: a moved one is not due.
    subject = models.UUIDField(null=True, blank=True)
    subject_start = models.DateTimeField(null=True, blank=True)
    fields = models.JSONField(default=dict, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    send_after = models.DateTimeField()
    # From here on it would be useless: it becomes missed, on a page that a person sees.
    useless_after = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=254, blank=True)
    title = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # A worker holds it until then. With the state "sending": an attempt was begun and nobody knows its end.
    leased_until = models.DateTimeField(null=True, blank=True)
    # Of the words that went; empty before they are written.
    language = models.CharField(max_length=12, blank=True, db_default="")
    # The provider's id of the latest attempt, and those of the attempts before a person sent it again.
    provider_id = models.CharField(max_length=200, blank=True)
    earlier_ids = models.JSONField(default=list, blank=True, db_default=Value([], models.JSONField()))
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="message_key_once"),
            models.CheckConstraint(
                condition=Q(contact__isnull=False) | Q(colleague__isnull=False), name="message_to_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "delivered"]) | Q(sent_at__isnull=False),
                name="message_sent_has_time",
            ),
        ]
        indexes = [
            # Claiming: a desk's due and begun messages, oldest first.
            models.Index(
                fields=["tenant", "send_after", "id"],
                condition=Q(state__in=["planned", "sending"]),
                name="message_due",
            ),
            # Messages page: a state's messages, newest first.
            models.Index(fields=["tenant", "state", "-send_after", "-id"], name="message_by_state"),
            # A visit's messages, for cancelling them when it moves.
            models.Index(fields=["tenant", "subject"], name="message_by_subject"),
            # A provider's report or a reply names the message by the provider's id.
            models.Index(
                fields=["tenant", "provider_id"], condition=~Q(provider_id=""), name="message_by_provider_id"
            ),
            # A late report names an earlier attempt: few messages were sent again.
            models.Index(fields=["tenant", "id"], condition=~Q(earlier_ids=[]), name="message_sent_again"),
        ]

    @property
    def text_shown(self) -> str:
        """The text for people: where the link stood, that it did."""
        return self.text.replace(LINK, "(their link)")
