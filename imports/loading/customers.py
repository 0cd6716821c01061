"""Customers with their site and main contact."""

from customers.models import Contact, Customer, Site
from customers.search_words import index_customer
from imports.loading.again import Change, compare, count, remember, take_over
from imports.loading.desk import Desk, Place, in_batches, insert
from imports.loading.numbers import insert_words
from imports.reading import Known, customer_key
from imports.reading.customers import CustomerRow

TABLE = "customers"
_CUSTOMER = {"name": "name", "since": "customer_since", "notes": "notes", "language": "language"}
_SITE = {name: name for name in ("street", "city", "postcode", "latitude", "longitude")}
_CONTACT = {"contact": "name", "phone": "phone", "phone2": "phone2", "email": "email"}


def known_customers(known: Known) -> None:
    """Numbers that this desk has already, for rows of a folder without a table of customers."""
    for number in Customer.objects.exclude(number="").values_list("number", flat=True):
        known.customers.setdefault(customer_key(number), number)


def load_customers(desk: Desk, rows: list[CustomerRow]) -> None:
    """Add new customers; take over what the export changed."""
    compared = compare(TABLE, rows, said)
    here = {customer_key(n) for n in Customer.objects.exclude(number="").values_list("number", flat=True)}
    fresh = [row for row in compared.new if row.key not in here]
    for row in compared.new:
        if row.key in here:
            desk.warn(
                TABLE, row.line, f"a customer with this number is here already, left as it is: {row.number}"
            )
    done = 0
    for batch in in_batches(fresh):
        _add(desk, batch)
        done += len(batch)
        desk.say(TABLE, done, len(fresh))
    desk.places = places()
    updated = sum(_change(desk, change) for change in compared.changed)
    remember(desk, TABLE, compared.new, compared.changed, said)
    adopted = len(compared.new) - len(fresh)
    left = len(compared.changed) - updated
    count(desk, TABLE, added=len(fresh), updated=updated, unchanged=compared.same + adopted + left)


def said(row: CustomerRow) -> dict:
    """What the export says of a customer, by field."""
    return {
        "name": row.name,
        "since": row.since,
        "notes": row.notes,
        "street": row.street,
        "city": row.city,
        "postcode": row.postcode,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "language": row.language,
        "contact": row.contact or row.name,
        "phone": row.phone,
        "phone2": row.phone2,
        "email": row.email,
    }


def places() -> dict[str, Place]:
    """Where each customer's number leads: to its first site and main contact; merged ones to the other's."""
    customers = Customer.objects.exclude(number="").values_list("pk", "number", "merged_into")
    sites: dict[int, int] = {}
    for site, customer in Site.objects.order_by("-pk").values_list("pk", "customer"):
        sites[customer] = site
    contacts = dict(Contact.objects.filter(is_main=True).values_list("customer", "pk"))
    merged = dict(Customer.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into"))
    found = {}
    for customer, number, _ in customers:
        standing = customer
        while standing in merged:
            standing = merged[standing]
        if standing not in sites:
            sites[standing] = Site.objects.create(customer_id=standing).pk
        found[customer_key(number)] = Place(standing, sites[standing], contacts.get(standing))
    return found


def _add(desk: Desk, rows: list[CustomerRow]) -> None:
    customers = [
        Customer(
            number=row.number,
            name=row.name,
            customer_since=row.since,
            notes=row.notes,
            language=row.language,
        )
        for row in rows
    ]
    for customer in customers:
        customer.name_key = customer.search_key()
    insert(customers)
    sites = [
        Site(
            customer=customer,
            street=row.street,
            city=row.city,
            postcode=row.postcode,
            latitude=row.latitude,
            longitude=row.longitude,
            country=desk.tenant.country,
        )
        for customer, row in zip(customers, rows, strict=True)
    ]
    insert(sites)
    contacts = []
    for customer, site, row in zip(customers, sites, rows, strict=True):
        contact = Contact(
            customer=customer,
            site=site,
            name=row.contact or row.name,
            phone=row.phone,
            phone2=row.phone2,
            email=row.email,
            is_main=True,
        )
        contact.set_search_keys(desk.tenant.country)
        contacts.append(contact)
    insert(contacts)
    insert_words(customers)


def _change(desk: Desk, change: Change) -> int:
    """Take over one row's changes; 1 where anything changed here."""
    place = desk.places[change.row.key]
    changed = 0
    for model, key, attributes in (
        (Customer, place.customer, _CUSTOMER),
        (Site, place.site, _SITE),
        (Contact, place.contact, _CONTACT),
    ):
        thing = model.objects.filter(pk=key).first() if key else None
        if thing is None:
            continue
        taken, kept = take_over(thing, change.values, attributes)
        if taken:
            thing.save(update_fields=taken)
            changed = 1
        for name in kept:
            before, after = change.values[name]
            desk.warn(TABLE, change.row.line, f"{name} was changed here and stays: the export says {after!r}")
        count(desk, TABLE, kept=len(kept))
    if changed:
        index_customer(Customer.objects.get(pk=place.customer))
    return changed
