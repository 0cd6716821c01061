"""Finding a customer by whatever the caller says: a number, a name, a serial, an address (R2.1).

Everything typed is folded as the stored keys were, and matched by its beginning (phone numbers
by their end as well). `^@` is the only prefix operator that row level security lets use an index:
it is leakproof, LIKE is not. Places that are left are filled from any position (`customers.anywhere`),
unless a whole telephone number was found; and where nothing is found at all, by names that are spelled
alike.
"""

from dataclasses import dataclass, field

import phonenumbers
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, Value

from customers.anywhere import FEWEST_SIGNS, customers_alike, keys_anywhere
from customers.models import Contact, Customer, Equipment, SearchWord
from customers.searchkeys import folded, phone_digits, serial_key, words

MOST = 8
# Each of the other groups keeps this many places when customers would fill the list.
PLACES_KEPT = 2
FEWEST_PHONE_DIGITS = 4
# From so many typed digits on, a number that is exactly somebody's is no part of another one.
WHOLE_PHONE_DIGITS = 7
FEWEST_LETTERS = 2
PHONE_SIGNS = frozenset("+-./() ")


class Begins(Func):
    """`column ^@ text`: whether the column begins with the text."""

    arg_joiner = " ^@ "
    template = "(%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, column: str, text: str, **extra):
        super().__init__(column, text if hasattr(text, "resolve_expression") else Value(text), **extra)


@dataclass(frozen=True)
class Hit:
    """One result: what it is, whose, and why it matched."""

    customer: Customer
    title: str
    why: str
    matched: str
    # The machine, or the public id of the contract, visit or case; None for the customer itself.
    equipment: Equipment | None = None
    subject: object = None


