"""What happened with a customer over the years, and what is booked: visits and all that comes with them."""

import datetime as dt

from cases.models import Case, Interaction, Promise
from customers.models import SearchWord, TimelineEntry
from customers.searchkeys import serial_key
from messaging.models import Message
from recommendations.models import Recommendation
from servicedesk.bench.bulk import Bulk
from servicedesk.bench.customers import Known, add_number_words
from servicedesk.bench.desks import ZONE, Desk
from servicedesk.bench.ids import id_of
from servicedesk.bench.names import FINDINGS, PROBLEMS, WORK
from servicedesk.bench.sizes import VISITS_EACH
from tenancy.calendars import local_time
from tenancy.models import Role
from visits.models import Assignment, Review, ServiceReport, Visit, VisitEquipment, VisitPromise, VisitStep

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
LASTS, WINDOW = 75 * MINUTE, 60 * MINUTE
BOOKED_BEFORE = 9 * DAY
FIRST_NUMBER = 1_000_001
FIRST_CASE = 1001
# Steps and promises of visits longer ago than this are nowhere shown.
KEPT_IN_FULL = 120 * DAY
# Of a hundred visits that are over.
CANCELLED, MISSED = 4, 2


def add_years(bulk: Bulk, desk: Desk, known: Known, now: dt.datetime) -> "Planned | None":
    """All visits of one customer, and a matter of every second; the last visit that was done."""
    last_done = None
    for turn in range(VISITS_EACH):
        visit = Planned(desk, known, turn, now)
        visit.add_to(bulk)
        if visit.state == Visit.State.DONE:
            last_done = visit
    if known.number % 2 == 0:
        _add_matter(bulk, desk, known, now)
    return last_done


