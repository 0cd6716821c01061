"""Goodwill: something given without duty."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cases.models.case import Case
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import Role, TenantModel


@tracked()
class GoodwillItem(TenantModel):
    """One entry of the catalogue: what may be given, up to which amount, by which roles."""

    class Kind(models.TextChoices):
        FREE_VISIT = "free visit", "Free visit"
        CREDIT = "credit", "Credit"
        EXTENSION = "extension", "Extension"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    limit = models.DecimalField(max_digits=10, decimal_places=2)
    roles = ArrayField(models.CharField(max_length=12, choices=Role.choices), default=list)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="goodwillitem_once")]


@tracked()
class Goodwill(TenantModel):
    """One gift: proposed with a reason, decided by somebody who may."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"

    customer = TenantForeignKey(Customer, related_name="goodwill")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="goodwill")
    item = TenantForeignKey(GoodwillItem, related_name="given")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField()
    proposed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    decision_reason = models.CharField(max_length=300, blank=True)
    subject = models.UUIDField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="goodwill_not_negative"),
            models.CheckConstraint(condition=~Q(reason=""), name="goodwill_has_reason"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | ~Q(state="proposed") & Q(decided_at__isnull=False),
                name="goodwill_decided_has_time",
            ),
        ]