@dataclass
class Found:
    """What was found, in groups; `same_number` are customers whose number is exactly the one typed."""

    typed: str
    customers: list[Hit] = field(default_factory=list)
    equipment: list[Hit] = field(default_factory=list)
    contracts: list[Hit] = field(default_factory=list)
    visits: list[Hit] = field(default_factory=list)
    cases: list[Hit] = field(default_factory=list)
    same_number: list[Customer] = field(default_factory=list)
    is_phone: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing in any group."""
        return not (self.customers or self.equipment or self.contracts or self.visits or self.cases)

    def numbered(self) -> dict[str, list[Hit]]:
        """The groups that are found by a number of their own, by the kind of their search words."""
        return {
            SearchWord.Kind.CONTRACT: self.contracts,
            SearchWord.Kind.VISIT: self.visits,
            SearchWord.Kind.CASE: self.cases,
        }


def find(typed: str, *, country: str) -> Found:
    """Search the active desk; at most eight hits in all. Queries do not grow with what is there.

    `country` is the desk's, for numbers typed without a country code.
    """
    typed = typed.strip()[:80]
    found = Found(typed=typed, is_phone=is_phone(typed))
    if found.is_phone:
        contacts = list(_contacts_with(typed, country)[: MOST * 2])
        found.customers = _once([_by_phone(contact, typed, country) for contact in contacts])
        found.same_number = _same_number(contacts, typed, country)
    elif len(folded(typed)) >= FEWEST_LETTERS:
        found.customers = [_by_name(customer, typed) for customer in _customers_with(typed)]
    _add_machines_and_numbers(found)
    if not (found.same_number and sum(c.isdigit() for c in typed) >= WHOLE_PHONE_DIGITS):
        _add_from_anywhere(found)
    if found.is_empty and not found.is_phone:
        found.customers = _alike(typed)
    return _within_limit(found)


def customers_at_number(number: str, *, country: str) -> list[Customer]:
    """The customers whose phone number is exactly this one, however it is written: one query."""
    wanted = phone_digits(number, country)
    if len(wanted) < FEWEST_PHONE_DIGITS:
        return []
    exact = _contacts().filter(Q(phone_digits=wanted) | Q(phone2_digits=wanted))
    return list({contact.customer_id: contact.customer for contact in exact[: MOST * 2]}.values())


def is_phone(typed: str) -> bool:
    """Whether it can be a phone number: only digits and the signs between them, four digits or more."""
    digits = sum(c.isdigit() for c in typed)
    return digits >= FEWEST_PHONE_DIGITS and all(c.isdigit() or c in PHONE_SIGNS for c in typed)


def contacts_beginning(typed: str, country: str) -> Q:
    """Numbers that begin with what was typed (with or without country code), or end with it."""
    bare = "".join(c for c in typed if c.isdigit())
    condition = Q(Begins("phone_reversed", bare[::-1])) | Q(Begins("phone2_reversed", bare[::-1]))
    for beginning in sorted(_beginnings(typed, bare, country)):
        condition |= Q(Begins("phone_digits", beginning)) | Q(Begins("phone2_digits", beginning))
    return condition


def _beginnings(typed, bare, country):
    """How the stored digits may begin; of a number half typed the library keeps the leading 0."""
    code = phonenumbers.country_code_for_region(country)
    trunk = phonenumbers.ndd_prefix_for_region(country, True) or ""
    national = bare[len(trunk) :] if trunk and bare.startswith(trunk) else bare
    return {bare, phone_digits(typed, country), f"{code}{national}" if code and national else bare}


def rows_with_words(typed: str) -> QuerySet[SearchWord]:
    """One row for each word of a name or address that the longest typed word begins, in order of words.

    Only of customers of whom every other typed word begins a word too. The index gives the first
    rows without reading all: "mar" may begin the names of a fifth of the desk.
    """
    asked = sorted(words(typed), key=len, reverse=True)
    if not asked:
        return SearchWord.objects.none()
    found = _own_words(asked[0]).filter(customer__merged_into__isnull=True)
    for word in asked[1:]:
        found = found.filter(Exists(_own_words(word).filter(customer=OuterRef("customer"))))
    # Exactly the index's order: one more column would sort everybody in the same city.
    return found.order_by("word", "kind")


def _own_words(beginning):
    return SearchWord.objects.filter(
        Begins("word", beginning), kind__in=(SearchWord.Kind.NAME, SearchWord.Kind.ADDRESS)
    )


def _contacts():
    standing = Contact.objects.filter(customer__merged_into__isnull=True)
    return standing.select_related("customer").order_by("-is_main", "id")


def _contacts_with(typed, country):
    return _contacts().filter(contacts_beginning(typed, country))


def _customers_with(typed):
    """The first customers, each once: a name or an address may hold several such words."""
    rows = rows_with_words(typed).select_related("customer").prefetch_related("customer__sites")
    return list({row.customer_id: row.customer for row in rows[: MOST * 4]}.values())[:MOST]


def _same_number(contacts, typed, country):
    wanted = phone_digits(typed, country)
    exact = [c for c in contacts if wanted in (c.phone_digits, c.phone2_digits)]
    return list({contact.customer_id: contact.customer for contact in exact}.values())


def _by_phone(contact, typed, country):
    bare = "".join(c for c in typed if c.isdigit())
    wanted = phone_digits(typed, country)
    first = contact.phone_digits.startswith((wanted, bare)) or contact.phone_digits.endswith(bare)
    number = contact.phone if first else contact.phone2
    return Hit(customer=contact.customer, title=contact.customer.name, why="phone", matched=number)


def _by_name(customer, typed):
    asked = words(typed)
    own = words(f"{customer.name} {customer.company}")
    if all(any(word.startswith(part) for word in own) for part in asked):
        return Hit(customer=customer, title=customer.name, why="name", matched=customer.called)
    at = next((s for s in customer.sites.all() if _is_at(s, asked)), None)
    return Hit(
        customer=customer, title=customer.name, why="address" if at else "contact", matched=str(at or "")
    )


def _is_at(site, asked):
    own = words(f"{site.name} {site.street} {site.city} {site.postcode} {''.join(words(site.postcode))}")
    return any(word.startswith(part) for part in asked for word in own)


def serials_beginning(key: str) -> Q:
    """Serial numbers that begin like this. That they are not empty is said outright: the index of serial
    numbers holds no empty ones, and would not be used (130 ms at a desk of 40,000 machines)."""
    return Q(Begins("serial_key", key)) & ~Q(serial_key="")


def _add_machines_and_numbers(found):
    key = serial_key(found.typed)
    if len(key) < FEWEST_PHONE_DIGITS:
        return
    _add_machines(found, serials_beginning(key))
    kinds = found.numbered()
    # A case by its whole number alone: short ones begin half the telephone numbers of a town.
    is_meant = ~Q(kind=SearchWord.Kind.CASE) | Q(word=key.lower())
    numbered = SearchWord.objects.filter(
        is_meant, Begins("word", key.lower()), kind__in=kinds, customer__merged_into__isnull=True
    ).select_related("customer")
    for row in numbered.order_by("word", "id")[: MOST * 2]:
        if not any(hit.subject == row.subject for hit in kinds[row.kind]):
            kinds[row.kind].append(Hit(row.customer, row.shown, row.kind, row.shown, subject=row.subject))


def _add_machines(found, condition):
    here = {hit.equipment.pk for hit in found.equipment}
    machines = Equipment.objects.filter(condition, site__customer__merged_into__isnull=True)
    found.equipment += [
        Hit(m.site.customer, m.name, "serial", m.serial_number, equipment=m)
        for m in machines.select_related("site__customer").order_by("serial_key")[:MOST]
        if m.pk not in here
    ]


def _add_from_anywhere(found):
    """Where places are left: numbers and words that hold what was typed somewhere inside."""
    part = serial_key(found.typed)
    if len(part) < FEWEST_SIGNS or len(found.customers) >= MOST:
        return
    keys = keys_anywhere(part, most=MOST * 2)
    if keys["phone"] and found.is_phone:
        bare = "".join(c for c in found.typed if c.isdigit())
        inside = [_by_digits(contact, bare) for contact in _contacts().filter(pk__in=keys["phone"])]
        found.customers = _once([*found.customers, *inside])
    if keys["serial"]:
        _add_machines(found, Q(pk__in=keys["serial"]))
    if keys["word"]:
        _add_words(found, keys["word"])


def _add_words(found, keys):
    rows = SearchWord.objects.filter(pk__in=keys, customer__merged_into__isnull=True)
    rows = rows.exclude(kind=SearchWord.Kind.CASE).select_related("customer")
    kinds = found.numbered()
    named = []
    for row in rows.order_by("word", "id"):
        if row.kind not in kinds:
            named.append(Hit(row.customer, row.customer.name, row.kind, row.shown))
        elif not any(hit.subject == row.subject for hit in kinds[row.kind]):
            kinds[row.kind].append(Hit(row.customer, row.shown, row.kind, row.shown, subject=row.subject))
    if not found.is_phone:
        found.customers = _once([*found.customers, *named])


def _alike(typed):
    """Names with a letter wrong, the likest first."""
    likest = customers_alike(typed, most=MOST)
    standing = Customer.objects.standing().in_bulk(likest)
    found = [standing[key] for key in likest if key in standing]
    return [Hit(customer, customer.name, "spelled like", customer.called) for customer in found]


def _by_digits(contact, bare):
    first = bare in contact.phone_digits
    return Hit(contact.customer, contact.customer.name, "phone", contact.phone if first else contact.phone2)


def _once(hits):
    return list({hit.customer.pk: hit for hit in reversed(hits)}.values())[::-1][:MOST]


def _within_limit(found):
    """At most eight in all; customers come first but leave the other groups some places."""
    others = (found.equipment, found.contracts, found.visits, found.cases)
    del found.customers[MOST - sum(min(PLACES_KEPT, len(group)) for group in others) :]
    room = MOST - len(found.customers)
    for at, group in enumerate(others):
        later = sum(min(PLACES_KEPT, len(g)) for g in others[at + 1 :])
        del group[max(0, room - later) :]
        room -= len(group)
    return found
