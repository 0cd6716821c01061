"""What messages about a visit say, and whether they are still true when they leave (R4.8)."""

import datetime as dt

from django.template.loader import render_to_string

from customers.links import TOKEN_LENGTH, link_address, make_link
from customers.models import CustomerLink
from messaging.kinds import LINK, SMS_LENGTH, Letter, Useless, register
from messaging.models import Message
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from visits.announcements import KINDS, UNDER_WAY
from visits.models import Visit
from visits.wording import clock_words, day_words, minutes_words, window_words

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
# What a person reads above a mail, and what the link is for.
TITLES = {
    "booked": "Your visit on {day}",
    "moved": "Your visit is now on {day}",
    "reminder": "Your visit on {day}",
    "cancelled": "Your visit on {day} is cancelled",
    "not called": "We have not rung you yet",
    "on the way": "{who} is on the way",
    "delayed": "{who} is held up",
    "late": "We are late for your visit",
    "missed": "We missed your visit",
}
CONFIRM = "Confirm, move or cancel"
ASKS = {
    "booked": CONFIRM,
    "moved": CONFIRM,
    "reminder": CONFIRM,
    "cancelled": "A new time",
    "not called": "If that no longer suits",
    "on the way": "",
    "delayed": "If that no longer suits",
    "late": "If that no longer suits",
    "missed": "Or choose a time",
}
# These name what should be acted on, so that the customer can decide before somebody stands there.
NAMES_RECOMMENDATIONS = frozenset({"booked", "moved", "reminder"})
LINK_LASTS = dt.timedelta(days=7)


class VisitMessage:
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

    def write(self, message: Message, *, now: dt.datetime) -> Letter:
        """The texts of the design, section 10; a text message is kept within 160 characters if it can be."""
        facts = facts_of(message, visit_of(message), now=now)
        facts["sentence"] = _filled(self.name, facts)
        facts["ask"] = ASKS[self.name]
        if self.name not in NAMES_RECOMMENDATIONS:
            facts["recommendations"] = []
        title = TITLES[self.name].format(day=facts["day"], who=facts["who"])
        if message.channel == Message.Channel.SMS:
            return Letter(title, _short_enough(facts))
        return Letter(title, render_to_string("messaging/visits/mail.txt", facts).strip() + "\n")

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """The customer's page of the visit, open until seven days after it."""
        visit = visit_of(message)
        token = make_link(
            visit.customer,
            CustomerLink.Purpose.VISIT,
            visit.public_id,
            now=now,
            expires_at=visit.planned_end + LINK_LASTS,
        )
        return link_address(token)


def visit_of(message: Message) -> Visit:
    """The visit as it is now, never as it was when the message was planned. Raises Visit.DoesNotExist."""
    visits = Visit.objects.select_related("customer", "tenant", "booked_by__user")
    return visits.get(public_id=message.subject)


def facts_of(message: Message, visit: Visit, *, now: dt.datetime) -> dict:
    """What the texts are made of, in the wall time that the customer was told."""
    desk, zone = visit.tenant, zone_of(visit.tenant)
    today, country = local_day(now, zone), desk.country
    who = [assignment.technician.first_name for assignment in visit.assignments.select_related("technician")]

    def clock(name, otherwise=None):
        instant = dt.datetime.fromisoformat(message.fields[name]) if message.fields.get(name) else otherwise
        return clock_words(local_time(instant, zone).time(), country=country) if instant else ""

    machines = [machine.equipment_id for machine in visit.machines.all()]
    open_ones = Recommendation.objects.filter(equipment_id__in=machines).open(today).worst_first()
    return {
        "desk": desk.name,
        "phone": desk.phone,
        "name": message.contact.name if message.contact and message.contact.name else visit.customer.name,
        "who": " and ".join(who) or "A technician",
        "day": day_words(visit.told_day, country=country, today=today),
        "is_today": visit.told_day == today,
        "is_tomorrow": visit.told_day == today + dt.timedelta(days=1),
        "window": window_words(visit.told_from, visit.told_until, country=country),
        "between": window_words(visit.told_from, visit.told_until, country=country, joined_by="and"),
        "window_end": clock_words(visit.told_until, country=country),
        "before": minutes_words(desk.call_ahead_minutes),
        "expected": clock("expected_at", visit.expected_at),
        "call_by": clock("call_by"),
        "caller": message.fields.get("caller") or "We",
        "by_us": visit.state == State.CANCELLED_BY_US,
        "is_confirmed": visit.state != State.BOOKED,
        "recommendations": list(open_ones.select_related("equipment")),
        "signed": visit.booked_by.name if visit.booked_by else "",
        "link": LINK,
    }


def _filled(kind, facts):
    words = render_to_string(f"messaging/visits/{kind.replace(' ', '-')}.txt", facts)
    return " ".join(words.split())


def _short_enough(facts):
    """The fullest wording that fits one text; when none does, the shortest that names everything once."""
    link_costs = len(link_address("x" * TOKEN_LENGTH)) - len(LINK)
    wordings = [
        " ".join(
            part
            for part in (f"{facts['desk']}: {facts['sentence']}", advice, _way_back(facts, phone))
            if part
        )
        for advice in _advice(facts["recommendations"])
        for phone in ([facts["phone"], ""] if facts["phone"] else [""])
    ]
    for wording in wordings:
        if len(wording) + (link_costs if LINK in wording else 0) <= SMS_LENGTH:
            return wording
    return wordings[-1]


def _advice(recommendations):
    """The recommendations, from every finding whole to the first one shortened."""
    if not recommendations:
        return [""]
    findings = [recommendation.finding.rstrip(".") for recommendation in recommendations]
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    first = findings[0] if len(findings[0]) <= 24 else findings[0][:21].rsplit(" ", 1)[0] + "..."
    wordings = [", ".join(findings), findings[0] + more, first + more]
    return [f"To decide: {wording}." for wording in dict.fromkeys(wordings)]


def _way_back(facts, phone):
    if not facts["ask"]:
        return ""
    # In a text every character counts; the page behind the link offers all three.
    ask = "Confirm or change" if facts["ask"] == CONFIRM else facts["ask"]
    return f"{ask}: {LINK}" + (f" or ring {phone}" if phone else "")


for _name in sorted(KINDS):
    register(_name, VisitMessage(_name))
