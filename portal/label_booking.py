"""Booking a visit from the label on a machine, or by a contract's link, without an account (R2.7).

Anybody who passes can read a label. So a machine takes two open bookings and three in 24 hours this
way; whoever wants more is rung. One press of the button books once, however often it arrives.
"""

import datetime as dt
import uuid

from django.db import transaction

from contracts.cover import covers_of_equipment
from contracts.models import Entitlement
from contracts.overlaps import response_hours_of
from customers.models import Equipment, LabelBooking
from messaging.models import Message
from tenancy.calendars import calendar_of, local_day
from visits.booking import book_visit
from visits.models import Visit
from visits.places import hold_technicians
from visits.slots import (
    DAYS_AT_FIRST,
    OFFERED,
    Slot,
    Wanted,
    all_of,
    best_of,
    days_ahead,
    offers_for,
    slots_on,
)
from visits.visit_lines import add_visit_line

MOST_OPEN = 2
MOST_LATELY = 3
LATELY = dt.timedelta(hours=24)
FAULT = Visit.Kind.FAULT
# So many of the best times are offered, and days are looked at for the rest.
BEST, DAYS_LOOKED_AT = 3, 7
# How a slot's key ends.
KEY_TIME = "%Y%m%dT%H%M%SZ"


class BookedEnough(Exception):
    """So much was booked for this machine by links that a person should ring instead."""


def may_book(machine: Equipment, *, now: dt.datetime) -> bool:
    """Whether one more visit may be booked by a link: two queries."""
    booked = LabelBooking.objects.filter(equipment=machine)
    if booked.filter(booked_at__gt=now - LATELY).count() >= MOST_LATELY:
        return False
    return Visit.objects.waiting().filter(public_id__in=booked.values("visit")).count() < MOST_OPEN


def times_for(
    machine: Equipment, *, now: dt.datetime, kind: str = FAULT, until: dt.date | None = None
) -> list[Slot]:
    """At most five times to choose from, in order: the best three, then the first of later days.

    Two who are free at once are one time: nobody's name is told. None after the day `until`.
    """
    wanted = _wanted(machine, now, kind)
    days = _days(wanted, until)
    near = offers_for(wanted, days[:DAYS_LOOKED_AT])
    offered: dict[dt.datetime, Slot] = {}
    best = best_of(near) or best_of(offers_for(wanted, days, members=near.members, at_first=DAYS_AT_FIRST))
    for slot in best:
        offered.setdefault(slot.start, slot)
    offered = dict(list(offered.items())[:BEST])
    days = {local_day(start, wanted.calendar.zone) for start in offered}
    for slot in all_of(near):
        day = local_day(slot.start, wanted.calendar.zone)
        if day not in days:
            days.add(day)
            offered[slot.start] = slot
    return [offered[start] for start in sorted(offered)][:OFFERED]


def time_named(
    machine: Equipment, key: str, *, now: dt.datetime, kind: str = FAULT, until: dt.date | None = None
) -> Slot | None:
    """The time that was chosen, while it can be had; None for what was never a time of this machine."""
    wanted = _wanted(machine, now, kind)
    try:
        start = dt.datetime.strptime(key.rpartition("@")[2], KEY_TIME).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    day = local_day(start, wanted.calendar.zone)
    if day not in _days(wanted, until):
        return None
    return next((slot for slot in slots_on(wanted, day) if slot.key == key), None)


def attempt_for(machine: Equipment, *, token: str, slot: str, problem: str) -> uuid.UUID:
    """What names one wish from one label: drawn again it is the same, until a visit of it is over."""
    booked = LabelBooking.objects.filter(equipment=machine)
    over = booked.exclude(visit__in=Visit.objects.waiting().values("public_id")).count()
    return uuid.uuid5(machine.public_id, "|".join((token, slot, str(over), " ".join(problem.split()))))


def booked_by(machine: Equipment, attempt: uuid.UUID) -> Visit | None:
    """The visit that this press of the button has booked already."""
    booked = LabelBooking.objects.filter(equipment=machine, attempt=attempt).values("visit")
    return Visit.objects.filter(public_id__in=booked).first()


def is_told(visit: Visit) -> bool:
    """Whether a message about the booking goes to somebody, or went."""
    lost = (Message.State.FAILED, Message.State.SKIPPED, Message.State.CANCELLED, Message.State.MISSED)
    return Message.objects.filter(subject=visit.public_id, kind="booked").exclude(state__in=lost).exists()


@transaction.atomic
def book_from_label(
    machine: Equipment,
    slot: Slot,
    *,
    attempt: uuid.UUID,
    problem: str,
    now: dt.datetime,
    kind: str = FAULT,
    entitlement: Entitlement | None = None,
) -> Visit:
    """Book a time that `times_for` offers; the customer's main contact hears of it as of every booking.

    With an `entitlement` it is one of those that the contract grants, booked by the contract's link.
    Raises SlotTaken when somebody was quicker, BookedEnough, and NothingLeft.
    """
    # Before anything else, as everywhere: nobody waits in a circle.
    hold_technicians(who.pk for who in slot.crew)
    Equipment.objects.select_for_update(of=("self",), no_key=True).get(pk=machine.pk)
    if (done := booked_by(machine, attempt)) is not None:
        return done
    if not may_book(machine, now=now):
        raise BookedEnough
    customer = machine.site.customer
    contacts = customer.contacts.order_by("-is_main", "pk")
    visit = book_visit(
        customer=customer,
        site=machine.site,
        contact=next((who for who in contacts if not who.has_left), None),
        machines=[machine],
        kind=kind,
        problem=problem,
        technician=slot.technician,
        others=slot.others,
        start=slot.start,
        end=slot.end,
        window_end=slot.window_end,
        response_due_at=_due_at(machine, now) if kind == FAULT else None,
        by=None,
        now=now,
        entitlement=entitlement,
    )
    LabelBooking.objects.create(equipment=machine, attempt=attempt, visit=visit.public_id, booked_at=now)
    how = f"from the label on {machine}"
    if entitlement is not None:
        how = f"by the link of contract {entitlement.term.contract}"
    add_visit_line(visit, f"Booked {how}", now=now, by=None, step="from label")
    return visit


def _wanted(machine, now, kind) -> Wanted:
    return Wanted(
        desk=machine.tenant,
        calendar=calendar_of(machine.tenant),
        now=now,
        customer=machine.site.customer,
        site=machine.site,
        machines=(machine,),
        kind=kind,
    )


def _days(wanted, until) -> list[dt.date]:
    return [day for day in days_ahead(wanted) if until is None or day <= until]


def _due_at(machine, now) -> dt.datetime | None:
    """When the contract says that a fault of the machine must be answered."""
    calendar = calendar_of(machine.tenant)
    hours = response_hours_of(covers_of_equipment(machine, local_day(now, calendar.zone)))
    return calendar.due_after(now, dt.timedelta(hours=hours)) if hours else None
