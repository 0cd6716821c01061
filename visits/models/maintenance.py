"""MaintenancePlan: how often a machine is looked after. PlannedService: one day on which it is due."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from contracts.models import Contract
from customers.models import Customer, Equipment, Site
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import TenantModel
from visits.models.visit import Visit


@tracked()
class MaintenancePlan(TenantModel):
    """Maintenance by the calendar or from the last completion; it ends only by an act or by its own limit."""

    class CountsFrom(models.TextChoices):
        CALENDAR = "calendar", "By the calendar"
        COMPLETION = "completion", "From the last completion"

    class Unit(models.TextChoices):
        WEEKS = "weeks", "Weeks"
        MONTHS = "months", "Months"

    customer = TenantForeignKey(Customer, related_name="maintenance_plans")
    site = TenantForeignKey(Site, related_name="maintenance_plans")
    equipment = TenantForeignKey(Equipment, null=True, blank=True, related_name="maintenance_plans")
    # Days of its services never lie after the end of this contract's terms.
    contract = TenantForeignKey(Contract, null=True, blank=True, related_name="maintenance_plans")
    title = models.CharField(max_length=120)
    counts_from = models.CharField(max_length=10, choices=CountsFrom.choices)
    every = models.PositiveSmallIntegerField(help_text="so many weeks or months")
    unit = models.CharField(max_length=6, choices=Unit.choices)
    # Monday is 0; empty: whatever weekday it falls on.
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    starts_on = models.DateField(help_text="the first day on which it is due")
    until = models.DateField(null=True, blank=True, help_text="the last possible day, included")
    most_done = models.PositiveSmallIntegerField(null=True, blank=True, help_text="ends after so many done")
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    suspended_on = models.DateField(null=True, blank=True)
    suspended_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    suspended_because = models.CharField(max_length=300, blank=True)
    # On this day it goes on from its schedule, by itself; null: until somebody says so.
    resumes_on = models.DateField(null=True, blank=True)
    stopped_on = models.DateField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    stopped_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(every__gt=0), name="plan_repeats"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("starts_on")), name="plan_starts_before_end"
            ),
            # Stopping is an act: who, when and why. Never silently.
            models.CheckConstraint(
                condition=Q(stopped_on__isnull=True, stopped_at__isnull=True)
                | Q(stopped_on__isnull=False, stopped_at__isnull=False, stopped_by__isnull=False)
                & ~Q(stopped_because=""),
                name="plan_stopped_by_an_act",
            ),
            models.CheckConstraint(
                condition=Q(suspended_on__isnull=True)
                | Q(suspended_by__isnull=False) & ~Q(suspended_because=""),
                name="plan_suspended_by_an_act",
            ),
        ]
        indexes = [
            # Generation: plans that go on.
            models.Index(fields=["tenant", "id"], condition=Q(stopped_on__isnull=True), name="plan_going_on"),
            models.Index(fields=["tenant", "customer"], name="plan_by_customer"),
        ]

    def __str__(self):
        return self.title


@tracked()
class PlanException(TenantModel):
    """A day of a plan's schedule that is left out, with the reason."""

    plan = TenantForeignKey(MaintenancePlan, related_name="exceptions")
    day = models.DateField()
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "day"], name="planexception_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="planexception_has_reason"),
        ]


@tracked()
class PlannedService(TenantModel):
    """One maintenance that a plan makes due: booked, done, or left out with a reason; never forgotten."""

    class State(models.TextChoices):
        DUE = "due", "To be booked"
        BOOKED = "booked", "Booked"
        DONE = "done", "Done"
        LEFT_OUT = "left out", "Left out"

    plan = TenantForeignKey(MaintenancePlan, related_name="services")
    # By the schedule; and the day to propose: a working day, never after the term's end.
    due_on = models.DateField()
    proposed_on = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    visit = TenantOneToOneField(Visit, null=True, blank=True, related_name="planned_service")
    generated_at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True, blank=True, help_text="nobody reacted in time")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    settled_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "plan", "due_on"], name="plannedservice_once"),
            models.CheckConstraint(
                condition=~Q(state="booked") | Q(visit__isnull=False), name="plannedservice_booked_has_visit"
            ),
            models.CheckConstraint(
                condition=~Q(state="left out") | ~Q(settled_because=""),
                name="plannedservice_left_out_has_reason",
            ),
        ]
        indexes = [
            # Use it or lose it, and the alarm: services that nobody has booked, the earliest first.
            models.Index(
                fields=["tenant", "proposed_on", "id"], condition=Q(state="due"), name="plannedservice_due"
            ),
        ]
