"""The brief: everything to know before ringing the bell, and the one step that comes next."""

import datetime as dt
from urllib.parse import quote

from django.db.models import Prefetch, prefetch_related_objects
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.cover import Cover, covers_of_equipment
from contracts.overlaps import explain
from contracts.tenure import customer_since, tenure_in_words
from contracts.wording import day_in_full, money
from customers.models import Equipment
from customers.warranty import warranty_in_words
from recommendations.models import RecommendationPhoto
from servicedesk import brief_photos
from servicedesk.bringing import bring_list
from servicedesk.phone_pages import kept_on_phones, phone_of, progress_in_json, seen_of
from servicedesk.start_with import start_with
from servicedesk.today import visits_of_technician
from tenancy.calendars import day_bounds, local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import DAY, Among, Instant, Key, Keys, Prepared, PublicId, attach, together
from visits.access import access_from, calls_at_the_door, came_at
from visits.fieldwork import UNDO_TIME, may_work_on, to_raise_at, undoable, usual_arrival
from visits.gate import assigned_to, machines_of, technician_of
from visits.models import Assignment, Review, ServiceReport, Visit, VisitStep
from visits.parts import parts_to_bring
from visits.progress import Next, progress_of
from visits.standing import standing_of
from visits.telling import told_before
from visits.trails import trails_of
from visits.work_left import left_for

PAST_VISITS = 5
# A visit for more machines than these tells the history of the first.
MOST_MACHINES = 3
# From this severity on it must be raised, whatever else there is to do.
MUST_RAISE = 3

_WHOLE = Prepared(
    lambda id: Visit.objects.filter(public_id=id).select_related(
        "customer", "site", "contact", "booked_by__user", "backup"
    ),
    id=PublicId(),
)
_STEPS = Prepared(
    lambda visit: VisitStep.objects.filter(visit=visit).select_related("by__user").order_by("at", "pk"),
    visit=Key(),
)
_TO_RAISE = Prepared(to_raise_at, site=Key(), day=DAY)
_OF_DAY = Prepared(
    lambda technician, start, end: visits_of_technician(technician, start, end).values_list("pk", flat=True),
    technician=Key(),
    start=Instant(),
    end=Instant(),
)
_PAST = Prepared(
    lambda machine, visit: (
        Visit.objects.filter(machines__equipment=machine, state__in=Visit.OVER_STATES)
        .exclude(pk=visit)
        .order_by("-planned_start")[:PAST_VISITS]
    ),
    machine=Key(),
    visit=Key(),
)
_WENT = Prepared(
    lambda visits: Assignment.objects.filter(Among("visit", visits)).select_related("technician"),
    visits=Keys(),
)
_RAISED = Prepared(
    lambda visits: Review.objects.filter(
        Among("visit", visits), outcome=Review.Outcome.RAISED
    ).select_related("recommendation"),
    visits=Keys(),
)
_WORK_DONE = Prepared(
    lambda visits: ServiceReport.objects.filter(Among("visit", visits)).values_list("visit", "work_done"),
    visits=Keys(),
)


@require_GET
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
@kept_on_phones
def brief(request, id):
    """What to know about one visit."""
    return _page(request, the_one(_WHOLE, id), now=timezone.now())


def brief_page(request, visit: Visit, *, now: dt.datetime, status: int = 200, errors: dict | None = None):
    """The page, also with what was wrong with a step: `errors` by the step's name."""
    return _page(request, the_one(_WHOLE, visit.public_id), now=now, status=status, errors=errors)


def _page(request, visit, *, now, status=200, errors=None):
    context = brief_of(request, visit, now)
    context |= errors or {}
    # A field takes a list of what is wrong with it.
    context |= {f"{name}s": [words] for name, words in (errors or {}).items() if name.endswith("_error")}
    return render(request, "visits/brief.html", context, status=status)


