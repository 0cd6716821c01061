"""A technician's visits in their own calendar: the pages that make and end its address, and the address."""

import uuid
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from portal.guessing import MINUTES, is_guessing
from portal.opening import TOO_MANY
from servicedesk import shown_once
from servicedesk.moments import moment_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import ChangedMeanwhile
from tenancy.gates import for_roles, id_in, the_one
from tenancy.models import Role
from tenancy.scope import tenant
from visits.calendar_feed import (
    feed_address,
    find_feed,
    is_here,
    make_feed,
    note_fetch,
    open_feed_of,
    revoke_feed,
)
from visits.calendar_feed_file import DAYS_AHEAD, DAYS_BACK, calendar_of
from visits.models import CalendarFeed, Technician

# Where the session keeps a new address until it is shown.
MADE = "calendar_feed_made"


@require_GET
@for_roles(Role.DISPATCHER)
def feeds(request):
    """Whose visits stand in a calendar of their own, and when it was read last: two queries."""
    open_ones = CalendarFeed.objects.filter(revoked_at__isnull=True).select_related("made_by__user")
    rows = Technician.objects.filter(is_active=True).order_by("name")
    rows = rows.prefetch_related(Prefetch("calendar_feeds", open_ones, to_attr="open_feeds"))
    told = [(row, _told(request, next(iter(row.open_feeds), None))) for row in rows]
    return render(request, "settings/calendar_feeds.html", {"technicians": told})


@require_http_methods(["GET", "POST"])
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def calendar_feed(request, id):
    """What a calendar would show and how to have it; a POST makes an address, or another in its place."""
    technician = _technician(request, id)
    if request.method == "GET":
        return _page(request, technician)
    attempt = id_in(request.POST.get("attempt", "")) or uuid.uuid4()
    replaced = request.POST.get("replaces", "")
    replaces = the_one(technician.calendar_feeds.all(), id_in(replaced)) if replaced else None
    who = {"by": request.membership, "now": timezone.now()}
    try:
        feed, token = make_feed(technician, attempt=attempt, replaces=replaces, **who)
    except ChangedMeanwhile as refused:
        current = open_feed_of(technician)
        if current is None or current.public_id != attempt:
            return _page(request, technician, 409, refusal=str(refused))
    else:
        shown_once.keep(request, MADE, feed, token)
    # Pressed twice: the first one's address is what is shown.
    return redirect(_address(request, technician, "calendar-feed-made"))


@require_GET
@never_cache
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def made(request, id):
    """The address that was made just now, with how to subscribe: once, and never again."""
    technician = _technician(request, id)
    found = shown_once.take(request, MADE, technician.calendar_feeds.filter(revoked_at__isnull=True))
    if found is None:
        messages.warning(request, "An address is shown once. Make another in its place if nobody kept it.")
        return redirect(_address(request, technician, "calendar-feed"))
    address = feed_address(found[1])
    context = {
        "technician": technician,
        "address": address,
        # By which a phone or a computer knows that its calendar is meant.
        "subscribe": f"webcal://{address.partition('://')[2]}",
        **_frame(request, technician),
    }
    return render(request, "settings/calendar_feed_made.html", context)


@require_POST
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
def end(request, id):
    """The address opens nothing from now on; 409 where it has ended."""
    technician = _technician(request, id)
    feed = the_one(technician.calendar_feeds.all(), id_in(request.POST.get("feed", "")))
    try:
        revoke_feed(feed, by=request.membership, now=timezone.now())
    except ChangedMeanwhile as refused:
        return _page(request, technician, 409, refusal=str(refused))
    messages.success(request, "The address has ended. Take the calendar out of your program, too.")
    return redirect(_address(request, technician, "calendar-feed"))


@require_safe
def visits_file(request, token):
    """What a calendar program reads. It changes nothing but the hour in which it was read last."""
    found, now = find_feed(token), timezone.now()
    if found is None and is_guessing(request):
        return HttpResponse(
            f"Too many addresses that never were. Come again in {MINUTES} minutes.\n",
            status=TOO_MANY,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": str(MINUTES * 60)},
        )
    if found is None or not found.is_open:
        raise Http404("No such calendar")
    feed = found.feed
    with tenant(feed.tenant_id):
        calendar = calendar_of(feed.technician, address_of=partial(_visit_address, feed), now=now)
        note_fetch(feed, now=now)
    etag = quote_etag(calendar.edition)
    answer = get_conditional_response(request, etag=etag) or HttpResponse(
        calendar.content(), content_type="text/calendar; charset=utf-8"
    )
    answer["ETag"], answer["Cache-Control"] = etag, "private, no-cache"
    return answer


def _visit_address(feed, visit) -> str:
    there = desk_url(feed.technician.tenant, "brief", id=visit.public_id)
    return f"{settings.PUBLIC_URL.rstrip('/')}{there}"


def _technician(request, id) -> Technician:
    """Any of the desk's to whoever plans their visits; to a technician there is nobody but themselves."""
    rows = Technician.objects.select_related("membership__user", "tenant")
    if request.membership.role == Role.TECHNICIAN:
        rows = rows.filter(membership=request.membership)
    return the_one(rows, id)


def _address(request, technician, name) -> str:
    return desk_url(request.tenant, name, id=technician.public_id)


def _told(request, feed) -> dict | None:
    """Who made an address when, and when it was read last, in words; None without one."""
    if feed is None:
        return None
    zone = zone_of(request.tenant)
    today = local_day(timezone.now(), zone)
    made_at, read_at = feed.made_at, feed.last_fetched_at
    return {
        "feed": feed,
        "made": f"{moment_word(made_at, zone=zone, today=today)} by {feed.made_by.name}",
        "read": moment_word(read_at, zone=zone, today=today) if read_at else "never",
    }


def _frame(request, technician) -> dict:
    """Whose page it is: a technician's own on the phone, or the desk's."""
    own = request.membership.role == Role.TECHNICIAN
    return {"own": own, "base": "base_technician.html" if own else "base_desk.html"}


def _page(request, technician, status=200, *, refusal="") -> HttpResponse:
    context = {
        "technician": technician,
        "told": _told(request, open_feed_of(technician)),
        "is_here": is_here(technician),
        "attempt": uuid.uuid4(),
        "back": DAYS_BACK,
        "ahead": DAYS_AHEAD,
        "refusal": refusal,
        **_frame(request, technician),
    }
    return render(request, "settings/calendar_feed.html", context, status=status)


urlpatterns = [
    path("calendar-feeds/", feeds, name="calendar-feeds"),
    path("technicians/<uuid:id>/calendar-feed/", calendar_feed, name="calendar-feed"),
    path("technicians/<uuid:id>/calendar-feed/made/", made, name="calendar-feed-made"),
    path("technicians/<uuid:id>/calendar-feed/end/", end, name="calendar-feed-end"),
]
read_by_programs = [path("calendar/<str:token>.ics", visits_file, name="calendar-file")]
