"""Customers that may be one: proposed by a shared phone or mail address, never by name, never merged."""

from collections import defaultdict
from itertools import combinations

from customers.models import Contact, DuplicateProposal
from imports.loading.desk import Desk, insert

# More customers than this at one number share a switchboard, or a number that somebody made up.
_MOST_AT_ONE = 4
_FEWEST_DIGITS = 7


def propose_duplicates(desk: Desk) -> list[list[str]]:
    """Propose every pair that shares a phone number or mail address; pairs of numbers that stand proposed.

    A pair that was decided before stays decided.
    """
    shared = defaultdict(set)
    contacts = Contact.objects.filter(customer__merged_into__isnull=True)
    for customer, *keys in contacts.values_list("customer", "phone_digits", "phone2_digits", "mail_key"):
        for kind, key in zip(("phone", "phone", "mail"), keys, strict=True):
            if key and (kind == "mail" or len(key) >= _FEWEST_DIGITS):
                shared[kind, key].add(customer)
    pairs: dict[tuple[int, int], str] = {}
    for (kind, _), customers in sorted(shared.items(), reverse=True):
        if 1 < len(customers) <= _MOST_AT_ONE:
            for pair in combinations(sorted(customers), 2):
                pairs[pair] = "Same phone number" if kind == "phone" else "Same mail address"
    insert(
        [
            DuplicateProposal(first_id=first, second_id=second, reason=reason, proposed_at=desk.now)
            for (first, second), reason in pairs.items()
        ],
        ignore_conflicts=True,
    )
    proposed = DuplicateProposal.objects.filter(state=DuplicateProposal.State.PROPOSED)
    return sorted(sorted(pair) for pair in proposed.values_list("first__number", "second__number"))
