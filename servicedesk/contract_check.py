"""The contract check: one customer's cover with everything that a caller must know before speaking."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from cases.models import Case, Duty, Promise
from contracts.agreed import agreed_for, standing_offers
from contracts.call_list import HELD, IN_REVIEW, CallList, Row, neighbourhood, place_of
from contracts.cover import Cover, covers_of_customer
from contracts.covered import State
from contracts.evidence import acceptance_waits, waits_for_word
from contracts.grounds import Ground, grounds_of
from contracts.models import ContractCheck
from contracts.renewals import last_term
from contracts.tenure import customer_since, tenure_in_words
from contracts.term_bar import TermBar, term_bar
from contracts.wording import day_in_full, day_nearby, money
from customers.models import Contact, Customer, Hold, TimelineEntry
from recommendations.models import Recommendation
from servicedesk.call_rows import CallRow, call_rows, why_not
from servicedesk.moments import due_word
from servicedesk.start_with import start_with
from tenancy.calendars import Calendar, day_bounds, local_day, local_time
from visits.models import Visit

# Rows of the list beside a check: some before it, more after it.
ROWS_BEFORE, ROWS_AFTER = 4, 12
MANAGER_FIRST = "Manager first."
# Where a caller would ask about the next term.
PITCHED_STATES = (State.RENEWAL_DUE, State.IN_GRACE, State.LAPSED)
DONE_LATELY = dt.timedelta(days=7)


@dataclass(frozen=True)
class Advice:
    """One line of "before you call": fine, worth saying, or not today."""

    tone: str
    lead: str
    text: str


@dataclass(frozen=True)
class Queue:
    """The call list beside a check, with the neighbours of the open row."""

    all: CallList
    rows: list[CallRow]
    gone: CallRow | None
    previous: str
    following: str
    more: str


@dataclass(frozen=True)
class Matter:
    """Something open with the customer: a promise or a case."""

    state: str
    icon: str
    what: str
    detail: str
    by: str
    promise: Promise | None = None


@dataclass(frozen=True)
class Check:
    """What the page shows. `may_pitch` says whether a renewal may be spoken of at all."""

    customer: Customer
    contact: Contact | None
    tenure: str
    covers: list[Cover]
    cover: Cover | None
    place: Row | None
    queue: Queue
    hold: Hold | None
    start_with: str | None
    grounds: list[Ground]
    bar: TermBar | None
    advice: list[Advice]
    matters: list[Matter]
    last_contact: list[TimelineEntry]
    has_claim: bool
    has_accepted: bool
    complains: bool
    not_today: tuple[str, ...]

    @property
    def instruction(self) -> str:
        """What to do: a complaint goes before everything, a visit today before any pitch."""
        if self.complains:
            return MANAGER_FIRST
        if self.not_today and (self.cover is None or self.cover.state in PITCHED_STATES):
            return f"Not today: {' '.join(self.not_today)}"
        return self.cover.instruction if self.cover else "Visits are charged."

    @property
    def may_offer(self) -> bool:
        """Whether an offer may be made now: not to one who complains, expects us today or has accepted."""
        return self.may_pitch and not self.not_today and not self.has_accepted

    @property
    def may_pitch(self) -> bool:
        """Only a customer of the call list may be asked for a renewal."""
        return self.place is not None and self.place.may_be_called

    @property
    def must_ask_accounts(self) -> bool:
        """The records disagree or somebody set a hold: accounts speak before anybody calls."""
        in_review = any(cover.state == State.IN_REVIEW for cover in self.covers)
        return in_review or (self.place is not None and self.place.held_back == HELD)

    @property
    def may_log_lapse_call(self) -> bool:
        """Whether a lapse call about the contract shown would be accepted now."""
        return self.may_pitch and self.cover is not None and self.cover.state == State.LAPSED

    @property
    def may_claim(self) -> bool:
        """Whether "the customer says it is renewed" would add anything to what is known."""
        settled = (State.ACTIVE, State.UPCOMING)
        waits = self.has_claim or self.has_accepted
        return self.cover is not None and self.cover.state not in settled and not waits


def check_of(customer: Customer, *, contract_id, calendar: Calendar, now: dt.datetime) -> Check:
    """Everything about one customer at `now`. `contract_id` is the public id of the contract to show."""
    zone = calendar.zone
    day = local_day(now, zone)
    place = place_of(customer, day)
    covers = covers_of_customer(customer, day)
    cover = _shown(covers, place, contract_id)
    complaints = list(
        Case.objects.filter(customer=customer)
        .exclude(state=Case.State.CLOSED)
        .select_related("owner__user")
        .order_by("opened_at")
    )
    not_today = _not_today(customer, complaints, day=day, zone=zone)
    return Check(
        customer=customer,
        contact=_contact(customer),
        tenure=tenure_in_words(customer_since(customer), today=day),
        covers=covers,
        cover=cover,
        place=place,
        queue=_queue(customer, place, day=day, now=now, zone=zone),
        hold=Hold.objects.filter(customer=customer, released_at__isnull=True).order_by("set_at").first(),
        start_with=start_with(customer, now=now),
        grounds=grounds_of(cover) if cover else [],
        bar=term_bar(cover) if cover else None,
        advice=_advice(customer, cover, place, not_today, now=now, day=day, zone=zone),
        matters=_matters(customer, complaints, now=now, zone=zone),
        last_contact=list(customer.timeline.filter(kind__in=CONTACTS).order_by("-at", "-pk")[:4]),
        has_claim=cover is not None and waits_for_word(cover.contract),
        has_accepted=cover is not None and acceptance_waits(cover),
        complains=any(case.kind == Case.Kind.COMPLAINT for case in complaints),
        not_today=tuple(not_today),
    )


CONTACTS = (
    TimelineEntry.Kind.CALL,
    TimelineEntry.Kind.MAIL,
    TimelineEntry.Kind.MESSAGE,
    TimelineEntry.Kind.VISIT,
    TimelineEntry.Kind.MISSED,
)


def note_check(cover: Cover, *, by, now: dt.datetime) -> ContractCheck:
    """Keep that somebody opened the check and what it said, so that the next caller sees it."""
    return ContractCheck.objects.create(
        contract=cover.contract, by=by, at=now, state=cover.state, sentence=cover.sentence[:300]
    )


def _shown(covers, place, contract_id) -> Cover | None:
    for cover in covers:
        if contract_id is not None and cover.contract.public_id == contract_id:
            return cover
    for cover in covers:
        if place is not None and cover.contract.pk == place.contract_id:
            return cover
    return covers[0] if covers else None


def _contact(customer) -> Contact | None:
    return customer.contacts.exclude(phone="").order_by("-is_main", "pk").first()


def _queue(customer, place, *, day, now, zone) -> Queue:
    """The open row with its neighbours; one that no longer belongs is greyed out above them."""
    near = neighbourhood(place, day, before=ROWS_BEFORE, after=ROWS_AFTER)
    belongs = place is not None and place.may_be_called
    return Queue(
        all=near.list,
        rows=call_rows(near.list.rows, day=day, now=now, zone=zone),
        gone=None if belongs else _gone(customer, place, day=day),
        previous=near.previous.customer if near.previous else "",
        following=near.following.customer if near.following else "",
        more=near.list.after,
    )


def _gone(customer, place, *, day) -> CallRow:
    return CallRow(
        public_id=str(customer.public_id),
        name=customer.company or customer.name,
        number="",
        state=place.state if place else "",
        sentence="",
        when="",
        ends_on=None,
        note="",
        held_back=place.held_back if place else "",
        gone=why_not(place, day=day) if place else "No contract that could be renewed",
    )


def _advice(customer, cover, place, not_today, *, now, day, zone) -> list[Advice]:
    """Fine, then worth saying, then not today. Held back customers hear no word of a renewal."""
    found = [*_fine(customer, now=now, zone=zone, today=day)]
    if cover is not None and cover.visits_left and cover.state in (State.ACTIVE, State.RENEWAL_DUE):
        visits = "one visit is" if cover.visits_left == 1 else f"{cover.visits_left} visits are"
        until = day_nearby(cover.ends_on, today=day)
        found.append(Advice("good", "Worth saying:", f"{visits} paid for and unused until {until}."))
    if place is not None and place.may_be_called and cover is not None and not not_today:
        found += _pitch(cover, day)
    found += _findings(customer, day)
    if place is not None and place.held_back in (IN_REVIEW, HELD):
        found.append(Advice("bad", "Not a word", "of a renewal until accounts have decided."))
    if not_today:
        found.append(Advice("bad", "Not today:", "a renewal or a new machine. " + " ".join(not_today)))
    return found or [Advice("good", "Fine to call:", "no complaint is open and nobody visits today.")]


def _fine(customer, *, now, zone, today):
    done = (
        Visit.objects.filter(customer=customer, completed_at__gte=now - DONE_LATELY, completed_at__lte=now)
        .order_by("-completed_at")
        .first()
    )
    if done is None:
        return
    at = local_day(done.completed_at, zone)
    when = "today’s visit" if at == today else f"the visit of {day_nearby(at, today=today)}"
    yield Advice("good", "Fine to ask", f"how the machine is doing after {when}.")


def _pitch(cover: Cover, day: dt.date):
    contract = cover.contract
    if cover.ends_on is None:
        return
    agreed = agreed_for(contract, last_term(contract), standing_offers([contract]).get(contract.pk), on=day)
    days = f"{day_in_full(agreed.starts_on)} to {day_in_full(agreed.ends_on)}"
    price = money(agreed.price, contract.currency)
    yield Advice("good", "Worth saying:", f"the next term is {days}, {price}.")


def _findings(customer, day):
    worst = (
        Recommendation.objects.filter(equipment__site__customer=customer)
        .open(day)
        .worst_first()
        .select_related("equipment")
        .first()
    )
    if worst is not None:
        yield Advice("good", "Worth saying:", f"{worst.finding} ({worst.equipment}) is still open.")


def _not_today(customer, cases, *, day, zone) -> list[str]:
    said = []
    complaint = next((case for case in cases if case.kind == Case.Kind.COMPLAINT), None)
    if complaint is not None:
        said.append(f"A complaint is open ({complaint.title}): manager first.")
    start, end = day_bounds(day, zone)
    visit = (
        Visit.objects.filter(customer=customer)
        .filter(Q(state__in=Visit.WAITING_STATES) | Q(state=Visit.State.ON_SITE))
        .between(start, end)
        .order_by("planned_start")
        .first()
    )
    if visit is not None:
        assignment = visit.assignments.select_related("technician").first()
        who = assignment.technician.first_name if assignment else "A technician"
        said.append(f"{who} visits today at {local_time(visit.planned_start, zone):%H:%M}.")
    return said


def _matters(customer, cases, *, now, zone) -> list[Matter]:
    today = local_day(now, zone)
    found = []
    promises = Promise.objects.open().by_hand().filter(customer=customer).select_related("owner__user")
    for promise in promises.order_by("due_at"):
        owner = promise.owner.name if promise.owner else "Nobody yet"
        made = day_nearby(local_day(promise.made_at, zone), today=today)
        late = promise.due_at < now
        soon = not late and promise.due_at - now <= dt.timedelta(hours=2)
        found.append(
            Matter(
                state="late" if late else "due" if soon else "open",
                icon="",
                what=promise.text,
                detail=f"{owner}, made {made}",
                by=due_word(promise.due_at, zone=zone, today=today),
                promise=promise,
            )
        )
    for case in cases:
        days = (today - local_day(case.opened_at, zone)).days
        since = day_nearby(local_day(case.opened_at, zone), today=today)
        found.append(
            Matter(
                state="open",
                icon="message-square-warning",
                what=f"{case.get_kind_display()}: {case.title}",
                detail=f"{case.owner.name if case.owner else 'Nobody yet'}, since {since}",
                by="today" if days == 0 else "1 day" if days == 1 else f"{days} days",
            )
        )
    for duty in Duty.objects.open().filter(customer=customer).order_by("due_at"):
        late = duty.due_at < now
        found.append(
            Matter(
                state="late" if late else "open",
                icon="clock",
                what=duty.title,
                detail=duty.get_owner_role_display(),
                by=due_word(duty.due_at, zone=zone, today=today),
            )
        )
    return found
