"""Entitlement: what a term grants. AllowanceEntry: one line in the ledger of its use."""

from django.db import models
from django.db.models import Q

from contracts.models.contract import ContractTerm
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked(exclude=("of_contract", "starts_on", "ends_on"))
class Entitlement(TenantModel):
    """Visits or hours that a term grants."""

    class Kind(models.TextChoices):
        VISITS = "visits", "Visits"
        HOURS = "hours", "Hours"

    term = TenantForeignKey(ContractTerm, related_name="entitlements")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    quantity = models.DecimalField(max_digits=7, decimal_places=2)
    # Kept by the database, whatever is written there; for queries over all of a desk. The key of its term's
    # contract, and the first and last day of that term, null where it was taken back.
    of_contract = models.BigIntegerField(null=True, editable=False)
    starts_on = models.DateField(null=True, editable=False)
    ends_on = models.DateField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "term", "kind"], name="entitlement_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="entitlement_not_negative"),
        ]
        indexes = [
            # What a term grants, and how much of it.
            models.Index(
                fields=["tenant", "term"],
                include=["id", "quantity"],
                condition=Q(kind="visits"),
                name="entitlement_of_visits",
            ),
            # Unused visits of all of a desk: counted from the index alone, and the first to lapse first. Only
            # who asks for its days reads it: others know of no desk how large it is.
            models.Index(
                fields=["tenant", "ends_on", "id"],
                include=["starts_on", "of_contract", "quantity"],
                condition=Q(kind="visits", ends_on__isnull=False),
                name="visits_granted_by_end",
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
        # What was taken of all of a desk's grants: most lines only say that something was granted.
        indexes = [
            models.Index(
                fields=["tenant", "entitlement"],
                include=["quantity", "kind", "subject"],
                condition=Q(kind__in=["booked", "done", "declined", "carried over", "forfeited"]),
                name="allowanceentry_takes",
            ),
        ]
