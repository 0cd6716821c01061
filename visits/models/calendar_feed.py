"""A technician's visits in their own calendar program, read from a private address."""

from django.db import models
from django.db.models import Q

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import Membership, TenantModel
from visits.models.technician import Technician


@tracked(exclude=("last_fetched_at",))
class CalendarFeed(TenantModel):
    """An address that a calendar program asks; kept as a hash: who reads the database cannot use it."""

    technician = TenantForeignKey(Technician, related_name="calendar_feeds")
    token_hash = models.CharField(max_length=64, help_text="SHA-256 of the token, hexadecimal")
    made_at = models.DateTimeField()
    made_by = TenantForeignKey(Membership, related_name="+")
    # To the hour.
    last_fetched_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # Nobody's act where it ended with the technician's sign-in.
    revoked_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["token_hash", "tenant"], name="calendarfeed_once"),
            models.UniqueConstraint(
                fields=["tenant", "technician"],
                condition=Q(revoked_at__isnull=True),
                name="calendarfeed_one_open",
            ),
            models.CheckConstraint(
                condition=Q(revoked_by__isnull=True) | Q(revoked_at__isnull=False),
                name="calendarfeed_revoked_has_time",
            ),
        ]
