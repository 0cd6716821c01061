"""CustomerLink: a signed way in for a customer without an account."""

from django.db import models
from django.db.models import Q

from customers.models.customer import Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import Membership, TenantModel


class CustomerLink(TenantModel):
    """A token of one purpose, kept as a hash: who reads the database cannot use it."""

    class Purpose(models.TextChoices):
        VISIT = "visit", "Visit"
        OFFER = "offer", "Renewal offer"
        RECOMMENDATION = "recommendation", "Recommendation"
        LABEL = "label", "Machine label"
        FOLLOW_UP = "follow_up", "How a visit was"
        CONTRACT = "contract", "Contract"

    customer = TenantForeignKey(Customer, related_name="links")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    # Public id of the visit, offer, recommendation, machine or contract it opens.
    subject = models.UUIDField()
    token_hash = models.CharField(max_length=64, help_text="SHA-256 of the token, hexadecimal")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # A person, with a reason; nobody where it ended with what it was for.
    revoked_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    revoked_because = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["token_hash", "tenant"], name="customerlink_token_once"),
            models.CheckConstraint(
                condition=Q(revoked_by__isnull=True, revoked_because="")
                | (Q(revoked_by__isnull=False, revoked_at__isnull=False) & ~Q(revoked_because="")),
                name="customerlink_revoked_by_person_with_reason",
            ),
        ]
        indexes = [
            # Ending every link to a thing, and which machines have a label.
            models.Index(fields=["tenant", "subject", "purpose"], name="customerlink_of_subject"),
            # A customer's open links, the newest first.
            models.Index(fields=["tenant", "customer", "-made_at"], name="customerlink_of_customer"),
        ]
