"""Tenant: one service company, called desk in URLs and pages; its hours and closures."""

import datetime
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from tenancy.audit import tracked
from tenancy.models.base import TenantModel


def validate_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a time zone of the pinned tz database."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValidationError(f"“{name}” is no time zone. Write one like Europe/London.") from None


def default_notice_days() -> list[int]:
    """Days before a term's end on which its customer hears of the renewal (R1.12)."""
    return [60, 30, 14, 7, 1]


def default_reminder_minutes() -> list[int]:
    """Minutes before the planned arrival at which a reminder goes out (R4.8)."""
    return [7 * 24 * 60, 24 * 60, 2 * 60]


class Tenant(models.Model):
    """One service company. Its numbers are the defaults of the rules; a manager may change them."""

    class RenewBy(models.TextChoices):
        NEW_TERM = "new term", "A new term follows the old one"
        EXTENSION = "extension", "The running term is extended"

    slug = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$", "Small letters, digits and single dashes.")],
    )
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    # Region of phone numbers written without a country code, and of public holidays.
    country = models.CharField(max_length=2, default="US")
    subdivision = models.CharField(max_length=8, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Messages and alarms begin here; nothing due before is sent or raised. Null: switched off.
    messages_from = models.DateTimeField(null=True, blank=True)

    renewal_due_days = models.PositiveSmallIntegerField(default=60)
    grace_days = models.PositiveSmallIntegerField(default=30)
    renew_by = models.CharField(max_length=12, choices=RenewBy.choices, default=RenewBy.NEW_TERM)
    notice_days = ArrayField(models.PositiveSmallIntegerField(), default=default_notice_days)
    confirmation_minutes = models.PositiveIntegerField(default=24 * 60)
    call_ahead_minutes = models.PositiveSmallIntegerField(default=30)
    missed_after_minutes = models.PositiveSmallIntegerField(default=30)
    reminder_minutes = ArrayField(models.PositiveIntegerField(), default=default_reminder_minutes)
    # Days after a visit on which its customer is asked how it was (R7.4); null: nobody is asked.
    follow_up_days = models.PositiveSmallIntegerField(null=True, blank=True, default=2)
    quiet_from = models.TimeField(default=datetime.time(21, 0))
    quiet_until = models.TimeField(default=datetime.time(8, 0))
    waiting_counts_working_time = models.BooleanField(default=True)
    # Between two visits where no coordinates are known; where they are, the distance at this speed.
    travel_minutes = models.PositiveSmallIntegerField(default=15)
    travel_kmh = models.PositiveSmallIntegerField(default=40)
    # Of messages to customers for whom no other language is known; an IETF tag ("en", "nl").
    language = models.CharField(max_length=12, default="en")
    visit_minutes = models.PositiveSmallIntegerField(default=75)
    window_minutes = models.PositiveSmallIntegerField(default=60)
    # What a visit without a contract costs, said on the caller screen; null: not said.
    callout_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"), name="tenant_slug_form"
            ),
            models.CheckConstraint(condition=Q(window_minutes__gt=0), name="tenant_window_lasts"),
            models.CheckConstraint(condition=Q(travel_kmh__gt=0), name="tenant_travel_moves"),
        ]

    def __str__(self):
        return self.name


@tracked()
class BusinessHours(TenantModel):
    """When the desk works on one weekday, in its own wall time; a break is two rows."""

    weekday = models.PositiveSmallIntegerField(help_text="Monday is 0")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="businesshours_weekday"),
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")), name="businesshours_open_before_close"
            ),
            models.UniqueConstraint(fields=["tenant", "weekday", "opens"], name="businesshours_once"),
        ]


@tracked()
class Closure(TenantModel):
    """A day on which the desk does not work: a public holiday or one of its own."""

    day = models.DateField()
    name = models.CharField(max_length=120)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "day"], name="closure_once")]
