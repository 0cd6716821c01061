"""What can be typed into the search field to come to a customer: words of name and address, numbers.

Names and addresses are written here; apps to the right add the numbers of what they own
(`add_number`). Each write is one statement for any number of customers, so an import may use it.
"""

import uuid
from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from customers.models import Customer, SearchWord
from customers.searchkeys import serial_key, words

Kind = SearchWord.Kind
# Shorter tails of digits would find half the desk.
SHORTEST_TAIL = 4


def index_customer(customer: Customer) -> None:
    """Write the words of one customer's name, contacts and addresses anew."""
    index_customers([customer])


def index_customers(customers: Iterable[Customer]) -> int:
    """The same for many: four statements in all. Returns how many words were written."""
    customers = list(customers)
    prefetch_related_objects(customers, "contacts", "sites")
    SearchWord.objects.filter(customer__in=customers, kind__in=(Kind.NAME, Kind.ADDRESS)).delete()
    rows = [row for customer in customers for row in words_of(customer)]
    SearchWord.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)
    return len(rows)


def words_of(customer: Customer) -> list[SearchWord]:
    """The unsaved rows of a customer whose contacts and sites are loaded."""
    names = " ".join([customer.name, customer.company, *(c.name for c in customer.contacts.all())])
    rows = [_row(customer, Kind.NAME, word, customer.called) for word in words(names)]
    seen = set()
    for site in customer.sites.all():
        joined_postcode = "".join(words(site.postcode))
        for word in words(f"{site.name} {site.street} {site.city} {site.postcode} {joined_postcode}"):
            if word not in seen:
                seen.add(word)
                rows.append(_row(customer, Kind.ADDRESS, word, str(site)))
    return rows


def add_number(customer: Customer, kind: str, number: str, subject: uuid.UUID) -> None:
    """Let a contract, visit or case be found by its number. `subject` is its public id."""
    add_numbers([(customer, kind, number, subject)])


def add_numbers(numbers: Iterable[tuple[Customer, str, str, uuid.UUID]]) -> None:
    """The same for many (customer, kind, number, public id): one statement; known ones stay."""
    rows = [
        _row(customer, kind, word, number, subject)
        for customer, kind, number, subject in numbers
        for word in number_words(number)
    ]
    SearchWord.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)


def number_words(number: str) -> list[str]:
    """How a number may be typed: whole, and its digits alone: "N-20418" is n20418 and 20418."""
    whole = serial_key(number).lower()
    digits = "".join(c for c in whole if c.isdigit())
    return list(dict.fromkeys([whole, *([digits] if len(digits) >= SHORTEST_TAIL else [])])) if whole else []


def _row(customer, kind, word, shown, subject=None):
    return SearchWord(customer=customer, kind=kind, word=word[:80], shown=shown[:200], subject=subject)
