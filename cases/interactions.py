"""Noting a contact with a customer: what was said, when, by whom (R7.1)."""

import datetime as dt

from django.db import transaction

from cases.models import Case, Interaction
from customers.models import Contact, Customer, TimelineEntry
from customers.timeline import add_line

Channel, Direction = Interaction.Channel, Interaction.Direction
LINE_OF_CHANNEL = {
    Channel.CALL: TimelineEntry.Kind.CALL,
    Channel.MAIL: TimelineEntry.Kind.MAIL,
    Channel.MESSAGE: TimelineEntry.Kind.MESSAGE,
    Channel.VISIT: TimelineEntry.Kind.VISIT,
}


@transaction.atomic
def note_interaction(
    *,
    customer: Customer,
    channel: str,
    summary: str,
    by,
    now: dt.datetime,
    direction: str = Direction.IN,
    contact: Contact | None = None,
    case: Case | None = None,
) -> Interaction:
    """Keep one contact, with its line on the time line. Raises ValueError when nothing was said."""
    summary = summary.strip()
    if not summary:
        raise ValueError("Write down what was said.")
    interaction = Interaction.objects.create(
        customer=customer,
        contact=contact,
        case=case,
        channel=channel,
        direction=direction,
        at=now,
        by=by,
        summary=summary,
    )
    who = (contact and contact.name) or customer.name
    words = {Channel.CALL: "Call", Channel.MAIL: "Mail", Channel.MESSAGE: "Message", Channel.VISIT: "Visit"}
    add_line(
        customer,
        LINE_OF_CHANNEL[channel],
        f"{words[channel]} {'from' if direction == Direction.IN else 'to'} {who}",
        at=now,
        detail=summary,
        actor=by,
        subject=interaction.public_id,
    )
    return interaction


def open_complaint(*, customer: Customer, title: str, words: str, by, now: dt.datetime) -> Case:
    """A complaint as a case of whoever took it. Raises ValueError without a word on what it is about."""
    title = title.strip()
    if not title:
        raise ValueError("Say what the complaint is about.")
    with transaction.atomic():
        case = Case.objects.create(
            customer=customer,
            kind=Case.Kind.COMPLAINT,
            title=title[:200],
            words=words.strip(),
            opened_at=now,
            opened_by=by,
            owner=by,
        )
        add_line(
            customer,
            TimelineEntry.Kind.CASE,
            f"Complaint: {case.title}",
            at=now,
            detail=case.words,
            actor=by,
            subject=case.public_id,
            step="opened",
        )
    return case
