"""SearchWord: what of a customer, machine, contract, visit or case can be typed into the search field."""

from django.db import models

from customers.models.customer import Customer
from tenancy.fields import TenantForeignKey
from tenancy.models import TenantModel


class SearchWord(TenantModel):
    """One word or number that leads to a customer. Apps to the right add their own numbers."""

    class Kind(models.TextChoices):
        NAME = "name", "Name"
        ADDRESS = "address", "Address"
        CONTRACT = "contract", "Contract"
        VISIT = "visit", "Visit"
        CASE = "case", "Case"

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="search_words")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    word = models.CharField(max_length=80, db_collation="C")
    # What it says on the result: the contract's number, the street.
    shown = models.CharField(max_length=200)
    # The public id of the contract, visit or case it names; null for the customer's own words.
    subject = models.UUIDField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "customer", "kind", "word", "subject"],
                name="searchword_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            # Find: words that begin with what was typed.
            models.Index(fields=["tenant", "word", "kind"], name="searchword_by_word"),
        ]
