"""Customer, Site and Contact: who pays; where work is done; a person there."""

from django.db import models
from django.db.models import Q

from customers.searchkeys import folded, mail_key, phone_digits
from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.managers import TenantManager
from tenancy.models import TenantModel


class CustomerQuerySet(models.QuerySet):
    """Customers by what the desk asks."""

    def standing(self):
        """Without those that were merged into another."""
        return self.filter(merged_into__isnull=True)


def short_name(name: str, company: str) -> str:
    """What everybody at the desk says of a customer: the company, else the person."""
    return company or name


@tracked(exclude=("name_key",))
class Customer(TenantModel):
    """Somebody who pays us, known by this name; kept for ever, merged rather than deleted."""

    number = models.CharField(max_length=40, blank=True, help_text="by which an older system knows them")
    name = models.CharField(max_length=200)
    company = models.CharField(max_length=200, blank=True)
    name_key = models.CharField(max_length=420, editable=False, db_collation="C")
    customer_since = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="empty: the desk's")
    account_owner = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="accounts")
    merged_into = TenantForeignKey("self", null=True, blank=True, related_name="merged")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantManager.from_queryset(CustomerQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], condition=~Q(number=""), name="customer_number_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="customer_has_name"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("id")),
                name="customer_not_merged_into_itself",
            ),
        ]
        indexes = [
            # Find: names that begin with what was typed; the list of customers in order.
            models.Index(fields=["tenant", "name_key", "id"], name="customer_by_name"),
        ]

    def __str__(self):
        return self.name

    def save(self, **kwargs):
        """Keep the search key beside the name it comes from."""
        self.name_key = self.search_key()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "name_key"}
        super().save(**kwargs)

    def search_key(self) -> str:
        """Folded name and company. Bulk writers set `name_key` to it themselves."""
        return folded(f"{self.name} {self.company}")[:420]

    @property
    def short_name(self) -> str:
        """What everybody at the desk says."""
        return short_name(self.name, self.company)

    @property
    def called(self) -> str:
        """The name with the company, where both are known and differ."""
        return f"{self.name}, {self.company}" if self.company and self.company != self.name else self.name


@tracked()
class Site(TenantModel):
    """A place where we work for a customer."""

    customer = TenantForeignKey(Customer, related_name="sites")
    name = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    access_notes = models.TextField(blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    # When somebody last said that all this still holds; over 12 months old is shown for a nod.
    verified_on = models.DateField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return self.address or self.name

    @property
    def address(self) -> str:
        """Street, city and postcode on one line."""
        place = " ".join(part for part in (self.city, self.postcode) if part)
        return ", ".join(part for part in (self.street, place) if part)


@tracked(exclude=("phone_digits", "phone_reversed", "phone2_digits", "phone2_reversed", "mail_key"))
class Contact(TenantModel):
    """A person at a customer: whom we ring, write to and ask for."""

    customer = TenantForeignKey(Customer, related_name="contacts")
    site = TenantForeignKey(Site, null=True, blank=True, related_name="contacts")
    name = models.CharField(max_length=200, blank=True)
    # Kept as typed; found by the digits beside them.
    phone = models.CharField(max_length=60, blank=True)
    phone2 = models.CharField(max_length=60, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone_digits = models.CharField(max_length=60, blank=True, editable=False, db_collation="C")
    phone_reversed = models.CharField(max_length=60, blank=True, editable=False, db_collation="C")
    phone2_digits = models.CharField(max_length=60, blank=True, editable=False, db_collation="C")
    phone2_reversed = models.CharField(max_length=60, blank=True, editable=False, db_collation="C")
    mail_key = models.CharField(max_length=254, blank=True, editable=False, db_collation="C")
    by_sms = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=True)
    # The customer's own word (STOP, or the link in a mail): only they themselves take it back.
    sms_stopped_at = models.DateTimeField(null=True, blank=True)
    mail_stopped_at = models.DateTimeField(null=True, blank=True)
    # Of what is written to them; empty: the desk's.
    language = models.CharField(max_length=12, blank=True)
    is_main = models.BooleanField(default=False)
    verified_on = models.DateField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "customer"], condition=Q(is_main=True), name="contact_one_main"
            )
        ]
        indexes = [
            # Find: a number by its first digits, or by its last (the area code left out).
            models.Index(fields=["tenant", "phone_digits"], name="contact_by_phone"),
            models.Index(fields=["tenant", "phone_reversed"], name="contact_by_phone_end"),
            models.Index(fields=["tenant", "phone2_digits"], name="contact_by_phone2"),
            models.Index(fields=["tenant", "phone2_reversed"], name="contact_by_phone2_end"),
            # Find and duplicates: the same mail address.
            models.Index(fields=["tenant", "mail_key"], name="contact_by_mail"),
        ]

    def __str__(self):
        return self.name or self.phone or self.email

    @property
    def has_left(self) -> bool:
        """Whether they are no contact any more: no address, and nothing to be sent."""
        return not (self.phone or self.phone2 or self.email or self.by_sms or self.by_mail)

    def save(self, **kwargs):
        """Keep the search keys beside what they come from."""
        self.set_search_keys(self.tenant.country)
        if kwargs.get("update_fields") is not None:
            keys = {"phone_digits", "phone_reversed", "phone2_digits", "phone2_reversed", "mail_key"}
            kwargs["update_fields"] = {*kwargs["update_fields"], *keys}
        super().save(**kwargs)

    def set_search_keys(self, country: str) -> None:
        """Digits, reversed digits and mail key. Bulk writers call it themselves."""
        self.phone_digits = phone_digits(self.phone, country)[:60]
        self.phone2_digits = phone_digits(self.phone2, country)[:60]
        self.phone_reversed = self.phone_digits[::-1]
        self.phone2_reversed = self.phone2_digits[::-1]
        self.mail_key = mail_key(self.email)


@tracked()
class Hold(TenantModel):
    """Do not sell: while it stands, nobody pitches anything to this customer (R1.3)."""

    customer = TenantForeignKey(Customer, related_name="holds")
    reason = models.CharField(max_length=200)
    # What it was set for, so that settling that releases it: "evidence:<public id>".
    source = models.CharField(max_length=80)
    set_at = models.DateTimeField()
    set_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = TenantForeignKey("tenancy.Membership", null=True, blank=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "customer", "source"],
                condition=Q(released_at__isnull=True),
                name="hold_once_for_a_source",
            )
        ]
