"""A fault whose visit mended it is settled: its case ends with the visit."""

import datetime as dt

from cases.life import close_case
from cases.models import Case
from tenancy.models import Membership
from visits.models import Visit, WorkLeft


def close_mended(visit: Visit, *, by: Membership, now: dt.datetime) -> bool:
    """Close the case of a visit that is done, whether it is mended.

    Not while work is left or another visit stands for it; a complaint, and what a supervisor has taken
    over, is for a person to close. The caller holds the transaction that completes the visit.
    """
    case = visit.case
    if case is None or case.kind != Case.Kind.FAULT or case.supervisor_id is not None:
        return False
    if case.state == Case.State.CLOSED or WorkLeft.objects.open().filter(visit__case=case).exists():
        return False
    standing = (*Visit.WAITING_STATES, Visit.State.ON_SITE)
    if case.visits.exclude(pk=visit.pk).filter(state__in=standing).exists():
        return False
    outcome = f"Mended at visit {visit.number}"
    close_case(case, on=Case.ClosedOn.OURS, outcome=outcome, by=by, now=now, seen=None)
    return True
