"""A case that is open again: a person says so, the customer writes or calls again, one more visit is due."""

import datetime as dt

from django.db.models import F

from cases.case_lines import add_case_line
from cases.clocks import settling_after
from cases.duties import close_duties_about
from cases.models import Case, Duty

# A contact this many days after a case was closed opens it again; later it is a new matter.
REOPENS_WITHIN_DAYS = 14


def standing_case(case: Case) -> Case:
    """The case, or the one that it was joined with: one query for each step."""
    row = Case.objects.select_related("tenant").get(pk=case.pk)
    while row.joined_into_id is not None:
        row = Case.objects.select_related("tenant").get(pk=row.joined_into_id)
    return row


def open_again(case: Case, *, by, now: dt.datetime, because: str) -> bool:
    """Open a closed case again, whether it was closed; one that was joined with another stays a part of it.

    Its clock goes on where it stopped, and nobody calls any more to ask whether all is well.
    """
    row = Case.objects.select_related("customer", "tenant").get(pk=case.pk)
    if row.state != Case.State.CLOSED or row.joined_into_id is not None:
        return False
    closed_at = row.closed_at
    changed = Case.objects.filter(pk=row.pk, state=Case.State.CLOSED, version=row.version).update(
        state=Case.State.OPEN,
        closed_at=None,
        closed_by=None,
        closed_on="",
        tried_days=None,
        outcome="",
        version=F("version") + 1,
        **settling_after(row, closed_at, now, desk=row.tenant),
    )
    if not changed:
        return False
    close_duties_about(row.public_id, Duty.Kind.CHECK_CALL, by=by, now=now, outcome="The case is open again")
    step = f"open again {now.isoformat()}"
    add_case_line(row, f"Open again: {row.title}", step=step, now=now, by=by, detail=because)
    case.refresh_from_db()
    return True
