"""What was looked at: a person's check of one contract, and the nightly check of all."""

from django.db import models
from django.db.models import Q

from contracts.models.contract import Contract
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class ContractCheck(TenantModel):
    """Somebody opened the contract check and read this sentence; the next caller sees it."""

    contract = TenantForeignKey(Contract, related_name="checks")
    by = TenantForeignKey("tenancy.Membership", related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=20)
    sentence = models.CharField(max_length=300)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "contract", "-at"], name="contractcheck_latest")]


class RenewalCheck(TenantModel):
    """One run of the renewal check: how many contracts it looked at and what it found (R1.11).

    The clock's own run of a day stands once; whoever asks for another has a row of their own.
    """

    day = models.DateField()
    # Null: the clock asked.
    asked_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day"], condition=Q(asked_by__isnull=True), name="renewalcheck_once_a_day"
            )
        ]
        indexes = [
            # Page of checks: the latest first.
            models.Index(fields=["tenant", "-started_at", "-id"], name="renewalcheck_latest"),
        ]
