"""Part, VanStock, PartUse: spare parts, where they lie, and what a visit used."""

from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
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
    quantity = models.PositiveIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "part", "technician", "place"], name="vanstock_once", nulls_distinct=False
            )
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
