"""Case: one matter that a customer raised. Interaction: one contact with the customer."""

from django.db import models
from django.db.models import Q

from customers.models import Contact, Customer, Equipment, Site
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked()
class Case(TenantModel):
    """A fault, complaint, question or renewal claim; may need several visits."""

    class Kind(models.TextChoices):
        FAULT = "fault", "Fault"
        COMPLAINT = "complaint", "Complaint"
        QUESTION = "question", "Question"
        RENEWAL_CLAIM = "renewal claim", "Renewal claim"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting for the customer"
        CLOSED = "closed", "Closed"

    customer = TenantForeignKey(Customer, related_name="cases")
    site = TenantForeignKey(Site, null=True, blank=True, related_name="cases")
    equipment = TenantForeignKey(Equipment, null=True, blank=True, related_name="cases")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    category = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=200)
    words = models.TextField(blank=True, help_text="what the customer said")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    opened_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="cases")
    supervisor = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="supervised")
    response_due_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    resolution_due_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    # By which an import knows it again.
    external_number = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="closed") & Q(closed_at__isnull=True),
                name="case_closes_with_outcome",
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="case_external_once",
            ),
        ]
        indexes = [
            # Caller screen: a customer's open cases.
            models.Index(fields=["tenant", "customer", "-opened_at"], name="case_by_customer"),
        ]

    def __str__(self):
        return self.title


@tracked()
class Interaction(TenantModel):
    """One call, mail, message or visit: what was said, when, by whom."""

    class Channel(models.TextChoices):
        CALL = "call", "Call"
        MAIL = "mail", "Mail"
        MESSAGE = "message", "Message"
        VISIT = "visit", "Visit"

    class Direction(models.TextChoices):
        IN = "in", "From the customer"
        OUT = "out", "To the customer"

    customer = TenantForeignKey(Customer, related_name="interactions")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="interactions")
    contact = TenantForeignKey(Contact, null=True, blank=True, related_name="interactions")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    at = models.DateTimeField()
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    taken_by = models.CharField(max_length=120, blank=True, help_text="a name that an import told")
    summary = models.TextField()
    external_number = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="interaction_external_once",
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "customer", "-at"], name="interaction_by_customer"),
        ]
