"""Payment: money received, as the bank or the bookkeeping tells it."""

from django.db import models
from django.db.models import Q

from contracts.models.contract import Contract
from contracts.models.renewal import Renewal
from customers.models import Customer
from customers.searchkeys import serial_key
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel


class PaymentQuerySet(models.QuerySet):
    """Payments by whether we know what they were for."""

    def unmatched(self):
        """Not matched to a contract and not given back."""
        return self.filter(contract__isnull=True, returned_on__isnull=True)


@tracked(exclude=("written_key",))
class Payment(TenantModel):
    """Matched to a contract, or not yet; nothing is matched twice."""

    number = models.CharField(max_length=60, blank=True, help_text="the bank's or bookkeeping's own")
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="payments")
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    payer = models.CharField(max_length=200, blank=True)
    # What the line says, kept as written; `contract` is what we found it to mean.
    contract_written = models.CharField(max_length=120, blank=True)
    written_key = models.CharField(max_length=120, blank=True, editable=False, db_collation="C")
    contract = TenantForeignKey(Contract, null=True, blank=True, related_name="payments")
    renewal = TenantForeignKey(Renewal, null=True, blank=True, related_name="payments")
    matched_at = models.DateTimeField(null=True, blank=True)
    matched_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    returned_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    objects = TenantManager.from_queryset(PaymentQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], condition=~Q(number=""), name="payment_number_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=Q(contract__isnull=True, matched_at__isnull=True)
                | Q(contract__isnull=False, matched_at__isnull=False),
                name="payment_matched_has_time",
            ),
            models.CheckConstraint(
                condition=Q(renewal__isnull=True) | Q(contract__isnull=False),
                name="payment_renews_its_contract",
            ),
        ]
        indexes = [
            # Cover: a customer's money that found no contract, by its day.
            models.Index(
                fields=["tenant", "customer", "paid_on"],
                condition=Q(contract__isnull=True, returned_on__isnull=True),
                name="payment_unmatched",
            ),
            models.Index(fields=["tenant", "contract", "-paid_on"], name="payment_by_contract"),
        ]

    def save(self, **kwargs):
        """Keep the search key beside the number as written. Bulk writers set it themselves."""
        self.written_key = serial_key(self.contract_written)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "written_key"}
        super().save(**kwargs)
