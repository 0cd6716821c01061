"""What a visit could not finish: on its case, offered for the next visit, open until it is done or given up.

Whoever comes next is told in the brief and says at the finish whether it is done. Until a visit for it
stands, a dispatcher owes one; nothing but a technician's word or a person's reason ends it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.duties import close_duties_about
from cases.models import Case, Duty
from cases.reopening import open_again
from customers.models import Customer
from tenancy.calendars import Calendar, calendar_of
from tenancy.models import Membership
from tenancy.prepared import Key, Prepared
from visits.models import ServiceReport, Visit, VisitEquipment, WorkLeft
from visits.visit_duties import open_visit_duty
from visits.visit_lines import add_visit_line

BOOK_WITHIN = dt.timedelta(hours=4)
MOST_WORDS = 600


class WorkRefused(Exception):
    """It cannot be given up: it is settled already, or nobody said why."""


@dataclass(frozen=True)
class LeftAnswer:
    """What a technician says at the finish of what an earlier visit left; `words` where less is left now."""

    work: WorkLeft
    is_done: bool
    words: str = ""


def left_for(visit: Visit) -> list[WorkLeft]:
    """What earlier visits left for this one: of its case, or on one of its machines; the oldest first."""
    its = {"visit": visit.pk, "customer": visit.customer_id}
    return _FOR_CASE.rows(**its, case=visit.case_id) if visit.case_id else _FOR_MACHINES.rows(**its)


def left_at(customer: Customer) -> QuerySet[WorkLeft]:
    """What is left at a customer, the oldest first; `has_visit` says whether a visit for it stands."""
    return _with_visit(_open().filter(visit__customer=customer))


def first_left(report: ServiceReport) -> tuple[str, str]:
    """What was left, and the parts for it, as it was signed; later words are those of later visits."""
    work = WorkLeft.objects.filter(visit=report.visit_id).first()
    if work is None:
        return "", ""
    return report.next_step or report.not_fixed_because or work.words, work.parts


def keep_open(case_id: int | None, *, by: Membership | None, now: dt.datetime) -> None:
    """A matter that needs one more visit is not over."""
    if case_id is not None:
        open_again(Case(pk=case_id), by=by, now=now, because="It needs one more visit")


def leave_work(visit: Visit, *, words: str, parts: str, by: Membership, now: dt.datetime) -> WorkLeft:
    """Note what is left after a visit, keep its case open, and let somebody book the next visit.

    The caller holds the transaction that completes the visit.
    """
    work = WorkLeft.objects.create(
        visit=visit, words=words.strip()[:MOST_WORDS], parts=parts.strip(), left_at=now, left_by=by
    )
    keep_open(visit.case_id, by=by, now=now)
    _see_that_it_is_booked(work, now=now)
    return work


def settle_left(visit: Visit, answers: Iterable[LeftAnswer], *, by: Membership, now: dt.datetime) -> None:
    """Take what the technician says of what was left: done here, or left still, and then booked again.

    What is not spoken of stays as it is. The caller holds the transaction that completes the visit.
    """
    for answer in answers:
        work = _locked(answer.work)
        if work.state != WorkLeft.State.OPEN:
            continue
        if answer.is_done:
            said = f"Done at visit {visit.number}"
            _settle(work, by=by, now=now, state=WorkLeft.State.DONE, settled_at_visit=visit, said=said)
            continue
        if answer.words.strip():
            work.words = answer.words.strip()[:MOST_WORDS]
            work.save(update_fields=["words"])
        keep_open(work.visit.case_id, by=by, now=now)
        _see_that_it_is_booked(work, now=now)


@transaction.atomic
def give_up(work: WorkLeft, *, reason: str, by: Membership, now: dt.datetime) -> WorkLeft:
    """Nobody will do it, and this person says why. Raises WorkRefused for a settled one or no reason."""
    if not reason.strip():
        raise WorkRefused("Say why it is given up.")
    work = _locked(work)
    if work.state != WorkLeft.State.OPEN:
        raise WorkRefused(f"It is settled already: {work.get_state_display().lower()}.")
    why = reason.strip()[:300]
    _settle(work, by=by, now=now, state=WorkLeft.State.GIVEN_UP, reason=why, said=f"Given up: {why}"[:300])
    title, detail = f"Left work given up by {by.name}", f"{work.words}. {why}"
    add_visit_line(work.visit, title, now=now, by=by, detail=detail, step="left given up")
    return work


def note_return(visit: Visit, *, by: Membership | None, now: dt.datetime) -> None:
    """A visit was booked: what was left is no longer owed where it is a visit for that."""
    if visit.case_id is None and visit.kind != Visit.Kind.RETURN:
        return
    for work in left_at(visit.customer).filter(has_visit=True):
        said = f"Visit {visit.number} is booked"
        close_duties_about(work.visit.public_id, Duty.Kind.BOOK_RETURN, by=by, now=now, outcome=said)


def call_for_returns(*, now: dt.datetime, calendar: Calendar) -> int:
    """Let somebody book a visit for all that is left where none stands any more; how many are new."""
    owed = Duty.objects.open().filter(kind=Duty.Kind.BOOK_RETURN, subject=OuterRef("visit__public_id"))
    forgotten = _with_visit(_open()).filter(~Exists(owed), has_visit=False)
    works = list(forgotten)
    for work in works:
        _owe(work, calendar, now)
    return len(works)


def _left(visit, customer, of_case=None) -> QuerySet[WorkLeft]:
    there = VisitEquipment.objects.filter(visit=visit).values("equipment")
    on_machine = Q(Exists(VisitEquipment.objects.filter(visit=OuterRef("visit"), equipment__in=there)))
    found = _open().exclude(visit=visit).filter(visit__customer=customer)
    return found.filter(on_machine | of_case if of_case else on_machine)


def _open() -> QuerySet[WorkLeft]:
    rows = WorkLeft.objects.open().select_related("visit__customer", "visit__case", "visit__site", "left_by")
    return rows.order_by("left_at", "pk")


def _with_visit(rows) -> QuerySet[WorkLeft]:
    """A visit that stands for it: of its case, or a return visit for one of its machines."""
    there = VisitEquipment.objects.filter(visit=OuterRef(OuterRef("visit"))).values("equipment")
    # A miss has a duty to rebook it; until that is settled the visit stands.
    stands = ~Q(state__in=Visit.OVER_STATES) | Q(state=Visit.State.MISSED, miss_closed_at__isnull=True)
    later = Visit.objects.filter(stands, customer=OuterRef("visit__customer")).exclude(pk=OuterRef("visit"))
    of_case = later.filter(case=OuterRef("visit__case"))
    again = later.filter(kind=Visit.Kind.RETURN, machines__equipment__in=there)
    return rows.annotate(has_visit=Exists(of_case) | Exists(again))


_FOR_MACHINES = Prepared(_left, visit=Key(), customer=Key())
_FOR_CASE = Prepared(
    lambda visit, customer, case: _left(visit, customer, Q(visit__case=case)),
    visit=Key(),
    customer=Key(),
    case=Key(),
)


def _locked(work: WorkLeft) -> WorkLeft:
    rows = WorkLeft.objects.select_for_update(of=("self",)).select_related("visit__customer", "visit__case")
    return rows.get(pk=work.pk)


def _settle(work, *, by, now, said, **values) -> None:
    work.settled_at, work.settled_by = now, by
    for name, value in values.items():
        setattr(work, name, value)
    work.save(update_fields=["settled_at", "settled_by", *values])
    close_duties_about(work.visit.public_id, Duty.Kind.BOOK_RETURN, by=by, now=now, outcome=said)


def _see_that_it_is_booked(work, *, now) -> None:
    if not _with_visit(WorkLeft.objects.filter(pk=work.pk)).get().has_visit:
        _owe(work, calendar_of(work.visit.tenant), now)


def _owe(work, calendar, now) -> None:
    """One more each time that a visit for it was booked and came to nothing."""
    about = Duty.objects.filter(kind=Duty.Kind.BOOK_RETURN, subject=work.visit.public_id)
    if about.filter(closed_at__isnull=True).exists():
        return
    open_visit_duty(
        work.visit,
        "book return",
        about.count(),
        kind=Duty.Kind.BOOK_RETURN,
        title=f"Book what is left at {work.visit.customer}: {work.words}",
        detail=f"Left at visit {work.visit.number}." + (f" Parts: {work.parts}." if work.parts else ""),
        due_at=calendar.due_after(now, BOOK_WITHIN),
        now=now,
    )
