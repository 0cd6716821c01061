"""Noting a contact with a customer: what was said, when, by whom, about which matter (R6.4, R7.1)."""

import datetime as dt

from django.db import transaction
from django.db.models import F

from cases.clocks import settling_after
from cases.escalating import escalate_if_due
from cases.models import Case, Interaction
from cases.reopening import REOPENS_WITHIN_DAYS, open_again, standing_case
from customers.models import Contact, Customer, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of

Channel, Direction = Interaction.Channel, Interaction.Direction
LINE_OF_CHANNEL = {
    Channel.CALL: TimelineEntry.Kind.CALL,
    Channel.MAIL: TimelineEntry.Kind.MAIL,
    Channel.MESSAGE: TimelineEntry.Kind.MESSAGE,
    Channel.VISIT: TimelineEntry.Kind.VISIT,
}
# One call is one contact on a matter, however often something is written down while it lasts.
ONE_CALL = dt.timedelta(minutes=30)


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
    is_try: bool = False,
    tell_timeline: bool = True,
) -> Interaction:
    """Keep one contact, with its line on the time line. Raises ValueError when nothing was said.

    On a `case` it counts: the customer's word ends our waiting for them, opens what was closed in the
    last days, and may bring a supervisor. `is_try`: we tried, and nobody answered.
    """
    summary = summary.strip()
    if not summary:
        raise ValueError("Write down what was said.")
    if case is not None:
        case = standing_case(case)
    of_call = _noted_in_this_call(customer, case, channel, direction, by, now)
    if of_call is not None and summary not in of_call.summary:
        of_call.summary = f"{of_call.summary}\n{summary}"
        of_call.save(update_fields=["summary"])
    interaction = of_call or Interaction.objects.create(
        customer=customer,
        contact=contact,
        case=case,
        channel=channel,
        direction=direction,
        at=now,
        by=by,
        summary=summary,
        is_try=is_try,
    )
    if tell_timeline:
        _tell_timeline(interaction, summary, is_more=of_call is not None, by=by, now=now)
    if case is not None and of_call is None:
        _count_on(case, interaction, by=by, now=now)
    return interaction


def _noted_in_this_call(customer, case, channel, direction, by, now) -> Interaction | None:
    if case is None or by is None or (channel, direction) != (Channel.CALL, Direction.IN):
        return None
    just_now = Interaction.objects.filter(customer=customer, case=case, channel=channel, direction=direction)
    return just_now.filter(by=by, at__gt=now - ONE_CALL, at__lte=now).order_by("-at", "-pk").first()


def _tell_timeline(interaction, summary, *, is_more, by, now):
    who = (interaction.contact and interaction.contact.name) or interaction.customer.name
    towards = "from" if interaction.direction == Direction.IN else "to"
    title = f"{interaction.get_channel_display()} {towards} {who}"
    if interaction.is_try:
        title = f"Tried to reach {who}: {interaction.get_channel_display().lower()}"
    add_line(
        interaction.customer,
        LINE_OF_CHANNEL[interaction.channel],
        title,
        at=now,
        detail=summary,
        actor=by,
        subject=interaction.public_id,
        step=f"more {now.isoformat()}"[:40] if is_more else "",
    )


def _count_on(case, interaction, *, by, now):
    """What a contact does to its case."""
    if interaction.direction == Direction.OUT:
        if not interaction.is_try and case.kind != Case.Kind.FAULT:
            # A fault is answered by whoever comes.
            Case.objects.filter(pk=case.pk, responded_at__isnull=True).update(responded_at=now)
        return
    Case.objects.filter(pk=case.pk).update(version=F("version") + 1)
    if case.state == Case.State.WAITING:
        come_back(case, now=now)
    elif case.state == Case.State.CLOSED and _closed_lately(case, now):
        open_again(case, by=by, now=now, because="The customer came back to it")
    escalate_if_due(case, now=now)


def come_back(case: Case, *, now: dt.datetime) -> bool:
    """End the waiting for the customer, whether we waited: the clock of settling goes on."""
    row = Case.objects.select_for_update(of=("self",), no_key=True).select_related("tenant").get(pk=case.pk)
    if row.state != Case.State.WAITING:
        return False
    fields = settling_after(row, row.waiting_since, now, desk=row.tenant)
    Case.objects.filter(pk=row.pk).update(
        state=Case.State.OPEN, waiting_since=None, waiting_for="", version=F("version") + 1, **fields
    )
    return True


def _closed_lately(case, now) -> bool:
    zone = zone_of(case.tenant)
    days = (local_day(now, zone) - local_day(case.closed_at, zone)).days
    return bool(case.closed_on) and days <= REOPENS_WITHIN_DAYS
