"""When customers, and the contract's owner, hear of a renewal: 60, 30, 14, 7 and 1 days before (R1.12).

A contract that renews by itself has one notice only, as long as notice can still be given. What the
letters say, and whether they are still true when they leave, is in `contracts.notice_letter`.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import JSONObject

from contracts.cover import State
from contracts.models import Contract
from contracts.notice_date import last_day_for_notice, notice_is_open
from contracts.notice_letter import KIND, OWNER_KIND
from contracts.terms import ONE_DAY
from customers.models import Contact
from messaging.channels import ready_channels
from messaging.keys import key_of
from messaging.models import Message
from messaging.outbox import plan
from tenancy.calendars import instant_at, zone_of
from tenancy.models import Tenant
from tenancy.prepared import DAY, Figure, Prepared

# When on its day a notice may leave, in the desk's wall time.
LEAVES_AT = dt.time(9, 0)
BY_ITSELF = "by itself"


@dataclass(frozen=True)
class Due:
    """A notice that is due for a contract: which step, since when, and until when it is of use.

    `channel` is how the main contact is reached: by mail, else by text; "" when there is no address.
    """

    contract: Contract
    step: int | str
    channel: str
    due_at: dt.datetime
    useless_after: dt.datetime


def due_notices(desk: Tenant, day: dt.date) -> list[Due]:
    """The notice that is due on a day for each contract that has one: two queries at most.

    Of several that fell due during a standstill only the last: it says all. Nothing whose day lay
    before the desk switched its messages on. None while a renewal is in review, and none for a
    contract that was cancelled for its end.
    """
    steps = sorted(desk.notice_days)
    if not steps or desk.messages_from is None:
        return []
    ending = _ENDING.rows(day=day, first=steps[-1])
    ready = ready_channels() if ending else []
    found = [_due(contract, day, steps, ready, zone_of(desk)) for contract in ending]
    return [due for due in found if due.due_at >= desk.messages_from]


def plan_notices(due: list[Due], *, now: dt.datetime) -> tuple[int, int]:
    """Plan what customers and what owners are told; how many are new of each: two statements."""
    to_customers = [_to_customer(one, now) for one in due if one.channel]
    to_owners = [_to_owner(one, now) for one in due if one.contract.has_owner]
    return plan(to_customers, now=now), plan(to_owners, now=now)


def untold(due: list[Due]) -> Iterator[Contract]:
    """Contracts for which a notice is due and whose customer has nobody with an address."""
    return (one.contract for one in due if not one.channel)


def notice_ahead(steps: list[int], notice_days: int) -> int:
    """How many days before its end the customer hears of a contract that renews by itself.

    At the desk's first step if that lies before the last day for notice, else as long before that day.
    """
    first = max(steps)
    return first if first > notice_days else first + notice_days


def _ending(day, first):
    ahead = Case(When(notice_days__lt=first, then=first), default=F("notice_days") + first)
    days = Value(ONE_DAY)
    main = Contact.objects.filter(customer=OuterRef("customer"), is_main=True).order_by("pk")
    facts = JSONObject(id="pk", email="email", phone="phone", by_mail="by_mail", by_sms="by_sms")
    return (
        Contract.objects.with_cover(day)
        .filter(
            Q(is_auto_renewing=False, last_end__gte=day, last_end__lte=Value(day) + days * first)
            | Q(notice_is_open(day), is_auto_renewing=True, last_end__lte=Value(day) + days * ahead),
            cover_state__in=[State.ACTIVE, State.RENEWAL_DUE],
            noticed=False,
            waiting_evidence__isnull=True,
            accepted_offer__isnull=True,
            unmatched_payment__isnull=True,
        )
        .annotate(
            main_contact=Subquery(main.values(fact=facts)[:1]),
            has_owner=Case(
                When(owner__isnull=False, owner__ended_at__isnull=True, then=Value(True)),
                default=Value(False),
            ),
        )
        .order_by("last_end", "pk")
    )


_ENDING = Prepared(_ending, day=DAY, first=Figure())


def _due(contract, day, steps, ready, zone) -> Due:
    if contract.is_auto_renewing:
        step, ahead = BY_ITSELF, notice_ahead(steps, contract.notice_days)
        last_of_use = last_day_for_notice(contract, contract.last_end)
    else:
        step = ahead = next(step for step in steps if (contract.last_end - day).days <= step)
        last_of_use = contract.last_end
    return Due(
        contract=contract,
        step=step,
        channel=_channel_to(contract.main_contact or {}, ready),
        due_at=instant_at(contract.last_end - ahead * ONE_DAY, LEAVES_AT, zone),
        useless_after=instant_at(last_of_use + ONE_DAY, dt.time(0), zone),
    )


def _channel_to(contact: dict, ready: Collection[str]) -> str:
    """Of two addresses the one that they did not stop messages to."""
    ways = [(Message.Channel.MAIL, "email", "by_mail"), (Message.Channel.SMS, "phone", "by_sms")]
    there = [way for way in ways if contact.get(way[1]) and way[0] in ready]
    wanted = [way for way in there if contact[way[2]]]
    return next((channel for channel, _, _ in [*wanted, *there]), "")


def _to_customer(due: Due, now) -> Message:
    return Message(
        key=_key(KIND, due),
        kind=KIND,
        channel=due.channel,
        customer_id=due.contract.customer_id,
        contact_id=due.contract.main_contact["id"],
        **_common(due, now),
    )


def _to_owner(due: Due, now) -> Message:
    return Message(
        key=_key(OWNER_KIND, due),
        kind=OWNER_KIND,
        channel=Message.Channel.MAIL,
        colleague_id=due.contract.owner_id,
        **_common(due, now),
    )


def _key(kind, due):
    return key_of(kind, due.contract.public_id, due.contract.last_end.isoformat(), due.step)


def _common(due, now):
    return {
        "subject": due.contract.public_id,
        "fields": {"ends_on": due.contract.last_end.isoformat(), "step": due.step},
        "send_after": max(now, due.due_at),
        "useless_after": due.useless_after,
    }
