"""The dispatch board: today honestly, in lanes, as a list, or the week (design, 4.2)."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from servicedesk.board_visits import of_day_and_to_be_minded
from servicedesk.boardnews import Version, is_news, newest_change
from servicedesk.dayplan import TALLIES, WORDS_OF, DayPlan, day_plan
from servicedesk.needs_action import Tray, span_of_tray, tray
from servicedesk.weekplan import WeekPlan, week_plan
from servicedesk.whereabouts import standings
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, day_bounds, local_day, local_time, zone_of
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.models import Rearrangement, Visit
from visits.restoring import can_restore

DAY, WEEK, LIST = VIEWS = ("day", "week", "list")
REMEMBERED = "board_view"
# No desk plans farther ahead or looks farther back on its board.
FARTHEST = dt.timedelta(days=5 * 366)
# What "?" lists beside the page's buttons; pressed by board-keys.js. None of them is a key's own name,
# so that the list of keys finds them and the keys themselves do not.
KEYS = (
    ("← → ↑ ↓", "Choose a visit, by a click too"),
    ("↵ ", "Open the chosen visit"),
    ("m ", "Move the chosen visit"),
    ("a ", "Give it to another"),
    ("c ", "Say how a call went"),
    ("s ", "Write to the customer"),
    ("o ", "Record what came of a miss"),
    ("Shift ← →", "Make it shorter or longer"),
    ("Shift click", "Swap it with another"),
    ("z ", "Undo, while it can be"),
    (". ", "Go to what needs action"),
    ("Esc", "Put back what is dragged, close"),
)
VERSION_HEADER, LIST_HEADER = "X-Board-Version", "X-Board-List"


@dataclass(frozen=True)
class Shown:
    """Which board a page shows, from its address: day, view, and the tally that filters it."""

    day: dt.date
    today: dt.date
    view: str
    only: str

    @classmethod
    def of(cls, query: QueryDict | dict, *, today: dt.date, remembered: str = "") -> "Shown":
        """From the address; what cannot be read is today's plain board."""
        view = query.get("view", remembered)
        only = query.get("only", "")
        return cls(
            day=_day(query.get("day", ""), today),
            today=today,
            view=view if view in VIEWS else DAY,
            only=only if only in WORDS_OF and only != "visits" else "",
        )

    def query(self, **changes) -> str:
        """The address's query for this board with something else; today and day view are left out."""
        values = {"day": self.day, "view": self.view, "only": self.only, **changes}
        if values["day"] == self.today:
            del values["day"]
        return "?" + urlencode({name: value for name, value in values.items() if value})

    @property
    def step(self) -> dt.timedelta:
        """How far the arrows go: a day, or a week."""
        return dt.timedelta(days=7 if self.view == WEEK else 1)


@require_GET
@for_roles(Role.DISPATCHER)
def board(request):
    """The page: tray, tallies and the day's lanes, list, or the week."""
    now = timezone.now()
    shown = _shown(request, request.GET, now)
    context = board_context(request, shown, now, newest=newest_change())
    context |= _undo(request, _named_to_undo(request, now))
    response = render(request, "servicedesk/board.html", context)
    if request.GET.get("view") in (DAY, LIST):
        response.set_cookie(REMEMBERED, shown.view, max_age=365 * 24 * 3600, samesite="Lax", httponly=True)
    return response


@require_GET
@for_roles(Role.DISPATCHER)
def board_since(request):
    """204 when nothing changed since version `v`; else the parts that did, out of band."""
    now = timezone.now()
    seen = Version.read(request.headers.get(VERSION_HEADER) or request.GET.get("v", ""))
    newest = newest_change()
    if not is_news(seen, newest=newest, now=now):
        return HttpResponse(status=204)
    return _changed_parts(request, _shown(request, request.GET, now), seen, now, newest=newest)


def board_answer(
    request, *, now: dt.datetime, says: str, visit=None, undoes: Rearrangement | Visit | None = None
) -> HttpResponse:
    """After an action: the changed parts of the board that it was done on, else back to the board.

    `undoes` is what a button beside the words takes back, with and without scripts: what moved visits,
    or the visit that was cancelled.
    """
    seen = Version.read(request.headers.get(VERSION_HEADER, ""))
    if not request.htmx or seen is None:
        messages.success(request, says)
        back = _back_to(request, visit, undoes)
        return HttpResponse(headers={"HX-Redirect": back}) if request.htmx else redirect(back)
    query = parse_qs(urlsplit(request.htmx.current_url or "").query)
    shown = _shown(request, {name: values[0] for name, values in query.items()}, now)
    newest = newest_change()
    return _changed_parts(request, shown, seen, now, newest=newest, says=says, focus=visit, undoes=undoes)


def board_context(request, shown: Shown, now: dt.datetime, *, newest: str) -> dict:
    """Everything that the board's page and its parts draw; `newest` is the newest change before it."""
    calendar = calendar_of(request.tenant)
    of_day = minded = found = None
    if shown.view != WEEK:
        day, span = day_bounds(shown.day, calendar.zone), span_of_tray(now, calendar)
        of_day, minded = of_day_and_to_be_minded(day, span)
        if span[0] <= day[0] and day[1] <= span[1]:
            # Looked at together, a lane and the tray say the same of a visit that another delays.
            both = {visit.pk: visit for visit in (*minded, *of_day)}
            found = standings(list(both.values()), request.tenant, calendar=calendar, now=now)
    needs = tray(request.tenant, now=now, calendar=calendar, visits=minded, found=found)
    context = {
        "shown": shown,
        "now": now,
        "keys": KEYS,
        "now_clock": f"{local_time(now, zone_of(request.tenant)):%H:%M}",
        "tray": needs,
        "previous_url": shown.query(day=shown.day - shown.step),
        "next_url": shown.query(day=shown.day + shown.step),
        "view_urls": [(name, name.capitalize(), shown.query(view=name, only="")) for name in VIEWS],
        "since_url": desk_url(request.tenant, "board-since") + shown.query(view=shown.view),
    }
    if shown.view == WEEK:
        week = week_plan(request.tenant, shown.day, now=now, calendar=calendar)
        return context | {"week": week, "version": _week_version(shown, week, needs, now, newest)}
    plan = day_plan(
        request.tenant, shown.day, now=now, calendar=calendar, only=shown.only, visits=of_day, found=found
    )
    return context | {
        "plan": plan,
        "tallies": _tallies(shown, plan),
        "version": _day_version(shown, plan, needs, now, newest),
    }


