"""Who is away when. The apps that know of absences say so here; this one asks them."""

import datetime as dt
from collections.abc import Iterable

from tenancy.models import Membership, TenantModel

# Rows with `starts_at` and `ends_at`, and the path from one to whom it keeps away.
_absences: list[tuple[type[TenantModel], str]] = []


def knows_who_is_away(rows: type[TenantModel], whom: str) -> None:
    """Register a sort of absence: its model, and the path from a row to the person's membership."""
    _absences.append((rows, whom))


def away_at(people: Iterable[Membership], *, start: dt.datetime, end: dt.datetime) -> set[int]:
    """The primary keys of those who are away in any part of a span, both ends included.

    A query for each sort of absence.
    """
    keys = {person.pk for person in people}
    return set().union(*(_away(*each, keys, start, end) for each in _absences)) if keys else set()


def _away(rows, whom: str, people: set[int], start: dt.datetime, end: dt.datetime) -> set[int]:
    hit = rows.objects.filter(**{f"{whom}__in": people}, starts_at__lte=end, ends_at__gt=start)
    return set(hit.values_list(whom, flat=True))
