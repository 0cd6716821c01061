"""A good word reaches the person it is for, until they have read it, and their lead (R6.8)."""

import datetime as dt

from django.db import transaction

from cases.supervising import lead_of
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line
from messaging import outbox
from messaging.channels import is_ready
from messaging.keys import key_of
from messaging.models import Message
from tenancy.calendars import local_day, zone_of
from tenancy.models import Membership, Role
from visits.models import FollowUp, Praise

KIND = "praise"
WITHDRAWN = "The customer thinks worse of it after all."
# So long it is worth telling by mail; on the technician's day it stands until it is read.
OF_USE = dt.timedelta(days=14)


@transaction.atomic
def record_praise(
    customer: Customer, *, person: Membership, words: str, by: Membership, now: dt.datetime
) -> Praise:
    """Keep what a colleague heard a customer say of somebody. Raises ValueError without a word.

    Noted again on the same day, by the desk's clock, it is the same praise.
    """
    words = words.strip()
    if not words:
        raise ValueError("Write down what was said.")
    day = local_day(now, zone_of(customer.tenant))
    praise, is_new = Praise.objects.get_or_create(
        key=key_of("noted", customer.public_id, person.public_id, by.public_id, day, words),
        defaults={
            "customer": customer,
            "person": person,
            "name": person.name,
            "words": words,
            "said_by": customer.called,
            "said_at": now,
            "noted_by": by,
        },
    )
    if is_new:
        _tell(praise, now=now)
    return praise


def praise_from(follow_up: FollowUp, *, said_by: str, now: dt.datetime) -> None:
    """Let the good words of an answer reach everybody who was there; once for each.

    Words that were added reach those who have read the first ones, too. The caller holds the answer's row.
    """
    visit = follow_up.visit
    for assigned in visit.assignments.select_related("technician__membership__user").order_by("pk"):
        technician = assigned.technician
        praise, is_new = Praise.objects.get_or_create(
            follow_up=follow_up,
            name=technician.name,
            defaults={
                "customer": visit.customer,
                "visit": visit,
                "person": technician.membership,
                "words": follow_up.words,
                "said_by": said_by[:120],
                "said_at": now,
            },
        )
        if is_new:
            _tell(praise, now=now)
        elif praise.words != follow_up.words or praise.withdrawn_at is not None:
            praise.words, praise.read_at, praise.withdrawn_at = follow_up.words, None, None
            praise.save(update_fields=["words", "read_at", "withdrawn_at"])
            # Called off while it was withdrawn; one that has left stays the only one.
            _write(praise, now=now)


def withdraw_praise(follow_up: FollowUp, *, now: dt.datetime) -> None:
    """The customer thinks worse of it after all: who has not read it yet hears nothing."""
    given = Praise.objects.filter(follow_up=follow_up, withdrawn_at__isnull=True)
    outbox.cancel_about(*given.values_list("public_id", flat=True), because=WITHDRAWN, kinds=(KIND,))
    given.update(withdrawn_at=now)


def unread_praise(person: Membership) -> list[Praise]:
    """What somebody has been praised for and has not read, the oldest first; one query."""
    rows = Praise.objects.filter(person=person, read_at__isnull=True, withdrawn_at__isnull=True)
    return list(rows.select_related("customer", "visit").order_by("said_at", "pk"))


def read_praise(praise: Praise, *, now: dt.datetime) -> None:
    """The person praised has read it; said twice the first time stands."""
    Praise.objects.filter(pk=praise.pk, read_at__isnull=True).update(read_at=now)


def _tell(praise, *, now) -> None:
    add_line(
        praise.customer,
        TimelineEntry.Kind.NOTE,
        f"Praise for {praise.name}",
        at=now,
        detail=praise.words,
        actor=praise.noted_by,
        subject=praise.public_id,
        step="praised",
    )
    _write(praise, now=now)


def _write(praise, *, now) -> None:
    """By mail to who hears of it so; planned again it is the same letter."""
    desk = praise.customer.tenant
    if desk.messages_from is None or desk.messages_from > now or not is_ready(Message.Channel.MAIL):
        return
    outbox.plan([_letter(praise, one, now) for one in _hearers(praise, now)], now=now)


def _hearers(praise, now) -> list[Membership]:
    """The lead; and whoever is praised and has no day's page on which it stands."""
    person = praise.person
    hearers = [lead_of(person, now=now)]
    if person is not None and person.role != Role.TECHNICIAN:
        hearers.append(person)
    known = {one.pk: one for one in hearers if one is not None and one.user.email}
    return list(known.values())


def _letter(praise, colleague, now) -> Message:
    return Message(
        key=key_of(KIND, praise.public_id, colleague.pk),
        kind=KIND,
        channel=Message.Channel.MAIL,
        colleague=colleague,
        subject=praise.public_id,
        fields={},
        send_after=now,
        useless_after=now + OF_USE,
    )
