"""Entitlement: what a term grants. AllowanceEntry: one line in the ledger of its use."""

from django.db import models
from django.db.models import Q

from contracts.models.contract import ContractTerm
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked()
class Entitlement(TenantModel):
    """Visits or hours that a term grants."""

    class Kind(models.TextChoices):
        VISITS = "visits", "Visits"
        HOURS = "hours", "Hours"

    term = TenantForeignKey(ContractTerm, related_name="entitlements")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    quantity = models.DecimalField(max_digits=7, decimal_places=2)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "term", "kind"], name="entitlement_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="entitlement_not_negative"),
        ]
        # Unused visits of all of a desk: counted from the index alone.
        indexes = [
            models.Index(
                fields=["tenant", "term"],
                include=["id", "quantity"],
                condition=Q(kind="visits"),
                name="entitlement_of_visits",
            ),
        ]


class AllowanceEntry(TenantModel):
    """Append-only: what happened with a granted visit. Only *done* uses it up (R3.1)."""

    class Kind(models.TextChoices):
        GRANTED = "granted", "Granted"
        BOOKED = "booked", "Booked"
        DONE = "done", "Done"
        MISSED_BY_US = "missed by us", "Missed by us"
        NO_ACCESS = "no access", "No access"
        DECLINED = "declined", "Declined by the customer"
        CARRIED_OVER = "carried over", "Carried over"
        FORFEITED = "forfeited", "Forfeited"
        RELEASED = "released", "Booking released"
        WITHDRAWN = "withdrawn", "Grant withdrawn"

    entitlement = TenantForeignKey(Entitlement, related_name="entries")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    quantity = models.DecimalField(max_digits=7, decimal_places=2)
    at = models.DateTimeField()
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    # Public id of the visit that used it, or of the term for a grant: no cause is booked twice.
    subject = models.UUIDField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "entitlement", "subject", "kind"], name="allowanceentry_once_for_cause"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="allowanceentry_positive"),
        ]
