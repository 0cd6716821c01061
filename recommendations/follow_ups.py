"""Asking again about a recommendation until the customer answers, and looking at it again in time (R5.6).

The customer hears of it 7, 30 and 60 days after it was raised; of what is unsafe or likely to fail after 1, 3
and 7. Whoever owns the account hears after 30. Planned by a round that asks what is due now: run twice
it plans nothing more, after a standstill only the last one that fell due. Whether each is still true is
asked again when it leaves (`recommendations.follow_up_letter`).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cases.duties import open_duties
from cases.models import Duty
from customers.models import Contact
from messaging import outbox
from messaging.channels import ready_channels
from messaging.keys import key_of
from messaging.models import Message
from messaging.recipients import main_contacts, wanted_channels
from recommendations.models import Recommendation
from tenancy.calendars import Calendar, day_bounds, instant_at, local_day
from tenancy.models import Role, Tenant

KIND = "recommendation"
OWNER_KIND = "recommendation to its owner"
# Days after it was raised, or after the day until which it was put off (R5.6).
STEPS = (7, 30, 60)
URGENT_STEPS = (1, 3, 7)
OWNER_STEP = 30
# So long a last message is still worth sending: after a long standstill it is old news.
LAST_OF_USE = 30
LEAVES_AT = dt.time(9, 0)
DUE_BY = dt.time(12, 0)
# So many are read at a time: a desk's recommendations are never in memory together.
AT_ONCE = 500
ONE_DAY = dt.timedelta(days=1)
State = Recommendation.State
# The customer has it to answer: nobody else's turn it is.
UNANSWERED = (State.OPEN, State.QUOTED)


@dataclass(frozen=True)
class FollowUp:
    """One that is due: for which days since it was raised, on which day, and until which it is of use."""

    recommendation: Recommendation
    since: dt.date
    step: int
    is_urgent: bool
    day: dt.date
    until: dt.date

    @property
    def about(self) -> tuple:
        """The same step is the same cause; put off anew, or found to be worse, it is another one."""
        urgent = "urgent" if self.is_urgent else ""
        return self.recommendation.public_id, self.since.isoformat(), urgent, self.step


@transaction.atomic
def plan_follow_ups(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """Plan what is due for the desk's unanswered recommendations on `day`, in its zone; how many are new.

    Nothing whose day lay before the desk switched its messages on. Who cannot be written to is rung.
    """
    if desk.messages_from is None or desk.messages_from > now:
        return 0
    ready, unanswered = ready_channels(), _unanswered(day, calendar)
    return sum(_plan(chunk, ready, desk, day, calendar, now) for chunk in _in_chunks(unanswered))


@transaction.atomic
def call_for_another_look(desk: Tenant, day: dt.date, *, now: dt.datetime, calendar: Calendar) -> int:
    """Open a duty for each open recommendation whose review-by has passed; how many are new."""
    due_at = instant_at(calendar.next_working_day(day), DUE_BY, calendar.zone)
    overdue = Recommendation.objects.open(day).filter(review_by__lt=day)
    return sum(
        open_duties(_another_look(recommendation, due_at, now) for recommendation in chunk)
        for chunk in _in_chunks(overdue)
    )


def due_on(recommendation: Recommendation, since: dt.date, day: dt.date) -> FollowUp | None:
    """The last follow-up that fell due by `day`, while it is of use."""
    is_urgent = recommendation.severity >= Recommendation.Severity.LIKELY_TO_FAIL
    steps = URGENT_STEPS if is_urgent else STEPS
    fallen = [step for step in steps if since + step * ONE_DAY <= day]
    if not fallen:
        return None
    step = fallen[-1]
    later = steps[len(fallen)] if len(fallen) < len(steps) else step + LAST_OF_USE
    found = FollowUp(recommendation, since, step, is_urgent, since + step * ONE_DAY, since + later * ONE_DAY)
    return found if day < found.until else None


def unanswered_since(recommendation: Recommendation, day: dt.date, zone) -> dt.date | None:
    """Since which day (the desk's) it has waited for the customer's answer; None while it does not."""
    if recommendation.state in UNANSWERED:
        return local_day(recommendation.raised_at, zone)
    if recommendation.state == State.DEFERRED and recommendation.deferred_until <= day:
        return recommendation.deferred_until
    return None


def _unanswered(day, calendar):
    """Those that a follow-up may be due for: as far back as one is of use, and nobody owes a price."""
    first = day - (STEPS[-1] + LAST_OF_USE) * ONE_DAY
    quotes = Duty.objects.open().filter(kind=Duty.Kind.GIVE_QUOTE, subject=OuterRef("public_id"))
    return Recommendation.objects.filter(
        ~Exists(quotes),
        Q(state__in=UNANSWERED, raised_at__gte=day_bounds(first, calendar.zone)[0])
        | Q(state=State.DEFERRED, deferred_until__gt=first, deferred_until__lte=day),
    )


def _in_chunks(found) -> Iterator[list[Recommendation]]:
    """A few hundred at a time, in the order of their keys."""
    rows = found.select_related("equipment__site__customer__account_owner").order_by("pk")
    chunk = list(rows[:AT_ONCE])
    while chunk:
        yield chunk
        chunk = list(rows.filter(pk__gt=chunk[-1].pk)[:AT_ONCE]) if len(chunk) == AT_ONCE else []


def _plan(chunk, ready, desk, day, calendar, now) -> int:
    due = []
    for recommendation in chunk:
        since = unanswered_since(recommendation, day, calendar.zone)
        found = since and due_on(recommendation, since, day)
        if found and instant_at(found.day, LEAVES_AT, calendar.zone) >= desk.messages_from:
            due.append(found)
    contacts = main_contacts({_customer(one).pk for one in due}) if due else {}
    to_owners = [one for each in due if (one := _to_owner(each, day, calendar, now))]
    ways = {pk: wanted_channels(contact, ready) for pk, contact in contacts.items()}
    told = outbox.plan([*_to_customers(due, contacts, ways, calendar, now), *to_owners], now=now)
    unreached = [one for one in due if not ways.get(_customer(one).pk)]
    rung = [_rung(one, contacts, day, calendar, now) for one in unreached]
    return told + (open_duties(rung) if rung else 0)


def _to_customers(due, contacts, ways, calendar, now) -> Iterator[Message]:
    """To each customer over every way that reaches them and that they want."""
    for one in due:
        contact = contacts.get(_customer(one).pk)
        for channel in ways.get(_customer(one).pk, ()):
            yield Message(
                key=key_of(KIND, *one.about, channel),
                kind=KIND,
                channel=channel,
                customer_id=_customer(one).pk,
                contact=contact,
                **_common(one, calendar, now),
            )


def _to_owner(one, day, calendar, now) -> Message | None:
    """Whoever looks after the customer, once: 30 days without an answer, whatever the customer hears."""
    owner = _customer(one).account_owner
    asked = one.since + OWNER_STEP * ONE_DAY
    if owner is None or owner.ended_at is not None or not asked <= day < asked + LAST_OF_USE * ONE_DAY:
        return None
    about = (one.recommendation.public_id, one.since.isoformat(), OWNER_STEP)
    return Message(
        key=key_of(OWNER_KIND, *about),
        kind=OWNER_KIND,
        channel=Message.Channel.MAIL,
        colleague_id=owner.pk,
        **{**_common(one, calendar, now), "send_after": _leaves(asked, calendar, now)},
    )


def _common(one: FollowUp, calendar, now) -> dict:
    return {
        "subject": one.recommendation.public_id,
        "fields": {"since": one.since.isoformat(), "step": one.step, "is_urgent": one.is_urgent},
        "send_after": _leaves(one.day, calendar, now),
        "useless_after": instant_at(one.until, dt.time(0), calendar.zone),
    }


def _leaves(day, calendar, now) -> dt.datetime:
    return max(now, instant_at(day, LEAVES_AT, calendar.zone))


def _rung(one: FollowUp, contacts: dict[int, Contact], day, calendar, now) -> Duty:
    """No message reaches them, or they want none: a person says it."""
    customer, contact = _customer(one), contacts.get(_customer(one).pk)
    return Duty(
        key=key_of("duty", KIND, *one.about),
        kind=Duty.Kind.CALL_CUSTOMER,
        title=f"Ask {customer} about: {one.recommendation.finding}"[:200],
        detail="No message reaches them." + (f" Phone: {contact.phone}" if contact and contact.phone else ""),
        customer=customer,
        subject=one.recommendation.public_id,
        owner_role=Role.DISPATCHER,
        opened_at=now,
        due_at=instant_at(calendar.next_working_day(day), DUE_BY, calendar.zone),
    )


def _another_look(recommendation: Recommendation, due_at, now) -> Duty:
    customer = recommendation.equipment.site.customer
    return Duty(
        key=key_of("duty", "look again", recommendation.public_id, recommendation.review_by.isoformat()),
        kind=Duty.Kind.LOOK_AGAIN,
        title=f"Look again at {customer}: {recommendation.finding}"[:200],
        detail=f"It was to be looked at again by {recommendation.review_by:%-d %B %Y}.",
        customer=customer,
        subject=recommendation.public_id,
        owner_role=Role.DISPATCHER,
        opened_at=now,
        due_at=due_at,
    )


def _customer(one: FollowUp):
    return one.recommendation.equipment.site.customer
