"""The promised call has not come: technician and dispatcher are alarmed, then the customer is told (R4.2).

With a call promised 30 minutes before the arrival the alarm is raised 25 minutes before it, and 15
minutes before it the customer gets a truthful message and the dispatcher must ring. Of another
promised time it is the same share. The sweep has no memory: run twice it changes nothing, after a
standstill it does what is still of use.
"""

import datetime as dt
import logging
from collections import defaultdict

from django.db import connection

from cases.duties import open_duties
from cases.models import Duty
from messaging.keys import key_of, moment
from tenancy.models import Role, Tenant
from tenancy.scope import tenant
from visits.announcements import plan_visit_messages
from visits.models import Visit

log = logging.getLogger(__name__)

# Of the promised time: so much is left at the alarm, and when the customer is told (25 and 15 of 30).
ALARM_LEFT = 5 / 6
TOLD_LEFT = 1 / 2
# By when the dispatcher rings, once the customer has been told that we have not.
RING_WITHIN = dt.timedelta(minutes=5)
# More visits than this do not wait for a call at once; the next turn takes up where this one ended.
MOST = 2000


def alarm(*, now: dt.datetime) -> int:
    """Alarm about every promised call that has not come, over all desks; how many duties are new."""
    by_desk = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, visit_id FROM calls_waited_for(%s, %s)", [now, MOST])
        for tenant_id, visit_id in cursor.fetchall():
            by_desk[tenant_id].append(visit_id)
    raised = 0
    for desk in Tenant.objects.filter(pk__in=by_desk):
        try:
            with tenant(desk):
                raised += _alarm_desk(desk, by_desk[desk.pk], now)
        except Exception:
            # One desk's fault keeps no other's customers waiting.
            log.exception("Calls of desk %s could not be looked after", desk.pk)
    return raised


def alarm_at(visit: Visit) -> dt.datetime:
    """From when on technician and dispatcher are alarmed."""
    return _before_arrival(visit, ALARM_LEFT)


def told_at(visit: Visit) -> dt.datetime:
    """From when on the customer is told that we have not rung."""
    return _before_arrival(visit, TOLD_LEFT)


def _before_arrival(visit, left: float) -> dt.datetime:
    return visit.planned_start - dt.timedelta(minutes=visit.tenant.call_ahead_minutes * left)


def _alarm_desk(desk, ids, now) -> int:
    # Whoever rings at this moment holds the lock; the next turn asks again.
    visits = list(
        Visit.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("customer", "case", "contact", "booked_by__user")
        .prefetch_related("assignments__technician__membership")
        .filter(pk__in=ids, state__in=(Visit.State.BOOKED, Visit.State.CONFIRMED), called_ahead_at=None)
        .order_by("planned_start", "pk")
    )
    duties = []
    for visit in visits:
        visit.tenant = desk
        duties += _of_technicians(visit, now)
        duties.append(_of_dispatcher(visit, now))
        if told_at(visit) <= now:
            duties.append(_must_ring(visit, now))
            plan_visit_messages(visit, "not called", now=now, fields=_who_rings(visit, now))
    return open_duties(duties)


def _of_technicians(visit, now):
    for assignment in visit.assignments.all():
        if assignment.technician.membership is not None:
            yield _duty(
                visit,
                "technician",
                assignment.technician.pk,
                now=now,
                kind=Duty.Kind.CALL_AHEAD,
                title=f"Ring {visit.customer.name} now: you promised to before you come",
                owner=assignment.technician.membership,
                owner_role=Role.TECHNICIAN,
                due_at=now,
            )


def _of_dispatcher(visit, now):
    return _duty(
        visit,
        "dispatcher",
        now=now,
        kind=Duty.Kind.CALL_AHEAD,
        title=f"{_who(visit)} has not rung {visit.customer.name} ahead",
        owner=visit.booked_by,
        owner_role=Role.DISPATCHER,
        due_at=told_at(visit),
    )


def _must_ring(visit, now):
    return _duty(
        visit,
        "ring",
        now=now,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Ring {visit.customer.name}: {_who(visit)} has not rung ahead",
        detail=f"The visit begins at {visit.told_from:%H:%M}. They were told that we have not rung.",
        owner=visit.booked_by,
        owner_role=Role.DISPATCHER,
        due_at=now + RING_WITHIN,
    )


def _duty(visit, *cause, now, **fields) -> Duty:
    # For another planned arrival it is another call that was promised.
    about = ("call ahead", visit.public_id, moment(visit.planned_start), *cause)
    return Duty(
        key=key_of("duty", *about),
        opened_at=now,
        customer=visit.customer,
        case=visit.case,
        subject=visit.public_id,
        **fields,
    )


def _who(visit) -> str:
    names = [assignment.technician.first_name for assignment in visit.assignments.all()]
    return " and ".join(names) or "Nobody"


def _who_rings(visit, now) -> dict:
    caller = visit.booked_by.name.split()[0] if visit.booked_by else ""
    return {"call_by": (now + RING_WITHIN).isoformat(), "caller": caller}