def brief_of(request, visit: Visit, now: dt.datetime) -> dict:
    """All that the brief shows, in a fixed number of queries."""
    desk = request.tenant
    # The request's own desk: no page asks for it again.
    visit.tenant = visit.customer.tenant = desk
    day = local_day(now, zone_of(desk))
    steps, recommendations = together(
        _STEPS.asking(visit=visit.pk), _TO_RAISE.asking(site=visit.site_id, day=day)
    )
    prefetch_related_objects(recommendations, Prefetch("photos", RecommendationPhoto.objects.order_by("pk")))
    for recommendation in recommendations:
        recommendation.tenant = desk
    read = visit.brief_read_at
    unread = [rec for rec in recommendations if read is None or rec.raised_at > read]
    links, assigned = machines_of(visit), assigned_to(visit)
    attach([visit], "machines", links)
    attach([visit], "assignments", assigned)
    machines = [link.equipment for link in links][:MOST_MACHINES]
    technician = technician_of(visit, request.membership, assigned=assigned)
    contact = visit.contact
    supplies = parts_to_bring(visit, technician, now=now)
    covers = covers_of_equipment(machines[0], day) if machines else []
    cover = next(iter(covers), None)
    minutes = _minutes_to_call(visit, desk, now)
    progress = progress_of(visit, steps=steps, desk=desk, unread=len(unread))
    may_act = may_work_on(visit, request.membership, assigned=assigned)
    last = undoable(visit, now=now, steps=steps)
    door_calls = calls_at_the_door(visit, steps) if visit.arrived_at else []
    return {
        "phone": phone_of(request),
        "seen": seen_of(visit, now),
        "progress_now": progress_in_json(
            visit,
            progress,
            unread=len(unread),
            undoable=last,
            door_calls=len(door_calls),
            came=came_at(visit, steps),
        ),
        "later_steps": _later(progress),
        "other_ways": _other_ways(request, visit, progress) if may_act else [],
        "visit": visit,
        "contact": contact,
        "called": _first_name(contact.name if contact and contact.name else visit.customer.name),
        "tenure": tenure_in_words(customer_since(visit.customer), today=day),
        "place_in_day": _place_in_day(visit, technician, desk),
        "progress": progress,
        "standing": standing_of(visit, now=now, desk=desk, assigned=technician is not None),
        "skipped": [step for step in steps if step.skipped_because and step.undone_at is None],
        "start_with": start_with(visit.customer, now=now),
        "left": left_for(visit),
        "told": told_before(visit),
        "to_raise": _cards(recommendations, request.membership, visit, now),
        "unread": len(unread),
        "cover": cover,
        "overlap": explain(covers),
        "warranty": warranty_in_words(machines[0], day=day) if machines else "",
        "cover_words": _cover_words(cover) if cover else "",
        "supplies": supplies,
        "bring": bring_list(visit, technician, supplies, may_take=may_act and progress.next != Next.NOTHING),
        "on_van": sum(supply.in_van > 0 for supply in supplies),
        "machines": [(machine, _history(machine, visit)) for machine in machines],
        "directions": f"https://www.openstreetmap.org/search?query={quote(visit.site.address)}",
        "may_act": may_act,
        "undoable": last,
        "undo_until": last and last.at + UNDO_TIME,
        "expected": visit.expected_at or usual_arrival(visit, now=now),
        "call_minutes": minutes,
        "call_late": -minutes,
        "access_from": access_from(visit, steps) if visit.arrived_at else None,
        "door_calls": door_calls,
        "now": now,
    }


def _later(progress) -> list[Next]:
    """The docks that a phone may come to without a signal: any but the one shown; undo leads back, too."""
    return [step for step in Next if step not in (progress.next, Next.NOTHING)]


def _other_ways(request, visit, progress) -> list[Next]:
    """The steps that have another way: on a phone all of them, for it may come there without a signal."""
    if progress.next == Next.NOTHING:
        return []
    ways = [Next.CALL, Next.SET_OUT, Next.ARRIVE, Next.FINISH]
    is_told = progress.next != Next.ARRIVE or visit.on_the_way_at is not None
    if request.membership.role == Role.TECHNICIAN:
        return [way for way in ways if is_told or way != Next.ARRIVE]
    return [progress.next] if progress.next in ways and is_told else []


def _cards(recommendations, viewer, visit, now) -> list[dict]:
    is_coming = visit.state not in Visit.OVER_STATES
    trails = trails_of(recommendations, now=now, viewer=viewer, coming=is_coming)
    return [
        {
            "recommendation": recommendation,
            "trail": trails[recommendation.pk],
            "heading": "Must raise" if recommendation.severity >= MUST_RAISE else "Raise",
            "price": _price(recommendation, visit.tenant),
            "photos": recommendation.photos.all(),
        }
        for recommendation in recommendations
    ]


def _price(recommendation, desk) -> str:
    estimate = recommendation.estimate
    return "" if estimate is None else f"Estimate {money(estimate, desk.currency)}."


def _history(machine: Equipment, visit: Visit) -> list[dict]:
    """The machine's last visits, newest first: what was done, and what was recommended there."""
    past = _PAST.rows(machine=machine.pk, visit=visit.pk)
    keys = [one.pk for one in past]
    went, raised, work_done = together(*(rows.asking(visits=keys) for rows in (_WENT, _RAISED, _WORK_DONE)))
    attach(past, "assignments", went)
    attach(past, "reviews", raised)
    reports = dict(work_done)
    return [{"visit": one, "words": _what_happened(one, reports.get(one.pk, one.problem))} for one in past]


def _what_happened(visit: Visit, done: str) -> str:
    crew = ", ".join(assignment.technician.first_name for assignment in visit.assignments.all())
    who = f"{visit.get_kind_display()}, {crew}." if crew else f"{visit.get_kind_display()}."
    if visit.state != Visit.State.DONE:
        return f"{who} {visit.get_state_display()}."
    raised = [review.recommendation.finding for review in visit.reviews.all()]
    recommended = f"Recommended: {', '.join(raised)}." if raised else ""
    return " ".join(filter(None, (who, done, recommended)))


def _place_in_day(visit, technician, desk) -> str:
    if technician is None:
        return ""
    zone = zone_of(desk)
    start, end = day_bounds(local_day(visit.planned_start, zone), zone)
    ids = _OF_DAY.rows(technician=technician.pk, start=start, end=end)
    return f"Visit {ids.index(visit.pk) + 1} of {len(ids)}" if visit.pk in ids else ""


def _minutes_to_call(visit, desk, now) -> int:
    call_by = visit.planned_start - dt.timedelta(minutes=desk.call_ahead_minutes)
    return int((call_by - now).total_seconds() // 60)


def _first_name(name: str) -> str:
    return name.split()[0]


def _cover_words(cover: Cover) -> str:
    """ "Covered to 14 Mar 2027", or the contract's own sentence where there is more to say."""
    if cover.tone == "good" and cover.is_covered and cover.ends_on:
        return f"Covered to {day_in_full(cover.ends_on)}"
    return cover.sentence


urlpatterns = [path("today/<uuid:id>/", brief, name="brief"), *brief_photos.urlpatterns]
