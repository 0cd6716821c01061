"""The free times a customer may choose: another one for a waiting visit, a new one after a miss."""

import datetime as dt

from django.db import transaction

from customers.models import Customer
from tenancy.calendars import calendar_of, local_day, local_time
from visits.booking import book_visit
from visits.entitled import still_open
from visits.maintenance import waiting_service
from visits.models import Visit
from visits.moving import move_visit
from visits.places import MoveRefused, hold_technicians
from visits.slots import Slot, Wanted, best_slots
from visits.told import told_zone
from visits.wording import day_words, window_words

SAID = "Said so on their page"
REBOOKED = "A new time is booked already. Ring us to change it."


def may_choose(visit: Visit) -> bool:
    """Whether a time may be chosen: nobody is on the way yet, or nobody came and none is booked anew."""
    if visit.state == Visit.State.MISSED:
        return not booked_anew(visit).exists()
    return visit.state in Visit.WAITING_STATES and visit.on_the_way_at is None


def booked_anew(visit: Visit):
    """The waiting visits at the site that were booked since nobody came."""
    return (
        Visit.objects.waiting()
        .filter(site_id=visit.site_id, booked_at__gte=visit.missed_at)
        .exclude(pk=visit.pk)
    )


def anew_of(visit: Visit) -> Visit | None:
    """The visit that comes after a miss, the soonest; None while none is booked, or nothing was missed."""
    if visit.state != Visit.State.MISSED:
        return None
    return booked_anew(visit).select_related("customer").order_by("planned_start", "pk").first()


def free_times(visit: Visit, *, now: dt.datetime) -> list[Slot]:
    """At most five, the preferred technician's first; none where none may be chosen."""
    if not may_choose(visit):
        return []
    return best_slots(
        Wanted(
            desk=visit.tenant,
            calendar=calendar_of(visit.tenant),
            now=now,
            customer=visit.customer,
            site=visit.site,
            machines=_machines(visit),
            kind=visit.kind,
            moving=None if visit.state == Visit.State.MISSED else visit,
        )
    )


def take_time(visit: Visit, slot: Slot, *, now: dt.datetime) -> Visit:
    """Move a waiting visit to the slot, or book a new one after a miss; the miss stays as it is.

    Raises MoveRefused or SlotTaken when somebody was quicker.
    """
    if visit.state != Visit.State.MISSED:
        return move_visit(
            visit,
            technician=slot.technician,
            start=slot.start,
            reason=SAID,
            by=None,
            now=now,
            version=visit.version,
            agreed_by_customer=True,
            # Nobody found to come along: those who came along before do.
            others=slot.others or None,
        )
    return _book_anew(visit, slot, now=now)


@transaction.atomic
def _book_anew(visit, slot, *, now):
    # Before any visit, as everywhere: nobody waits in a circle.
    hold_technicians(who.pk for who in slot.crew)
    # Two tabs with two times make one visit: whoever comes second waits here, and is told.
    missed = Visit.objects.select_for_update(of=("self",)).get(pk=visit.pk)
    if not may_choose(missed):
        raise MoveRefused(REBOOKED)
    return book_visit(
        customer=visit.customer,
        site=visit.site,
        contact=visit.contact,
        machines=_machines(visit),
        kind=visit.kind,
        problem=visit.problem,
        technician=slot.technician,
        others=slot.others,
        start=slot.start,
        end=slot.end,
        window_end=slot.window_end,
        by=None,
        now=now,
        case=visit.case,
        entitlement=still_open(visit),
        service=waiting_service(visit),
    )


def standing_at(visit: Visit, key: str) -> Visit | None:
    """The visit that stands at the slot of that key already, itself or the one after a miss: chosen twice."""
    candidates = booked_anew(visit) if visit.state == Visit.State.MISSED else [visit]
    return next((each for each in candidates if _stands_at(each, key)), None)


def _stands_at(visit, key) -> bool:
    if visit.state not in Visit.WAITING_STATES:
        return False
    lead = visit.assignments.select_related("technician").order_by("pk").first()
    return (
        lead is not None
        and key == Slot(lead.technician, visit.planned_start, visit.planned_end, visit.window_end).key
    )


def groups_of(slots: list[Slot], customer: Customer, *, now: dt.datetime) -> list[dict]:
    """The offers by who comes, the first offered first: a heading for each, and the times to choose."""
    by_lead: dict[int, list[Slot]] = {}
    for slot in slots:
        by_lead.setdefault(slot.technician.pk, []).append(slot)
    first = slots[0].start if slots else now
    return [
        {
            "heading": _with_whom(theirs[0], is_sooner=theirs[0].start < first),
            "offers": [{"key": slot.key, "words": option_said(slot, customer, now=now)} for slot in theirs],
        }
        for theirs in by_lead.values()
    ]


def option_said(slot: Slot, customer: Customer, *, now: dt.datetime) -> str:
    """ "Today, 4 to 5 pm", "Sat 7 March, 2 to 3 pm", by the customer's clock."""
    zone = told_zone(customer)
    start, end = local_time(slot.start, zone), local_time(slot.window_end, zone)
    window = window_words(start.time(), end.time(), country=customer.tenant.country)
    day = day_said(start.date(), customer, now=now).removeprefix("on ")
    return f"{day[:1].upper()}{day[1:]}, {window}"


def day_said(day: dt.date, customer: Customer, *, now: dt.datetime) -> str:
    """ "today", "tomorrow", "on Sat 7 March", by the customer's clock."""
    today = local_day(now, told_zone(customer))
    named = {0: "today", 1: "tomorrow"}.get((day - today).days)
    return named or f"on {day_words(day, country=customer.tenant.country, today=today)}"


def slot_said(slot: Slot, customer: Customer, *, now: dt.datetime) -> str:
    """ "Sat 7 March between 2 and 3 pm", by the customer's clock."""
    zone = told_zone(customer)
    start, end = local_time(slot.start, zone), local_time(slot.window_end, zone)
    window = window_words(start.time(), end.time(), country=customer.tenant.country, joined_by="and")
    return f"{day_said(start.date(), customer, now=now).removeprefix('on ')} between {window}"


def told_said(visit: Visit, *, now: dt.datetime) -> str:
    """ "on Sat 7 March between 2 and 3 pm": what the customer of a visit was told."""
    country = visit.customer.tenant.country
    window = window_words(visit.told_from, visit.told_until, country=country, joined_by="and")
    return f"{day_said(visit.told_day, visit.customer, now=now)} between {window}"


def _with_whom(slot, *, is_sooner) -> str:
    name = slot.technician.first_name
    if slot.is_preferred:
        return f"With {name}, who usually comes to you"
    return f"Sooner, with {name}" if is_sooner else f"With {name}"


def _machines(visit):
    return tuple(each.equipment for each in visit.machines.select_related("equipment"))
