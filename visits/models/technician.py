"""Technician: who comes; when they work, when they are away, where they are wanted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from customers.models import Customer, Equipment, Site
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import Membership, TenantModel


@tracked()
class Technician(TenantModel):
    """A person with a van. One who came in with an export has no sign-in until invited."""

    membership = TenantOneToOneField(Membership, null=True, blank=True, related_name="technician")
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=40, blank=True)
    skills = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # Where the first way of a day begins and the last one ends; empty: not counted.
    home_address = models.CharField(max_length=300, blank=True)
    home_latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    home_longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    # Whose public holidays count, as ISO 3166-2 writes it after the country; empty: the desk's.
    subdivision = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="technician_name_once"),
            models.CheckConstraint(
                condition=Q(home_latitude__isnull=True, home_longitude__isnull=True)
                | Q(home_latitude__isnull=False, home_longitude__isnull=False),
                name="technician_home_is_a_place",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def first_name(self) -> str:
        """How customers and messages call the technician."""
        return self.name.split()[0]


@tracked()
class WorkingHours(TenantModel):
    """When a technician works on one weekday, in the desk's wall time; none at all: the desk's hours."""

    technician = TenantForeignKey(Technician, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(help_text="Monday is 0")
    starts = models.TimeField()
    ends = models.TimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="workinghours_weekday"),
            models.CheckConstraint(condition=Q(starts__lt=F("ends")), name="workinghours_start_before_end"),
            models.UniqueConstraint(
                fields=["tenant", "technician", "weekday", "starts"], name="workinghours_once"
            ),
        ]


@tracked()
class Absence(TenantModel):
    """A time in which a technician does not come: leave, training, illness."""

    technician = TenantForeignKey(Technician, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="absence_starts_before_end")
        ]
        indexes = [
            # Board and slots: who is away in a span.
            models.Index(fields=["tenant", "technician", "ends_at"], name="absence_by_technician")
        ]


@tracked()
class TechnicianPreference(TenantModel):
    """Preferred, required or excluded; read from equipment, then site, then customer (R2.3)."""

    class Level(models.TextChoices):
        PREFERRED = "preferred", "Preferred"
        REQUIRED = "required", "Required"
        EXCLUDED = "excluded", "Excluded"

    technician = TenantForeignKey(Technician, related_name="preferences")
    level = models.CharField(max_length=10, choices=Level.choices)
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="technician_preferences")
    site = TenantForeignKey(Site, null=True, blank=True, related_name="technician_preferences")
    equipment = TenantForeignKey(Equipment, null=True, blank=True, related_name="technician_preferences")

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(customer__isnull=False, site__isnull=True, equipment__isnull=True)
                | Q(customer__isnull=True, site__isnull=False, equipment__isnull=True)
                | Q(customer__isnull=True, site__isnull=True, equipment__isnull=False),
                name="preference_for_one_thing",
            ),
            models.UniqueConstraint(
                fields=["tenant", "technician", "customer", "site", "equipment"],
                name="preference_once",
                nulls_distinct=False,
            ),
        ]
