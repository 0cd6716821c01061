"""Changing what we know of a customer, of the people there and of the places (R2.2, R7.3).

Of two who change the same at once the second is told. Each change is one line of the time line that
says what is different and what it was; the rows themselves are kept by the database's triggers.
"""

import datetime as dt
import re
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from customers.changing import CHANGED, one_line, seen_of_row, write_changes
from customers.models import Contact, Customer, Site
from customers.positions import Position
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from tenancy.models import Role
from tenancy.models.desk import validate_zone
from tenancy.regions import countries

MAY_CHANGE = (Role.DISPATCHER, Role.SALES, Role.ACCOUNTS)

# What a page shows, in its order, and how the time line calls it.
CUSTOMER = {
    "name": "Name",
    "company": "Company",
    "notes": "Note",
    "language": "Language",
    "time_zone": "Time zone",
}
CONTACT = {
    "name": "Name",
    "phone": "Phone",
    "phone2": "Other phone",
    "email": "Mail address",
    "site": "Where",
    "language": "Language",
    "by_sms": "Texts",
    "by_mail": "Mail",
    "is_main": "Main contact",
}
SITE = {
    "name": "Name",
    "street": "Street",
    "city": "City",
    "postcode": "Postcode",
    "country": "Country",
    "access_notes": "Getting in",
    "position": "On the map",
}
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")


def seen_of(row: Customer | Contact | Site) -> str:
    """What a page saw of a row, in a few letters: the same again as long as nobody changed it."""
    return seen_of_row(row, _labels(row))


@transaction.atomic
def change_customer(
    customer: Customer,
    *,
    seen: str,
    name: str,
    company: str,
    notes: str,
    language: str,
    time_zone: str,
    by,
    now: dt.datetime,
) -> list[str]:
    """Change who the customer is; the fields that are different now. Empty: the desk's language and zone.

    `seen` is `seen_of` the row that the caller looked at. Raises PermissionDenied, ChangedMeanwhile,
    and SettingRefused for a value that cannot be.
    """
    may_change(by)
    locked = locked_customer(customer)
    _check_seen(locked, seen)
    values = {
        "name": one_line(name),
        "company": one_line(company),
        "notes": notes.strip(),
        "language": language.strip(),
        "time_zone": time_zone.strip(),
    }
    if not values["name"]:
        raise SettingRefused("name", "Write a name.")
    _check_language(values["language"])
    if values["time_zone"]:
        try:
            validate_zone(values["time_zone"])
        except ValidationError as refused:
            raise SettingRefused("time_zone", refused.messages[0]) from None
    return _change(locked, values, "Details changed", by=by, now=now)


@transaction.atomic
def save_contact(
    customer: Customer,
    contact: Contact | None,
    *,
    seen: str,
    name: str,
    phone: str,
    phone2: str,
    email: str,
    site: Site | None,
    language: str,
    by_sms: bool,
    by_mail: bool,
    is_main: bool,
    by,
    now: dt.datetime,
) -> Contact:
    """Change a person of the customer's, or add one (None). A new main contact takes the old one's place.

    `by_sms` and `by_mail` are the desk's note of what they like; their own STOP stands beside it and is
    theirs. Raises PermissionDenied, ChangedMeanwhile, and SettingRefused.
    """
    may_change(by)
    customer = locked_customer(customer)
    locked = Contact(customer=customer) if contact is None else _locked(contact, seen)
    values = {
        "name": one_line(name),
        "phone": phone.strip(),
        "phone2": phone2.strip(),
        "email": email.strip(),
        "site": site,
        "language": language.strip(),
        "by_sms": by_sms,
        "by_mail": by_mail,
        "is_main": is_main,
    }
    _check_contact(customer, locked, values)
    is_first = not customer.contacts.exists()
    values["is_main"] = is_main or is_first
    if values["is_main"] and not locked.is_main:
        customer.contacts.filter(is_main=True).update(is_main=False)
    said = f"{values['name'] or 'A contact'} is a new contact" if contact is None else f"{locked} changed"
    _change(locked, values, said, by=by, now=now)
    return locked


