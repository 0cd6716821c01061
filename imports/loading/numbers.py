"""Letting imported customers, contracts, visits and cases be found by what people type."""

from customers.models import Customer, SearchWord
from customers.search_words import number_words, words_of
from imports.loading.desk import insert


def insert_words(customers: list[Customer]) -> None:
    """The words of new customers' names and addresses."""
    loaded = Customer.objects.filter(pk__in=[each.pk for each in customers]).prefetch_related(
        "contacts", "sites"
    )
    insert([row for customer in loaded for row in words_of(customer)], ignore_conflicts=True)


def insert_numbers(kind: str, things: list) -> None:
    """The numbers of new contracts, visits or cases."""
    insert(
        [
            SearchWord(
                customer_id=thing.customer_id,
                kind=kind,
                word=word[:80],
                shown=thing.number,
                subject=thing.public_id,
            )
            for thing in things
            for word in number_words(thing.number)
        ],
        ignore_conflicts=True,
    )
