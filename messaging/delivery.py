"""Delivery: due messages are claimed, read again under their desk, sent, and marked one by one.

A worker may be killed at any line. What it had claimed is claimed again when the lease runs out;
a message whose sending had begun is in doubt: the provider is asked by key where it can be, and
SMTP gets the same Message-ID once more. The desk's transaction is never open while we send.

Those of one desk are read and judged together (`messaging.together`), moments before they leave; each
is compared once more in the transaction in which its sending begins. What is not plain goes alone.
"""

import datetime as dt
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from messaging import faults, opting_out, reports, together
from messaging.channels import NotSent, Outgoing, Refused, Stopped, Unsure, Way
from messaging.judging import BACK_OFF, MOST_ATTEMPTS, Decision, judge
from messaging.models import Message
from messaging.outbox import FAULTY_STATES
from messaging.providers import Ways
from tenancy.scope import tenant

log = logging.getLogger(__name__)

State = Message.State
Clock = Callable[[], dt.datetime]

LEASE = dt.timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
DESK_SHARE = 10
BATCH = 1_000
# What was read together is held to be true for so long; then it is read again.
HOLDS = dt.timedelta(seconds=1)
# How long one task works before it lets another have the worker.
TURN = dt.timedelta(seconds=15)
TAKEN, LATER = "taken by another", "later"


@dataclass(frozen=True)
class Claim:
    """A message that this worker holds until `leased_until`, which also tells its lease from others'."""

    tenant_id: int
    message_id: int
    leased_until: dt.datetime

    def row(self):
        """The message, if this worker still holds it."""
        return Message.objects.filter(pk=self.message_id, leased_until=self.leased_until)


def deliver_due(*, clock: Clock = timezone.now, turn: dt.timedelta = TURN) -> Counter:
    """Send what is due at all desks until nothing is left or the turn is over; how many ended how."""
    ended: Counter = Counter()
    ends_at = clock() + turn
    while clock() < ends_at:
        claims = claim(now=clock())
        if not claims:
            break
        ended += _deliver_batch(claims, clock, ends_at)
    return ended


def claim(*, now: dt.datetime, share: int = DESK_SHARE, most: int = BATCH) -> list[Claim]:
    """Lease due messages to this worker: at most `share` of one desk and `most` in all."""
    leased_until = now + LEASE
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM claim_messages(%s, %s, %s, %s)", [now, leased_until, share, most])
        return [Claim(tenant_id, message_id, leased_until) for tenant_id, message_id in cursor.fetchall()]


def _deliver_batch(claims, clock: Clock, ends_at) -> Counter:
    """One connection to each desk's provider; what the turn has no time for is given back.

    A desk whose messages leave slowly lets the others go before its next.
    """
    ended: Counter = Counter()
    ways, waiting = Ways(), deque(_by_desk(claims))
    try:
        while waiting and clock() < ends_at:
            claimed = waiting.popleft()
            if left := _deliver_some(claimed, ways, clock, ends_at, ended):
                waiting.append(left)
    finally:
        ways.close()
    for claimed in waiting:
        _give_back(claimed)
    return ended


def _by_desk(claims) -> list[list[Claim]]:
    desks: dict[int, list[Claim]] = {}
    for one in claims:
        desks.setdefault(one.tenant_id, []).append(one)
    return list(desks.values())


def _deliver_some(claims, ways, clock: Clock, ends_at, ended: Counter) -> list[Claim]:
    """Deliver messages of one desk, judged together, while that holds; those it did not come to.

    What the quiet hours hold back is put off at once. The end of one is marked in the transaction in
    which the next begins: committed before that leaves.
    """
    judged, put_off = _judge_together(claims, ways, clock)
    if put_off:
        ended[LATER] += len(put_off)
        claims = [one for one in claims if one.message_id not in put_off]
    ends_at = min(ends_at, clock() + HOLDS)
    left, number = None, 0
    for number, one in enumerate(claims):
        if number and clock() >= ends_at:
            break
        ready = judged.get(one.message_id)
        begun, left = _mark_and_begin(left, one, ready, clock, ended), None
        end = _deliver(one, ways, clock) if begun is None else _hand_over(begun, ready[0], clock)
        if isinstance(end, Left):
            left = end
        else:
            ended[end] += 1
    else:
        number = len(claims)
    _mark_and_begin(left, None, None, clock, ended)
    return claims[number:]


@dataclass(frozen=True)
class Left:
    """Handed over, and not marked yet."""

    claim: Claim
    message: Message
    provider_id: str
    at: dt.datetime


