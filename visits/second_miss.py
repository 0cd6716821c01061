"""The second miss in 90 days: a supervisor owns it, somebody stands by, something is offered (R4.6).

Misses are counted for the customer, not for a case or a machine: who waited twice in vain waited
twice, whatever it was about, and a new case must not make the count begin anew. Until somebody has
come to them, each further appointment is a third one: it names a back-up and needs approval.
"""

import datetime as dt

from cases.escalating import tell_supervisor
from cases.goodwill import propose_goodwill
from cases.matters import open_case
from cases.models import Case, Duty, Goodwill
from cases.supervising import supervisor_of
from contracts.tenure import customer_since, whole_years
from customers.models import Customer
from tenancy.calendars import Calendar, calendar_of, local_day
from tenancy.models import Membership, Role
from visits.failures import failures_of
from visits.locks import hold_misses_of
from visits.models import Technician, Visit
from visits.stand_ins import free_for
from visits.visit_duties import open_visit_duty
from visits.work_types import work_for

WITHIN = dt.timedelta(days=90)
OWN_WITHIN = dt.timedelta(hours=1)
APPROVE_WITHIN = dt.timedelta(hours=1)
CATEGORY = "missed visits"


def misses_of(customer: Customer, *, until: dt.datetime) -> list[Visit]:
    """The visits to a customer that we missed in the 90 days up to an instant, the newest first."""
    missed = Visit.objects.filter(
        customer=customer, missed_at__gte=until - WITHIN, missed_at__lte=until
    ).order_by("-missed_at", "-pk")
    return list(missed)


def is_let_down(customer: Customer, *, now: dt.datetime) -> bool:
    """Whether a second miss within 90 days lies less than 90 days back, and nobody came since."""
    last = next(iter(misses_of(customer, until=now)), None)
    if last is None or len(misses_of(customer, until=last.missed_at)) < 2:
        return False
    came = Visit.objects.filter(customer=customer, missed_at__isnull=True, arrived_at__gt=last.missed_at)
    return not came.filter(state__in=[Visit.State.ON_SITE, Visit.State.DONE, Visit.State.NO_ACCESS]).exists()


def hand_upstairs(visit: Visit, *, now: dt.datetime, calendar: Calendar) -> Duty | None:
    """After a miss: if it is the second or a later one, a supervisor takes the customer over.

    In the transaction of the miss, which holds those to come as well (`locks.hold_to_miss`). The duty
    is due within one business hour; None for a first miss.
    """
    hold_misses_of([visit.customer_id])
    misses = misses_of(visit.customer, until=now)
    if len(misses) < 2:
        return None
    supervisor = supervisor_of(visit.booked_by)
    said = f"We missed {len(misses)} visits in 90 days: {_days(misses, calendar)}."
    case = _supervised_case(visit, supervisor, said, now)
    goodwill = _proposed(visit, case, said, now=now, calendar=calendar)
    nothing = "Nothing to propose: the goodwill catalogue is empty."
    offer = f"Proposed: {goodwill.item.name}." if goodwill else nothing
    for coming in Visit.objects.waiting().filter(customer=visit.customer, planned_start__gt=now):
        # Told to the customer already: it needs no approval, but somebody stands by.
        name_backup(coming, now=now, calendar=calendar)
    return open_visit_duty(
        visit,
        "second miss",
        kind=Duty.Kind.OWN_CASE,
        title=f"Take {visit.customer} over: missed {len(misses)} times in 90 days",
        detail=f"{said} {offer}",
        due_at=calendar.due_after(now, OWN_WITHIN),
        now=now,
        owner=supervisor,
        owner_role=Role.MANAGER,
    )


