"""TimelineEntry: one line of what happened with a customer, in order (R7.1)."""

from django.db import models

from customers.models.customer import Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class TimelineEntry(TenantModel):
    """Written by the app of the event, in the event's transaction; read as one list."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        MAIL = "mail", "Mail"
        MESSAGE = "message", "Message"
        VISIT = "visit", "Visit"
        MISSED = "missed", "Missed visit"
        PROMISE = "promise", "Promise"
        PAYMENT = "payment", "Payment"
        RENEWAL = "renewal", "Renewal"
        RECOMMENDATION = "recommendation", "Recommendation"
        CASE = "case", "Case"
        GOODWILL = "goodwill", "Goodwill"
        MERGE = "merge", "Merge"
        NOTE = "note", "Note"

    customer = TenantForeignKey(Customer, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    actor = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # The visit, promise, payment … it tells of; with the kind it makes a line written once.
    subject = models.UUIDField(null=True, blank=True)
    step = models.CharField(max_length=40, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "customer", "kind", "subject", "step"],
                condition=models.Q(subject__isnull=False),
                name="timeline_once_for_a_step",
            )
        ]
        indexes = [
            # Caller screen and time line: a customer's entries, newest first, by keyset.
            models.Index(fields=["tenant", "customer", "-at", "-id"], name="timeline_by_customer"),
        ]
