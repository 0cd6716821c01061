"""What a sales rep does with a row of the call list: put it off, or log the call (R1.7)."""

import datetime as dt

from django.db import transaction

from cases.models import Interaction
from contracts.cover import cover_of
from contracts.covered import State
from contracts.holds import standing_holds
from contracts.models import CallSkip, Contract
from contracts.wording import day_in_full
from customers.models import Contact, Customer, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of


class NotLapsed(ValueError):
    """Cover does not read lapsed now, or a hold stands; says what it reads, and why."""


@transaction.atomic
def log_lapse_call(
    *, contract: Contract, summary: str, by, now: dt.datetime, contact: Contact | None = None
) -> Interaction:
    """Keep what was said in a call about a lapsed contract.

    Raises NotLapsed unless cover reads lapsed and no hold stands at this very moment: whatever
    the page said when it was opened, a payment or a claim since then stops the call from
    counting. The lock lets no evidence slip in between the look and the log.
    """
    contract = Contract.objects.select_for_update(of=("self",)).select_related("customer").get(pk=contract.pk)
    cover = cover_of(contract, local_day(now, zone_of(contract.tenant)))
    if cover.state != State.LAPSED:
        raise NotLapsed(f"{cover.sentence}. {cover.reason}")
    if hold := standing_holds(contract.customer).first():
        raise NotLapsed(f"Held: {hold.reason}")
    call = Interaction.objects.create(
        customer=contract.customer,
        contact=contact,
        channel=Interaction.Channel.CALL,
        direction=Interaction.Direction.OUT,
        at=now,
        by=by,
        summary=summary,
    )
    add_line(
        contract.customer,
        TimelineEntry.Kind.CALL,
        f"Called about {contract.number}, which has lapsed",
        at=now,
        detail=summary,
        actor=by,
        subject=call.public_id,
    )
    return call


@transaction.atomic
def skip_until(*, customer: Customer, until: dt.date, reason: str, by, now: dt.datetime) -> CallSkip:
    """Put a customer off until a day, on which they are listed again.

    Raises ValueError for a day that is not to come.
    """
    if until <= local_day(now, zone_of(customer.tenant)):
        raise ValueError("Choose a day after today.")
    skip = CallSkip.objects.create(customer=customer, until=until, reason=reason, at=now, by=by)
    add_line(
        customer,
        TimelineEntry.Kind.NOTE,
        f"Not to be called before {day_in_full(until)}",
        at=now,
        detail=reason,
        actor=by,
        subject=skip.public_id,
    )
    return skip