def _judge_together(claims, ways, clock) -> tuple[dict, set[int]]:
    """Of a desk's messages what leaves at once and its way, by primary key; and which were put off.

    Where one of them breaks none is in either: each goes alone then, and breaks alone.
    """
    desk, keys, leased = claims[0].tenant_id, [one.message_id for one in claims], claims[0].leased_until
    try:
        with tenant(desk):
            found = together.judged(keys, leased, now=clock())
            later = {message.pk: decision.send_after for message, decision in found if decision.send_after}
            leaving = {
                message.pk: (message, decision, ways.of(message.tenant, message.channel))
                for message, decision in found
                if message.pk not in later
            }
            put_off = together.put_off(later, leased)
        return leaving, put_off
    except Exception as error:
        log.warning("Messages of desk %s are judged one by one: %s", desk, type(error).__name__)
        return {}, set()


def _mark_and_begin(left, one, ready, clock, ended):
    """Mark what left and begin the next, in one transaction; the next, or None where it goes alone."""
    if left is None:
        if ready is None:
            return None
        with tenant(one.tenant_id):
            return _begin_judged(one, ready, clock())
    try:
        with tenant(left.claim.tenant_id):
            is_ours = together.end(left.message, provider_id=left.provider_id, at=left.at)
            begun = None if ready is None else _begin_judged(one, ready, clock())
        ended[State.SENT if is_ours else TAKEN] += 1
        return begun
    except Exception as error:
        # It left, and is marked whatever is wrong with the next.
        log.error("Message %s is marked alone: %s", left.claim.message_id, type(error).__name__)
        ended[_sent(left.claim, left.provider_id, left.at)] += 1
        return None


def _begin_judged(one, ready, now):
    """Marked as being sent, if all is as it was when it was judged."""
    message, decision, way = ready
    until = now + LEASE
    if not together.begin(message, decision, until=until):
        return None
    return Begun(replace(one, leased_until=until), way, decision.outgoing)


def _deliver(one: Claim, ways: Ways, clock: Clock) -> str:
    step = _next_step(one, ways, clock)
    if isinstance(step, Question):
        arrived = _ask(one, step.way, step.outgoing, clock)
        if arrived:
            return arrived
        step = _next_step(one, ways, clock)
    if not isinstance(step, Begun):
        return step
    end = _hand_over(step, None, clock)
    return _sent(end.claim, end.provider_id, end.at) if isinstance(end, Left) else end


def _hand_over(step, message, clock):
    """Hand it to its provider: that it left, or how it ended otherwise."""
    one = step.claim
    try:
        provider_id = step.way.send(step.outgoing)
    except NotSent as error:
        return _later(step.claim, str(error), clock(), in_doubt=False)
    except Unsure as error:
        return _later(step.claim, str(error), clock(), in_doubt=True)
    except Refused as error:
        if isinstance(error, Stopped):
            _keep_stop(step.claim, clock())
        return _finish(step.claim, clock(), state=State.FAILED, reason=str(error)[:300])
    except Exception as error:
        # Other desks' messages wait behind this one. Its words may hold a desk's secret: not into the log.
        name = type(error).__name__
        log.error("Message %s of desk %s cannot be sent: %s", one.message_id, one.tenant_id, name)
        return _later(step.claim, f"It broke while it was sent ({name}).", clock(), in_doubt=True)
    return Left(one, message, provider_id, clock())


@dataclass(frozen=True)
class Begun:
    """Marked as being sent: the provider's turn."""

    claim: Claim
    way: Way
    outgoing: Outgoing


@dataclass(frozen=True)
class Question:
    """In doubt after a crash, and the provider can be asked."""

    way: Way
    outgoing: Outgoing


def _next_step(one, ways, clock):
    """Read the message again under its desk: how it ended, a question first, or begun and committed."""
    with tenant(one.tenant_id):
        message = (
            one.row()
            .select_related("tenant", "customer", "contact", "colleague__user")
            .select_for_update(of=("self",))
            .first()
        )
        if message is None:
            return TAKEN
        if message.state == State.SENDING and reports.say_it_arrived(message):
            # Its provider told us before our own attempt came to an end.
            return _sent(one, message.provider_id, clock())
        way = ways.of(message.tenant, message.channel)
        if message.state == State.SENDING and way.can_be_asked:
            return Question(way, _question(message))
        decision = _judged(message, clock())
        if decision.outgoing is None:
            return _settle(message, decision, clock())
        outgoing = replace(decision.outgoing, unsubscribe_url=opting_out.address_for(message))
        return Begun(_begin(message, decision, clock()), way, outgoing)


