"""WorkType: what a kind of visit takes. VisitSeries: visits that come again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from customers.models import Customer, Site
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class VisitKind(models.TextChoices):
    """What a visit is for."""

    FAULT = "fault", "Fault"
    TUNE_UP = "tune-up", "Tune-up"
    INSTALL = "install", "Install"
    RETURN = "return visit", "Return visit"


@tracked()
class WorkType(TenantModel):
    """How long a kind of visit lasts on a kind or model of machine, and who can do it.

    The most exact line counts: kind of visit and machine, then machine, then kind of visit. Without
    any line a visit is as long as the desk says, anybody can do it, and one technician comes.
    """

    # Empty: any kind of visit.
    visit_kind = models.CharField(max_length=12, choices=VisitKind.choices, blank=True)
    # The machine's model, or its kind, as customers.searchkeys.folded writes it; empty: any machine.
    machine = models.CharField(max_length=120, blank=True)
    machine_key = models.CharField(max_length=120, blank=True, editable=False, db_collation="C")
    minutes = models.PositiveSmallIntegerField()
    skills = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # How many technicians come.
    crew = models.PositiveSmallIntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "visit_kind", "machine_key"], name="worktype_once"),
            models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=720), name="worktype_minutes"),
            models.CheckConstraint(condition=Q(crew__gte=1, crew__lte=4), name="worktype_crew"),
        ]


@tracked()
class VisitSeries(TenantModel):
    """Visits that were booked to come again, every so many weeks; each of them is an ordinary visit."""

    customer = TenantForeignKey(Customer, related_name="visit_series")
    site = TenantForeignKey(Site, related_name="visit_series")
    every_weeks = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [models.CheckConstraint(condition=Q(every_weeks__gt=0), name="series_repeats")]
