"""Recommendation: a finding on equipment that should be acted on. Never deleted, never forgotten."""

from django.db import models
from django.db.models import Q

from cases.models import Case
from customers.models import Equipment
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import StoredFile, TenantModel


class RecommendationQuerySet(models.QuerySet):
    """Recommendations by whether somebody still has to act."""

    def open(self, day):
        """Not yet settled on `day` (the desk's): deferred ones count again once their day has come."""
        return self.filter(
            Q(state__in=Recommendation.OPEN_STATES)
            | Q(state=Recommendation.State.DEFERRED, deferred_until__lte=day)
        )

    def worst_first(self):
        """Safety first, then the oldest."""
        return self.order_by("-severity", "raised_at", "id")


@tracked()
class Recommendation(TenantModel):
    """Outlives visit and technician; its state changes only through recommendations.lifecycle."""

    class Severity(models.IntegerChoices):
        CAN_WAIT = 1, "Can wait"
        SOON = 2, "Soon"
        LIKELY_TO_FAIL = 3, "Likely to fail"
        SAFETY = 4, "Safety"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        QUOTED = "quoted", "Quoted"
        ACCEPTED = "accepted", "Accepted"
        SCHEDULED = "scheduled", "Scheduled"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"
        DEFERRED = "deferred", "Deferred"
        SUPERSEDED = "superseded", "Superseded"
        INVALID = "invalid", "Invalid"

    OPEN_STATES = (State.OPEN, State.QUOTED, State.ACCEPTED, State.SCHEDULED)
    UNSETTLED_STATES = (*OPEN_STATES, State.DEFERRED)

    equipment = TenantForeignKey(Equipment, related_name="recommendations")
    finding = models.CharField(max_length=300)
    risk = models.CharField(max_length=300, blank=True, help_text="what happens if it is ignored")
    action = models.CharField(max_length=300, blank=True, help_text="what we propose to do")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    estimate = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    deferred_until = models.DateField(null=True, blank=True)
    review_by = models.DateField(null=True, blank=True)
    raised_at = models.DateTimeField()
    raised_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    raised_by_name = models.CharField(max_length=120, blank=True, help_text="a name that an import told")
    # Somebody signed that they were told; empty: not handed over.
    signed_by = models.CharField(max_length=120, blank=True)
    superseded_by = TenantForeignKey("self", null=True, blank=True, related_name="supersedes")
    is_imported = models.BooleanField(default=False)
    external_number = models.CharField(max_length=160, blank=True)

    objects = TenantManager.from_queryset(RecommendationQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(finding=""), name="recommendation_has_finding"),
            models.CheckConstraint(
                condition=Q(severity__gte=1, severity__lte=4), name="recommendation_severity"
            ),
            models.CheckConstraint(
                condition=Q(state="deferred", deferred_until__isnull=False)
                | ~Q(state="deferred") & Q(deferred_until__isnull=True),
                name="recommendation_deferred_has_day",
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="recommendation_external_once",
            ),
        ]
        indexes = [
            # Brief, gate and caller screen: what is unsettled on a machine.
            models.Index(
                fields=["tenant", "equipment"],
                condition=Q(state__in=["open", "quoted", "accepted", "scheduled", "deferred"]),
                name="recommendation_unsettled",
            ),
            # Also counted from it alone, machine by machine.
            models.Index(
                fields=["tenant", "state", "-severity", "raised_at", "id"],
                include=["equipment", "deferred_until"],
                name="recommendation_register",
            ),
        ]

    def __str__(self):
        return self.finding


class StateChange(TenantModel):
    """One change of a recommendation: person, time and reason. Written by its lifecycle only."""

    recommendation = TenantForeignKey(Recommendation, related_name="changes")
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10, choices=Recommendation.State.choices)
    at = models.DateTimeField()
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    by_customer = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "recommendation", "at"], name="statechange_of_one")]


class RecommendationPhoto(TenantModel):
    """A picture of the finding."""

    recommendation = TenantForeignKey(Recommendation, related_name="photos")
    photo = TenantForeignKey(StoredFile, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "recommendation", "photo"], name="recommendationphoto_once"
            )
        ]


class WarnedFault(TenantModel):
    """A breakdown we had warned of: the case of a fault and the recommendation that foresaw it."""

    case = TenantForeignKey(Case, related_name="warnings")
    recommendation = TenantForeignKey(Recommendation, related_name="faults")
    noticed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "recommendation"], name="warnedfault_once")
        ]
