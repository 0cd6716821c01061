"""What a customer hears of a promise made by hand, and how whoever keeps it is reminded (design 4.4).

A visit's own promises are told with the visit (`visits.letters`).
"""

import datetime as dt

from cases.models import Promise
from cases.promise_breaks import BROKEN
from cases.promise_owners import HANDED
from cases.promise_reminders import REMINDER, times_of
from cases.promise_ways import Way, way_to
from customers.models import Customer
from messaging import outbox
from messaging.keys import key_of, moment
from messaging.kinds import Useless, register
from messaging.models import Message
from messaging.wordings import DESK, MAIL, SMS, Field, Filling, WordedKind, Wording, Words, offer
from servicedesk.moments import due_word
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.models import Membership
from visits.told import told_zone
from visits.wording import clock_words, day_words

MADE, MOVED = "promise made", "promise moved"
# The sweep that breaks promises has come by then.
ESCALATED_AFTER = dt.timedelta(minutes=1)
NO_LONGER = "The promise was kept, moved or broken meanwhile."
TOO_LATE = "The promised time came before this could be sent."


def tell_promise(promise: Promise, kind: str, *, now: dt.datetime) -> Way | None:
    """Plan telling the customer that a promise was made or moved (`kind`); how, or None for not at all."""
    way = way_to(promise.customer, now=now)
    if way is not None:
        told = _message(promise, kind, way.channel, send_after=now)
        told.contact = way.contact
        outbox.plan([told], now=now)
    return way


def told_words(who: str, due_at: dt.datetime | None, *, customer: Customer, now: dt.datetime) -> str:
    """ "Jamie will ring you by 3 pm today."; None is a time that is still to be picked."""
    return f"{who} will ring you by {by_words(due_at, customer=customer, now=now) if due_at else '…'}."


def hint_words(owner: Membership, due_at: dt.datetime | None, *, minutes: list[int], now: dt.datetime) -> str:
    """What happens by itself: "You are reminded by mail at 14:30 and 14:50. At 15:01 it goes to …"

    `minutes` are those of `reminding`.
    """
    lead = owner.lead.name if owner.lead else "the managers"
    zone = zone_of(owner.tenant)
    today = local_day(now, zone)
    if due_at is None:
        later = times_of(owner, now + dt.timedelta(days=2), minutes=minutes, now=now)
        before = " and ".join(map(str, minutes))
        reminded = f"You are reminded by mail {before} minutes before. " if later else ""
        return f"{reminded}A minute after, it goes to {lead}."
    times = [due_word(at, zone=zone, today=today) for at in times_of(owner, due_at, minutes=minutes, now=now)]
    reminded = f"You are reminded by mail at {' and '.join(times)}. " if times else ""
    return f"{reminded}At {due_word(due_at + ESCALATED_AFTER, zone=zone, today=today)} it goes to {lead}."


class AboutPromise(WordedKind):
    """Answers for messages about a promise: true while it is open and due at the same time."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Settled or moved meanwhile."""
        promise = _promise(message)
        is_same = promise.due_at.isoformat() == message.fields["due_at"]
        return "" if is_same and promise.state == Promise.State.OPEN else NO_LONGER

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The promise itself is in time or broken by now: a colleague sees that."""
        return Useless(TOO_LATE, is_fault=False)

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Never: who sleeps is not told that we ring."""
        return False

    def overrules_stop(self, message: Message) -> bool:
        """Never: who wants no messages gets none."""
        return False

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """It has none: somebody rings."""
        return ""

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """One for each kind."""
        return message.kind

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """Who rings, and by when."""
        promise = _promise(message)
        by = by_words(promise.due_at, customer=promise.customer, now=now)
        return [{"desk": message.tenant.name, "who": _who(promise), "by": by}]


class ToColleague(AboutPromise):
    """To the colleague who keeps it: a reminder, or that it is theirs now. True while it is theirs."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Settled, moved, or handed on meanwhile."""
        if message.colleague_id != _promise(message).owner_id:
            return "Somebody else keeps the promise now."
        return super().why_not(message, now=now)

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The next reminder, or the break itself, says more: nobody need mend it."""
        return Useless(TOO_LATE, is_fault=False)

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Always: it is about the next minutes, and the colleague chose the time."""
        return True

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """What was promised to whom, and by when, on the desk's clock."""
        promise, zone = _promise(message), zone_of(message.tenant)
        contact = promise.customer.contacts.exclude(phone="").order_by("-is_main", "pk").first()
        return [
            {
                "desk": message.tenant.name,
                "customer": promise.customer.called,
                "phone": contact.phone if contact else "",
                "by": due_word(promise.due_at, zone=zone, today=local_day(now, zone)),
                "promise": promise.text,
                "owner": promise.owner.name if promise.owner else "Nobody",
            }
        ]


