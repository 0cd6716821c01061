"""Webhook: where a program hears of what happens. Its deliveries, one for each event, and their attempts."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked(exclude=("secret", "failing_since"))
class Webhook(TenantModel):
    """An address of a desk's program, and the kinds of events that it wants to hear of."""

    class Kind(models.TextChoices):
        VISIT_BOOKED = "visit.booked", "A visit was booked"
        VISIT_MOVED = "visit.moved", "A visit was moved or given to another"
        VISIT_LATE = "visit.late", "A visit is late"
        VISIT_MISSED = "visit.missed", "A visit was missed"
        VISIT_DONE = "visit.done", "A visit is done"
        PROMISE_BROKEN = "promise.broken", "A promise was broken"
        COVER_CHANGED = "cover.changed", "A contract’s cover changed"
        RECOMMENDATION_RAISED = "recommendation.raised", "A recommendation was raised"
        RECOMMENDATION_ANSWERED = "recommendation.answered", "A recommendation was answered"

    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=30, choices=Kind.choices))
    # Encrypted by messaging.secrets: the secret, and the one before it while both sign.
    secret = models.TextField()
    both_until = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(default=True)
    off_at = models.DateTimeField(null=True, blank=True)
    off_because = models.CharField(max_length=300, blank=True)
    # Since when every attempt failed.
    failing_since = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "url"], name="webhook_url_once"),
            models.CheckConstraint(condition=Q(kinds__len__gt=0), name="webhook_wants_something"),
            models.CheckConstraint(
                condition=Q(is_on=True, off_at__isnull=True, off_because="")
                | Q(is_on=False, off_at__isnull=False) & ~Q(off_because=""),
                name="webhook_off_has_reason",
            ),
        ]

    def __str__(self):
        return self.url


class WebhookDelivery(TenantModel):
    """One event for one webhook: written in the event's transaction, told by a worker, kept as a log."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Not taken"

    webhook = TenantForeignKey(Webhook, related_name="deliveries")
    # The same for every webhook and every attempt: a program that gets it twice knows.
    event = models.UUIDField()
    kind = models.CharField(max_length=30, choices=Webhook.Kind.choices)
    # The public id of the visit, promise, contract or recommendation: its events go in their order.
    subject = models.UUIDField()
    happened_at = models.DateTimeField()
    data = models.JSONField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    send_after = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    # Of the present round: a person who sends it again begins anew.
    tries = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "webhook", "event"], name="webhookdelivery_once"),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False),
                name="webhookdelivery_delivered_has_time",
            ),
        ]
        indexes = [
            # Claiming: what is due, oldest first; and whether something of the same object waits before it.
            models.Index(
                fields=["tenant", "send_after", "id"],
                condition=Q(state="waiting"),
                name="webhookdelivery_due",
            ),
            models.Index(
                fields=["tenant", "webhook", "subject", "id"],
                condition=Q(state="waiting"),
                name="webhookdelivery_in_order",
            ),
            # The log, newest first.
            models.Index(fields=["tenant", "webhook", "-id"], name="webhookdelivery_log"),
        ]


class WebhookAttempt(TenantModel):
    """One try to tell it: a line of a ledger."""

    delivery = TenantForeignKey(WebhookDelivery, related_name="attempts")
    at = models.DateTimeField()
    # Nothing where nobody answered.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    said = models.CharField(max_length=500, blank=True, help_text="how the answer began, or why none came")

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "delivery", "id"], name="webhookattempt_by_delivery")]