class Planned:
    """One visit of a customer, with what it leaves behind."""

    def __init__(self, desk: Desk, known: Known, turn: int, now: dt.datetime) -> None:
        self.desk, self.known, self.now = desk, known, now
        self.place = desk.place_of(known.number, turn)
        self.start, self.technician = desk.planned(self.place)
        self.end = self.start + LASTS
        self.booked_at = min(self.start - BOOKED_BEFORE, now)
        self.public_id = id_of(self.booked_at, desk.id, self.place)
        self.state = self._state()
        self.is_over = self.end <= now
        self.dispatcher = desk.people[Role.DISPATCHER]

    def _state(self) -> str:
        if self.end > self.now:
            return Visit.State.BOOKED if self.place % 5 == 0 else Visit.State.CONFIRMED
        chance = self.place * 31 % 100
        if chance < CANCELLED:
            return Visit.State.CANCELLED_BY_CUSTOMER
        return Visit.State.MISSED if chance < CANCELLED + MISSED else Visit.State.DONE

    def add_to(self, bulk: Bulk) -> None:
        """The visit's rows."""
        number = f"V-{FIRST_NUMBER + self.place}"
        self.id = bulk.add(
            Visit,
            tenant_id=self.desk.id,
            public_id=self.public_id,
            number=number,
            number_key=serial_key(number),
            customer_id=self.known.id,
            site_id=self.known.site,
            contact_id=self.known.contact,
            kind=(Visit.Kind.TUNE_UP if self.place % 3 == 0 else Visit.Kind.FAULT).value,
            problem=PROBLEMS[self.place % len(PROBLEMS)],
            window_start=self.start,
            window_end=self.start + WINDOW,
            planned_start=self.start,
            planned_end=self.end,
            told_day=self.start.date(),
            told_from=local_time(self.start, ZONE).time(),
            told_until=local_time(self.start + WINDOW, ZONE).time(),
            state=self.state.value,
            booked_at=self.booked_at,
            booked_by_id=self.dispatcher,
            **self._moments(),
        )
        bulk.add(
            VisitEquipment,
            tenant_id=self.desk.id,
            visit_id=self.id,
            equipment_id=self.known.machines[0],
        )
        bulk.add(
            Assignment,
            tenant_id=self.desk.id,
            visit_id=self.id,
            technician_id=self.technician,
            starts_at=self.start,
            ends_at=self.end,
            state=self.state.value,
        )
        add_number_words(bulk, self.desk, self.known.id, SearchWord.Kind.VISIT, number, self.public_id)
        self._tell(bulk)
        self._line(bulk, f"Visit {number} booked", "booked", self.booked_at)
        if self.state == Visit.State.DONE:
            self._report(bulk)
            self._line(bulk, f"Visit {number} done", "done", self.end)
        if self.now - self.start < KEPT_IN_FULL:
            self._promise(bulk)

    def _moments(self):
        confirmed = self.start - DAY
        if self.state == Visit.State.DONE:
            return {
                "confirmed_at": confirmed,
                "first_confirmed_at": confirmed,
                "called_ahead_at": self.start - 40 * MINUTE,
                "brief_read_at": self.start - 35 * MINUTE,
                "on_the_way_at": self.start - 20 * MINUTE,
                "arrived_at": self.start + 5 * MINUTE,
                "completed_at": self.end,
                "completed_on": self.end.date(),
                "changed_at": self.end,
            }
        if self.state == Visit.State.MISSED:
            late, closed = self.start + 2 * WINDOW, self.end + 3 * WINDOW
            return {
                "late_at": self.start + WINDOW,
                "missed_at": late,
                "miss_closed_at": closed,
                "miss_outcome": "Dana rang and booked anew",
                "changed_at": closed,
            }
        if self.state == Visit.State.CANCELLED_BY_CUSTOMER:
            return {"ended_because": "Works again", "changed_at": confirmed}
        if self.state == Visit.State.CONFIRMED:
            confirmed = min(self.booked_at + DAY, self.now)
            return {"confirmed_at": confirmed, "first_confirmed_at": confirmed, "changed_at": confirmed}
        return {"changed_at": self.booked_at}

    def _line(self, bulk, title, step, at):
        bulk.add(
            TimelineEntry,
            tenant_id=self.desk.id,
            customer_id=self.known.id,
            kind=TimelineEntry.Kind.VISIT.value,
            title=title,
            detail="",
            at=at,
            actor_id=self.dispatcher,
            subject=self.public_id,
            step=step,
        )

    def _tell(self, bulk):
        sent = self.booked_at + MINUTE
        bulk.add(
            Message,
            tenant_id=self.desk.id,
            key=id_of(sent, "told", self.desk.id, self.place),
            kind="booked",
            channel=Message.Channel.MAIL.value,
            customer_id=self.known.id,
            contact_id=self.known.contact,
            subject=self.public_id,
            subject_start=self.start,
            state=Message.State.DELIVERED.value,
            send_after=self.booked_at,
            address=f"customer-{self.known.number}@{self.desk.slug}-customers.example",
            title="Your visit is booked",
            text=f"Dear {self.known.name}, we come as agreed. Change it here: {{link}}",
            attempts=1,
            language="en",
            planned_at=self.booked_at,
            sent_at=sent,
            delivered_at=sent,
        )

    def _report(self, bulk):
        bulk.add(
            ServiceReport,
            tenant_id=self.desk.id,
            visit_id=self.id,
            work_done=WORK,
            fixed_first_time=self.place % 9 != 0,
            not_fixed_because="" if self.place % 9 else "A part was missing",
            minutes=70,
            signing=ServiceReport.Signing.TYPED.value,
            signed_by=self.known.name,
            written_at=self.end,
        )
        if self.now - self.start < KEPT_IN_FULL:
            for step, minutes in (
                (VisitStep.Step.CALL_AHEAD, -40),
                (VisitStep.Step.ON_THE_WAY, -20),
                (VisitStep.Step.ARRIVED, 5),
                (VisitStep.Step.FINISHED, 75),
            ):
                at = self.start + minutes * MINUTE
                bulk.add(
                    VisitStep,
                    tenant_id=self.desk.id,
                    visit_id=self.id,
                    step=step.value,
                    result=VisitStep.Result.SPOKE.value if step == VisitStep.Step.CALL_AHEAD else "",
                    at=at,
                    device_at=at,
                    by_id=self.desk.people[Role.TECHNICIAN],
                )

    def _promise(self, bulk):
        state, settled, evidence = Promise.State.OPEN, None, ""
        if self.state == Visit.State.DONE:
            state, settled, evidence = Promise.State.KEPT, self.start + 5 * MINUTE, "Arrived"
        elif self.state == Visit.State.MISSED:
            state, settled, evidence = Promise.State.BROKEN, self.start + WINDOW, "Nobody had arrived"
        elif self.state == Visit.State.CANCELLED_BY_CUSTOMER:
            state, settled, evidence = Promise.State.RELEASED, self.start - DAY, "Cancelled by the customer"
        promise = bulk.add(
            Promise,
            tenant_id=self.desk.id,
            customer_id=self.known.id,
            kind=Promise.Kind.WINDOW.value,
            text="Arrive in the window",
            owner_id=self.desk.people[Role.TECHNICIAN],
            made_by_id=self.dispatcher,
            made_at=self.booked_at,
            due_at=self.start + WINDOW,
            state=state.value,
            settled_at=settled,
            evidence=evidence,
            subject=self.public_id,
        )
        bulk.add(VisitPromise, tenant_id=self.desk.id, visit_id=self.id, promise_id=promise)


