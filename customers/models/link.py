"""CustomerLink: a signed way in for a customer without an account."""

from django.db import models

from customers.models.customer import Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class CustomerLink(TenantModel):
    """A token of one purpose, kept as a hash: who reads the database cannot use it."""

    class Purpose(models.TextChoices):
        VISIT = "visit", "Visit"
        OFFER = "offer", "Renewal offer"
        RECOMMENDATION = "recommendation", "Recommendation"
        LABEL = "label", "Machine label"
        FOLLOW_UP = "follow_up", "How a visit was"

    customer = TenantForeignKey(Customer, related_name="links")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    # Public id of the visit, offer, recommendation or machine it opens.
    subject = models.UUIDField()
    token_hash = models.CharField(max_length=64, help_text="SHA-256 of the token, hexadecimal")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["token_hash", "tenant"], name="customerlink_token_once")
        ]
        indexes = [
            # Ending every link to a thing, and which machines have a label.
            models.Index(fields=["tenant", "subject", "purpose"], name="customerlink_of_subject"),
        ]
