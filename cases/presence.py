"""Who is away when. The apps that know of absences say so here; this one asks them."""

import datetime as dt
from collections.abc import Callable, Iterable

from tenancy.models import Membership

# Of some people (primary keys) and a span, both ends included: who is away in any part of it.
Knows = Callable[[set[int], dt.datetime, dt.datetime], set[int]]
_know: list[Knows] = []


def knows_who_is_away(asks: Knows) -> Knows:
    """Register a function that knows absences of some sort."""
    _know.append(asks)
    return asks


def away_at(people: Iterable[Membership], *, start: dt.datetime, end: dt.datetime) -> set[int]:
    """The primary keys of those who are away in any part of a span: a query for each sort of absence."""
    keys = {person.pk for person in people}
    return set().union(*(asks(keys, start, end) for asks in _know)) if keys else set()
