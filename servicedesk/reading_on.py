"""Lists that are read on from the last row shown (keyset): a page costs the same, however far it is."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from tenancy.gates import id_in


@dataclass(frozen=True)
class Page:
    """Some rows of a list; `older` is the cursor of the page after, None on the last one."""

    rows: list[Model]
    older: UUID | None
    is_first: bool


def newest_first(rows: QuerySet, at: str, *, before: str, most: int) -> Page:
    """The next `most` rows by the instant in the field `at`, the newest first.

    `before` is the public id of the last row of the page before; what is none of these rows is the
    beginning. One query, two where it reads on.
    """
    last = rows.filter(public_id=id_in(before)).first() if before else None
    if last is not None:
        instant = getattr(last, at)
        rows = rows.filter(Q(**{f"{at}__lt": instant}) | Q(**{at: instant, "pk__lt": last.pk}))
    found = list(rows.order_by(f"-{at}", "-pk")[: most + 1])
    shown = found[:most]
    return Page(shown, shown[-1].public_id if len(found) > most else None, is_first=last is None)
