"""What was looked at: a person's check of one contract, and the nightly check of all."""

from django.db import models

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
    """One run of the renewal check for one day: how many it looked at and what it found (R1.11)."""

    day = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="renewalcheck_once_a_day")]
