"""Messages about a visit: whether they are still true when they leave, and what they say (R4.8)."""

import datetime as dt

from customers.links import link_address, make_lasting_links
from customers.models import CustomerLink
from messaging.kinds import LINK, Useless, look_again, make_links_together, read_together, register
from messaging.languages import (
    clock_words,
    day_words,
    minutes_words,
    near_day_words,
    people_words,
    today_or_day_words,
    window_words,
)
from messaging.models import Message
from messaging.wordings import Filling, WordedKind, read_own_words
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.prepared import DAY, Among, Figure, Instant, Keys, Prepared, PublicId, PublicIds, Words, attach
from visits.announcements import KINDS, UNDER_WAY
from visits.letter_words import AND_MORE, IF_NOTHING, NAMES_RECOMMENDATIONS, SOMEBODY_COMES, SOMEBODY_RINGS
from visits.models import Assignment, Visit, VisitEquipment
from visits.told import told_zone

State = Visit.State

# In which states of the visit a message of the kind is still true.
TRUE_WHILE = {
    "booked": Visit.WAITING_STATES,
    "moved": Visit.WAITING_STATES,
    "reminder": (State.BOOKED, State.CONFIRMED),
    "cancelled": (State.CANCELLED_BY_US, State.CANCELLED_BY_CUSTOMER),
    "not called": (State.BOOKED, State.CONFIRMED),
    # After a miss the technician may still come.
    "on the way": (State.ON_THE_WAY, State.MISSED),
    "delayed": (*Visit.WAITING_STATES, State.MISSED),
    "late": Visit.WAITING_STATES,
    "missed": (State.MISSED,),
}
LINK_LASTS = dt.timedelta(days=7)
# In what was read ahead for a message.
VISIT = "visit"

_VISITS = Prepared(
    lambda subjects: Visit.objects.filter(Among("public_id", subjects)).select_related(
        "site", "booked_by__user"
    ),
    subjects=PublicIds(),
)
_CREWS = Prepared(
    lambda visits: (
        Assignment.objects.filter(Among("visit", visits)).select_related("technician").order_by("pk")
    ),
    visits=Keys(),
)
_MACHINES = Prepared(lambda visits: VisitEquipment.objects.filter(Among("visit", visits)), visits=Keys())
_FOUND = Prepared(
    lambda machines, day: (
        Recommendation.objects.filter(Among("equipment", machines))
        .open(day)
        .worst_first()
        .select_related("equipment")
    ),
    machines=Keys(),
    day=DAY,
)
_SAME = Prepared(
    lambda visit, state, start, version: Visit.objects.filter(
        public_id=visit, state=state, planned_start=start, version=version
    ).values_list("pk"),
    visit=PublicId(),
    state=Words(),
    start=Instant(),
    version=Figure(),
)


class VisitMessage(WordedKind):
    """One kind of message about a visit, as messaging asks for it."""

    def __init__(self, name: str):
        self.name = name

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Gone, moved, or in a state of which the message would not be true."""
        try:
            visit = visit_of(message)
        except Visit.DoesNotExist:
            return "There is no such visit any more."
        if message.subject_start != visit.planned_start:
            return "The visit was moved."
        if visit.awaits_approval:
            return "A supervisor has not approved the visit."
        if visit.state not in TRUE_WHILE[self.name]:
            return f"The visit is: {visit.get_state_display().lower()}."
        if self.name == "on the way" and (visit.on_the_way_at is None or visit.arrived_at is not None):
            return "Nobody is on the way."
        if self.name == "not called" and visit.called_ahead_at is not None:
            return "They were rung meanwhile."
        return ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """A reminder that a later one replaces is no fault; anything else a person must see."""
        visit = visit_of(message)
        if self.name == "reminder" and now < visit.planned_start:
            return Useless("A later reminder says the same.", is_fault=False)
        return Useless("It could not leave before it was of no use.")

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """A visit under way, or one that begins before the quiet hours end, depends on it."""
        return self.name in UNDER_WAY or visit_of(message).planned_start <= quiet_until

    def overrules_stop(self, message: Message) -> bool:
        """STOP is respected for everything but a visit under way."""
        return self.name in UNDER_WAY

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """Who has not confirmed by the day before is asked; whose wish it was decides how to cancel."""
        visit = visit_of(message)
        if self.name == "reminder":
            tomorrow = local_day(now, told_zone(visit.customer)) + dt.timedelta(days=1)
            asks = visit.told_day == tomorrow and visit.state == State.BOOKED
            return "reminder to confirm" if asks else "reminder"
        if self.name == "cancelled":
            by_us = visit.state == State.CANCELLED_BY_US
            return "cancelled by us" if by_us else "cancelled by the customer"
        return self.name

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """As they read it; where a text is too long, the recommendations and the number are cut."""
        visit = visit_of(message)
        filling = filling_of(message, visit, language=language, now=now)
        found = open_recommendations(visit, now) if self.name in NAMES_RECOMMENDATIONS else []
        if message.channel == Message.Channel.MAIL:
            return [{**filling, "recommendations": listed(found, language)}]
        phones = [filling["phone"], ""] if filling["phone"] else [""]
        return [
            {**filling, "recommendations": advice, "phone": phone}
            for advice in _advice(found, language)
            for phone in phones
        ]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The customer's page of the visit, open until seven days after it."""
        return make_links_of([message], now=now)[0]


def visit_of(message: Message) -> Visit:
    """The visit as it is now, never as it was when the message was planned. Raises Visit.DoesNotExist.

    One that was read with those of other messages a moment ago is taken as it was then.
    """
    if message.ahead and (known := message.ahead.get(VISIT)):
        return known
    visits = Visit.objects.select_related("customer", "tenant", "site", "booked_by__user")
    return visits.get(public_id=message.subject)