class ToLead(ToColleague):
    """To whoever leads the owner: it was broken, and stays so whatever happens."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """Nothing makes it unbroken; they hear of it also where the customer was rung already."""
        return ""


def _message(promise, kind, channel, *, send_after) -> Message:
    return Message(
        key=key_of(kind, promise.public_id, moment(promise.due_at), channel),
        kind=kind,
        channel=channel,
        customer_id=promise.customer_id,
        subject=promise.public_id,
        fields={"due_at": promise.due_at.isoformat()},
        send_after=send_after,
        useless_after=promise.due_at,
    )


def _promise(message) -> Promise:
    rows = Promise.objects.select_related("customer__tenant", "owner__user")
    return rows.get(public_id=message.subject)


def _who(promise) -> str:
    return promise.owner.name.split()[0] if promise.owner else "Somebody"


def by_words(due_at: dt.datetime, *, customer: Customer, now: dt.datetime) -> str:
    """ "3 pm today", "10 am tomorrow", "10 am on Mon 9 March", on the customer's clock."""
    zone, country = told_zone(customer), customer.tenant.country
    local, today = local_time(due_at, zone), local_day(now, zone)
    near = {0: "today", 1: "tomorrow"}.get((local.date() - today).days)
    clock = clock_words(local.time(), country=country)
    return f"{clock} {near or 'on ' + day_words(local.date(), country=country, today=today)}"


def _wording(name, label, sent, fields, mail, *, texts=True) -> Wording:
    """All of them are as short in a mail as in a text."""
    ours = {MAIL: mail, SMS: Words(mail.text)} if texts else {MAIL: mail}
    must_name = frozenset({"who", "by"}) if texts else frozenset({"by", "promise"})
    return Wording(name, label, sent, name, fields, {"en": ours}, must_name)


_TO_COLLEAGUE = (
    DESK,
    Field("customer", "whom it was promised to", "Margaret Ellison, The Harbour Letter"),
    Field("phone", "their number", "07700 900412", can_be_empty=True),
    Field("by", "by when", "15:00"),
    Field("promise", "what was promised", "Ring with the price"),
)
_WHO = Field("who", "who rings", "Jamie")
_BY = Field("by", "by when", "3 pm today")
offer(
    _wording(
        MADE,
        "Promise to ring",
        "When somebody promises to ring, and asks to have it told",
        (DESK, _WHO, _BY),
        Words("{desk}: {who} will ring you by {by}.", "We will ring you"),
    ),
    _wording(
        MOVED,
        "Promise to ring, moved",
        "When the promise is moved before it is due",
        (DESK, _WHO, _BY),
        Words(
            "{desk}: {who} needs until {by} to be sure, sorry to keep you. We will ring either way.",
            "We need a little longer",
        ),
    ),
    _wording(
        REMINDER,
        "Promise, to who keeps it",
        "Half an hour and ten minutes before a promise is due, to the colleague",
        _TO_COLLEAGUE,
        Words(
            "Promised to {customer}[, {phone}], by {by}: {promise}\n"
            "If it cannot be kept, move it before {by} and tell them.",
            "By {by}: {customer}",
        ),
        texts=False,
    ),
    _wording(
        HANDED,
        "Promise, to who keeps it now",
        "When a promise is handed on to a colleague",
        _TO_COLLEAGUE,
        Words(
            "You keep this now. Promised to {customer}[, {phone}], by {by}: {promise}",
            "Yours now, by {by}: {customer}",
        ),
        texts=False,
    ),
    _wording(
        BROKEN,
        "Promise broken, to the lead",
        "Within a minute of a promise being broken, to whoever leads its owner",
        (*_TO_COLLEAGUE, Field("owner", "who was to keep it", "Jamie Mercer")),
        Words(
            "{owner} did not keep a promise to {customer}, due by {by}: {promise}\n"
            "Ring them[: {phone}]. It stands on the page of promises.",
            "Broken: {promise}",
        ),
        texts=False,
    ),
)
register(MADE, AboutPromise())
register(MOVED, AboutPromise())
register(REMINDER, ToColleague())
register(HANDED, ToColleague())
register(BROKEN, ToLead())