def _add_matter(bulk, desk, known, now):
    """A fault, settled but for one in twenty; two calls about it."""
    opened = now - known.number % 300 * DAY - 30 * MINUTE
    is_open = known.number % 40 == 0
    dispatcher = desk.people[Role.DISPATCHER]
    public_id = id_of(opened, "matter", desk.id, known.number)
    case = bulk.add(
        Case,
        tenant_id=desk.id,
        public_id=public_id,
        counted=FIRST_CASE + known.number // 2,
        customer_id=known.id,
        site_id=known.site,
        equipment_id=known.machines[0],
        kind=Case.Kind.FAULT.value,
        title="Grey bands",
        words=PROBLEMS[0],
        state=(Case.State.OPEN if is_open else Case.State.CLOSED).value,
        opened_at=opened,
        opened_by_id=dispatcher,
        owner_id=dispatcher,
        response_due_at=opened + DAY / 4,
        responded_at=opened + MINUTE,
        closed_at=None if is_open else min(opened + 2 * DAY, now),
        closed_by_id=None if is_open else dispatcher,
        closed_on="" if is_open else Case.ClosedOn.WORD.value,
        outcome="" if is_open else "It prints again, they say",
    )
    for minutes in (0, 20):
        bulk.add(
            Interaction,
            tenant_id=desk.id,
            customer_id=known.id,
            case_id=case,
            contact_id=known.contact,
            channel=Interaction.Channel.CALL.value,
            direction=Interaction.Direction.IN.value,
            at=opened + minutes * MINUTE,
            by_id=dispatcher,
            summary=PROBLEMS[0],
        )
    bulk.add(
        TimelineEntry,
        tenant_id=desk.id,
        customer_id=known.id,
        kind=TimelineEntry.Kind.CASE.value,
        title="Fault: Grey bands",
        detail=PROBLEMS[0],
        at=opened,
        actor_id=dispatcher,
        subject=public_id,
        step="opened",
    )


def has_finding(known: Known) -> bool:
    """Every fourth customer's machine needs something."""
    return known.number % 4 == 0


def add_finding(bulk: Bulk, visit: Planned) -> None:
    """Raised at the last visit, and not acted on yet. The visits before must be in the database: the gate
    would miss their reviews."""
    desk, known = visit.desk, visit.known
    finding, risk = FINDINGS[known.number % len(FINDINGS)]
    technician = desk.people[Role.TECHNICIAN]
    public_id = id_of(visit.end, "finding", desk.id, known.number)
    recommendation = bulk.add(
        Recommendation,
        tenant_id=desk.id,
        public_id=public_id,
        equipment_id=known.machines[0],
        finding=finding,
        risk=risk,
        severity=known.number % 3 + 1,
        raised_at=visit.end - 10 * MINUTE,
        raised_by_id=technician,
    )
    bulk.add(
        Review,
        tenant_id=desk.id,
        visit_id=visit.id,
        recommendation_id=recommendation,
        outcome=Review.Outcome.RAISED.value,
        customer_told=True,
        at=visit.end - 10 * MINUTE,
        by_id=technician,
    )
    bulk.add(
        TimelineEntry,
        tenant_id=desk.id,
        customer_id=known.id,
        kind=TimelineEntry.Kind.RECOMMENDATION.value,
        title=finding,
        detail=risk,
        at=visit.end - 10 * MINUTE,
        actor_id=technician,
        subject=public_id,
        step="raised",
    )
