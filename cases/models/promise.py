"""Promise: anything told to a customer with a time on it."""

from django.db import models
from django.db.models import Q

from cases.models.case import Case
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel


class PromiseQuerySet(models.QuerySet):
    """Promises by what the clock says of them."""

    def open(self):
        """Neither kept nor broken yet."""
        return self.filter(state=Promise.State.OPEN)

    def overdue(self, now):
        """Open and past their due time."""
        return self.open().filter(due_at__lt=now)

    def by_hand(self):
        """Those that a person settles. What a visit promises is settled by what happens to the visit."""
        return self.exclude(kind__in=Promise.OF_VISITS)


@tracked()
class Promise(TenantModel):
    """Has an owner, a due time and one end; a settled one never changes again (a trigger refuses)."""

    class Kind(models.TextChoices):
        WINDOW = "window", "Arrival window"
        CONFIRMATION = "confirmation", "Confirmation"
        CALL_AHEAD = "call ahead", "Call ahead"
        CALL_BACK = "call back", "Call back"
        ANSWER = "answer", "Answer"
        VISIT = "visit", "Visit"
        MONEY = "money", "Money"

    # Made with a visit; its arrival, its calls and the clock settle them.
    OF_VISITS = (Kind.WINDOW, Kind.CONFIRMATION, Kind.CALL_AHEAD)

    class State(models.TextChoices):
        OPEN = "open", "Open"
        KEPT = "kept", "Kept"
        KEPT_LATE = "kept late", "Kept late"
        BROKEN = "broken", "Broken"
        # The customer needs it no longer: cancelled or moved by them. Neither kept nor broken.
        RELEASED = "released", "Released by the customer"

    customer = TenantForeignKey(Customer, related_name="promises")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="promises")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.CharField(max_length=300)
    expects = models.CharField(max_length=300, blank=True, help_text="what the customer expects")
    owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="promises")
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Agreed anew before it was due: it can only be kept late now, never kept (R6.2).
    renegotiated_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    # Came in with history: overdue ones stand in a list, and alarm nobody.
    is_imported = models.BooleanField(default=False)
    # The visit it belongs to, by public id; visits keep the reference that the database checks.
    subject = models.UUIDField(null=True, blank=True)
    external_number = models.CharField(max_length=120, blank=True)

    objects = TenantManager.from_queryset(PromiseQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True)
                | ~Q(state="open") & Q(settled_at__isnull=False) & ~Q(evidence=""),
                name="promise_settled_with_evidence",
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="promise_external_once",
            ),
        ]
        indexes = [
            # The clock: open promises by due time, over all desks and at one.
            models.Index(fields=["due_at"], condition=Q(state="open"), name="promise_due"),
            models.Index(fields=["tenant", "customer", "-due_at"], name="promise_by_customer"),
            models.Index(fields=["tenant", "state", "due_at", "id"], name="promise_register"),
            models.Index(fields=["tenant", "subject"], name="promise_by_subject"),
        ]

    def __str__(self):
        return self.text
