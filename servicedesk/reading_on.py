"""Lists that are read on from a row shown (keyset), both ways: a page costs the same, however far it is."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from tenancy.gates import id_in


@dataclass(frozen=True)
class Page:
    """Some rows of a list. `older` is the cursor of the page after, None on the last one.

    `newer` is the cursor of the page before, None on the first one.
    """

    rows: list[Model]
    older: UUID | None
    is_first: bool
    newer: UUID | None = None


def newest_first(rows: QuerySet, at: str, *, before: str, most: int) -> Page:
    """The next `most` rows by what stands in the field `at` (an instant or a day), the newest first.

    `before` is the public id of the last row of the page before; what is none of these rows is the
    beginning. One query, two where it reads on.
    """
    return _page(rows, at, before, most, sign="-", further="lt")


def soonest_first(rows: QuerySet, at: str, *, after: str, most: int) -> Page:
    """The same the other way round; `after` is the public id of the last row of the page before."""
    return _page(rows, at, after, most, sign="", further="gt")


def _page(rows, at, ended, most, *, sign, further) -> Page:
    last = rows.filter(public_id=id_in(ended)).first() if ended else None
    if last is not None:
        instant = getattr(last, at)
        rows = rows.filter(Q(**{f"{at}__{further}": instant}) | Q(**{at: instant, f"pk__{further}": last.pk}))
    found = list(rows.order_by(f"{sign}{at}", f"{sign}pk")[: most + 1])
    shown = found[:most]
    return Page(shown, shown[-1].public_id if len(found) > most else None, is_first=last is None)
