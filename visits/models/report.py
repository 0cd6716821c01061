"""Review: what was said about a recommendation at one visit. ServiceReport: what was done there."""

from django.db import models
from django.db.models import Q

from recommendations.models import Recommendation
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import StoredFile, TenantModel
from visits.models.visit import Visit


@tracked()
class Review(TenantModel):
    """The answer to one recommendation at one visit; without it the visit cannot be completed."""

    class Outcome(models.TextChoices):
        # Raised at this very visit: written by the raising itself, it needs no other answer.
        RAISED = "raised", "Raised at this visit"
        STILL_VALID = "still valid", "Still valid"
        ACCEPTED = "accepted", "Accepted"
        WORSE = "worse", "Worse"
        DONE = "done", "Done on this visit"
        DECLINED = "declined by customer", "Declined"
        DEFERRED = "deferred", "Not now"

    visit = TenantForeignKey(Visit, related_name="reviews")
    recommendation = TenantForeignKey(Recommendation, related_name="reviews")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    customer_told = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    deferred_until = models.DateField(null=True, blank=True)
    at = models.DateTimeField()
    device_at = models.DateTimeField(null=True, blank=True)
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "visit", "recommendation"], name="review_once"),
            models.CheckConstraint(
                condition=~Q(outcome__in=["declined by customer", "deferred"]) | ~Q(reason=""),
                name="review_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="deferred") | Q(deferred_until__isnull=False),
                name="review_deferred_has_day",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "recommendation", "at"], name="review_trail")]


@tracked(exclude=("visit_start",))
class ServiceReport(TenantModel):
    """What was done, whether it worked the first time, and who signed for what."""

    class Signing(models.TextChoices):
        DRAWN = "drawn", "Signed"
        TYPED = "typed", "Typed a name"
        CANNOT = "cannot", "Cannot sign"

    visit = TenantOneToOneField(Visit, related_name="report")
    work_done = models.TextField()
    # Null: an import did not say.
    fixed_first_time = models.BooleanField(null=True)
    not_fixed_because = models.CharField(max_length=300, blank=True)
    next_step = models.CharField(max_length=300, blank=True)
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    signing = models.CharField(max_length=8, choices=Signing.choices, blank=True)
    signature = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    signed_by = models.CharField(max_length=120, blank=True)
    cannot_sign_because = models.CharField(max_length=200, blank=True)
    # The block for recommendations has a signature of its own; without it: not handed over.
    recommendations_signing = models.CharField(max_length=8, choices=Signing.choices, blank=True)
    recommendations_signature = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    recommendations_signed_by = models.CharField(max_length=120, blank=True)
    recommendations_unsigned_because = models.CharField(max_length=200, blank=True)
    written_at = models.DateTimeField()
    # For when the visit was planned, while it is done: kept here by a trigger, for the index.
    visit_start = models.DateTimeField(null=True, editable=False)
    # The PDF, made as soon as the visit is done; every copy has the same bytes.
    document = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(fixed_first_time=False) | ~Q(not_fixed_because=""),
                name="report_says_why_not_fixed",
            ),
            models.CheckConstraint(
                condition=~Q(signing="cannot") | ~Q(cannot_sign_because=""), name="report_says_why_not_signed"
            ),
            # Nobody has signed for the recommendations but by a drawing or a name; who did not has no name.
            models.CheckConstraint(
                condition=Q(
                    ~Q(recommendations_signed_by=""),
                    recommendations_signing="drawn",
                    recommendations_signature__isnull=False,
                    recommendations_unsigned_because="",
                )
                | Q(
                    ~Q(recommendations_signed_by=""),
                    recommendations_signing="typed",
                    recommendations_signature=None,
                    recommendations_unsigned_because="",
                )
                | Q(
                    ~Q(recommendations_unsigned_because=""),
                    recommendations_signing="cannot",
                    recommendations_signature=None,
                    recommendations_signed_by="",
                )
                | Q(
                    recommendations_signing="",
                    recommendations_signature=None,
                    recommendations_signed_by="",
                    recommendations_unsigned_because="",
                ),
                name="report_recommendations_signed",
            ),
        ]
        indexes = [
            # Overview: what reports of visits of some days say.
            models.Index(
                fields=["tenant", "visit_start"],
                include=["id", "fixed_first_time"],
                condition=Q(visit_start__isnull=False, fixed_first_time__isnull=False),
                name="report_says_whether_fixed",
            ),
        ]
