"""CallSkip: not to be called before a day."""

from django.db import models
from django.db.models import Q

from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


@tracked()
class CallSkip(TenantModel):
    """Somebody put a customer of the call list off until a day; the last one counts."""

    customer = TenantForeignKey(Customer, related_name="call_skips")
    until = models.DateField(help_text="the day on which the customer is listed again")
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="callskip_has_reason")]
        indexes = [
            # Call list: until when a customer is put off.
            models.Index(fields=["tenant", "customer", "-at"], name="callskip_latest"),
            # Call list: who is put off now.
            models.Index(fields=["tenant", "until"], name="callskip_by_until"),
        ]
