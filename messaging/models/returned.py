"""DeliveryReport: what a provider says became of a message. Reply: what a customer answered, its files."""

from django.db import models
from django.db.models import Q

from customers.models import Contact, Customer
from messaging.models.message import Message
from tenancy.fields import TenantForeignKey
from tenancy.models import StoredFile, TenantModel


class DeliveryReport(TenantModel):
    """One report, kept as it came; the same one twice is one."""

    class What(models.TextChoices):
        ACCEPTED = "accepted", "Accepted by the provider"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Bounced"
        FAILED = "failed", "Not delivered"
        COMPLAINED = "complained", "Marked as spam"
        STOPPED = "stopped", "Opted out"

    message = TenantForeignKey(Message, related_name="reports")
    what = models.CharField(max_length=10, choices=What.choices)
    detail = models.CharField(max_length=300, blank=True)
    # The provider's own id of this report, or one made of what it says.
    report_id = models.CharField(max_length=200)
    # The provider's id of the attempt that it is about; empty where it names our key only.
    provider_id = models.CharField(max_length=200, blank=True, db_default="")
    at = models.DateTimeField(help_text="as the provider says")
    received_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "report_id"], name="deliveryreport_once")]
        indexes = [models.Index(fields=["tenant", "message", "at"], name="deliveryreport_of_one")]


class Reply(TenantModel):
    """A text or mail from outside: whose it is as far as known, and what a colleague made of it."""

    channel = models.CharField(max_length=4, choices=Message.Channel.choices)
    # The message that it answers, and who wrote it, where we know.
    message = TenantForeignKey(Message, null=True, blank=True, related_name="replies")
    contact = TenantForeignKey(Contact, null=True, blank=True, related_name="replies")
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="replies")
    address = models.CharField(max_length=254)
    title = models.CharField(max_length=300, blank=True, db_default="")
    text = models.TextField(blank=True)
    # What was cut from a mail for reading: what it quotes, and its signature.
    rest = models.TextField(blank=True, db_default="")
    provider_id = models.CharField(max_length=200)
    # A mail's own Message-ID, without its brackets, and the whole mail as it came.
    mail_id = models.CharField(max_length=400, blank=True, db_default="")
    original = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    # A machine wrote it: nobody need answer, and nothing of ours does.
    is_automatic = models.BooleanField(default=False, db_default=False)
    # The colleague who said whose it is, where we did not know.
    placed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    placed_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "channel", "provider_id"], name="reply_once"),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True, outcome="")
                | Q(handled_at__isnull=False) & ~Q(outcome=""),
                name="reply_handled_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(placed_at__isnull=True) | Q(customer__isnull=False),
                name="reply_placed_with_customer",
            ),
            models.CheckConstraint(
                condition=Q(is_automatic=False) | Q(handled_at__isnull=False),
                name="reply_automatic_is_handled",
            ),
        ]
        indexes = [
            # Replies tab: what nobody has answered first, newest first.
            models.Index(fields=["tenant", "-received_at", "-id"], name="reply_newest"),
            models.Index(
                fields=["tenant", "-received_at"], condition=Q(handled_at__isnull=True), name="reply_open"
            ),
            # The tray: what came from people we do not know, newest first.
            models.Index(
                fields=["tenant", "-received_at", "-id"],
                condition=Q(handled_at__isnull=True, customer__isnull=True),
                name="reply_of_nobody",
            ),
            # A mail names the one that it goes on from.
            models.Index(fields=["tenant", "mail_id"], condition=~Q(mail_id=""), name="reply_by_mail_id"),
        ]


class ReplyFile(TenantModel):
    """A file that came with a reply: kept, or named with the reason why only the whole mail has it."""

    reply = TenantForeignKey(Reply, related_name="files")
    # In the order in which they stood in the mail, from 1.
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField(help_text="bytes")
    file = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    not_kept_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "reply", "number"], name="replyfile_once"),
            models.CheckConstraint(
                condition=Q(file__isnull=False, not_kept_because="")
                | Q(file__isnull=True) & ~Q(not_kept_because=""),
                name="replyfile_kept_or_said_why",
            ),
        ]
