"""What makes the technician's pages an app on the phone: what is kept for whom, the worker, the manifest."""

import datetime as dt
import json
from collections.abc import Iterable
from functools import wraps
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.models import Visit, VisitStep
from visits.progress import Next, Progress
from visits.seen_plans import FACTS, Plan, plan_of

WORKER = "js/technician-worker.js"
# The visit's four taps as the phone names them, by the step that an undo would take back.
UNDONE = {"call ahead": "called", "on the way": "onTheWay", "arrived": "arrived"}
SKIPPED = {"call ahead": "callSkipped", "on the way": "waySkipped"}


def kept_on_phones(view):
    """A page that a technician's phone may keep: it says for whom it was made, and where things are sent."""

    @wraps(view)
    def page(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if request.membership.role == Role.TECHNICIAN:
            response["X-Kept-For"] = str(request.membership.public_id)
        return response

    return page


def is_kept(request) -> bool:
    """Whether a phone asks for the page before its time has come: to keep it, or because it knows more.

    An arrival may wait there for a signal that is good enough to send it.
    """
    asked = "X-Keep" in request.headers or "kept" in request.GET
    return request.method == "GET" and asked and _is_technician(request)


def phone_of(request) -> str:
    """Where the phone finds the server, as the page's script reads it; empty for who is no technician."""
    if not _is_technician(request):
        return ""
    desk = request.tenant
    return json.dumps(
        {
            "person": str(request.membership.public_id),
            "desk": desk.slug,
            "actions": desk_url(desk, "device-actions"),
            "today": desk_url(desk, "today"),
            "waiting": desk_url(desk, "waiting-to-send"),
            "worker": desk_url(desk, "phone-worker"),
            "sign_in": reverse("sign-in"),
        }
    )


def plan_in_json(plan: Plan) -> dict:
    """A plan as pages hand it to the phone, and as it comes back."""
    told = {"start": plan.start.isoformat(), "crew": list(plan.crew), "as_of": plan.as_of.isoformat()}
    return told | {fact: getattr(plan, fact) for fact in FACTS}


def seen_of(visit: Visit, now) -> str:
    """The plan that the page shows, to be sent back with what is done by it."""
    return json.dumps(plan_in_json(plan_of(visit, now=now)))


def addresses_to_keep(desk, visits: Iterable[Visit]) -> str:
    """The pages that a phone needs for these visits, the day first."""
    pages = [desk_url(desk, "today"), desk_url(desk, "waiting-to-send")]
    for visit in visits:
        pages += [desk_url(desk, name, id=visit.public_id) for name in ("brief", "finish")]
    return json.dumps(pages)


def progress_in_json(
    visit: Visit,
    progress: Progress,
    *,
    unread: int,
    undoable: VisitStep | None,
    door_calls: int,
    came: dt.datetime | None,
) -> str:
    """How far the visit is, as the phone goes on from it; `came` is when the technician came."""
    skipped = [mark.state == "skipped" for mark in progress.steps]
    return json.dumps(
        {
            "called": visit.called_ahead_at is not None,
            "callSkipped": skipped[0],
            "onTheWay": visit.on_the_way_at is not None,
            "waySkipped": skipped[1],
            "arrived": visit.state == Visit.State.ON_SITE,
            "cameAt": came.isoformat() if came and visit.state == Visit.State.ON_SITE else "",
            "doorCalls": door_calls,
            "over": progress.next == Next.NOTHING,
            "unread": unread,
            "undoable": _undone(undoable) if undoable else "",
            # For the arrival that the customer is told: not before the window, and after the way.
            "windowStart": visit.window_start.isoformat(),
            "travel": visit.tenant.travel_minutes,
        }
    )


def _undone(step: VisitStep) -> str:
    """The mark that an undo would take back."""
    if step.skipped_because:
        return SKIPPED.get(step.step, "")
    return UNDONE.get(step.step, "")


@require_GET
@for_roles(Role.TECHNICIAN)
@kept_on_phones
def waiting(request):
    """What is kept on this phone and not sent; the list is the phone's own."""
    return render(request, "visits/waiting.html", {"phone": phone_of(request)})


@require_GET
@for_roles(Role.TECHNICIAN)
def worker(request):
    """The program that keeps pages; its address decides that it sees the technician's pages only."""
    found = finders.find(WORKER)
    source = Path(found).read_bytes() if found else staticfiles_storage.open(WORKER).read()
    return HttpResponse(
        source, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


@require_GET
@for_roles(Role.TECHNICIAN)
def manifest(request):
    """What a phone needs to put the pages among its apps."""
    today = desk_url(request.tenant, "today")
    icon = {"src": static("icons/technician.svg"), "sizes": "any", "type": "image/svg+xml"}
    return JsonResponse(
        {
            "name": f"{request.tenant.name}, my day",
            "short_name": request.tenant.name[:12],
            "id": today,
            "start_url": today,
            "scope": today,
            "display": "standalone",
            "background_color": "#f3f5f8",
            "theme_color": "#141d2b",
            "icons": [icon | {"purpose": purpose} for purpose in ("any", "maskable")],
        },
        content_type="application/manifest+json",
    )


def _is_technician(request) -> bool:
    return request.membership.role == Role.TECHNICIAN


urlpatterns = [
    path("today/waiting/", waiting, name="waiting-to-send"),
    path("today/worker.js", worker, name="phone-worker"),
    path("today/app.webmanifest", manifest, name="phone-manifest"),
]