def _question(message):
    return Outgoing(
        key=str(message.key),
        desk_slug=message.tenant.slug,
        sender_name=message.tenant.name,
        reply_to="",
        address=message.address,
        title="",
        text=message.text,
        known_ids=tuple(message.earlier_ids),
        since=message.planned_at,
    )


def _ask(one, way, question, clock):
    """How the first attempt ended, if the provider knows; empty when it never arrived."""
    try:
        provider_id = way.ask(question)
    except NotSent as error:
        return _later(one, str(error), clock(), in_doubt=True)
    except Refused:
        # It cannot even be asked for (no number any more): it never went, and is judged anew.
        provider_id = None
    if provider_id is not None:
        return _sent(one, provider_id, clock())
    with tenant(one.tenant_id):
        one.row().update(state=State.PLANNED)
    return ""


def _judged(message, now):
    """One message that cannot be judged or written must not hold up the others."""
    if message.attempts >= MOST_ATTEMPTS:
        return Decision(
            State.UNCERTAIN, f"Begun {message.attempts} times, and never heard whether it arrived."
        )
    try:
        # What breaks in the database breaks in here, and the message can still be marked.
        with transaction.atomic():
            return judge(message, now=now)
    except Exception as error:
        log.exception("Message %s of desk %s cannot be written", message.pk, message.tenant_id)
        return Decision(State.FAILED, f"The message could not be written: {error}"[:300])


def _settle(message, decision, now):
    """It does not go now: later, or never."""
    if decision.send_after is not None:
        # In doubt it stays in doubt: only the lease moves.
        values = {"leased_until": decision.send_after} if message.state == State.SENDING else {}
        values = values or {"leased_until": None, "send_after": decision.send_after}
        Message.objects.filter(pk=message.pk).update(**values)
        return LATER
    message.state, message.reason, message.leased_until = decision.state, decision.reason[:300], None
    message.save(update_fields=["state", "reason", "leased_until"])
    if decision.state in FAULTY_STATES:
        faults.report(message, now=now)
    return decision.state


def _begin(message, decision, now):
    """Committed before the first byte leaves: whoever finds it later knows that it may have gone."""
    message.state, message.attempts = State.SENDING, message.attempts + 1
    message.leased_until = now + LEASE
    message.address = decision.outgoing.address
    message.title, message.text = decision.title[:200], decision.text
    message.language = decision.language
    message.save(update_fields=["state", "attempts", "leased_until", "address", "title", "text", "language"])
    return Claim(message.tenant_id, message.pk, message.leased_until)


def _later(one, reason, now, *, in_doubt):
    """Back off; when no try is left, or none that is of use, a person sees it."""
    with tenant(one.tenant_id):
        message = one.row().select_for_update(of=("self",)).first()
        if message is None:
            return TAKEN
        again = now + BACK_OFF[min(max(message.attempts, 1), len(BACK_OFF)) - 1]
        useless = message.useless_after
        if message.attempts >= MOST_ATTEMPTS or (useless is not None and again >= useless):
            return _settle(message, Decision(State.UNCERTAIN if in_doubt else State.FAILED, reason), now)
        if in_doubt:
            one.row().update(leased_until=again, reason=reason[:300])
        else:
            one.row().update(state=State.PLANNED, leased_until=None, send_after=again, reason=reason[:300])
    return "again later"


def _sent(one, provider_id, now):
    return _finish(one, now, state=State.SENT, sent_at=now, provider_id=provider_id, reason="")


def _finish(one, now, **values):
    with tenant(one.tenant_id):
        if not one.row().update(**values, leased_until=None):
            return TAKEN
        message = Message.objects.select_related("customer", "contact").get(pk=one.message_id)
        together.follow(message, now=now)
    return values["state"]


def _keep_stop(one, now):
    """Their provider knows of a STOP that we had not heard of."""
    with tenant(one.tenant_id):
        message = one.row().first()
        if message is not None:
            opting_out.stop_texts(message.address, now=now)


def _give_back(claims):
    """What this turn has no time for: another worker need not wait for the lease."""
    one = claims[0]
    with tenant(one.tenant_id):
        mine = Message.objects.filter(pk__in=[each.message_id for each in claims])
        mine.filter(leased_until=one.leased_until).update(leased_until=None)
