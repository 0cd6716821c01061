"""What hangs on a machine: its documents, its meter readings, and what was booked from its label."""

from django.db import models
from django.db.models import Q

from customers.models.equipment import Equipment
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import Membership, StoredFile, TenantModel


@tracked()
class EquipmentDocument(TenantModel):
    """A paper about a machine: its manual, its certificate, a picture of its plate."""

    equipment = TenantForeignKey(Equipment, related_name="documents")
    file = TenantForeignKey(StoredFile, related_name="+")
    title = models.CharField(max_length=120)
    # Customers see it on the pages of their links; staff always do.
    is_for_customer = models.BooleanField(default=False)
    added_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField()
    removed_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_because="", removed_by__isnull=True)
                | (Q(removed_at__isnull=False, removed_by__isnull=False) & ~Q(removed_because="")),
                name="document_removed_with_person_and_reason",
            )
        ]
        indexes = [
            # The machine's page: its documents, newest first.
            models.Index(fields=["tenant", "equipment", "-added_at"], name="document_of_machine"),
        ]

    def __str__(self):
        return self.title


@tracked()
class MeterReading(TenantModel):
    """What a counter of a machine showed at a moment."""

    class Kind(models.TextChoices):
        PAGES = "pages", "Pages"
        COLOUR_PAGES = "colour pages", "Colour pages"
        HOURS = "hours", "Hours run"
        CYCLES = "cycles", "Cycles"
        KILOMETRES = "kilometres", "Kilometres"
        LITRES = "litres", "Litres"
        KILOWATT_HOURS = "kilowatt hours", "Kilowatt hours"

    equipment = TenantForeignKey(Equipment, related_name="readings")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    value = models.DecimalField(max_digits=12, decimal_places=1)
    read_at = models.DateTimeField()
    read_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    # Public id of the visit at which it was read: visits stand to the right.
    visit = models.UUIDField(null=True, blank=True)
    # It counts on from its own value: the counter was replaced, or set back.
    starts_anew = models.BooleanField(default=False)
    withdrawn_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0), name="reading_is_no_debt"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_because="", withdrawn_by__isnull=True)
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
                name="reading_withdrawn_with_person_and_reason",
            ),
            # A visit reads a counter once, however often a phone sends it.
            models.UniqueConstraint(
                fields=["tenant", "visit", "equipment", "kind"],
                condition=Q(visit__isnull=False, withdrawn_at__isnull=True),
                name="reading_once_at_a_visit",
            ),
        ]
        indexes = [
            # The machine's page: each counter's readings in order.
            models.Index(fields=["tenant", "equipment", "kind", "read_at"], name="reading_of_machine"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.value:,.0f}"


class LabelBooking(TenantModel):
    """A visit that somebody at the machine booked from its label; one press of the button, one row."""

    equipment = TenantForeignKey(Equipment, related_name="label_bookings")
    # Chosen by the page that asks to confirm: pressed twice it is the same.
    attempt = models.UUIDField()
    # Public id of the visit: visits stand to the right.
    visit = models.UUIDField()
    booked_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "equipment", "attempt"], name="labelbooking_once")
        ]
        indexes = [
            # How many were booked from a machine's label lately.
            models.Index(fields=["tenant", "equipment", "-booked_at"], name="labelbooking_of_machine"),
        ]
