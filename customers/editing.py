"""Changing what we know of a customer, of the people there and of the places (R2.2, R7.3).

Of two who change the same at once the second is told. Each change is one line of the time line that
says what is different and what it was; the rows themselves are kept by the database's triggers.
"""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from customers.models import Contact, Customer, Site, TimelineEntry
from customers.positions import Position, position_words
from customers.search_words import index_customer
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused, version_of
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
_COLUMNS = {"position": ["latitude", "longitude"]}
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
CHANGED = "Somebody changed this meanwhile. Look at it again before you save."


def seen_of(row: Customer | Contact | Site) -> str:
    """What a page saw of a row, in a few letters: the same again as long as nobody changed it."""
    return version_of(row, _columns(_labels(row)))


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
    _may_change(by)
    locked = _locked_customer(customer)
    _check_seen(locked, seen)
    values = {
        "name": _one_line(name),
        "company": _one_line(company),
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
    _may_change(by)
    customer = _locked_customer(customer)
    locked = Contact(customer=customer) if contact is None else _locked(contact, seen)
    values = {
        "name": _one_line(name),
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
    _may_change(by)
    customer = _locked_customer(contact.customer)
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
    _may_change(by)
    customer = _locked_customer(customer)
    locked = Site(customer=customer) if site is None else _locked(site, seen)
    words = {"name": name, "street": street, "city": city, "postcode": postcode}
    values = {
        **{field: _one_line(said) for field, said in words.items()},
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


def _may_change(by) -> None:
    if not by.has_role(*MAY_CHANGE):
        raise PermissionDenied


def _locked_customer(customer) -> Customer:
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
    """Write what is different, and one line that tells it."""
    customer = row if isinstance(row, Customer) else row.customer
    is_new = row.pk is None
    before = {field: _value(row, field) for field in values}
    different = [field for field, value in values.items() if before[field] != value]
    if not different and not is_new:
        return []
    for field in different:
        _set(row, field, values[field])
    columns = _columns(different)
    if not isinstance(row, Customer):
        row.verified_on = local_day(now, zone_of(customer.tenant))
        columns.append("verified_on")
    row.save(update_fields=None if is_new else columns)
    index_customer(customer)
    labels = _labels(row)
    lines = [_line(labels[field], before[field], values[field], is_new) for field in different]
    add_line(customer, TimelineEntry.Kind.NOTE, said, at=now, detail=" ".join(lines), actor=by)
    return different


def _labels(row) -> dict[str, str]:
    return {Customer: CUSTOMER, Contact: CONTACT, Site: SITE}[type(row)]


def _value(row, field: str):
    if field != "position":
        return getattr(row, field)
    return None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude)


def _set(row, field: str, value) -> None:
    if field == "position":
        row.latitude, row.longitude = value or (None, None)
    else:
        setattr(row, field, value)


def _columns(fields: Iterable[str]) -> list[str]:
    return [column for field in fields for column in _COLUMNS.get(field, [field])]


def _line(label: str, before, after, is_new: bool) -> str:
    return f"{label}: {_said(after)}." if is_new else f"{label}: {_said(after)}, was {_said(before)}."


def _said(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return position_words(value)
    return "nothing" if value is None or value == "" else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
