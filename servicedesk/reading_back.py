"""Lists that are read on and back again: the newest first, page by page, in both directions."""

from dataclasses import replace

from django.db.models import QuerySet

from servicedesk.reading_on import Page, newest_first, soonest_first


def both_ways(rows: QuerySet, at: str, *, before: str, after: str, most: int) -> Page:
    """A page by the instant in the field `at`; its `newer` is the cursor of the page before it.

    `before` is the public id of the last row of the page before, `after` of the first row of the page
    behind. Read back to less than a page it is the first page, whole. One query, two where it reads on
    or back, four where that ends at the beginning.
    """
    if after:
        back = soonest_first(rows, at, after=after, most=most)
        if back.older is not None and not back.is_first:
            shown = back.rows[::-1]
            return Page(shown, shown[-1].public_id, is_first=False, newer=shown[0].public_id)
        before = ""
    page = newest_first(rows, at, before=before, most=most)
    return page if page.is_first or not page.rows else replace(page, newer=page.rows[0].public_id)
