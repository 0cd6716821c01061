"""Who changed what of the settings lately, as the database's triggers kept it."""

import datetime as dt
from dataclasses import dataclass

from tenancy.models import BusinessHours, Closure, Membership
from visits.models import Absence, Technician, TechnicianPreference, WorkingHours, WorkType

# What is tracked, and how a person calls a change of it.
TRACKED = {
    BusinessHours: "Business hours",
    Closure: "Days off",
    Technician: "Technicians",
    WorkingHours: "A technician’s hours",
    Absence: "Absences",
    TechnicianPreference: "Who may come",
    WorkType: "Work types",
}
SHOWN = 10
# One Save of a week's hours changes as many rows.
ROWS_OF_ONE_SAVE = 30


@dataclass(frozen=True)
class Change:
    """One Save: when (an instant), by whom ("" by the desk itself or an import), and of what."""

    at: dt.datetime
    by: str
    what: str


def latest_changes() -> list[Change]:
    """The last ten, the latest first: eight queries. Of one act several rows are one change."""
    names = {
        member.user_id: member.name for member in Membership.objects.select_related("user").order_by("pk")
    }
    found = set()
    for model, what in TRACKED.items():
        events = model.history.rel.related_model.objects.order_by("-pgh_id")
        rows = events.values_list("pgh_created_at", "pgh_context")[: SHOWN * ROWS_OF_ONE_SAVE]
        # Rows of one transaction have one instant.
        found |= {(at, names.get((context or {}).get("user"), ""), what) for at, context in rows}
    return [Change(*each) for each in sorted(found, reverse=True)[:SHOWN]]
