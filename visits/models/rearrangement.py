"""Rearrangement: one act that moved visits on the board, kept so that it can be taken back."""

from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel
from visits.models.visit import Visit


@tracked()
class Rearrangement(TenantModel):
    """A move, a swap, an emergency put in between, or a better order: undone as one."""

    class Kind(models.TextChoices):
        MOVE = "move", "Moved"
        SWAP = "swap", "Swapped"
        INSERTION = "insertion", "Emergency put in"
        ORDER = "order", "Put in a better order"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # Until then it can be undone, and what tells the customers waits.
    held_until = models.DateTimeField()
    # What a better order saves; driving time and distance, by the same estimate as the slots'.
    minutes_saved = models.IntegerField(null=True, blank=True)
    metres_saved = models.IntegerField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        pass


class RearrangedVisit(TenantModel):
    """How one visit stood before, and the version it has since: another change meanwhile forbids undoing."""

    rearrangement = TenantForeignKey(Rearrangement, models.CASCADE, related_name="visits")
    visit = TenantForeignKey(Visit, related_name="rearranged")
    before = models.JSONField()
    version = models.PositiveIntegerField(help_text="after the change")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "rearrangement", "visit"], name="rearrangedvisit_once"),
            models.CheckConstraint(condition=Q(version__gt=0), name="rearrangedvisit_version"),
        ]
