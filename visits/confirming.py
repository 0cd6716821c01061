"""The customer's yes to a visit."""

import datetime as dt

from django.db.models import F
from django.db.models.functions import Coalesce

from cases.models import Promise
from visits.commitments import keep_promise
from visits.models import Visit
from visits.sweeper import catch_up_first
from visits.visit_lines import add_visit_line


class CannotConfirm(ValueError):
    """The visit is over, missed or cancelled: there is nothing to say yes to."""


def confirm_visit(visit: Visit, *, by, now: dt.datetime, said: str) -> Visit:
    """Note that the customer said yes (`said` tells how); twice counts once.

    `by` is the colleague who heard it, or None when it came through the customer's link. Raises
    CannotConfirm for a visit that nobody waits for any more, or that no supervisor has approved.
    """
    catch_up_first(visit, now=now)
    if visit.awaits_approval:
        raise CannotConfirm("A supervisor has not approved this visit yet.")
    changed = Visit.objects.filter(pk=visit.pk, state=Visit.State.BOOKED).update(
        state=Visit.State.CONFIRMED,
        confirmed_at=now,
        first_confirmed_at=Coalesce("first_confirmed_at", now),
        changed_at=now,
        version=F("version") + 1,
    )
    visit.refresh_from_db()
    if not changed:
        if visit.state in Visit.WAITING_STATES or visit.state == Visit.State.ON_SITE:
            return visit
        raise CannotConfirm(f"This visit is {visit.get_state_display().lower()}.")
    keep_promise(visit, Promise.Kind.CONFIRMATION, now=now, evidence=said, by=by)
    add_visit_line(
        visit,
        f"Visit {visit.number} confirmed",
        now=now,
        detail=said,
        by=by,
        step=f"confirmed {visit.version}",
    )
    return visit
