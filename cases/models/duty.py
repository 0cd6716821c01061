"""Duty: something a colleague must do by a time."""

from django.db import models
from django.db.models import Q

from cases.models.case import Case
from customers.models import Customer
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import Role, TenantModel


class DutyQuerySet(models.QuerySet):
    """Duties by what the clock says of them."""

    def open(self):
        """Not closed yet."""
        return self.filter(closed_at__isnull=True)


@tracked()
class Duty(TenantModel):
    """Verify, match, rebook, call: has an owner (a person, else a role) and closes with an outcome."""

    class Kind(models.TextChoices):
        VERIFY_RENEWAL = "verify renewal", "Verify a renewal"
        MATCH_PAYMENT = "match payment", "Match a payment"
        REBOOK = "rebook", "Rebook a missed visit"
        CALL_CUSTOMER = "call customer", "Call the customer"
        TELL_CUSTOMER = "tell customer", "Tell the customer"
        CALL_AHEAD = "call ahead", "Call ahead"
        MAIL_RECOMMENDATION = "mail recommendation", "Mail a recommendation"
        JUDGE_CONTRACT = "judge contract", "Look at a contract"
        MEND_MESSAGE = "mend message", "Mend a message"
        PLACE_VISIT = "place visit", "Find a technician"
        OFFER_VISIT = "offer visit", "Offer an unused visit"
        BOOK_SERVICE = "book service", "Book planned maintenance"
        SETTLE_MONEY_OUT = "settle money out", "Settle money that left"
        APPROVE_VISIT = "approve visit", "Approve a third appointment"
        OWN_CASE = "own case", "Take a customer over"
        ANSWER_REPLY = "answer reply", "Answer a reply"
        RENEWAL_ENDS = "renewal ends", "Speak about a renewal"
        GIVE_QUOTE = "give quote", "Tell the price of a recommendation"
        LOOK_AGAIN = "look again", "Look at a recommendation again"
        BOOK_RETURN = "book return", "Book what is left to do"
        TAKE_CASE = "take case", "Go on with a case"
        CHECK_CALL = "check call", "Ask whether all is well"
        SEE_TO_NEED = "see to need", "See to what else they need"

    # uuid5 of its cause: the same cause never makes two.
    key = models.UUIDField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="duties")
    case = TenantForeignKey(Case, null=True, blank=True, related_name="duties")
    owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="duties")
    owner_role = models.CharField(max_length=12, choices=Role.choices)
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    # Public id of the visit, payment, evidence or message it is about.
    subject = models.UUIDField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=300, blank=True)

    objects = TenantManager.from_queryset(DutyQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="duty_once"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="duty_closes_with_outcome",
            ),
        ]
        indexes = [
            # Promises page and tray: open duties by due time.
            models.Index(
                fields=["tenant", "due_at", "id"], condition=Q(closed_at__isnull=True), name="duty_open"
            ),
            models.Index(fields=["tenant", "subject"], name="duty_by_subject"),
        ]

    def __str__(self):
        return self.title
