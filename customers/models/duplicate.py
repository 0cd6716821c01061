"""DuplicateProposal: two rows that may be one customer. Proposed, never merged by itself."""

from django.db import models
from django.db.models import F, Q

from customers.models.customer import Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class DuplicateProposal(TenantModel):
    """Two customers that share a phone number, mail address or serial number."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        MERGED = "merged", "Merged"
        DIFFERENT = "different", "Not the same"

    first = TenantForeignKey(Customer, related_name="+")
    second = TenantForeignKey(Customer, related_name="+")
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_in_order"),
            models.UniqueConstraint(fields=["tenant", "first", "second"], name="duplicate_once"),
        ]
