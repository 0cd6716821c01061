"""Part, VanStock, StockMove, PartUse: spare parts, where they lie, what moved them, what a visit used."""

from django.db import models
from django.db.models import F, Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import TenantModel
from visits.models.technician import Technician
from visits.models.visit import Visit


@tracked()
class Part(TenantModel):
    """A spare part by its number."""

    number = models.CharField(max_length=60)
    name = models.CharField(max_length=160)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="part_number_once")]

    def __str__(self):
        return f"{self.name} {self.number}".strip()


@tracked()
class VanStock(TenantModel):
    """How many of a part are in a technician's van, or at a depot when no technician is named."""

    part = TenantForeignKey(Part, related_name="stock")
    technician = TenantForeignKey(Technician, null=True, blank=True, related_name="stock")
    place = models.CharField(max_length=80, blank=True, help_text="depot and shelf")
    # Changed by visits.stock alone, together with the ledger; the database refuses less than none.
    quantity = models.PositiveIntegerField()
    # A visit took more than was known to be here: somebody has to count.
    to_count_since = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "part", "technician", "place"], name="vanstock_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(technician__isnull=True) | Q(place=""), name="vanstock_van_or_depot"
            ),
        ]
        indexes = [
            # The stock page: what has to be counted, the oldest first.
            models.Index(
                fields=["tenant", "to_count_since"],
                condition=Q(to_count_since__isnull=False),
                name="vanstock_to_count",
            ),
        ]

    def __str__(self):
        return f"{self.technician.first_name}’s van" if self.technician_id else self.place or "Depot"


class StockMove(TenantModel):
    """One line of the ledger of parts: what came, went or was counted. Never changed, never deleted.

    What came to a shelf less what left it is what lies there.
    """

    class Kind(models.TextChoices):
        MOVED = "moved", "Moved"
        RECEIVED = "received", "Received"
        USED = "used", "Used"
        COUNTED = "counted", "Counted"
        # Used at a visit, and not known to be in the van: it must have been there all the same.
        SHORT = "short", "Not in the books"

    part = TenantForeignKey(Part, related_name="moves")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    quantity = models.PositiveIntegerField()
    source = TenantForeignKey(VanStock, null=True, blank=True, related_name="leaving")
    target = TenantForeignKey(VanStock, null=True, blank=True, related_name="coming")
    visit = TenantForeignKey(Visit, null=True, blank=True, related_name="stock_moves")
    at = models.DateTimeField()
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    # The move that this one takes back.
    undoes = TenantOneToOneField("self", null=True, blank=True, related_name="undone_by")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stockmove_something"),
            models.CheckConstraint(
                condition=Q(kind="moved", source__isnull=False, target__isnull=False)
                | Q(kind="received", source__isnull=True, target__isnull=False)
                | Q(kind="used", source__isnull=False, target__isnull=True, visit__isnull=False)
                | Q(kind="short", source__isnull=True, target__isnull=False, visit__isnull=False)
                | Q(kind="counted", source__isnull=True, target__isnull=False)
                | Q(kind="counted", source__isnull=False, target__isnull=True),
                name="stockmove_from_and_to",
            ),
            models.CheckConstraint(
                condition=Q(source__isnull=True) | Q(target__isnull=True) | ~Q(source=F("target")),
                name="stockmove_leads_elsewhere",
            ),
        ]
        indexes = [
            # A part's page: its ledger, the newest first.
            models.Index(fields=["tenant", "part", "-id"], name="stockmove_of_part"),
        ]


@tracked()
class PartUse(TenantModel):
    """A part that a visit used, or needed."""

    visit = TenantForeignKey(Visit, related_name="parts_used")
    part = TenantForeignKey(Part, related_name="uses")
    quantity = models.PositiveSmallIntegerField()
    is_covered = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "visit", "part"], name="partuse_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="partuse_something"),
        ]
