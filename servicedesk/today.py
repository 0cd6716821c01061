"""The technician's day: visits in order, the next one large with the one button that comes next."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from recommendations.models import Recommendation
from servicedesk.phone_pages import addresses_to_keep, kept_on_phones, phone_of, seen_of
from servicedesk.start_with import start_with_each
from servicedesk.whereabouts import CANCELLED, job_of
from tenancy.addresses import desk_url
from tenancy.calendars import day_bounds, local_day, local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.fieldwork import StepRefused
from visits.models import Assignment, Praise, Technician, Visit
from visits.parts import parts_to_bring_each
from visits.praising import read_praise, unread_praise
from visits.progress import Next, Progress, progress_of
from visits.standing import Standing, standing_of
from visits.telling import told_about
from visits.travel import point_of, way

State = Visit.State
NIGHT = dt.timedelta(days=1)
UNDER_WAY = (State.ON_THE_WAY, State.ON_SITE)
# How a visit that needs no step any more stands in the day's list.
ENDED = {State.DONE: "done", State.NO_ACCESS: "done", State.MISSED: "missed"}


@dataclass(frozen=True)
class Stop:
    """One visit of the day as its card shows it."""

    visit: Visit
    name: str
    job: str
    standing: Standing
    progress: Progress
    state: str
    to_raise: int
    start_with: str
    they_wrote: bool
    at_depot: int
    call_by: dt.datetime | None
    # "18 min from Quay Lane": the way from where the technician is before; empty where a place is not known.
    way: str
    # What the phone sends back with each step: the plan as it was seen.
    seen: str

    @property
    def is_over(self) -> bool:
        """Nothing is left to do there."""
        return self.progress.next == Next.NOTHING


@require_GET
@for_roles(Role.TECHNICIAN)
@kept_on_phones
def today(request):
    """The visits of the person who is signed in, in order."""
    now = timezone.now()
    technician = Technician.objects.filter(membership=request.membership).first()
    if technician is None:
        return render(request, "visits/no_technician.html")
    stops = stops_of(technician, desk=request.tenant, now=now)
    tomorrow = _visits_of_tomorrow(technician, request, now)
    context = {
        "technician": technician,
        "stops": stops,
        "tomorrow": [(visit, visit.customer.short_name) for visit in tomorrow],
        "keep": addresses_to_keep(request.tenant, [*(stop.visit for stop in stops), *tomorrow]),
        "phone": phone_of(request),
        "next": next((stop for stop in stops if stop.state == "next"), None),
        "last_ends": max((stop.visit.planned_end for stop in stops), default=None),
        "praise": unread_praise(request.membership),
        "changes": _changes(request, stops, now),
        "shown": signing.dumps(_order(stops, _today(request, now)), salt=_seen_key(request), compress=True),
        "next_day": None if stops else _next_visit(technician, now),
        "now": now,
    }
    return render(request, "visits/today.html", context)


@require_POST
@for_roles(Role.TECHNICIAN)
def accept_order(request):
    """The technician has seen what the office changed, as the page showed it."""
    with suppress(StepRefused):
        accept(request, request.POST, timezone.now())
        messages.success(request, "Seen. This is your day now.")
    return redirect(desk_url(request.tenant, "today"))


@require_POST
@for_roles(Role.TECHNICIAN)
def praise_read(request, id):
    """Whom it is for has read it: it leaves their day."""
    read_praise(the_one(Praise.objects.filter(person=request.membership), id), now=timezone.now())
    return redirect(desk_url(request.tenant, "today"))


def accept(request, typed, now: dt.datetime) -> None:
    """Remember the order that a page showed as seen; what changed after it is still told.

    `typed` has the page's own word of it in `shown`. Raises StepRefused for what no page of this desk said.
    """
    try:
        order = signing.loads(typed.get("shown", ""), salt=_seen_key(request))
    except signing.BadSignature:
        raise StepRefused("This is not your day any more. Open it again.") from None
    if order["day"] == _today(request, now).isoformat():
        request.session[_seen_key(request)] = order


def stops_of(technician: Technician, *, desk, now: dt.datetime) -> list[Stop]:
    """Today's visits of a technician, and what is under way from before, in a fixed number of queries."""
    zone = zone_of(desk)
    day = local_day(now, zone)
    visits = list(visits_of_day(technician, day, zone))
    if not visits:
        return []
    raising = _to_raise(visits, day)
    first_words = start_with_each([visit.customer for visit in visits], now=now)
    supplies = parts_to_bring_each(visits, technician, now=now)
    wrote = told_about(visits)
    stops, next_found = [], False
    for visit in visits:
        unread = _unread(visit, raising)
        progress = progress_of(visit, steps=list(visit.steps.all()), desk=desk, unread=unread)
        state = ENDED.get(visit.state, "") if progress.next == Next.NOTHING else ""
        if visit.state == State.MISSED:
            state = "missed"
        elif progress.next != Next.NOTHING and not next_found:
            state, next_found = "next", True
        standing = standing_of(visit, now=now, desk=desk, assigned=True)
        before = stops[-1].visit.site if stops else None
        stops.append(
            Stop(
                visit=visit,
                name=visit.customer.short_name,
                job=job_of(visit),
                standing=standing,
                progress=progress,
                state=state,
                to_raise=len(raising.get(visit.site_id, ())),
                start_with=first_words.get(visit.customer_id, ""),
                they_wrote=visit.public_id in wrote,
                at_depot=sum(supply.is_at_depot_only for supply in supplies[visit.pk]),
                call_by=standing.call_by,
                way=_way(technician, before, visit, desk),
                seen=seen_of(visit, now),
            )
        )
    return stops


