"""What happens to visits, for other programs (webhooks)."""

import datetime as dt

from messaging.webhook_events import Happened, Kind, tell_programs
from visits.models import Visit

__all__ = ["Kind", "tell_of_visit"]


def tell_of_visit(kind: str, visit: Visit, *, now: dt.datetime) -> None:
    """Tell programs of a visit as it is now, in the transaction of the event (the visit is held)."""
    data = {
        "visit": str(visit.public_id),
        "number": visit.number,
        "customer": str(visit.customer.public_id),
        "state": visit.state,
        "window_start": visit.window_start.isoformat(),
        "window_end": visit.window_end.isoformat(),
        "planned_start": visit.planned_start.isoformat(),
        "planned_end": visit.planned_end.isoformat(),
    }
    tell_programs(Happened(kind, visit.public_id, now, data))
