"""What a customer reads of a visit: in which state it is, in a sentence, and what they may do."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cases.models import Duty
from contracts.cover import Cover, covers_of_customer, covers_of_machines
from customers.models import TimelineEntry
from portal.machine_papers import papers_of
from portal.ringing import ringing_of, rings_by
from portal.times import day_said, may_choose
from recommendations.answers import ANSWERABLE
from recommendations.follow_up_letter import costs_words
from recommendations.models import Recommendation
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.prepared import DAY, Among, Key, Keys, Prepared, PublicId, Words
from visits.gate import assigned_to, machines_of
from visits.models import ServiceReport, Visit, WorkLeft
from visits.telling import may_tell, told_before
from visits.told import told_zone
from visits.wording import clock_words, window_words

PRICE_FIRST = "We tell you the price before anything is done"
PAID_FOR = "Nothing for the visit: it is paid for with your contract"


def show_visit(
    request: HttpRequest,
    visit: Visit,
    token: str,
    now: dt.datetime,
    *,
    problem="",
    ring_problem="",
    status=200,
) -> HttpResponse:
    """The page of the visit as it is now, with what could not be done."""
    if request.method != "GET":
        # What was pressed may have changed it, or somebody else meanwhile.
        visit.refresh_from_db()
    # All of it is the desk's that the link has opened: nothing asks for that again.
    visit.tenant = visit.customer.tenant = request.tenant
    machines = [each.equipment for each in machines_of(visit)]
    today = local_day(now, zone_of(visit.tenant))
    covers = _covers(visit, machines, today)
    page = facts_of(visit, token, now) | ringing_of(visit.customer, visit.public_id, now=now)
    page |= {
        "problem": problem,
        "ring_problem": ring_problem,
        "to_pay": "" if visit.state in Visit.OVER_STATES else to_pay(visit, covers),
        "told": told_before(visit),
        "recommendations": _recommendations(machines, covers, today, visit.tenant),
        "papers": papers_of(request, visit),
        "covers": [cover for cover in covers if cover.is_covered][:1],
    }
    return render(request, "portal/visit.html", page | _what_was_done(visit), status=status)


def facts_of(visit: Visit, token: str, now: dt.datetime) -> dict:
    """What every page about the visit names."""
    technician = next((one.technician for one in assigned_to(visit)), None)
    country, zone = visit.tenant.country, told_zone(visit.customer)
    waits = visit.state in Visit.WAITING_STATES
    is_waiting_in_vain = waits and now >= visit.window_end
    is_moved = waits and _was_moved_last(visit)
    is_certain = not visit.awaits_approval and not is_waiting_in_vain
    call_at = visit.planned_start - dt.timedelta(minutes=visit.tenant.call_ahead_minutes)

    def clock(instant):
        return clock_words(local_time(instant, zone).time(), country=country)

    return {
        "visit": visit,
        "token": token,
        "technician": technician,
        "who": technician.first_name if technician else visit.tenant.name,
        "day": day_said(visit.told_day, visit.customer, now=now),
        "window": window_words(visit.told_from, visit.told_until, country=country, joined_by="and"),
        "until": clock_words(visit.told_until, country=country),
        "can_change": may_choose(visit),
        "can_tell": may_tell(visit),
        "is_moved": is_moved,
        "is_waiting_in_vain": is_waiting_in_vain,
        "says_next": visit.state == Visit.State.CONFIRMED and is_certain and not is_moved,
        "may_wait_in_vain": waits and visit.told_day <= local_day(now, zone),
        "can_cancel": waits and visit.on_the_way_at is None,
        "expected": clock(visit.expected_at) if visit.expected_at else "",
        "call_at": clock(call_at) if _will_ring(visit) and now < call_at else "",
        "phone_end": visit.contact.phone_digits[-3:] if visit.contact else "",
        "call_minutes": visit.tenant.call_ahead_minutes,
        "rebooked_by": rings_by(visit.customer, visit.public_id, now=now, kind=Duty.Kind.REBOOK)
        if visit.state == Visit.State.MISSED
        else "",
        "is_over": visit.state in Visit.OVER_STATES,
        "state": visit.state,
        "States": Visit.State,
    }


def to_pay(visit: Visit, covers: list[Cover]) -> str:
    """What the visit costs them, as far as it is known before: covered, and what is not."""
    if visit.entitlement_id is not None:
        return PAID_FOR
    cover = next((each for each in covers if each.is_covered), None)
    if cover is None:
        return PRICE_FIRST
    said = f"Your contract covers it: {cover.covered.lower()}" if cover.covered else "Your contract covers it"
    return f"{said}. Not covered: {cover.not_covered.lower()}" if cover.not_covered else said


def _covers(visit, machines, today):
    """Of the contracts about the visit's machines; where it names none, of the customer's."""
    if machines:
        return covers_of_machines(machines, today)
    return covers_of_customer(visit.customer, today)


def _recommendations(machines, covers, today, desk) -> list[dict]:
    found = _OPEN.rows(machines=[machine.pk for machine in machines], day=today) if machines else []
    for each in found:
        each.tenant = desk
    return [
        {
            "one": each,
            "costs": costs_words(each, today, covers=covers) or f"{PRICE_FIRST}.",
            "can_answer": each.state in ANSWERABLE,
        }
        for each in found
    ]


_OPEN = Prepared(
    lambda machines, day: (
        Recommendation.objects.filter(Among("equipment", machines))
        .open(day)
        .worst_first()
        .select_related("equipment__site__customer")
    ),
    machines=Keys(),
    day=DAY,
)
_MOVED = Prepared(
    lambda customer, visit, step: TimelineEntry.objects.filter(
        customer=customer, subject=visit, step=step
    ).values_list("pk", flat=True)[:1],
    customer=Key(),
    visit=PublicId(),
    step=Words(),
)


def _will_ring(visit) -> bool:
    """Who has rung, or is on the way without, does not ring ahead any more."""
    return visit.called_ahead_at is None and visit.on_the_way_at is None


def _was_moved_last(visit) -> bool:
    """Whether the last thing that changed it gave it another time or technician."""
    step = f"moved {visit.version}"
    return bool(_MOVED.rows(customer=visit.customer_id, visit=visit.public_id, step=step))


def _what_was_done(visit) -> dict:
    """The report, the parts and what is left to do, once the visit is done."""
    if visit.state != Visit.State.DONE:
        return {}
    return {
        "report": ServiceReport.objects.filter(visit=visit).first(),
        "parts": visit.parts_used.select_related("part").order_by("pk"),
        "left": WorkLeft.objects.filter(visit=visit).select_related("settled_at_visit").first(),
    }
