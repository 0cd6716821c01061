"""The contract check: one customer's cover with everything that a caller must know before speaking."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import CharField, F, Q, Value

from cases.models import Case, Duty, Promise
from contracts.agreed import agreed_for, standing_offers
from contracts.call_list import HELD, IN_REVIEW, CallList, Neighbourhood, Row, neighbourhood
from contracts.cover import Cover
from contracts.covered import State
from contracts.evidence import acceptance_waits
from contracts.grounds import Ground, grounds_of
from contracts.models import ContractCheck, ContractTerm, RenewalEvidence
from contracts.tenure import customer_since, tenure_in_words
from contracts.term_bar import TermBar, standing_terms, term_bar
from contracts.wording import day_in_full, day_nearby, money
from customers.models import Contact, Customer, Hold, TimelineEntry
from servicedesk.call_rows import CallRow, call_rows, why_not
from servicedesk.caller_facts import Caller
from servicedesk.moments import due_word
from servicedesk.start_with import start_with
from tenancy.calendars import day_bounds, local_day, local_time
from tenancy.prepared import Instant, Key, Prepared
from visits.models import Technician, Visit

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


FINE = Advice("good", "Fine to call:", "no complaint is open and nobody visits today.")


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


def check_of(caller: Caller, *, contract_id) -> Check:
    """The check of a customer's cover now; `contract_id` chooses one of several contracts."""
    customer, now, day, zone = caller.customer, caller.now, caller.today, caller.calendar.zone
    last_contact, duties, nearest = _read(caller)
    near = neighbourhood(customer, day, before=ROWS_BEFORE, after=ROWS_AFTER)
    place = near.place
    covers = caller.covers
    cover = _shown(covers, place, contract_id)
    done = [at for comes, at, _ in nearest if not comes]
    comes = [(at, who) for comes, at, who in nearest if comes]
    not_today = _not_today(caller, comes)
    terms = standing_terms(cover.contract) if cover else []
    grounds = grounds_of(cover) if cover else []
    return Check(
        customer=customer,
        contact=next((contact for contact in caller.known_contacts if contact.phone), None),
        tenure=tenure_in_words(customer_since(customer), today=day),
        covers=covers,
        cover=cover,
        place=place,
        queue=_queue(customer, near, covers, day=day, now=now, zone=zone),
        hold=next(iter(caller.holds), None),
        start_with=start_with(customer, now=now),
        grounds=grounds,
        bar=term_bar(cover, terms) if cover else None,
        advice=[*_fine(caller, done), *_advice(caller, cover, place, terms, not_today)] or [FINE],
        matters=_matters(caller, duties),
        last_contact=last_contact,
        has_claim=any(waits_for_word(line.evidence) for line in grounds if line.evidence),
        has_accepted=cover is not None and acceptance_waits(cover),
        complains=any(case.kind == Case.Kind.COMPLAINT for case in caller.cases),
        not_today=tuple(not_today),
    )


CONTACTS = (
    TimelineEntry.Kind.CALL,
    TimelineEntry.Kind.MAIL,
    TimelineEntry.Kind.MESSAGE,
    TimelineEntry.Kind.VISIT,
    TimelineEntry.Kind.MISSED,
)
_LAST_CONTACT = Prepared(
    lambda customer: TimelineEntry.objects.filter(customer=customer, kind__in=CONTACTS).order_by(
        "-at", "-pk"
    )[:4],
    customer=Key(),
)


def _nearest(customer, since, now, start, end):
    """The last that was done since, and the next that comes between: whether it comes, when, and who."""
    visits = Visit.objects.filter(customer=customer)
    done = visits.filter(completed_at__gte=since, completed_at__lte=now).order_by("-completed_at")
    done = done.annotate(comes=Value(False), at=F("completed_at"), who=Value("", CharField()))
    waiting = visits.filter(Q(state__in=Visit.WAITING_STATES) | Q(state=Visit.State.ON_SITE))
    first = waiting.between(start, end).order_by("planned_start", "assignments__pk")
    coming = first.annotate(comes=Value(True), at=F("planned_start"), who=F("assignments__technician__name"))
    columns = ("comes", "at", "who")
    return done.values_list(*columns)[:1].union(coming.values_list(*columns)[:1], all=True)


_NEAREST = Prepared(_nearest, customer=Key(), since=Instant(), now=Instant(), start=Instant(), end=Instant())
_DUTIES = Prepared(
    lambda customer: Duty.objects.open().filter(customer=customer).order_by("due_at"), customer=Key()
)


def note_check(cover: Cover, *, by, now: dt.datetime) -> ContractCheck:
    """Keep that somebody opened the check and what it said, so that the next caller sees it."""
    return ContractCheck.objects.create(
        contract=cover.contract, by=by, at=now, state=cover.state, sentence=cover.sentence[:300]
    )


