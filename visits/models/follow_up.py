"""FollowUp: what a customer answered when asked how a visit was. Praise: a good word, and for whom it is."""

from django.db import models
from django.db.models import Q

from cases.models import Case, Interaction
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import TenantModel
from visits.models.visit import Visit


@tracked()
class FollowUp(TenantModel):
    """One for a visit, made by the first answer and added to by later ones (R7.4)."""

    class Face(models.IntegerChoices):
        VERY_POOR = 1, "Very poor"
        POOR = 2, "Poor"
        FAIR = 3, "All right"
        GOOD = 4, "Good"
        VERY_GOOD = 5, "Very good"

    POOR_FACES = (Face.VERY_POOR, Face.POOR)
    GOOD_FACES = (Face.GOOD, Face.VERY_GOOD)

    visit = TenantOneToOneField(Visit, related_name="follow_up")
    # Empty: they wrote and tapped no face.
    face = models.PositiveSmallIntegerField(choices=Face.choices, null=True, blank=True)
    words = models.TextField(blank=True, help_text="how it was, as the customer says it")
    needs = models.TextField(blank=True, help_text="what else they need")
    # Written under a poor face: whatever is tapped afterwards, these words praise nobody.
    words_complain = models.BooleanField(default=False)
    answered_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # Where a poor answer is seen to, and the contact that it was there.
    case = TenantForeignKey(Case, null=True, blank=True, related_name="follow_ups")
    contact_noted = TenantForeignKey(Interaction, null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(face__isnull=True) | Q(face__gte=1, face__lte=5), name="followup_face"
            ),
            models.CheckConstraint(
                condition=Q(face__isnull=False) | ~Q(words="") | ~Q(needs=""), name="followup_says_something"
            ),
        ]
        indexes = [
            # Overview: answers of some days, the newest first.
            models.Index(fields=["tenant", "-answered_at", "-id"], name="followup_newest"),
        ]

    @property
    def is_poor(self) -> bool:
        """Whether they tapped one of the two worst faces."""
        return self.face in self.POOR_FACES

    @property
    def is_good(self) -> bool:
        """Whether they tapped one of the two best."""
        return self.face in self.GOOD_FACES


@tracked()
class Praise(TenantModel):
    """It reaches the person praised, who sees it until they have read it, and their lead (R6.8)."""

    # uuid5 of what a colleague noted and the day: noted twice at once it is one. None: said by an answer.
    key = models.UUIDField(null=True, blank=True)
    customer = TenantForeignKey(Customer, related_name="praise")
    visit = TenantForeignKey(Visit, null=True, blank=True, related_name="praise")
    follow_up = TenantForeignKey(FollowUp, null=True, blank=True, related_name="praise")
    # Nobody: a technician without a sign-in, known by name. The lead tells them.
    person = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="praise")
    name = models.CharField(max_length=120)
    words = models.TextField()
    said_by = models.CharField(max_length=120)
    said_at = models.DateTimeField()
    noted_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    read_at = models.DateTimeField(null=True, blank=True)
    # The customer tapped a worse face afterwards.
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "follow_up", "name"],
                condition=Q(follow_up__isnull=False),
                name="praise_once_for_each",
            ),
            models.UniqueConstraint(fields=["tenant", "key"], name="praise_noted_once"),
            models.CheckConstraint(condition=~Q(words=""), name="praise_says_something"),
        ]
        indexes = [
            # Today: what somebody has not read.
            models.Index(
                fields=["tenant", "person", "said_at"],
                condition=Q(read_at__isnull=True, withdrawn_at__isnull=True),
                name="praise_unread",
            ),
        ]
