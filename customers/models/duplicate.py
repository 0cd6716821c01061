"""DuplicateProposal: two rows that may be one customer. CustomerMerge: a person made them one."""

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


class CustomerMerge(TenantModel):
    """One customer became part of another, with all that hung on it; it can be undone, row by row."""

    kept = TenantForeignKey(Customer, related_name="merges")
    gone = TenantForeignKey(Customer, related_name="+")
    # What the kept customer said before: it may have taken over what only the other one knew.
    before = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    merged_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(kept=F("gone")), name="merge_of_two"),
            models.UniqueConstraint(
                fields=["tenant", "gone"], condition=Q(undone_at__isnull=True), name="merge_stands_once"
            ),
        ]


class MergedRow(TenantModel):
    """One row that a merge moved to the kept customer, so that undoing it moves just that row back."""

    merge = TenantForeignKey(CustomerMerge, related_name="rows")
    # Its table and column: "visits.visit.customer".
    place = models.CharField(max_length=120)
    row = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "merge", "place", "row"], name="mergedrow_once")
        ]
