"""A visit moved as a dispatcher moves it who has seen how it stands."""

from visits.moving import move_visit


def moved_by_dispatcher(visit, north, now, **values):
    """The visit after the move: where it stood and with Lou, unless said otherwise."""
    asked = {
        "technician": north.lou,
        "start": visit.planned_start,
        "reason": "Customer asked",
        "by": north.dispatcher,
        "now": now,
        "version": visit.version,
    }
    return move_visit(visit, **asked | values)