def visits_of_day(technician: Technician, day: dt.date, zone: ZoneInfo):
    """A technician's visits of one day, with what is still under way from before; not those cancelled."""
    return visits_of_technician(technician.pk, *day_bounds(day, zone))


def visits_of_technician(technician: int, start: dt.datetime, end: dt.datetime):
    """The same by the technician's primary key, and the instants between which the day lies."""
    # What is in the diary near that day or under way, each by an index of its own: years of visits are not
    # looked at one by one.
    theirs = Assignment.objects.filter(technician=technician).order_by().values("visit")
    near = theirs.filter(starts_at__gt=start - NIGHT, starts_at__lt=end + NIGHT)
    return (
        Visit.objects.filter(pk__in=near.union(theirs.filter(state__in=UNDER_WAY)))
        .filter(
            Q(planned_start__gte=start, planned_start__lt=end)
            | Q(state__in=UNDER_WAY, planned_start__lt=start)
        )
        .exclude(state__in=CANCELLED)
        .select_related("customer", "site", "contact")
        .prefetch_related("steps", "assignments__technician", "machines__equipment")
        .order_by("planned_start", "pk")
    )


def _to_raise(visits, day) -> dict[int, list[dt.datetime]]:
    """Per site: when each of its open recommendations was raised."""
    found = Recommendation.objects.open(day).filter(equipment__site__in={visit.site_id for visit in visits})
    sites: dict[int, list[dt.datetime]] = {}
    for site_id, raised_at in found.values_list("equipment__site_id", "raised_at"):
        sites.setdefault(site_id, []).append(raised_at)
    return sites


def _way(technician, before, visit, desk) -> str:
    here = point_of(visit.site.latitude, visit.site.longitude)
    if before is None:
        start, name = point_of(technician.home_latitude, technician.home_longitude), "home"
    else:
        start, name = point_of(before.latitude, before.longitude), before.street or before.name
    if start is None or here is None or not name:
        return ""
    return f"{way(desk, start, here).minutes} min from {name}"


def _unread(visit, raising) -> int:
    read = visit.brief_read_at
    return sum(read is None or raised_at > read for raised_at in raising.get(visit.site_id, ()))


def _visits_of_tomorrow(technician, request, now) -> list[Visit]:
    zone = zone_of(request.tenant)
    start, _ = day_bounds(_today(request, now) + dt.timedelta(days=1), zone)
    found = visits_of_day(technician, local_day(start, zone), zone)
    return list(found.filter(planned_start__gte=start))


def _next_visit(technician, now):
    waiting = Visit.objects.waiting().filter(assignments__technician=technician, planned_start__gt=now)
    return waiting.select_related("customer").order_by("planned_start").first()


# What the office changed: the order that the technician saw last is kept with the sign-in, so
# that a new one arrives as a banner and never as a silent reshuffle.


def _changes(request, stops, now) -> list[str]:
    key, day = _seen_key(request), _today(request, now)
    seen = request.session.get(key)
    current = _order(stops, day)
    if seen is None or seen["day"] != day.isoformat():
        request.session[key] = current
        return []
    before, after = seen["visits"], current["visits"]
    zone = zone_of(request.tenant)
    said = [
        f"{name} is now at {_clock(start, zone)}, not {_clock(before[pk][0], zone)}"
        for pk, (start, name) in after.items()
        if pk in before and before[pk][0] != start
    ]
    said += [
        f"New: {name} at {_clock(start, zone)}" for pk, (start, name) in after.items() if pk not in before
    ]
    said += [f"Not yours any more: {name}" for pk, (_, name) in before.items() if pk not in after]
    return said


def _order(stops, day) -> dict:
    visits = {str(s.visit.public_id): [s.visit.planned_start.isoformat(), s.name] for s in stops}
    return {"day": day.isoformat(), "visits": visits}


def _seen_key(request) -> str:
    return f"today seen {request.tenant.slug}"


def _today(request, now) -> dt.date:
    return local_day(now, zone_of(request.tenant))


def _clock(instant: str, zone) -> str:
    return f"{local_time(dt.datetime.fromisoformat(instant), zone):%H:%M}"


urlpatterns = [
    path("today/", today, name="today"),
    path("today/accept/", accept_order, name="today-accept"),
    path("today/praise/<uuid:id>/read/", praise_read, name="praise-read"),
]