def _shown(request, query, now) -> Shown:
    today = local_day(now, zone_of(request.tenant))
    return Shown.of(query, today=today, remembered=request.COOKIES.get(REMEMBERED, ""))


def _changed_parts(request, shown, seen, now, *, newest, says="", focus=None, undoes=None) -> HttpResponse:
    context = board_context(request, shown, now, newest=newest)
    fresh = context["version"]
    if seen is None or seen.parts["frame"] != fresh.parts["frame"]:
        # Other technicians, other hours, another day: the whole page is another one.
        if not says:
            return HttpResponse(headers={"HX-Refresh": "true"})
        messages.success(request, says)
        here = desk_url(request.tenant, "board") + shown.query(**_undo_query(undoes))
        return HttpResponse(headers={"HX-Redirect": here})
    changed = {name for name, digest in fresh.parts.items() if seen.parts[name] != digest}
    if request.headers.get(LIST_HEADER) != "1" and shown.view == DAY:
        # The list is not on the screen: it stays as it is, and is news once it is.
        changed.discard("list")
        fresh.parts["list"] = seen.parts["list"]
    lanes = [
        lane
        for lane, before, after in zip(
            context["plan"].lanes if "plan" in context else (), seen.lanes, fresh.lanes, strict=False
        )
        if before != after
    ]
    context |= {"changed": changed, "changed_lanes": lanes, "says": says, "is_action": bool(says)}
    context |= _undo(request, undoes)
    response = render(request, "servicedesk/board_changes.html", context)
    response["HX-Trigger"] = json.dumps({"board-version": str(fresh)})
    if focus is not None:
        response["HX-Trigger-After-Settle"] = json.dumps(
            {"board-focus": desk_url(request.tenant, "visit", id=focus.public_id)}
        )
    return response


def _day_version(shown: Shown, plan: DayPlan, needs: Tray, now, newest: str) -> Version:
    frame = (
        shown,
        plan.first_hour,
        plan.last_hour,
        [(lane.id, lane.name, lane.off) for lane in plan.lanes],
        not plan.tallies,
    )
    tallies = sorted(plan.tallies.items())
    parts = {"frame": frame, "tray": needs, "tallies": tallies, "list": plan.unplaced}
    return Version.of(newest=newest, now=now, parts=parts, lanes=plan.lanes)


def _week_version(shown: Shown, week: WeekPlan, needs: Tray, now, newest: str) -> Version:
    parts = {"frame": shown, "tray": needs, "tallies": "", "list": week}
    return Version.of(newest=newest, now=now, parts=parts, lanes=())


def _tallies(shown: Shown, plan: DayPlan) -> list[dict]:
    """Those that count something, and always the number of visits."""
    return [
        {
            "key": key,
            "count": plan.tallies[key],
            "label": label,
            "tone": tone,
            "is_chosen": key == (shown.only or "visits"),
            "url": shown.query(only="" if key in (shown.only, "visits") else key),
        }
        for key, label, tone, _ in TALLIES
        if key in ("visits", shown.only) or plan.tallies[key]
    ]


def _back_to(request, visit, undoes=None) -> str:
    if visit is None:
        return desk_url(request.tenant, "board")
    day = local_day(visit.planned_start, zone_of(request.tenant))
    return f"{desk_url(request.tenant, 'board')}?{urlencode({'day': day, **_undo_query(undoes)})}"


def _undo_query(undoes) -> dict:
    """What the address says can be taken back; read again by `_named_to_undo`."""
    if undoes is None:
        return {}
    return {"cancelled" if isinstance(undoes, Visit) else "moved": str(undoes.public_id)}


def _named_to_undo(request, now) -> Rearrangement | Visit | None:
    """What the address says was just moved or cancelled, while it can be taken back."""
    if moved := _public_id(request.GET.get("moved", "")):
        return Rearrangement.objects.filter(public_id=moved, undone_at=None, held_until__gt=now).first()
    if cancelled := _public_id(request.GET.get("cancelled", "")):
        visit = Visit.objects.filter(public_id=cancelled).first()
        return visit if visit and can_restore(visit, now=now) else None
    return None


def _public_id(text) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _undo(request, undoes: Rearrangement | Visit | None) -> dict:
    """Address and words of the button."""
    if undoes is None:
        return {"undo_url": "", "undo_what": ""}
    name, what = ("visit-restore", "cancelling") if isinstance(undoes, Visit) else ("move-undo", "move")
    return {"undo_url": desk_url(request.tenant, name, id=undoes.public_id), "undo_what": what}


def _day(text: str, today: dt.date) -> dt.date:
    """The day that was asked for; what is none, or years away, is today."""
    try:
        asked = parse_date(text)
    except ValueError:
        return today
    return asked if asked and abs(asked - today) <= FARTHEST else today


urlpatterns = [
    path("board/", board, name="board"),
    path("board/since/", board_since, name="board-since"),
]