@transaction.atomic
def retire_contact(contact: Contact, *, by, now: dt.datetime) -> bool:
    """They are there no more: nobody rings or writes to them; whether that changed anything.

    The name stays, for what once was. Raises PermissionDenied, and SettingRefused for the main contact
    while there are others.
    """
    may_change(by)
    customer = locked_customer(contact.customer)
    locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
    if locked.has_left:
        return False
    others = [one for one in customer.contacts.exclude(pk=locked.pk) if not one.has_left]
    if locked.is_main and others:
        raise SettingRefused("is_main", "Make somebody else the main contact first.")
    gone = {"phone": "", "phone2": "", "email": "", "by_sms": False, "by_mail": False, "is_main": False}
    _change(locked, gone, f"{locked} is no contact any more", by=by, now=now)
    return True


@transaction.atomic
def save_site(
    customer: Customer,
    site: Site | None,
    *,
    seen: str,
    name: str,
    street: str,
    city: str,
    postcode: str,
    country: str,
    access_notes: str,
    position: Position | None,
    by,
    now: dt.datetime,
) -> Site:
    """Change a place where we work for the customer, or add one (None).

    Raises PermissionDenied, ChangedMeanwhile, and SettingRefused.
    """
    may_change(by)
    customer = locked_customer(customer)
    locked = Site(customer=customer) if site is None else _locked(site, seen)
    words = {"name": name, "street": street, "city": city, "postcode": postcode}
    values = {
        **{field: one_line(said) for field, said in words.items()},
        "country": country.strip().upper(),
        "access_notes": access_notes.strip(),
        "position": position,
    }
    if not any(values[field] for field in words):
        raise SettingRefused("street", "Write an address, or how the place is called.")
    if values["country"] and values["country"] not in countries():
        raise SettingRefused("country", "Write the two letters of a country, like GB.")
    place = ", ".join(filter(None, (values["street"], values["city"]))) or values["name"]
    said = f"A new site: {place}" if site is None else f"Site {locked} changed"
    _change(locked, values, said, by=by, now=now)
    return locked


def may_change(by) -> None:
    """Raise PermissionDenied unless their role changes what we know of customers."""
    if not by.has_role(*MAY_CHANGE):
        raise PermissionDenied


def locked_customer(customer) -> Customer:
    """Whoever changes a contact or a site holds its customer first: there is one main contact."""
    rows = Customer.objects.standing().select_for_update(of=("self",), no_key=True)
    locked = rows.filter(pk=customer.pk).first()
    if locked is None:
        raise ChangedMeanwhile("This customer became a part of another one meanwhile.")
    return locked


def _locked(row, seen):
    locked = type(row).objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    _check_seen(locked, seen)
    return locked


def _check_seen(locked, seen) -> None:
    if seen_of(locked) != seen:
        raise ChangedMeanwhile(CHANGED)


def _check_language(tag: str) -> None:
    if tag and not _LANGUAGE.match(tag):
        raise SettingRefused("language", "Choose a language.")


def _check_contact(customer, contact, values) -> None:
    if not any(values[field] for field in ("name", "phone", "phone2", "email")):
        raise SettingRefused("name", "Write a name, a phone number or a mail address.")
    for field in ("phone", "phone2"):
        if values[field] and not any(sign.isdigit() for sign in values[field]):
            raise SettingRefused(field, "Write the number in digits.")
    if values["email"]:
        try:
            validate_email(values["email"])
        except ValidationError:
            raise SettingRefused("email", "This is no mail address.") from None
    if values["site"] is not None and values["site"].customer_id != customer.pk:
        raise SettingRefused("site", "Choose a place of this customer.")
    if contact.is_main and not values["is_main"]:
        raise SettingRefused("is_main", "Make somebody else the main contact instead.")
    _check_language(values["language"])


def _change(row, values: dict[str, Any], said: str, *, by, now: dt.datetime) -> list[str]:
    """Write what is different, and that a contact and a site are right today."""
    customer = row if isinstance(row, Customer) else row.customer
    also = {}
    if not isinstance(row, Customer):
        also["verified_on"] = local_day(now, zone_of(customer.tenant))
    return write_changes(row, values, said, labels=_labels(row), customer=customer, also=also, by=by, now=now)


def _labels(row) -> dict[str, str]:
    return {Customer: CUSTOMER, Contact: CONTACT, Site: SITE}[type(row)]
