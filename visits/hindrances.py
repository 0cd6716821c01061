"""What stands in somebody's way between two instants: another visit, or an absence (R2.3).

Whether a technician is free is said by `free_time`. This says why not, in rows that a person knows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable

from visits.models import Absence, Assignment, Technician, Visit


class Hindrances:
    """The visits and absences of technicians between two instants: two queries, however many they are.

    Visits `besides` (primary keys) are left out: they leave their places.
    """

    def __init__(
        self,
        technicians: Iterable[Technician],
        *,
        start: dt.datetime,
        end: dt.datetime,
        besides: Collection[int] = (),
    ):
        within = {"technician__in": list(technicians), "starts_at__lt": end, "ends_at__gt": start}
        taken = Assignment.objects.filter(state__in=Assignment.BLOCKING_STATES, **within)
        taken = taken.exclude(visit__in=besides).select_related("visit__customer")
        self._taken, self._away = defaultdict(list), defaultdict(list)
        for row in taken.order_by("starts_at", "pk"):
            self._taken[row.technician_id].append(row)
        for row in Absence.objects.filter(**within).order_by("-ends_at", "pk"):
            self._away[row.technician_id].append(row)

    def visit(self, technician: Technician, start: dt.datetime, end: dt.datetime) -> Visit | None:
        """The first visit that takes the technician's time between two instants."""
        found = _first(self._taken[technician.pk], start, end)
        return found and found.visit

    def absence(self, technician: Technician, start: dt.datetime, end: dt.datetime) -> Absence | None:
        """The absence that lasts the longest of those between two instants."""
        return _first(self._away[technician.pk], start, end)


def _first(rows, start, end):
    return next((row for row in rows if row.starts_at < end and row.ends_at > start), None)
