"""Payment: money received, as the bank or the bookkeeping tells it. Statement: the file that told it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Trim

from contracts.models.contract import Contract
from contracts.models.renewal import Renewal
from customers.models import Customer
from customers.searchkeys import serial_key
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel

LONGEST_WRITTEN_KEY = 120


class PaymentQuerySet(models.QuerySet):
    """Payments by whether we know what they were for."""

    def unmatched(self):
        """Not matched to a contract, not given back, not set aside and not cut into parts."""
        return self.filter(UNMATCHED)

    def standing(self):
        """Money that we have: not given back, and not counted by its parts."""
        return self.filter(returned_on__isnull=True, replaced_at__isnull=True)


UNMATCHED = Q(
    contract__isnull=True, returned_on__isnull=True, set_aside_at__isnull=True, replaced_at__isnull=True
)


@tracked()
class Statement(TenantModel):
    """One file of bank or bookkeeping lines, as it was taken in; the same file counts once."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        CAMT = "camt.053", "CAMT.053"
        OFX = "ofx", "OFX"
        API = "api", "Another program"

    name = models.CharField(max_length=200)
    format = models.CharField(max_length=8, choices=Format.choices)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file's bytes")
    account = models.CharField(max_length=40, blank=True)
    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    imported_at = models.DateTimeField()
    imported_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # How many lines there were, and what became of each.
    counts = models.JSONField(default=dict)
    # Lines that could not be read: where, what was written, what to do.
    refused = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "digest"], name="statement_once")]
        indexes = [models.Index(fields=["tenant", "-imported_at", "-id"], name="statement_latest")]


@tracked(exclude=("written_key", "payer_key"))
class Payment(TenantModel):
    """Matched to a contract, or not yet; nothing is matched twice.

    A row is only ever finished, never turned back: money that was matched wrongly, or is meant for
    several contracts, is replaced by parts that carry the same sum.
    """

    class Return(models.TextChoices):
        RETURNED = "returned", "Returned by the bank"
        REFUNDED = "refunded", "Refunded by us"

    number = models.CharField(max_length=60, blank=True, help_text="the bank's or bookkeeping's own")
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="payments")
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=40, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    payer = models.CharField(max_length=200, blank=True)
    # A column of its own: behind row level security no index on an expression that may leak is used.
    payer_key = models.GeneratedField(
        expression=Trim(Lower("payer")),
        output_field=models.CharField(max_length=200),
        db_persist=True,
    )
    # What the line says, kept as written; `contract` is what we found it to mean.
    contract_written = models.CharField(max_length=120, blank=True)
    written_key = models.CharField(
        max_length=LONGEST_WRITTEN_KEY, blank=True, editable=False, db_collation="C"
    )
    contract = TenantForeignKey(Contract, null=True, blank=True, related_name="payments")
    renewal = TenantForeignKey(Renewal, null=True, blank=True, related_name="payments")
    matched_at = models.DateTimeField(null=True, blank=True)
    matched_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    returned_on = models.DateField(null=True, blank=True)
    return_kind = models.CharField(max_length=8, choices=Return.choices, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True, help_text="when the return was recorded")
    returned_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    returned_because = models.CharField(max_length=300, blank=True)
    # Money for something else than a contract: a repair, a part, a neighbour's invoice.
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    set_aside_because = models.CharField(max_length=300, blank=True)
    # Its parts count in its place, and carry its sum.
    replaced_at = models.DateTimeField(null=True, blank=True)
    replaced_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    replaced_because = models.CharField(max_length=300, blank=True)
    part_of = TenantForeignKey("self", null=True, blank=True, related_name="parts")
    # Likely the same money, told before by another file in other words. Only a person matches it.
    perhaps_again = TenantForeignKey("self", null=True, blank=True, related_name="told_again_by")
    statement = TenantForeignKey(Statement, null=True, blank=True, related_name="payments")
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
            models.CheckConstraint(
                condition=Q(returned_on__isnull=True, returned_at__isnull=True, return_kind="")
                | Q(returned_on__isnull=False, returned_at__isnull=False) & ~Q(return_kind=""),
                name="payment_returned_has_time",
            ),
            models.CheckConstraint(
                condition=Q(set_aside_at__isnull=True) | Q(contract__isnull=True) & ~Q(set_aside_because=""),
                name="payment_set_aside_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(replaced_at__isnull=True) | ~Q(replaced_because=""),
                name="payment_replaced_has_reason",
            ),
            # The sum of the parts of a replaced payment is its own: a trigger in the migration.
        ]
        indexes = [
            # Cover: a customer's money that found no contract, by its day.
            models.Index(
                fields=["tenant", "customer", "paid_on"],
                condition=UNMATCHED,
                name="payment_unmatched",
            ),
            # Cover: money that names a contract, whoever sent it.
            models.Index(
                fields=["tenant", "written_key"],
                condition=UNMATCHED & ~Q(written_key=""),
                name="payment_naming",
            ),
            # Payments page: money that waits for a person, the oldest first.
            models.Index(fields=["tenant", "paid_on", "id"], condition=UNMATCHED, name="payment_queue"),
            # Payments page: all money, the latest first.
            models.Index(fields=["tenant", "-paid_on", "-id"], name="payment_latest"),
            models.Index(fields=["tenant", "contract", "-paid_on"], name="payment_by_contract"),
            # Statements: whose money a payer's was before.
            models.Index(
                fields=["tenant", "payer_key"], condition=Q(contract__isnull=False), name="payment_by_payer"
            ),
        ]

    def save(self, **kwargs):
        """Keep the search key beside the number as written. Bulk writers set it themselves."""
        # Letters that fold into several ("ß", "½") grow; no number of ours is so long.
        self.written_key = serial_key(self.contract_written)[:LONGEST_WRITTEN_KEY]
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "written_key"}
        super().save(**kwargs)


@tracked()
class NamedContract(TenantModel):
    """One of several contracts that a payment names, by its number's key. A single one needs none."""

    payment = TenantForeignKey(Payment, related_name="named")
    number_key = models.CharField(max_length=60, db_collation="C")

    class Meta(TenantModel.Meta):
        constraints = [
            # Cover: money that names a contract beside others.
            models.UniqueConstraint(fields=["tenant", "number_key", "payment"], name="namedcontract_once")
        ]


@tracked()
class MoneyOut(TenantModel):
    """A line of a statement by which money left that looks like the return of a payment we know."""

    statement = TenantForeignKey(Statement, null=True, blank=True, related_name="money_out")
    number = models.CharField(max_length=60, blank=True, help_text="the bank's own")
    booked_on = models.DateField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=200, blank=True)
    payee = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    # The payment that it turned out to return; null with a reason: something else.
    payment = TenantForeignKey(Payment, null=True, blank=True, related_name="money_out")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    settled_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], condition=~Q(number=""), name="moneyout_number_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="moneyout_positive"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, payment__isnull=True)
                | Q(settled_at__isnull=False) & ~Q(settled_because=""),
                name="moneyout_settled_has_reason",
            ),
        ]
        indexes = [
            # Payments page: money out that waits for a person.
            models.Index(
                fields=["tenant", "booked_on", "id"],
                condition=Q(settled_at__isnull=True),
                name="moneyout_waiting",
            ),
        ]
