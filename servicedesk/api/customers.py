"""Customers, the people there and the places: read, added, changed, taken over by their old numbers."""

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from customers.adding import NumberTaken, add_customer
from customers.editing import MAY_CHANGE, save_contact, save_site, seen_of
from customers.models import Contact, Customer, Site
from servicedesk.api.instants import InstantFilter
from servicedesk.api.shown import Row, Shown, StandingCustomer
from servicedesk.api.upserting import MADE, MOST_AT_ONCE, UNCHANGED, UPDATED, Outcomes, optional_but, taken
from servicedesk.api.views import Changed, Listed, Made, Resource, says
from tenancy.desk_settings import SettingRefused
from visits.customer_details import change_details


class Person(Shown):
    """Somebody at a customer's: whom we ring, write to and ask for."""

    customer = Row(read_only=True)
    site = Row(read_only=True, allow_null=True)
    name = serializers.CharField()
    phone = serializers.CharField()
    phone2 = serializers.CharField()
    email = serializers.CharField()
    language = serializers.CharField()
    by_sms = serializers.BooleanField()
    by_mail = serializers.BooleanField()
    is_main = serializers.BooleanField()
    verified_on = serializers.DateField(allow_null=True)


class Place(Shown):
    """A place where we work for a customer. Latitude and longitude are WGS 84, in degrees."""

    customer = Row(read_only=True)
    name = serializers.CharField()
    street = serializers.CharField()
    city = serializers.CharField()
    postcode = serializers.CharField()
    country = serializers.CharField()
    access_notes = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    verified_on = serializers.DateField(allow_null=True)


class CustomerShown(Shown):
    """Who pays us, with the people and places there."""

    number = serializers.CharField(help_text="by which an older system knows them")
    name = serializers.CharField()
    company = serializers.CharField()
    notes = serializers.CharField()
    language = serializers.CharField(help_text="empty: the desk's")
    time_zone = serializers.CharField(help_text="empty: the desk's")
    customer_since = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()
    contacts = Person(many=True)
    sites = Place(many=True)


def _words(most: int, **extra) -> serializers.CharField:
    return serializers.CharField(max_length=most, required=False, allow_blank=True, default="", **extra)


class CustomerChanged(serializers.Serializer):
    """What may be changed of a customer."""

    name = serializers.CharField(max_length=200)
    company = _words(200)
    notes = _words(10_000)
    language = _words(8)
    time_zone = _words(64)


class CustomerMade(CustomerChanged):
    """Somebody new, with one contact and one site."""

    number = _words(40)
    phone = _words(60)
    email = _words(254)
    street = _words(200)
    city = _words(120)
    postcode = _words(20)
    access_notes = _words(10_000)


class Upserted(CustomerMade):
    """A customer of an older system's, by the number there: made, or changed in what was sent.

    Phone and mail are the main contact's; the address is the site's, where there is one only.
    """

    number = serializers.CharField(max_length=40)

    def get_fields(self):
        return optional_but(super().get_fields(), "number", "name")


class UpsertedAtOnce(serializers.Serializer):
    """Many of them; each is taken for itself."""

    customers = Upserted(many=True, allow_empty=False, max_length=MOST_AT_ONCE)


class PersonChanged(serializers.Serializer):
    """What may be changed of a contact."""

    site = Row(Site, what="site", allow_null=True, required=False, default=None)
    name = _words(200)
    phone = _words(60)
    phone2 = _words(60)
    email = _words(254)
    language = _words(12)
    by_sms = serializers.BooleanField(default=True)
    by_mail = serializers.BooleanField(default=True)
    is_main = serializers.BooleanField(default=False)


class PersonMade(PersonChanged):
    """Somebody new at a customer's."""

    customer = StandingCustomer()


class PlaceChanged(serializers.Serializer):
    """What may be changed of a site. Latitude and longitude come together or not at all."""

    name = _words(120)
    street = _words(200)
    city = _words(120)
    postcode = _words(20)
    country = serializers.RegexField(r"^([A-Za-z]{2})?$", required=False, allow_blank=True, default="")
    access_notes = _words(10_000)
    latitude = serializers.DecimalField(9, 6, min_value=-90, max_value=90, allow_null=True, default=None)
    longitude = serializers.DecimalField(9, 6, min_value=-180, max_value=180, allow_null=True, default=None)


class PlaceMade(PlaceChanged):
    """A new place of a customer's."""

    customer = StandingCustomer()


class CustomerFilters(filters.FilterSet):
    """Which customers."""

    number = filters.CharFilter(field_name="number", max_length=40)
    made_since = InstantFilter(field_name="created_at", lookup_expr="gte")


class OfCustomer(filters.FilterSet):
    """Of which customer."""

    customer = filters.UUIDFilter(field_name="customer__public_id")


