"""WorkLeft: what a visit could not finish, until it is done, or given up by somebody who says why."""

from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.managers import TenantManager
from tenancy.models import TenantModel
from visits.models.visit import Visit


class WorkLeftQuerySet(models.QuerySet):
    """What is left, by whether somebody still has to do it."""

    def open(self):
        """Neither done nor given up."""
        return self.filter(state=WorkLeft.State.OPEN)


@tracked()
class WorkLeft(TenantModel):
    """What still has to be done after a visit, and the parts for it. Settled, it never changes again."""

    class State(models.TextChoices):
        OPEN = "open", "Left"
        DONE = "done", "Done"
        GIVEN_UP = "given up", "Given up"

    visit = TenantOneToOneField(Visit, related_name="work_left")
    words = models.CharField(max_length=600, help_text="what is left to do")
    parts = models.CharField(max_length=300, blank=True, help_text="parts that it needs")
    left_at = models.DateTimeField()
    left_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # The visit at which it was done.
    settled_at_visit = TenantForeignKey(Visit, null=True, blank=True, related_name="settled_work")
    reason = models.CharField(max_length=300, blank=True, help_text="why it was given up")

    objects = TenantManager.from_queryset(WorkLeftQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="workleft_says_what"),
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True)
                | ~Q(state="open") & Q(settled_at__isnull=False),
                name="workleft_settled_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(settled_at_visit__isnull=False),
                name="workleft_done_at_a_visit",
            ),
            models.CheckConstraint(
                condition=~Q(state="given up") | Q(settled_by__isnull=False) & ~Q(reason=""),
                name="workleft_given_up_by_somebody",
            ),
        ]
        indexes = [
            # Booking panel, brief and round: what is still left, few among all visits.
            models.Index(fields=["tenant", "visit"], condition=Q(state="open"), name="workleft_open")
        ]

    def __str__(self):
        return self.words
