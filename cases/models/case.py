"""Case: one matter that a customer raised. Interaction: one contact with the customer."""

from collections.abc import Iterable

from django.db import models
from django.db.models import F, Max, Q, Value
from django.db.models.functions import Coalesce

from customers.models import Contact, Customer, Equipment, Site
from messaging.models import Reply
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel
from tenancy.numbering import hold_numbers

# Four digits are said in one breath, and are enough to be looked for.
FIRST_NUMBER = 1001


class CaseQuerySet(models.QuerySet):
    """Cases by what the clock says of them."""

    def unclosed(self):
        """Open, or waiting for the customer."""
        return self.exclude(state=Case.State.CLOSED)

    def late(self, now):
        """Not answered or not settled by its time; settling stands still while we wait."""
        return self.unclosed().filter(
            Q(response_due_at__lte=now, responded_at__isnull=True)
            | Q(resolution_due_at__lte=Coalesce("waiting_since", Value(now)))
        )

    def at_risk(self, now):
        """Three quarters of one of the two times are used, and it is not late yet."""
        near = self.unclosed().filter(
            Q(response_risk_at__lte=now, responded_at__isnull=True)
            | Q(resolution_risk_at__lte=Coalesce("waiting_since", Value(now)))
        )
        return near.exclude(pk__in=self.model.objects.late(now).values("pk"))


@tracked(exclude=("counted",))
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

    class Severity(models.IntegerChoices):
        CAN_WAIT = 1, "Can wait"
        SOON = 2, "Works, but badly"
        STANDS = 3, "Standing still"
        SAFETY = 4, "Safety"

    class ClosedOn(models.TextChoices):
        """On whose word it was closed."""

        OURS = "ours", "Closed by us"
        WORD = "word", "The customer said so"
        TRIES = "tries", "The customer could not be reached"

    # Each desk counts its own from 1001 on; a gap means nothing. Given when it is first saved.
    counted = models.PositiveIntegerField(editable=False)
    customer = TenantForeignKey(Customer, related_name="cases")
    site = TenantForeignKey(Site, null=True, blank=True, related_name="cases")
    equipment = TenantForeignKey(Equipment, null=True, blank=True, related_name="cases")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    category = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=200)
    words = models.TextField(blank=True, help_text="what the customer said")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.SOON)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    # Counts every act on the case: of two people at once the second is told.
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    opened_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="cases")
    supervisor = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="supervised")
    response_due_at = models.DateTimeField(null=True, blank=True)
    responded_at = models.DateTimeField(null=True, blank=True)
    resolution_due_at = models.DateTimeField(null=True, blank=True)
    # From when on three quarters of the time are used: at risk (R2.5).
    response_risk_at = models.DateTimeField(null=True, blank=True)
    resolution_risk_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    closed_on = models.CharField(max_length=5, choices=ClosedOn.choices, blank=True)
    # Business days from the first to the last documented try, both counted (R6.7).
    tried_days = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    # The case that it is a part of now: the same matter.
    joined_into = TenantForeignKey("self", null=True, blank=True, related_name="joined")
    # By which an import knows it again.
    external_number = models.CharField(max_length=120, blank=True)

    objects = TenantManager.from_queryset(CaseQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "counted"], name="case_counted_once"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="closed") & Q(closed_at__isnull=True),
                name="case_closes_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False)
                | ~Q(state="waiting") & Q(waiting_since__isnull=True),
                name="case_waits_since",
            ),
            models.CheckConstraint(
                condition=Q(state="closed") | Q(closed_on="", joined_into__isnull=True),
                name="case_closed_on_when_closed",
            ),
            # A complaint ends on the customer's word, or after tries over five business days (R6.7); that
            # there were three is a trigger's matter. History of an older program came as it was.
            models.CheckConstraint(
                condition=~Q(kind="complaint", state="closed")
                | Q(closed_on="word")
                | Q(closed_on="tries", tried_days__gte=5)
                | Q(joined_into__isnull=False)
                | ~Q(external_number=""),
                name="case_complaint_closes_on_word",
            ),
            models.CheckConstraint(
                condition=Q(joined_into__isnull=True) | ~Q(joined_into=F("id")), name="case_not_its_own_part"
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
            # What to begin a call with: complaints that are open.
            models.Index(
                fields=["tenant", "customer", "opened_at"],
                condition=Q(kind="complaint") & ~Q(state="closed"),
                name="case_open_complaints",
            ),
            # Register: cases of a state, the newest first.
            models.Index(fields=["tenant", "state", "-opened_at", "-id"], name="case_register"),
            # Overview: answered in time.
            models.Index(
                fields=["tenant", "response_due_at"],
                include=["id", "responded_at"],
                condition=Q(response_due_at__isnull=False, joined_into__isnull=True),
                name="case_to_answer",
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def number(self) -> str:
        """What people say and type: "C-1001"."""
        return f"C-{self.counted}"

    @classmethod
    def count_on(cls, cases: Iterable["Case"]) -> None:
        """Give new cases (unsaved) the desk’s next numbers, in their order. Bulk writers call it."""
        hold_numbers("case")
        last = cls.objects.aggregate(last=Max("counted"))["last"] or FIRST_NUMBER - 1
        for counted, case in enumerate(cases, start=last + 1):
            case.counted = counted

    def save(self, **kwargs):
        """Give a new case the desk's next number."""
        if self.counted is None:
            Case.count_on([self])
        super().save(**kwargs)


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
    # We tried to reach them, and nobody answered: documented, for three of these may end a complaint.
    is_try = models.BooleanField(default=False)
    # The text or mail that it was, whole.
    reply = TenantForeignKey(Reply, null=True, blank=True, related_name="interactions")
    external_number = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="interaction_external_once",
            ),
            models.CheckConstraint(
                condition=Q(is_try=False) | Q(direction="out"), name="interaction_try_is_ours"
            ),
            models.UniqueConstraint(
                fields=["tenant", "reply"], condition=Q(reply__isnull=False), name="interaction_of_reply_once"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "customer", "-at"], name="interaction_by_customer"),
            # A case's thread, and when its customer was last heard.
            models.Index(fields=["tenant", "case", "-at"], name="interaction_by_case"),
        ]
