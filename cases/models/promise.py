"""Promise: anything told to a customer with a time on it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cases.models.case import Case
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel


def default_reminding() -> list[int]:
    """Minutes before a promise is due at which its owner is reminded."""
    return [30, 10]


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
    # May be made with a duty, the promise's subject; either ends the other.
    OF_DUTIES = (Kind.CALL_BACK, Kind.ANSWER)

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
    # Nobody where the clock did it.
    settled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
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
            # On time is on time: whatever path settled it.
            models.CheckConstraint(
                condition=~Q(state="kept")
                | Q(is_imported=True)
                | Q(settled_at__lte=models.F("due_at"), renegotiated_at__isnull=True),
                name="promise_kept_in_time",
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
            # What to begin a call with: promises that were broken lately.
            models.Index(
                fields=["tenant", "customer", "settled_at"],
                condition=Q(state="broken"),
                name="promise_broken",
            ),
            models.Index(fields=["tenant", "subject"], name="promise_by_subject"),
            # Overview: counted by kind and end without their rows.
            models.Index(
                fields=["tenant", "due_at"],
                include=["id", "kind", "state", "is_imported"],
                name="promise_figures",
            ),
            # A colleague's own register, and what is handed on when they are away.
            models.Index(
                fields=["tenant", "owner", "due_at", "id"], condition=Q(state="open"), name="promise_by_owner"
            ),
        ]

    def __str__(self):
        return self.text


class PromiseHandover(TenantModel):
    """Who had a promise, who has it now, when, by whom and why: a line of a ledger."""

    promise = TenantForeignKey(Promise, related_name="handovers")
    from_owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    to_owner = TenantForeignKey("tenancy.Membership", related_name="+")
    at = models.DateTimeField()
    # Nobody where the rule did it.
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="promisehandover_has_reason"),
            models.CheckConstraint(
                condition=Q(from_owner__isnull=True) | ~Q(from_owner=models.F("to_owner")),
                name="promisehandover_to_another",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "promise", "at"], name="promisehandover_by_promise")]


@tracked()
class PromiseTemplate(TenantModel):
    """A promise that a desk gives often: its words, its kind, and by when."""

    text = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Promise.Kind.choices, default=Promise.Kind.CALL_BACK)
    # Either so many minutes from now, or an hour of a day: 0 is today, 1 the next working day.
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    clock = models.TimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gt=0, days__isnull=True, clock__isnull=True)
                | Q(minutes__isnull=True, days__isnull=False, clock__isnull=False),
                name="promisetemplate_one_time",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="promisetemplate_has_words"),
            models.UniqueConstraint(
                fields=["tenant", "text", "minutes", "days", "clock"],
                nulls_distinct=False,
                name="promisetemplate_once",
            ),
        ]


@tracked()
class PromiseReminding(TenantModel):
    """How long before its time whoever keeps a promise is reminded; one row for a desk."""

    minutes = ArrayField(models.PositiveSmallIntegerField(), default=default_reminding)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant"], name="promisereminding_once")]


@tracked()
class Leave(TenantModel):
    """A time in which a colleague is not here; a technician's absence is with the visits."""

    member = TenantForeignKey("tenancy.Membership", related_name="leaves")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=models.F("ends_at")), name="leave_starts_before_end"
            )
        ]
        indexes = [models.Index(fields=["tenant", "member", "ends_at"], name="leave_by_member")]