def mind_misses(visit: Visit, *, by: Membership | None, now: dt.datetime) -> None:
    """At booking, once its technician is taken: a third appointment names a back-up and asks for approval.

    A manager's own booking is approved by itself. Of another's the time is kept, and a supervisor has
    one business hour to approve it, or until it begins; nobody is told before (`Visit.awaits_approval`).
    """
    if not is_let_down(visit.customer, now=now):
        return
    visit.approval_asked_at = now
    if by is not None and by.role == Role.MANAGER:
        visit.approved_at, visit.approved_by = now, by
    visit.save(update_fields=["approval_asked_at", "approved_at", "approved_by"])
    calendar = calendar_of(visit.tenant)
    backup = name_backup(visit, now=now, calendar=calendar)
    if not visit.awaits_approval:
        return
    stands_by = f"{backup.name} stands by." if backup else "Nobody is free to stand by."
    open_visit_duty(
        visit,
        "approve visit",
        kind=Duty.Kind.APPROVE_VISIT,
        title=f"Approve the third appointment of {visit.customer}",
        detail=f"Visit {visit.number}, booked by {by.name if by else 'the customer'}. {stands_by} "
        "They are told nothing before you decide.",
        due_at=max(now, min(calendar.due_after(now, APPROVE_WITHIN), visit.planned_start)),
        now=now,
        owner=_owner_of_the_matter(visit) or supervisor_of(by),
        owner_role=Role.MANAGER,
    )


def renew_backup(visit: Visit, *, now: dt.datetime) -> None:
    """For its new time or technician: where somebody stands by, or should, they are chosen anew."""
    if visit.backup_id is not None or visit.approval_asked_at is not None:
        name_backup(visit, now=now)


def name_backup(visit: Visit, *, now: dt.datetime, calendar: Calendar | None = None) -> Technician | None:
    """Note on the visit who could come in the place of whoever is sent; None where nobody is free then.

    Free all through the block, way included; with the skills that the work takes, and allowed by the
    customer's wishes, the preferred first.
    """
    machines = [machine.equipment for machine in visit.machines.select_related("equipment")]
    free = free_for(
        visit,
        calendar=calendar or calendar_of(visit.tenant),
        now=now,
        skills=work_for(visit.kind, machines).skills,
    )
    visit.backup = free[0] if free else None
    visit.changed_at = now
    visit.save(update_fields=["backup", "changed_at"])
    return visit.backup


def _proposed(visit, case, said, *, now, calendar) -> Goodwill | None:
    """What is fair after all that we failed them in 12 months, by how long they are with us."""
    customer = visit.customer
    failed = failures_of([customer], now=now)[customer.pk]
    return propose_goodwill(
        customer,
        years=whole_years(customer_since(customer), today=local_day(now, calendar.zone)),
        misses=failed.misses,
        broken=failed.broken,
        case=case,
        reason=said,
        subject=visit.public_id,
        by=None,
        now=now,
    )


def _supervised_case(visit, supervisor, said, now) -> Case:
    """The visit's case, else the one that an earlier miss opened, else a new one; the supervisor's now."""
    case = visit.case if visit.case_id and visit.case.state != Case.State.CLOSED else None
    case = case or _open_cases(visit.customer).filter(category=CATEGORY).order_by("-opened_at").first()
    if case is None:
        case = open_case(
            customer=visit.customer,
            site=visit.site,
            kind=Case.Kind.COMPLAINT,
            category=CATEGORY,
            title="We did not come, more than once",
            by=None,
            now=now,
        )
    case.owner = supervisor or case.owner
    case.supervisor = supervisor
    case.save(update_fields=["owner", "supervisor"])
    tell_supervisor(case, supervisor, because=said, now=now)
    if visit.case_id != case.pk:
        visit.case = case
        visit.save(update_fields=["case"])
    return case


def _owner_of_the_matter(visit) -> Membership | None:
    """The supervisor who took the customer over."""
    taken = _open_cases(visit.customer).filter(
        supervisor__role=Role.MANAGER, supervisor__ended_at__isnull=True
    )
    case = taken.select_related("supervisor__user").order_by("-opened_at").first()
    return case and case.supervisor


def _open_cases(customer):
    return Case.objects.filter(customer=customer).exclude(state=Case.State.CLOSED)


def _days(misses, calendar) -> str:
    days = [local_day(miss.missed_at, calendar.zone) for miss in reversed(misses)]
    return ", ".join(f"{day.day} {day:%B}" for day in days)
