"""What a customer answers to a recommendation by their link: yes, no, or what does it cost (R5.5).

Each answer counts once, however often the button is pressed, and leaves a duty where a person has to act.
"""

import datetime as dt

from django.db import transaction

from cases.asked_calls import promise_with
from cases.duties import open_duty
from cases.models import Duty
from customers.models import TimelineEntry
from customers.timeline import add_line
from recommendations.lifecycle import accept, decline, lock
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of
from tenancy.models import Role

State = Recommendation.State
# By when a person rings to book what was accepted, in the desk's working time.
BOOKED_WITHIN = dt.timedelta(hours=4)
PRICED_WITHIN = dt.timedelta(hours=8)
NO_REASON = "They declined it on their page"
# Where a yes or a no still means something: a no may become a yes.
ANSWERABLE = (State.OPEN, State.QUOTED, State.DEFERRED, State.DECLINED)


class NotOpen(ValueError):
    """It can no longer be answered; the words say why and are fit to show to the customer."""


@transaction.atomic
def accept_by_customer(recommendation: Recommendation, *, now: dt.datetime) -> Recommendation:
    """The customer says yes; a person rings to book it. Raises NotOpen for what is settled otherwise."""
    row = _answerable(recommendation, State.ACCEPTED)
    if row.state == State.ACCEPTED:
        return row
    accept(row, by=None, now=now, by_customer=True, reason="They accepted it on their page")
    _owe(
        row,
        "accepted by link",
        now.isoformat(),
        kind=Duty.Kind.CALL_CUSTOMER,
        title="Book a visit for {finding}: {customer}",
        detail="They accepted it on their page",
        promises="Ring them to book {finding}",
        within=BOOKED_WITHIN,
        now=now,
    )
    return row


@transaction.atomic
def decline_by_customer(
    recommendation: Recommendation, *, because: str = "", now: dt.datetime
) -> Recommendation:
    """The customer says no, having read the risk. Raises NotOpen for what is settled otherwise."""
    row = _answerable(recommendation, State.DECLINED)
    if row.state == State.DECLINED:
        return row
    return decline(row, by=None, now=now, by_customer=True, reason=because.strip() or NO_REASON)


@transaction.atomic
def ask_by_customer(recommendation: Recommendation, *, question: str = "", now: dt.datetime) -> Duty:
    """The customer asks first, or for the price: a colleague answers within a working day.

    Asked again while nobody has answered, it is the same duty. Raises NotOpen for what is settled.
    """
    row = _answerable(recommendation)
    waiting = _waiting_quotes().filter(subject=row.public_id).first()
    if waiting is not None:
        return waiting
    said = question.strip() or "They asked on their page before they decide"
    add_line(
        row.equipment.site.customer,
        TimelineEntry.Kind.RECOMMENDATION,
        f"Asked about: {row.finding}",
        at=now,
        detail=said,
        subject=row.public_id,
        step=f"asked {now.isoformat()}"[:40],
    )
    return _owe(
        row,
        "asked by link",
        now.isoformat(),
        kind=Duty.Kind.GIVE_QUOTE,
        title="Tell {customer} what it costs: {finding}",
        detail=said,
        promises="Answer them: {finding}",
        within=PRICED_WITHIN,
        now=now,
    )


def waits_for_us(recommendation: Recommendation) -> Duty | None:
    """The open duty to tell the customer what it costs: until then it is not for them to answer."""
    return _waiting_quotes().filter(subject=recommendation.public_id).first()


def _waiting_quotes():
    return Duty.objects.open().filter(kind=Duty.Kind.GIVE_QUOTE)


def _answerable(recommendation, *same) -> Recommendation:
    row = lock(recommendation)
    if row.state in (*ANSWERABLE, *same):
        return row
    if row.state in (State.ACCEPTED, State.SCHEDULED):
        raise NotOpen("You said yes to this already. Ring us if you have changed your mind.")
    if row.state == State.DONE:
        raise NotOpen("This is done. There is nothing more to decide.")
    raise NotOpen("This does not need an answer any more.")


def _owe(recommendation, *cause, kind, title, detail, promises, within, now) -> Duty:
    """A duty, with the promise that their page makes of it."""
    customer = recommendation.equipment.site.customer
    duty = open_duty(
        *cause,
        recommendation.public_id,
        kind=kind,
        title=title.format(finding=recommendation.finding, customer=customer),
        detail=detail,
        due_at=calendar_of(recommendation.tenant).due_after(now, within),
        now=now,
        owner_role=Role.DISPATCHER,
        customer=customer,
        subject=recommendation.public_id,
    )
    promise_with(duty, text=promises.format(finding=recommendation.finding), now=now)
    return duty
