"""Renewal: the act that makes the next term. RenewalEvidence: what proves it."""

from django.db import models
from django.db.models import F, Q

from contracts.models.contract import Contract, ContractTerm
from customers.models import Contact, Equipment
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey, TenantOneToOneField
from tenancy.models import StoredFile, TenantModel


@tracked(exclude=("changed",))
class Renewal(TenantModel):
    """Who renewed, when, over which channel, for which term and amount."""

    class Channel(models.TextChoices):
        PAYMENT = "payment", "Payment"
        POST = "post", "Post"
        CALL = "call", "Call"
        MAIL = "mail", "Mail"
        OFFER = "offer", "Accepted offer"
        CLOCK = "clock", "By itself"

    contract = TenantForeignKey(Contract, related_name="renewals")
    term = TenantOneToOneField(ContractTerm, related_name="renewal")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    # What it added: the whole term, or the end of one that was extended; both days included.
    starts_on = models.DateField()
    ends_on = models.DateField()
    note = models.CharField(max_length=300, blank=True, help_text="what was agreed anew: price, scope, end")
    renewed_at = models.DateTimeField()
    renewed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True, blank=True)
    # What it changed of its contract, for as long as that is to be put back when its term is taken back.
    changed = models.JSONField(default=dict, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="renewal_starts_before_end")
        ]
        indexes = [
            # Cover and replaying: a contract's renewals, the last first.
            models.Index(fields=["tenant", "contract", "-ends_on"], name="renewal_by_contract"),
        ]


@tracked()
class RenewalEvidence(TenantModel):
    """A cheque, bank line, signed form, photo, mail or the customer's word; waits until judged."""

    class Kind(models.TextChoices):
        CHEQUE = "cheque", "Cheque"
        BANK_LINE = "bank line", "Bank line"
        SIGNED_FORM = "signed form", "Signed form"
        PHOTO = "photo", "Photo"
        MAIL = "mail", "Mail"
        WORD = "customer's word", "The customer's word"
        OFFER = "accepted offer", "Accepted offer"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        CONFIRMED = "confirmed", "Proof"
        REJECTED = "rejected", "Rejected"
        RETURNED = "returned", "Returned"

    contract = TenantForeignKey(Contract, related_name="evidence")
    renewal = TenantForeignKey(Renewal, null=True, blank=True, related_name="evidence")
    # The first term whose own money it is about: it is no proof of a renewal, and makes none.
    first_term = TenantForeignKey(ContractTerm, null=True, blank=True, related_name="evidence")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    reference = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    dated_on = models.DateField(help_text="the cheque's date, the day it was said")
    note = models.CharField(max_length=300, blank=True)
    scan = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    recorded_at = models.DateTimeField()
    recorded_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    recorded_by_name = models.CharField(max_length=120, blank=True, help_text="a name that an import told")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    decision_reason = models.CharField(max_length=300, blank=True)
    # A bank may give back what was confirmed before: the first verdict stays beside it.
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    returned_because = models.CharField(max_length=300, blank=True)
    external_number = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
                name="evidence_decided_has_time",
            ),
            models.CheckConstraint(
                condition=Q(first_term__isnull=True) | Q(renewal__isnull=True),
                name="evidence_of_renewal_or_first_term",
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_number"],
                condition=~Q(external_number=""),
                name="evidence_external_once",
            ),
        ]
        indexes = [
            # Cover: what still waits for a verdict.
            models.Index(
                fields=["tenant", "contract"], condition=Q(state="waiting"), name="evidence_waiting"
            ),
        ]


@tracked()
class RenewalOffer(TenantModel):
    """A next term at a price, sent to the customer; accepted by them it is evidence of the renewal."""

    number = models.CharField(max_length=60, help_text="printed on it: the contract's, and which offer it is")
    contract = TenantForeignKey(Contract, related_name="offers")
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    visits = models.PositiveSmallIntegerField(default=0)
    response_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    words = models.TextField(blank=True, help_text="a word to the customer, printed on the offer")
    valid_until = models.DateField()
    # Whether the machines of the term are those listed with it, instead of the contract's own.
    changes_scope = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    document = TenantForeignKey(StoredFile, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_to = TenantForeignKey(Contact, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_name = models.CharField(max_length=120, blank=True, help_text="as the customer typed it")
    evidence = TenantForeignKey(RenewalEvidence, null=True, blank=True, related_name="+")
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_because = models.CharField(max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="renewed, or withdrawn")
    settled_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    settled_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="offer_number_once"),
            models.UniqueConstraint(
                fields=["tenant", "contract"],
                condition=Q(settled_at__isnull=True, declined_at__isnull=True),
                name="offer_one_stands",
            ),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="offer_starts_before_end"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(sent_at__isnull=False, declined_at__isnull=True),
                name="offer_accepted_was_sent",
            ),
        ]
        indexes = [
            # Cover: an accepted offer that has not become a term yet.
            models.Index(
                fields=["tenant", "contract"],
                condition=Q(accepted_at__isnull=False, settled_at__isnull=True),
                name="offer_accepted",
            )
        ]


@tracked()
class OfferEquipment(TenantModel):
    """One machine that an offer's term is to cover."""

    offer = TenantForeignKey(RenewalOffer, related_name="machines")
    equipment = TenantForeignKey(Equipment, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "offer", "equipment"], name="offerequipment_once")
        ]
