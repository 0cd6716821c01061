"""A visit that was done, to be asked after."""

import datetime as dt

from tests.cast import make_plain_visit
from visits.models import Visit


def done_visit(desk, done_at, **fields) -> Visit:
    """Lou's at the sorter, of which nothing is recommended; begun an hour before it was done."""
    done = {"state": Visit.State.DONE, "completed_at": done_at, "completed_on": done_at.date()}
    start = done_at - dt.timedelta(hours=1)
    return make_plain_visit(desk, now=done_at, start=start, machines=[desk.sorter], **{**done, **fields})
