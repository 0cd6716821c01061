"""Whose money it is by the name of the payer: only where the name leaves no choice."""

from collections import defaultdict
from collections.abc import Iterable

from contracts.models import Payment
from customers.models import Customer, SearchWord
from customers.searchkeys import words

# Words that half the desk's companies have in their names.
COMMON_WORDS = frozenset(
    words(
        "ltd limited llp plc inc llc corp corporation co company group holdings gmbh ag kg ohg ug eg mbh"
        " sarl sas sa srl sl slu bv nv vof the and und et y en of de la le der die das mr mrs ms dr herr"
        " frau sons trading services"
    )
)


# Ways to write "and", and the forms of companies, which a bank's field for the payer drops or adds.
_AND_AND_FORMS = frozenset(
    words(
        "and und et y en ltd limited llp plc inc llc corp corporation co company gmbh ag kg ohg ug eg mbh"
        " sarl sas sa srl sl slu bv nv vof"
    )
)


def name_key(name: str) -> tuple[str, ...]:
    """By which a payer's name is known: "Tallis and Sons Ltd" is "TALLIS & SONS"."""
    said = tuple(words(name))
    return tuple(word for word in said if word not in _AND_AND_FORMS) or said


class Payers:
    """The customers that some payers' names mean: three queries for any number of names."""

    def __init__(self, names: Iterable[str]):
        names = {name for name in names if name.strip()}
        self._exact = _customers_called(names)
        self._earlier = _customers_of_earlier_payments(names)

    def called_so(self, name: str) -> Customer | None:
        """The one customer whose name or company is this, however it is spelled; None for two.

        "&" and "and" are the same, and a company's form does not count unless it tells two apart.
        """
        found = self._exact.get(name_key(name), {})
        if len(found) > 1:
            said = words(name)
            spelled_so = {pk: each for pk, each in found.items() if said in _spellings(each)}
            found = spelled_so or found
        return next(iter(found.values())) if len(found) == 1 else None

    def paid_before(self, name: str) -> Customer | None:
        """The one customer for whom all earlier money of this payer was; None for two."""
        found = self._earlier.get(name.strip().lower(), ())
        return next(iter(found.values())) if len(found) == 1 else None

    def customer_of(self, name: str) -> Customer | None:
        """By exact name, else by earlier payments; None where either leaves a choice."""
        if self._exact.get(name_key(name)):
            return self.called_so(name)
        return self.paid_before(name)


def telling_words(name: str) -> list[str]:
    """The words of a name that few others have, the longest first."""
    return sorted((word for word in words(name) if word not in COMMON_WORDS and len(word) > 1), key=len)[::-1]


def _customers_called(names: Iterable[str]) -> dict[tuple, dict[int, Customer]]:
    asked = {name_key(name) for name in names}
    keys = {telling[0] for telling in map(telling_words, names) if telling}
    rows = SearchWord.objects.filter(
        kind=SearchWord.Kind.NAME, word__in=keys, customer__merged_into__isnull=True
    )
    found = defaultdict(dict)
    for row in rows.select_related("customer"):
        customer = row.customer
        for called in (customer.name, customer.company, f"{customer.name} {customer.company}"):
            if called and name_key(called) in asked:
                found[name_key(called)][customer.pk] = customer
    return found


def _spellings(customer: Customer) -> list[list[str]]:
    return [
        words(each)
        for each in (customer.name, customer.company, f"{customer.name} {customer.company}")
        if each
    ]


def _customers_of_earlier_payments(names: Iterable[str]) -> dict[str, dict[int, Customer]]:
    """Money whose contract is known: what a person or the exact number said."""
    keys = {name.strip().lower() for name in names}
    rows = Payment.objects.filter(
        payer_key__in=keys, contract__isnull=False, returned_on__isnull=True, replaced_at__isnull=True
    )
    found = defaultdict(dict)
    payers = rows.order_by().values_list("payer_key", "contract__customer").distinct()
    pairs = set(payers)
    customers = Customer.objects.in_bulk({customer for _, customer in pairs})
    for payer, customer in pairs:
        if customers[customer].merged_into_id is None:
            found[payer][customer] = customers[customer]
    return found
