"""Goodwill: what waits for a yes, what was given, what it came to (R6.6, design 4.5)."""

import datetime as dt
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.goodwill import AlreadyDecided, GoodwillRefused, decide_goodwill, may_decide
from cases.goodwill_register import Total, all_of, counts, page_of, totals
from cases.models import Goodwill
from contracts.wording import money
from servicedesk.csv_rows import csv_answer
from servicedesk.goodwill_history import histories_of
from servicedesk.goodwill_places import places_in_words, usual_place
from servicedesk.goodwill_words import worth
from tenancy.addresses import desk_url
from tenancy.calendars import local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

PAGE = 25
# What it came to is told for so long.
COUNTED = dt.timedelta(days=365)
HEADING = ("Customer", "What", "Amount", "Currency", "Days", "Counted under", "Reason", "State")
HEADING += ("Asked", "Asked by", "Decided", "Decided by", "Why")


@require_GET
@for_roles(Role.DISPATCHER, Role.ACCOUNTS)
def goodwill(request):
    """One state's rows and the year's totals: as many queries for one row as for three."""
    return _page(request)


@require_POST
@for_roles(Role.DISPATCHER, Role.ACCOUNTS)
def decide(request, id):
    """Yes with one tap, no with a reason: 409 where somebody was quicker or it cannot be booked."""
    found, now = the_one(Goodwill.objects.select_related("item", "customer"), id), timezone.now()
    gives, by = request.POST.get("word") == "yes", request.membership
    place = None
    if gives and found.place is None:
        place = usual_place(found.customer, desk=request.tenant, now=now)
    try:
        decide_goodwill(
            found, gives=gives, reason=request.POST.get("because", ""), by=by, now=now, place=place
        )
    except AlreadyDecided as refused:
        return _page(request, refusal=f"{found.customer.called}: {refused}", status=409)
    except GoodwillRefused as refused:
        status = 422 if refused.field == "because" else 409
        return _page(request, refusal=f"{found.customer.called}: {refused}", about=found, status=status)
    word = "given to" if gives else "declined for"
    messages.success(request, f"{found.item.name} {word} {found.customer.called}.")
    back = "overview" if request.POST.get("from") == "overview" else "goodwill"
    return redirect(desk_url(request.tenant, back))


@require_GET
@for_roles(Role.DISPATCHER, Role.ACCOUNTS)
def rows_as_csv(request):
    """All of one state, as a file."""
    zone = zone_of(request.tenant)
    state = _state(request)
    rows = all_of(state).order_by("proposed_at", "pk")
    lines = [
        (
            row.customer.called,
            row.item.name,
            row.amount,
            request.tenant.currency,
            row.days,
            row.get_cause_display(),
            row.reason,
            row.get_state_display(),
            _at(row.proposed_at, zone),
            row.proposed_by and row.proposed_by.name,
            _at(row.decided_at, zone),
            row.decided_by and row.decided_by.name,
            row.decision_reason,
        )
        for row in rows
    ]
    return csv_answer(f"goodwill-{state}", HEADING, lines)


def _page(request, *, refusal="", about=None, status=200):
    now, desk = timezone.now(), request.tenant
    state, found = _state(request), counts()
    page = page_of(state, after=request.GET.get("after", ""), size=PAGE)
    waits = state == Goodwill.State.PROPOSED
    histories = histories_of([row.customer for row in page.rows], now=now) if waits else {}
    places = places_in_words(page.rows, desk=desk)
    here = desk_url(desk, "goodwill")
    summed = totals(since=now - COUNTED, zone=zone_of(desk))
    causes = dict(Goodwill.Cause.choices)
    has_days = any(total.days for total in summed["causes"])
    context = {
        "tabs": [
            (label, found[key], f"{here}?{urlencode({'state': key})}", key == state)
            for key, label in Goodwill.State.choices
        ],
        "state": Goodwill.State(state),
        "waits": waits,
        "rows": [
            {
                "row": row,
                "amount": worth(row.amount, row.days, desk.currency),
                "place": places.get(row.place),
                "history": _in_words(histories.get(row.customer_id), desk),
                "may_decide": waits and may_decide(row, request.membership),
                "is_refused": about is not None and about.pk == row.pk,
            }
            for row in page.rows
        ],
        "because": request.POST.get("because", ""),
        "refusal": refusal,
        "next_url": f"{here}?{urlencode({'state': state, 'after': page.after})}" if page.after else "",
        "front_url": f"{here}?{urlencode({'state': state})}" if request.GET.get("after") else "",
        "csv_url": f"{desk_url(desk, 'goodwill-csv')}?{urlencode({'state': state})}",
        "totals": [
            ("Month", [_line(total, f"{total.of:%B %Y}", desk) for total in summed["months"]]),
            ("What", [_line(total, total.of, desk) for total in summed["items"]]),
            ("Counted under", [_line(total, causes[total.of], desk) for total in summed["causes"]]),
        ],
        "has_days": has_days,
    }
    return render(request, "servicedesk/goodwill.html", context, status=status)


def _state(request) -> str:
    asked = request.GET.get("state", "")
    return asked if asked in Goodwill.State.values else Goodwill.State.PROPOSED


def _line(total: Total, words: str, desk) -> tuple[str, int, str, int]:
    return words, total.count, money(total.amount, desk.currency), total.days


def _in_words(history, desk) -> list[str]:
    """The 12 months, each fact for itself."""
    if history is None:
        return []
    given = history.given
    return [
        f"{history.misses} missed",
        f"{history.broken} promise{'' if history.broken == 1 else 's'} broken",
        f"given {_times(given.count)}, {worth(given.amount, given.days, desk.currency)}"
        if given
        else "given nothing yet",
    ]


def _times(count) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _at(instant, zone) -> str:
    return f"{local_time(instant, zone):%Y-%m-%d %H:%M}" if instant else ""


urlpatterns = [
    path("goodwill/", goodwill, name="goodwill"),
    path("goodwill/rows.csv", rows_as_csv, name="goodwill-csv"),
    path("goodwill/<uuid:id>/decide/", decide, name="goodwill-decide"),
]
