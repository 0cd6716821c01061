"""Contract, ContractTerm and Cancellation. No field holds a contract's state: cover derives it."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import DateField, ExpressionWrapper, F, Func, Q
from django.db.models.expressions import Case, Value, When

from contracts.covered import CoverQuerySet
from customers.models import Customer, Equipment
from customers.searchkeys import serial_key
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel


@tracked(exclude=("number_key", "last_term_start", "last_term_end", "stands_alone"))
class Contract(TenantModel):
    """The agreement with a customer; its terms say for which days."""

    number = models.CharField(max_length=60)
    number_key = models.CharField(max_length=60, editable=False, db_collation="C")
    customer = TenantForeignKey(Customer, related_name="contracts")
    kind = models.CharField(max_length=120, blank=True, help_text="what is covered, in words")
    not_covered = models.CharField(max_length=200, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    visits_per_term = models.PositiveSmallIntegerField(default=0)
    response_hours = models.PositiveSmallIntegerField(null=True, blank=True, help_text="working hours")
    is_auto_renewing = models.BooleanField(default=False)
    notice_days = models.PositiveSmallIntegerField(default=30)
    owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="contracts")
    # What an older program said of it. Shown as overruled or agreed with; decides nothing.
    imported_status = models.CharField(max_length=40, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    # Kept by the database, whatever is written there; for queries over all of a desk. First and last day of
    # the last term that stands, and whether the customer has no other contract, in whatever state.
    last_term_start = models.DateField(null=True, blank=True, editable=False)
    last_term_end = models.DateField(null=True, blank=True, editable=False)
    stands_alone = models.BooleanField(default=True, editable=False)

    objects = TenantManager.from_queryset(CoverQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            # Find, imports and matching: a contract by its number, however it is spelled.
            models.UniqueConstraint(fields=["tenant", "number_key"], name="contract_number_once"),
            models.CheckConstraint(condition=~Q(number_key=""), name="contract_has_number"),
            models.CheckConstraint(condition=Q(price__gte=0), name="contract_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["tenant", "customer"], name="contract_by_customer"),
            # Call list: in its order, and counted from the index alone.
            models.Index(
                fields=["tenant", "is_auto_renewing", "last_term_end"],
                include=["last_term_start", "customer", "id"],
                condition=Q(stands_alone=True),
                name="contract_alone_by_end",
            ),
            # Call list: whom to look at one by one, for they have several (`call_places`).
            models.Index(
                fields=["tenant", "customer"], condition=Q(stands_alone=False), name="contract_beside_others"
            ),
            # Unused visits: whose last term ended when.
            models.Index(fields=["tenant", "last_term_end"], include=["id"], name="contract_by_end"),
        ]

    def __str__(self):
        return self.number

    def save(self, **kwargs):
        """Keep the search key beside the number."""
        self.number_key = serial_key(self.number)
        super().save(**kwargs)


@tracked()
class ContractEquipment(TenantModel):
    """One machine that a contract covers, from a day and until a day where a renewal changed the scope."""

    contract = TenantForeignKey(Contract, related_name="covered")
    equipment = TenantForeignKey(Equipment, related_name="covered_by")
    # Both included; null: as long as the contract itself.
    covered_from = models.DateField(null=True, blank=True)
    covered_until = models.DateField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contract", "equipment", "covered_from"],
                nulls_distinct=False,
                name="contractequipment_once",
            ),
            models.CheckConstraint(
                condition=Q(covered_from__isnull=True)
                | Q(covered_until__isnull=True)
                | Q(covered_from__lte=F("covered_until")),
                name="contractequipment_from_before_until",
            ),
        ]


# The last day that was agreed for a term, in a query: `terms.earned_end`.
EARNED_END = ExpressionWrapper(F("ends_on") - F("given_days"), output_field=DateField())


@tracked(exclude=("period",))
class ContractTerm(TenantModel):
    """One period of a contract, first and last day included. Terms of one contract never overlap."""

    contract = TenantForeignKey(Contract, related_name="terms")
    starts_on = models.DateField()
    ends_on = models.DateField()
    price = models.DecimalField(max_digits=10, decimal_places=2)
    # Working hours that this term grants; null: as the contract says.
    response_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    # Where the last extension began: the next one is as long as from here to the end.
    counts_from = models.DateField(null=True, blank=True)
    # Of a term that was cut to end together with others: how long the next one is, in either.
    usual_months = models.PositiveSmallIntegerField(null=True, blank=True)
    usual_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # Days at its end that were given as goodwill: nobody pays them, and the next term is none the longer.
    given_days = models.PositiveSmallIntegerField(default=0)
    # The term that this one replaced by going on longer: days were given, or the desk renews by extension.
    extends = TenantForeignKey("self", null=True, blank=True, related_name="extended_by")
    # A term whose money was returned, or that was extended, stands no more; its row stays, its period
    # is NULL.
    taken_back_at = models.DateTimeField(null=True, blank=True)
    taken_back_because = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    period = models.GeneratedField(
        expression=Case(
            When(
                taken_back_at__isnull=True,
                then=Func(F("starts_on"), F("ends_on"), Value("[]"), function="daterange"),
            ),
            default=Value(None, output_field=DateRangeField()),
            output_field=DateRangeField(),
        ),
        output_field=DateRangeField(),
        db_persist=True,
    )

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="term_starts_before_end"),
            models.CheckConstraint(
                condition=Q(counts_from__isnull=True) | Q(counts_from__lte=F("ends_on")),
                name="term_counts_before_end",
            ),
            models.CheckConstraint(condition=Q(starts_on__lte=EARNED_END), name="term_longer_than_given"),
            models.CheckConstraint(
                condition=Q(usual_months__isnull=True) | Q(usual_days__isnull=True),
                name="term_usual_months_or_days",
            ),
            # UNIQUE (tenant_id, contract_id, period WITHOUT OVERLAPS) stands in the migration.
        ]
        indexes = [
            # Cover: a contract's terms, the last first.
            models.Index(fields=["tenant", "contract", "-ends_on"], name="term_by_contract"),
            # Call list and renewals: terms by their end.
            models.Index(fields=["tenant", "ends_on"], name="term_by_end"),
        ]

    def __str__(self):
        return f"{self.starts_on:%d %b %Y} to {self.ends_on:%d %b %Y}"


@tracked()
class Cancellation(TenantModel):
    """The end of a contract by somebody's act; undone with a reason, never deleted."""

    contract = TenantForeignKey(Contract, related_name="cancellations")
    # Null: an older system says that it was cancelled and not when ("Cancelled, date unknown").
    effective_on = models.DateField(null=True, blank=True)
    # The day on which the customer, or we, gave notice; null: the old program did not say.
    given_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    recorded_at = models.DateTimeField()
    recorded_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    undone_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contract"],
                condition=Q(undone_at__isnull=True),
                name="cancellation_one_stands",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="cancellation_has_reason"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | ~Q(undone_because=""),
                name="cancellation_undone_has_reason",
            ),
        ]
