"""Equipment: one machine we look after."""

from django.db import models
from django.db.models import Q

from customers.models.customer import Site
from customers.searchkeys import serial_key
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked(exclude=("serial_key",))
class Equipment(TenantModel):
    """One machine at a site, known by its serial number."""

    site = TenantForeignKey(Site, related_name="equipment")
    make = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=80, blank=True)
    serial_number = models.CharField(max_length=80, blank=True)
    serial_key = models.CharField(max_length=80, blank=True, editable=False, db_collation="C")
    external_number = models.CharField(
        max_length=40, blank=True, default="", help_text="by which an older system knows it"
    )
    location = models.CharField(max_length=120, blank=True)
    installed_on = models.DateField(null=True, blank=True)
    warranty_until = models.DateField(null=True, blank=True)
    retired_on = models.DateField(null=True, blank=True)
    retired_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            # Find and imports: a machine by its serial number; one desk looks after it once.
            models.UniqueConstraint(
                fields=["tenant", "serial_key"], condition=~Q(serial_key=""), name="equipment_serial_once"
            ),
            # Other programs: a machine by the number that it has there.
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="equipment_external_number_once",
            ),
        ]
        indexes = [
            # What to bring: the newest machines of a model, whose visits tell what is usually taken.
            models.Index(fields=["tenant", "model", "-id"], name="equipment_by_model"),
        ]

    def __str__(self):
        return self.name

    def save(self, **kwargs):
        """Keep the search key beside the serial number."""
        self.serial_key = serial_key(self.serial_number)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "serial_key"}
        super().save(**kwargs)

    @property
    def name(self) -> str:
        """Make, model and what it is: "Corvane TC-240 copier"."""
        return " ".join(part for part in (self.make, self.model, self.kind) if part) or self.serial_number
