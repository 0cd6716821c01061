"""Whose unmatched money may be, by names that are nearly a customer's: points, and the reason in words."""

from collections import Counter, defaultdict
from difflib import SequenceMatcher

from contracts.models import Payment
from contracts.payers import name_key, telling_words
from customers.models import Customer, SearchWord
from customers.searchkeys import folded, words

# How much each sign counts.
SAME_CUSTOMER, SAME_NAME, NEAR_NAME, NAME_IN_WORDS = 25, 25, 18, 12
_NEAR_ENOUGH = 0.84
_NEAR_WORD = 0.8
# A word that more customers than this have in their names says nothing alone, only with another one.
_COMMON = 200


def likely_customers(payments: list[Payment]) -> dict[int, dict[int, tuple[int, str]]]:
    """By payment: customers by id, each with points and the reason. Two queries for any number of them.

    Nobody is found by a single word that half the town is called by; by two of them, everybody is.
    """
    found = {
        payment.pk: {payment.customer_id: (SAME_CUSTOMER, "")} if payment.customer_id else {}
        for payment in payments
    }
    nameless = [payment for payment in payments if payment.customer_id is None]
    bearers = _bearers({word for payment in nameless for word in _name_words(payment)})
    near = {payment.pk: _near(_name_words(payment), bearers) for payment in nameless}
    customers = Customer.objects.in_bulk({pk for found_here in near.values() for pk in found_here})
    for payment in nameless:
        for pk in sorted(near[payment.pk]):
            sign = _by_name(payment, customers[pk])
            if sign is not None:
                found[payment.pk][pk] = sign
    return found


def _bearers(asked: set[str]) -> dict[str, set[int]]:
    """The customers that have each word in their names, by id."""
    rows = SearchWord.objects.filter(
        kind=SearchWord.Kind.NAME, word__in=asked, customer__merged_into__isnull=True
    )
    bearers = defaultdict(set)
    for word, customer in rows.values_list("word", "customer"):
        bearers[word].add(customer)
    return bearers


def _near(said: list[str], bearers: dict[str, set[int]]) -> set[int]:
    """Who has a word that few have, or two of them."""
    few = {pk for word in said if len(bearers[word]) <= _COMMON for pk in bearers[word]}
    how_many = Counter(pk for word in set(said) for pk in bearers[word])
    return few | {pk for pk, words_shared in how_many.items() if words_shared > 1}


def is_like_name(payer: str, customer: Customer) -> bool:
    """Whether a payer may be this customer: a telling word in common, or nearly one."""
    said = telling_words(payer)
    called = [word for name in (customer.name, customer.company) for word in telling_words(name)]
    return any(
        one == other
        or min(len(one), len(other)) > 3
        and SequenceMatcher(None, one, other).ratio() >= _NEAR_WORD
        for one in said
        for other in called
    )


def nearness(payer: str, customer: Customer) -> float:
    """How near a payer's name is to the customer's, 0 to 1; the telling words in any order."""
    said = " ".join(sorted(telling_words(payer)))
    names = [" ".join(sorted(telling_words(name))) for name in (customer.name, customer.company)]
    return max((SequenceMatcher(None, said, name).ratio() for name in names if said and name), default=0.0)


def _name_words(payment: Payment) -> list[str]:
    """The words that may be of a customer's name: those of the payer, else of the reference."""
    payer = telling_words(payment.payer)[:3]
    told = [word for word in telling_words(payment.reference) if len(word) > 3 and not word.isdigit()]
    return [*payer, *told[:4]]


def _by_name(payment: Payment, customer: Customer) -> tuple[int, str] | None:
    names = [name for name in (customer.name, customer.company) if name]
    payer = name_key(payment.payer)
    if any(payer == name_key(name) for name in names):
        return SAME_NAME, "the payer is called so"
    if nearness(payment.payer, customer) >= _NEAR_ENOUGH:
        return NEAR_NAME, f"the payer is called nearly so ({payment.payer})"
    told = set(words(folded(payment.reference)))
    for name in names:
        telling = telling_words(name)
        if telling and set(telling) <= told:
            return NAME_IN_WORDS, "its customer’s name stands in the words"
    return None