def waits_for_word(evidence: RenewalEvidence) -> bool:
    """Whether it is a customer's word that waits for its verdict."""
    is_word = evidence.kind == RenewalEvidence.Kind.WORD
    return is_word and evidence.state == RenewalEvidence.State.WAITING


def _shown(covers, place, contract_id) -> Cover | None:
    for cover in covers:
        if contract_id is not None and cover.contract.public_id == contract_id:
            return cover
    for cover in covers:
        if place is not None and cover.contract.pk == place.contract_id:
            return cover
    return covers[0] if covers else None


def _queue(customer, near: Neighbourhood, covers, *, day, now, zone) -> Queue:
    """The open row with its neighbours; one that no longer belongs is greyed out above them."""
    place = near.place
    belongs = place is not None and place.may_be_called
    return Queue(
        all=near.list,
        rows=call_rows(near.list.rows, day=day, now=now, zone=zone),
        gone=None if belongs else _gone(customer, place, covers, day=day),
        previous=near.previous.customer if near.previous else "",
        following=near.following.customer if near.following else "",
        more=near.list.after,
    )


def _gone(customer, place, covers, *, day) -> CallRow:
    why = "No contract that could be renewed"
    if place:
        its = next(cover for cover in covers if cover.contract.pk == place.contract_id)
        why = why_not(place, its, day=day)
    return CallRow(
        public_id=str(customer.public_id),
        name=customer.short_name,
        number="",
        state=place.state if place else "",
        sentence="",
        when="",
        ends_on=None,
        note="",
        held_back=place.held_back if place else "",
        gone=why,
    )


def _advice(caller, cover, place, terms, not_today) -> list[Advice]:
    """Worth saying, then not today. Held back customers hear no word of a renewal."""
    day, found = caller.today, []
    if cover is not None and cover.visits_left and cover.state in (State.ACTIVE, State.RENEWAL_DUE):
        visits = "one visit is" if cover.visits_left == 1 else f"{cover.visits_left} visits are"
        until = day_nearby(cover.ends_on, today=day)
        found.append(Advice("good", "Worth saying:", f"{visits} paid for and unused until {until}."))
    if place is not None and place.may_be_called and cover is not None and not not_today:
        found += _pitch(cover, terms, day)
    found += _findings(caller)
    if place is not None and place.held_back in (IN_REVIEW, HELD):
        found.append(Advice("bad", "Not a word", "of a renewal until accounts have decided."))
    if not_today:
        found.append(Advice("bad", "Not today:", "a renewal or a new machine. " + " ".join(not_today)))
    return found


def _read(caller) -> list[list]:
    """What the page needs besides covers and the list: the last contacts, duties, and the nearest visits."""
    customer, now = caller.customer.pk, caller.now
    start, end = day_bounds(caller.today, caller.calendar.zone)
    return caller.read(
        "known_contacts",
        "recommendations",
        "promises",
        "cases",
        "holds",
        beside=[
            _LAST_CONTACT.asking(customer=customer),
            _DUTIES.asking(customer=customer),
            _NEAREST.asking(customer=customer, since=now - DONE_LATELY, now=now, start=start, end=end),
        ],
    )


def _fine(caller, done):
    today = caller.today
    for each in done:
        at = local_day(each, caller.calendar.zone)
        when = "today’s visit" if at == today else f"the visit of {day_nearby(at, today=today)}"
        yield Advice("good", "Fine to ask", f"how the machine is doing after {when}.")


def _pitch(cover: Cover, terms: list[ContractTerm], day: dt.date):
    contract = cover.contract
    if not terms:
        return
    agreed = agreed_for(contract, terms[-1], standing_offers([contract]).get(contract.pk), on=day)
    days = f"{day_in_full(agreed.starts_on)} to {day_in_full(agreed.ends_on)}"
    price = money(agreed.price, contract.currency)
    yield Advice("good", "Worth saying:", f"the next term is {days}, {price}.")


def _findings(caller):
    for worst in caller.recommendations[:1]:
        yield Advice("good", "Worth saying:", f"{worst.finding} ({worst.equipment}) is still open.")


def _not_today(caller, comes) -> list[str]:
    said, zone = [], caller.calendar.zone
    complaint = next((case for case in caller.cases if case.kind == Case.Kind.COMPLAINT), None)
    if complaint is not None:
        said.append(f"A complaint is open ({complaint.title}): manager first.")
    for planned_start, name in comes:
        who = Technician(name=name).first_name if name else "A technician"
        said.append(f"{who} visits today at {local_time(planned_start, zone):%H:%M}.")
    return said


def _matters(caller, duties) -> list[Matter]:
    now, today, zone = caller.now, caller.today, caller.calendar.zone
    found = []
    for promise in caller.promises:
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
    for case in caller.cases:
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
    for duty in duties:
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