def read_visits(messages: list[Message], *, now: dt.datetime) -> None:
    """Read the visits of several messages at once, with all that their letters say of them."""
    read_own_words(messages)
    found = {
        visit.public_id: visit for visit in _VISITS.rows(subjects=[message.subject for message in messages])
    }
    visits = list(found.values())
    keys = [visit.pk for visit in visits]
    attach(visits, "assignments", _CREWS.rows(visits=keys))
    attach(visits, "machines", _MACHINES.rows(visits=keys))
    for message in messages:
        visit = found.get(message.subject)
        if visit is not None:
            _let_know(visit, message)
            message.ahead[VISIT] = visit
    if any(message.kind in NAMES_RECOMMENDATIONS for message in messages):
        _read_recommendations(visits, now)


def _let_know(visit, message):
    """One desk and one customer, however often they were read."""
    visit.tenant = message.tenant
    if message.customer is not None and message.customer_id == visit.customer_id:
        visit.customer = message.customer


def _read_recommendations(visits, now):
    machines = [machine.equipment_id for visit in visits for machine in visit.machines.all()]
    if not visits:
        return
    day = local_day(now, zone_of(visits[0].tenant))
    found = _FOUND.rows(machines=machines, day=day) if machines else []
    for visit in visits:
        its_own = {machine.equipment_id for machine in visit.machines.all()}
        visit.found_open = [one for one in found if one.equipment_id in its_own]


def make_links_of(messages: list[Message], *, now: dt.datetime) -> list[str]:
    """The addresses of the customers' pages of the visits, in the order of their messages."""
    visits = [visit_of(message) for message in messages]
    whose = [(visit.customer, visit.public_id, visit.planned_end + LINK_LASTS) for visit in visits]
    return [link_address(token) for token in make_lasting_links(whose, CustomerLink.Purpose.VISIT, now=now)]


def stands(message: Message) -> bool:
    """Whether the visit is as it was when it was read with others."""
    visit = message.ahead and message.ahead.get(VISIT)
    return bool(visit) and bool(
        _SAME.rows(visit=visit.public_id, state=visit.state, start=visit.planned_start, version=visit.version)
    )


def crew_of(visit: Visit) -> list[str]:
    """The first names of who comes, in the order in which they were chosen."""
    known = "assignments" in getattr(visit, "_prefetched_objects_cache", {})
    crew = visit.assignments.all() if known else visit.assignments.select_related("technician").order_by("pk")
    return [one.technician.first_name for one in crew]


def filling_of(message: Message, visit: Visit, *, language: str, now: dt.datetime) -> dict[str, str]:
    """What the fields of every message about a visit say, by the clock that the customer was told."""
    desk, zone = visit.tenant, told_zone(visit.customer)
    today = local_day(now, zone)
    reading = {"language": language, "country": desk.country}
    names = crew_of(visit)

    def clock(name, otherwise=None):
        instant = dt.datetime.fromisoformat(message.fields[name]) if message.fields.get(name) else otherwise
        return clock_words(local_time(instant, zone).time(), **reading) if instant else ""

    return {
        "desk": desk.name,
        "phone": desk.phone,
        "name": message.contact.name if message.contact and message.contact.name else visit.customer.name,
        "who": people_words(names, language=language) or SOMEBODY_COMES[language],
        "day": day_words(visit.told_day, today=today, **reading),
        "when": near_day_words(visit.told_day, today=today, **reading),
        "that_day": today_or_day_words(visit.told_day, today=today, **reading),
        "window": window_words(visit.told_from, visit.told_until, **reading),
        "between": window_words(visit.told_from, visit.told_until, between=True, **reading),
        "window_end": clock_words(visit.told_until, **reading),
        "before": minutes_words(desk.call_ahead_minutes, language=language),
        "expected": clock("expected_at", visit.expected_at),
        "call_by": clock("call_by"),
        "caller": message.fields.get("caller") or SOMEBODY_RINGS[language],
        "address": visit.site.address,
        "visit": visit.number,
        "signed": visit.booked_by.name if visit.booked_by else "",
        "link": LINK,
    }


def open_recommendations(visit: Visit, now: dt.datetime) -> list[Recommendation]:
    """What is open on the visit's machines, the worst first."""
    if hasattr(visit, "found_open"):
        return visit.found_open
    machines = [machine.equipment_id for machine in visit.machines.all()]
    found = Recommendation.objects.filter(equipment_id__in=machines).open(
        local_day(now, zone_of(visit.tenant))
    )
    return list(found.worst_first().select_related("equipment"))


def listed(recommendations: list[Recommendation], language: str) -> str:
    """For a mail: each with its machine, and what may come of leaving it."""
    lines = []
    for recommendation in recommendations:
        lines.append(f"- {recommendation.finding} ({recommendation.equipment.name})")
        if recommendation.risk:
            lines.append(f"  {IF_NOTHING[language]} {recommendation.risk}")
    return "\n".join(lines)


def _advice(recommendations, language) -> list[str]:
    """For a text: from every finding whole to the first one shortened."""
    if not recommendations:
        return [""]
    findings = [recommendation.finding.rstrip(".") for recommendation in recommendations]
    more = f" {AND_MORE[language].format(len(findings) - 1)}" if len(findings) > 1 else ""
    first = findings[0] if len(findings[0]) <= 24 else findings[0][:21].rsplit(" ", 1)[0] + "..."
    return list(dict.fromkeys([", ".join(findings), findings[0] + more, first + more]))


for _name in sorted(KINDS):
    register(_name, VisitMessage(_name))
read_together(KINDS, read_visits)
look_again(KINDS, stands)
make_links_together(KINDS, make_links_of)
