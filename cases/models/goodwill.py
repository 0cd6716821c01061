"""Goodwill: something given without duty."""

from django.db import models
from django.db.models import Q

from cases.models.case import Case
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import Role, TenantModel


@tracked()
class GoodwillItem(TenantModel):
    """One entry of the catalogue: what may be given, and up to which amount whoever gives it."""

    class Kind(models.TextChoices):
        FREE_VISIT = "free visit", "Free visit"
        CREDIT = "credit", "Credit"
        EXTENSION = "extension", "Extension"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # What it is worth at most, in the desk's currency; null: an extension.
    limit = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    # How many days an extension is at most; null: anything else.
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    # What is offered no more stays for what was given of it.
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="goodwillitem_once"),
            models.CheckConstraint(
                condition=Q(kind="extension", limit__isnull=True, days__isnull=False, days__gt=0)
                | ~Q(kind="extension") & Q(limit__isnull=False, limit__gt=0, days__isnull=True),
                name="goodwillitem_money_or_days",
            ),
        ]

    @property
    def most(self):
        """What is given of it at most, as its kind counts: an amount, or days."""
        return self.limit if self.days is None else self.days


@tracked()
class GoodwillLimit(TenantModel):
    """Up to which amount a role gives an entry by itself. A manager gives all of it."""

    item = TenantForeignKey(GoodwillItem, related_name="limits")
    role = models.CharField(max_length=12, choices=Role.choices)
    up_to = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    # Of an extension: up to how many days.
    days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "item", "role"], name="goodwilllimit_once"),
            models.CheckConstraint(
                condition=Q(up_to__isnull=False, up_to__gt=0, days__isnull=True)
                | Q(up_to__isnull=True, days__isnull=False, days__gt=0),
                name="goodwilllimit_money_or_days",
            ),
        ]

    @property
    def most(self):
        """What the role gives by itself, as the entry counts: an amount, or days."""
        return self.up_to if self.days is None else self.days


@tracked()
class Goodwill(TenantModel):
    """One gift: proposed with a reason, decided by somebody who may, and booked where it is used."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waiting for a yes"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"

    class Cause(models.TextChoices):
        MISSED_VISIT = "missed visit", "We missed a visit"
        BROKEN_PROMISE = "broken promise", "We broke a promise"
        POOR_WORK = "poor work", "The work had to be done again"
        LONG_WAIT = "long wait", "They waited too long"
        LOYALTY = "loyalty", "A thank-you"
        OTHER = "other", "Something else"

    class Place(models.TextChoices):
        CONTRACT = "contract", "A contract"
        VISIT = "visit", "A visit"

    customer = TenantForeignKey(Customer, related_name="goodwill")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="goodwill")
    item = TenantForeignKey(GoodwillItem, related_name="given")
    # In the desk's currency; null: an extension, which is so many days and no money.
    amount = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    # What it is counted under, and in words.
    cause = models.CharField(max_length=14, choices=Cause.choices, default=Cause.OTHER)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField()
    proposed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    decision_reason = models.CharField(max_length=300, blank=True)
    # The public id of the visit that failed: for one failure it is proposed once.
    subject = models.UUIDField(null=True, blank=True)
    # Where it is used: the public id of a contract or a visit.
    place_kind = models.CharField(max_length=8, choices=Place.choices, blank=True)
    place = models.UUIDField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=False, amount__gte=0, days__isnull=True)
                | Q(amount__isnull=True, days__isnull=False, days__gt=0, place_kind="contract"),
                name="goodwill_amount_or_days_on_a_contract",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="goodwill_has_reason"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | ~Q(state="proposed") & Q(decided_at__isnull=False),
                name="goodwill_decided_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(decision_reason=""), name="goodwill_declined_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(place_kind="", place=None) | ~Q(place_kind="") & Q(place__isnull=False),
                name="goodwill_place_is_whole",
            ),
            # No visit is made free twice.
            models.UniqueConstraint(
                fields=["tenant", "place"],
                condition=Q(place_kind="visit", state="approved"),
                name="goodwill_visit_free_once",
            ),
            # A proposal for one failure, whoever asks at once.
            models.UniqueConstraint(
                fields=["tenant", "subject"],
                condition=Q(subject__isnull=False),
                name="goodwill_once_for_cause",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-proposed_at", "-id"], name="goodwill_by_state"),
        ]

    @property
    def size(self):
        """How much it is, as its entry counts: an amount, or days."""
        return self.amount if self.days is None else self.days
