"""Asking after a visit: how it was, and what else is needed (R7.4). Planned by a round without memory.

It asks "who is to be asked and was not yet?". Run twice it plans nothing more; after a standstill it
plans what is still of use. Whether each is still right is asked again when it leaves
(`visits.follow_up_letter`); what the customer answers is seen to in `visits.follow_up_answers`.
"""

import datetime as dt
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases.models import Case
from customers.models import Contact, Customer
from messaging import outbox
from messaging.channels import ready_channels
from messaging.keys import key_of
from messaging.models import Message
from messaging.recipients import main_contacts
from tenancy.calendars import instant_at, local_day
from tenancy.models import Tenant
from tenancy.prepared import Instant, Key, Written
from visits.announcements import one_channel_for
from visits.models import Visit
from visits.told import told_zone

KIND = "after a visit"
# Planned so long before they leave, so that the desk can see, hold, edit or drop them.
AHEAD = dt.timedelta(hours=12)
# When it leaves, by the customer's clock.
LEAVES_AT = dt.time(10, 0)
# So long after its day it is still worth asking.
OF_USE = dt.timedelta(days=14)
# So many are read at a time: a desk's visits are never in memory together.
AT_ONCE = 500
ONE_DAY = dt.timedelta(days=1)


@transaction.atomic
def ask_after_visits(desk: Tenant, *, now: dt.datetime) -> int:
    """Plan asking after the desk's visits that are done; how many messages are new.

    None where the desk asks nobody, none of before its messages began, and one for the visits of a
    case on one day. Nobody is asked whose complaint stands open: a person is on it already.
    """
    days = desk.follow_up_days
    if days is None or desk.messages_from is None or desk.messages_from > now:
        return 0
    ready, planned = ready_channels(), 0
    for chunk in _in_chunks(*_between(desk, days, now)):
        without = {visit.customer_id for visit in chunk if visit.contact is None}
        contacts = main_contacts(without) if without else {}
        wanted = (_message(visit, contacts, ready, days, now) for visit in chunk)
        planned += outbox.plan([message for message in wanted if message], now=now)
    return planned


def complains(customer: Customer) -> bool:
    """Whether a complaint of the customer stands open."""
    return _open_complaints().filter(customer=customer).exists()


def asks_at(visit: Visit, days: int) -> dt.datetime:
    """When the customer is asked: in the morning of their own day, so many days after it was done."""
    zone = told_zone(visit.customer)
    day = local_day(visit.completed_at, zone) + days * ONE_DAY
    return max(visit.completed_at, instant_at(day, LEAVES_AT, zone))


def _between(desk, days, now) -> tuple[dt.datetime, dt.datetime]:
    """When a visit was completed that customers may be asked about now."""
    # A day more on each side, for clocks far from the desk's.
    first = max(desk.messages_from, now - OF_USE - (days + 1) * ONE_DAY)
    return first, now + AHEAD - (days - 1) * ONE_DAY


def _to_ask_about(first, last) -> QuerySet[Visit]:
    """Done, ours, to be told of, not asked about, not answered; of a case's visits on a day the last one."""
    done = Visit.objects.filter(state=Visit.State.DONE, is_history=False)
    asked = Message.objects.filter(kind=KIND, subject=OuterRef("public_id"))
    of_case = done.filter(case=OuterRef("case"), completed_on=OuterRef("completed_on"))
    later = of_case.filter(
        Q(completed_at__gt=OuterRef("completed_at"))
        | Q(completed_at=OuterRef("completed_at"), pk__gt=OuterRef("pk"))
    )
    return done.filter(
        Q(tell_by_mail=True) | Q(tell_by_sms=True),
        ~Exists(asked.exclude(state=Message.State.CANCELLED)),
        ~Exists(_open_complaints().filter(customer=OuterRef("customer"))),
        ~Exists(later),
        completed_at__gte=first,
        completed_at__lte=last,
        follow_up__isnull=True,
    )


def _open_complaints() -> QuerySet[Case]:
    return Case.objects.unclosed().filter(kind=Case.Kind.COMPLAINT)


def _chunk(first, last, after) -> QuerySet[Visit]:
    rows = _to_ask_about(first, last).filter(pk__gt=after)
    return rows.select_related("customer__tenant", "contact").order_by("pk")[:AT_ONCE]


_CHUNK = Written(_chunk, first=Instant(), last=Instant(), after=Key())


def _in_chunks(first, last) -> Iterator[list[Visit]]:
    chunk = _CHUNK.rows(first=first, last=last, after=0)
    while chunk:
        yield chunk
        more = len(chunk) == AT_ONCE
        chunk = _CHUNK.rows(first=first, last=last, after=chunk[-1].pk) if more else []


def _message(visit, contacts: dict[int, Contact], ready, days, now) -> Message | None:
    due = asks_at(visit, days)
    contact = visit.contact or contacts.get(visit.customer_id)
    channel = one_channel_for(visit, contact, ready=ready)
    if not channel or not due - AHEAD <= now < due + OF_USE:
        return None
    about = visit.public_id if visit.case_id is None else f"case {visit.case_id}"
    return Message(
        key=key_of(KIND, about, visit.completed_on.isoformat()),
        kind=KIND,
        channel=channel,
        customer_id=visit.customer_id,
        contact=contact,
        subject=visit.public_id,
        fields={},
        send_after=max(now, due),
        useless_after=due + OF_USE,
    )
