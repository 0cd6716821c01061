"""An emergency put in between: whom it delays is shown first, then all of it is one act (R2.4, R4.1).

Visits of that day that begin later give way (`giving_way`). Where a promised window is left the
customer is told, a dispatcher rings them, and a confirmed visit is moved out of its window only when
somebody says so.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from cases.models import Duty
from contracts.disposing import NothingLeft
from customers.models import Equipment, Site
from tenancy.models import Membership
from visits.booking import SlotTaken, book_visit
from visits.confirming import confirm_visit
from visits.fitting import allowed, lacking
from visits.giving_way import DayAround, Delay
from visits.maintenance import PlanRefused
from visits.models import Rearrangement, Technician, Visit
from visits.places import MoveRefused, NeedsAgreement, PlaceTaken, VisitChanged, crews_of, hold_technicians
from visits.preferences import wishes_for
from visits.rearranging import add_booking, rearrange
from visits.relocating import Change
from visits.visit_duties import open_visit_duty
from visits.work_types import work_for

TELL_WITHIN = dt.timedelta(minutes=10)
# What of a booking decides who may go, and where to.
BOOKED_FOR = ("site", "kind", "machines")


@dataclass(frozen=True)
class Insertion:
    """What putting it in between would mean; with `problems` it cannot be done, and they say why."""

    # Who goes, the one who is named to the customer first.
    crew: tuple[Technician, ...]
    start: dt.datetime
    end: dt.datetime
    delays: tuple[Delay, ...] = ()
    problems: tuple[str, ...] = ()
    # In words, which skills they have not: only somebody's reason sends them all the same.
    lacks: str = ""
    # The emergency itself, where it is booked already.
    visit: Visit | None = None

    @property
    def key(self) -> str:
        """What a form posts back: the same only while nobody changed a visit, and every delay is the same."""
        known = [f"{self.visit.public_id}.{self.visit.version}"] if self.visit else []
        moved = (f"{d.visit.public_id}.{d.visit.version}@{d.start:%Y%m%dT%H%M%SZ}" for d in self.delays)
        return " ".join([*known, *moved])


def proposal(
    *,
    crew: Sequence[Technician],
    site: Site,
    start: dt.datetime,
    length: dt.timedelta,
    now: dt.datetime,
    kind: str = "",
    machines: Iterable[Equipment] = (),
    visit: Visit | None = None,
) -> Insertion:
    """Whom an emergency at `site` from `start` would delay; changes nothing.

    It is a visit of `kind` to `machines`, or it is `visit`, booked already and brought forward. All of
    the crew go, and there must be as many as it takes. Each needs the way from it to the next visit,
    which begins on five minutes, and so on, until one need not move.
    """
    end = start + length
    around = DayAround(crew, start, end, now, visit)
    held: list[Technician] = []
    if visit is not None:
        kind, machines = visit.kind, [one.equipment for one in visit.machines.select_related("equipment")]
        held = crews_of([visit.pk])[visit.pk]
    work, wishes = work_for(kind, machines), wishes_for(site.customer, site, machines)
    problems = around.problems()
    wanted = [*held, *allowed(crew, wishes)]
    problems += [
        f"The customer wants somebody other than {who.first_name}." for who in crew if who not in wanted
    ]
    takes = visit.crew if visit else work.crew
    if len(crew) < takes:
        problems.append(f"It takes {takes} technicians. Choose who comes along.")
    delays, in_the_way = around.delays(site)
    return Insertion(
        tuple(crew),
        start,
        end,
        tuple(delays),
        (*problems, *in_the_way),
        lacking(work, crew, held),
        visit,
    )


def insert(
    seen: Insertion,
    *,
    reason: str,
    by: Membership,
    now: dt.datetime,
    visit: Visit | None = None,
    version: int = 0,
    booking: dict | None = None,
    customer_agreed: bool = False,
    agreed: Collection[Visit] = (),
    despite: Collection[Visit] = (),
) -> Rearrangement:
    """Put the emergency in as it was proposed, in one act: undone as one, too.

    It is a `visit` (as seen in `version`), else it is booked by what `booking` gives to `book_visit`
    beside technicians and times. With `customer_agreed` its own customer said yes to it: it is
    confirmed. `agreed` are the other visits whose customers said yes, `despite` those that are moved
    out of their confirmed window all the same. Raises VisitChanged when the day is not as it was
    proposed any more, NeedsAgreement, PlaceTaken, or MoveRefused with what stands in the way.
    """
    asks = {"visit": visit, "site": visit.site} if visit else {n: booking[n] for n in BOOKED_FOR}
    with transaction.atomic():
        crews = [who.pk for delay in seen.delays for who in delay.crew]
        coming = [who.pk for who in crews_of([visit.pk])[visit.pk]] if visit else []
        hold_technicians([*(who.pk for who in seen.crew), *crews, *coming])
        found = proposal(crew=seen.crew, start=seen.start, length=seen.end - seen.start, now=now, **asks)
        if found.key != seen.key:
            raise VisitChanged("The day has changed since. Look at whom it delays now.")
        if found.problems:
            raise MoveRefused(" ".join(found.problems))
        if found.lacks and not reason.strip():
            raise NeedsAgreement(f"{found.lacks} Say why it has to be.")
        _check_words(found, agreed, despite)
        made = rearrange(
            Rearrangement.Kind.INSERTION,
            [*_changes(found, agreed), *_brought_forward(found, visit, version, customer_agreed)],
            reason=reason,
            by=by,
            now=now,
        )
        if visit is None:
            add_booking(made, _book(found, booking, customer_agreed, by=by, now=now))
        for delay in found.delays:
            if not delay.keeps_window and not _is_among(delay.visit, agreed):
                _let_somebody_ring(delay, by=by, now=now)
    return made


def _is_among(visit, visits) -> bool:
    return visit.pk in {each.pk for each in visits}


def _check_words(found, agreed, despite):
    lost = [d for d in found.delays if d.needs_word and not _is_among(d.visit, [*agreed, *despite])]
    if not lost:
        return
    named = ", ".join(
        f"{d.visit.customer.short_name} ({d.visit.told_from:%H:%M} to {d.visit.told_until:%H:%M})"
        for d in lost
    )
    raise NeedsAgreement(f"Confirmed, and moved out of what was promised: {named}. Say that it must be.")


def _changes(found, agreed):
    return [
        Change(
            visit=delay.visit,
            version=delay.visit.version,
            technicians=delay.crew,
            start=delay.start,
            length=delay.visit.planned_end - delay.visit.planned_start,
            agreed=_is_among(delay.visit, agreed),
            tell=not delay.keeps_window,
        )
        for delay in found.delays
    ]


def _brought_forward(found, visit, version, customer_agreed):
    if visit is None:
        return []
    return [
        Change(
            visit=visit,
            version=version,
            technicians=found.crew,
            start=found.start,
            length=found.end - found.start,
            agreed=customer_agreed,
        )
    ]


def _book(found, booking, customer_agreed, *, by, now) -> Visit:
    try:
        visit = book_visit(
            **{"window_end": found.start + dt.timedelta(minutes=by.tenant.window_minutes), **booking},
            technician=found.crew[0],
            others=found.crew[1:],
            start=found.start,
            end=found.end,
            by=by,
            now=now,
        )
    except SlotTaken as taken:
        raise PlaceTaken(str(taken)) from taken
    except (NothingLeft, PlanRefused) as refused:
        raise MoveRefused(str(refused)) from refused
    # A third appointment is a supervisor's to approve first, whatever the customer says.
    if customer_agreed and not visit.awaits_approval:
        confirm_visit(visit, by=by, now=now, said="Said yes when it was put in between")
    return visit


def _let_somebody_ring(delay, *, by, now):
    """A message alone does not tell somebody that what was promised is not kept."""
    visit = Visit.objects.select_related("customer", "case", "tenant").get(pk=delay.visit.pk)
    was = f"{delay.visit.told_from:%H:%M} to {delay.visit.told_until:%H:%M}"
    open_visit_duty(
        visit,
        "delayed by an emergency",
        visit.version,
        kind=Duty.Kind.TELL_CUSTOMER,
        title=f"Tell {visit.customer}: {visit.told_from:%H:%M} to {visit.told_until:%H:%M} instead of {was}",
        detail="An emergency was put in before it.",
        due_at=now + TELL_WITHIN,
        now=now,
        owner=by,
    )
