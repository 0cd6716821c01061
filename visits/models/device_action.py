"""DeviceAction: what a technician did on the phone, as it came in; each is taken in once."""

from django.db import models

from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel
from visits.models.visit import Visit


class DeviceAction(TenantModel):
    """One action from a phone's queue with its answer. Its `public_id` was made on the phone.

    `device_at` is what the phone's clock said, `clock_offset` what that clock lacked to ours at the
    moment of sending, `happened_at` the two together.
    """

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        # The technician was shown that the visit had changed, and took the action back.
        LEFT_OUT = "left out", "Left out"

    device = models.UUIDField()
    # The phone's own counter: the order in which things were done there.
    order = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=12)
    visit = TenantForeignKey(Visit, null=True, blank=True, related_name="device_actions")
    by = TenantForeignKey("tenancy.Membership", related_name="+")
    device_at = models.DateTimeField()
    clock_offset = models.DurationField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    words = models.CharField(max_length=600, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "device", "order"], name="deviceaction_in_order")]