class Customers(Listed, Made, Changed, Resource):
    """Customers. One that was merged into another is there no more."""

    area = "customers"
    write_roles = MAY_CHANGE
    conflicts = (NumberTaken,)
    shown_as, made_from, changed_from = CustomerShown, CustomerMade, CustomerChanged
    filterset_class = CustomerFilters

    def rows(self):
        contacts = Prefetch("contacts", Contact.objects.select_related("site").order_by("pk"))
        return Customer.objects.standing().prefetch_related(
            contacts, Prefetch("sites", Site.objects.order_by("pk"))
        )

    def make(self, values):
        return _added(values, **self.who())

    def change(self, row, values):
        _changed(row, values, **self.who())

    @action(detail=False, methods=["post"])
    @says(sent=UpsertedAtOnce, answered=Outcomes)
    def upsert(self, request):
        """Make or change up to 200 customers by their numbers. One that is refused holds up no other."""
        sent = self.read(UpsertedAtOnce)["customers"]
        known = _by_number([values["number"] for values in sent])
        results = [_taken(known, values, **self.who()) for values in sent]
        return Response({"results": results})


class Contacts(Listed, Made, Changed, Resource):
    """The people at customers."""

    area = "customers"
    write_roles = MAY_CHANGE
    shown_as, made_from, changed_from = Person, PersonMade, PersonChanged
    filterset_class = OfCustomer

    def rows(self):
        return Contact.objects.select_related("customer__tenant", "site")

    def make(self, values):
        return save_contact(values.pop("customer"), None, seen="", **values, **self.who())

    def change(self, row, values):
        stands = {name: getattr(row, name) for name in PersonChanged().fields}
        save_contact(row.customer, row, seen=seen_of(row), **{**stands, **values}, **self.who())


class Sites(Listed, Made, Changed, Resource):
    """The places where work is done."""

    area = "customers"
    write_roles = MAY_CHANGE
    shown_as, made_from, changed_from = Place, PlaceMade, PlaceChanged
    filterset_class = OfCustomer

    def rows(self):
        return Site.objects.select_related("customer__tenant")

    def make(self, values):
        return save_site(values.pop("customer"), None, seen="", **_placed(values), **self.who())

    def change(self, row, values):
        stands = {name: getattr(row, name) for name in PlaceChanged().fields}
        save_site(row.customer, row, seen=seen_of(row), **_placed({**stands, **values}), **self.who())


def _added(values, *, by, now):
    """A new customer with what a form for a caller does not ask."""
    if not by.has_role(*MAY_CHANGE):
        raise PermissionDenied
    details = {name: values.pop(name) for name in ("notes", "language", "time_zone")}
    row = add_customer(**values, by=by, now=now)
    if any(details.values()):
        change_details(row, seen=seen_of(row), name=row.name, company=row.company, **details, by=by, now=now)
    return row


def _changed(row, values, *, by, now):
    stands = {name: getattr(row, name) for name in CustomerChanged().fields}
    return change_details(row, seen=seen_of(row), **{**stands, **values}, by=by, now=now)


def _by_number(numbers) -> dict[str, Customer]:
    """The customers with these numbers; for one that was merged, the one that stands."""
    found = {}
    for row in Customer.objects.select_related("merged_into").filter(number__in=numbers):
        number = row.number
        while row.merged_into is not None:
            row = row.merged_into
        found[number] = row
    return found


def _taken(known, values, *, by, now) -> dict:
    """One of many: made, changed or refused."""
    number = values["number"]

    def take():
        row = known.get(number)
        if row is None:
            whole = dict.fromkeys(CustomerMade().fields, "") | values
            known[number] = made = _added(whole, by=by, now=now)
            return made, MADE
        return row, UPDATED if _put_right(row, values, by=by, now=now) else UNCHANGED

    return taken(number, take)


def _put_right(row, values, *, by, now) -> bool:
    """Write what was sent of a known customer, its main contact and its one site; whether any differs."""
    who = {"by": by, "now": now}
    details = {name: values[name] for name in CustomerChanged().fields if name in values}
    is_different = bool(_changed(row, details, **who))
    contact = row.contacts.filter(is_main=True).select_related("site").first()
    if ways := _different(contact, values, ("phone", "email")):
        stands = {name: getattr(contact, name) for name in PersonChanged().fields} if contact else {}
        nobody = dict.fromkeys(("phone2", "language"), "") | {"site": None, "name": row.name}
        nobody |= {"phone": "", "email": "", "by_sms": True, "by_mail": True, "is_main": True}
        seen = seen_of(contact) if contact else ""
        save_contact(row, contact, seen=seen, **(stands or nobody) | ways, **who)
        is_different = True
    sites = list(row.sites.order_by("pk")[:2])
    if address := _different(
        sites[0] if sites else None, values, ("street", "city", "postcode", "access_notes")
    ):
        if len(sites) != 1:
            raise SettingRefused(min(address), "Change the address at /sites/: there is not one site only.")
        stands = {name: getattr(sites[0], name) for name in PlaceChanged().fields}
        save_site(row, sites[0], seen=seen_of(sites[0]), **_placed({**stands, **address}), **who)
        is_different = True
    return is_different


def _different(row, values, names) -> dict:
    """Of what was sent, what the row does not say already."""
    sent = {name: values[name] for name in names if name in values}
    return {name: said for name, said in sent.items() if said != (getattr(row, name) if row else "")}


def _placed(values) -> dict:
    """The two numbers of a place on the map as the rule takes them."""
    latitude, longitude = values.pop("latitude"), values.pop("longitude")
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise serializers.ValidationError({missing: ["Latitude and longitude come together."]})
    return {**values, "position": None if latitude is None else (latitude, longitude)}
