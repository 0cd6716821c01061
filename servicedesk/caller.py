"""The caller screen: who calls and the truth about them, then what is done while they talk."""

import datetime as dt
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.interactions import note_interaction
from cases.matters import matter_of_call
from cases.models import Interaction
from contracts.overlaps import explain
from customers.confirming import confirm_details
from customers.models import Customer, TimelineEntry
from customers.warranty import warranty_in_words
from servicedesk import caller_words
from servicedesk.caller_facts import STANDING, Caller, standing_of
from servicedesk.duplicates import proposals_about
from servicedesk.start_with import start_with
from tenancy.addresses import desk_url
from tenancy.calendars import local_day
from tenancy.gates import for_staff, the_one
from tenancy.prepared import Key, Prepared
from visits.entitled import unused_visit
from visits.trails import trails_of

HISTORY_LENGTH = 12
Kind = TimelineEntry.Kind
FILTERS = {
    "all": ("All", None),
    "visits": ("Visits", (Kind.VISIT, Kind.MISSED)),
    "calls": ("Calls", (Kind.CALL, Kind.MAIL, Kind.MESSAGE)),
}


@require_GET
@for_staff
def customer(request, id):
    """The whole screen. Of a customer who was merged it leads on (`old_addresses`), with the call."""
    found = the_one(STANDING, id)
    now = timezone.now()
    if request.htmx and "history" in request.GET:
        context = {"customer": found, **history_of(request, found, now=now)}
        return render(request, "servicedesk/caller.html#history", context)
    return render(request, "servicedesk/caller.html", screen(request, found, now=now))


@require_POST
@for_staff
def end_call(request, id):
    """Keep that they called, with what was noted, and close the bar."""
    found = the_one(Customer.objects.all(), id)
    now = timezone.now()
    begun = call_of(request.POST, now)
    length = now - begun["since"] if begun else dt.timedelta()
    case = matter_of_call(found, by=request.membership, since=begun["since"] if begun else now, now=now)
    note_interaction(
        customer=found,
        channel=Interaction.Channel.CALL,
        summary=request.POST.get("summary") or f"Spoke for {_length(length)}",
        contact=found.contacts.order_by("-is_main", "id").first(),
        case=case,
        by=request.membership,
        now=now,
    )
    if case is not None:
        messages.success(request, f"Kept with “{case.title}”. If it was another matter, say so on the case.")
    return redirect(desk_url(request.tenant, "customer", id=found.public_id))


@require_POST
@for_staff
def nod(request, id):
    """The customer says that address and numbers still hold."""
    found = the_one(Customer.objects.all(), id)
    confirm_details(found, by=request.membership, now=timezone.now())
    messages.success(request, "Noted: all still right.")
    back = urlencode({k: v for k, v in request.POST.items() if k in ("tel", "since", "call") and v})
    url = desk_url(request.tenant, "customer", id=found.public_id)
    return redirect(f"{url}?{back}" if back else url)


def screen(request, found, *, now) -> dict:
    """All that the template shows of a customer."""
    caller = Caller(found, desk=request.tenant, now=now)
    caller.read("known_contacts", "sites", "machines", "recommendations", "promises", "cases", "holds")
    standing = standing_of(caller)
    trails = trails_of(caller.recommendations, now=now, coming=bool(caller.visits))
    unused = unused_visit(caller.covers)
    to_raise = {}
    for recommendation in caller.recommendations:
        to_raise[recommendation.equipment_id] = to_raise.get(recommendation.equipment_id, 0) + 1
    return {
        "caller": caller,
        "customer": found,
        "standing": standing,
        "facts": caller_words.facts(caller, standing),
        "prefers": caller_words.prefers(standing),
        "start_with": start_with(found, now=now),
        "same_as": proposals_about(found),
        "advice": caller_words.advice(caller),
        "evidence": caller_words.evidence(caller.cover, caller.today) if caller.cover else [],
        "response": caller_words.response(caller),
        "unused": unused,
        "recommendations": [{"row": r, "trail": trails[r.pk]} for r in caller.recommendations],
        "matters": caller_words.matters(caller),
        "machines": [_machine(caller, machine, to_raise) for machine in caller.machines],
        "to_nod": caller_words.to_nod(caller),
        "call": call_of(request.GET, now),
        "query": request.GET.get("tel", ""),
        **history_of(request, found, now=now),
    }


def _machine(caller, machine, to_raise) -> dict:
    """A line of the equipment list: warranty beside contract, and which of several contracts counts."""
    return {
        "row": machine,
        "to_raise": to_raise.get(machine.pk, 0),
        "warranty": warranty_in_words(machine, day=caller.today),
        "overlap": explain([cover for cover in caller.covers if cover.covers(machine)]),
    }


def call_of(data, now) -> dict | None:
    """The call that is going on: its number, and since when, told by the address."""
    tel = data.get("tel", "").strip()
    if not tel and data.get("call") != "1":
        return None
    since = data.get("since", "")
    begun = dt.datetime.fromtimestamp(int(since), dt.UTC) if since.isdecimal() and len(since) < 12 else now
    begun = begun if now - dt.timedelta(hours=12) < begun <= now else now
    kept = {"since": int(begun.timestamp()), **({"tel": tel} if tel else {"call": "1"})}
    return {"tel": tel, "since": begun, "query": urlencode(kept), "fields": kept}


def history_of(request, found, *, now) -> dict:
    """One page of the time line, newest first, of the kind that is asked for."""
    chosen = request.GET.get("history", "all")
    chosen = chosen if chosen in FILTERS else "all"
    kinds, before = FILTERS[chosen][1], _cursor(request.GET.get("before", ""))
    entries = _entries(found, kinds, before) if kinds or before else _NEWEST.rows(customer=found.pk)
    shown = entries[:HISTORY_LENGTH]
    zone = timezone.get_current_timezone()
    older = ""
    if len(entries) > HISTORY_LENGTH:
        older = f"{shown[-1].at.timestamp():.6f}-{shown[-1].pk}"
    return {
        "history": caller_words.history(shown, zone=zone, today=local_day(now, zone)),
        "history_chosen": chosen,
        "history_filters": [(name, label) for name, (label, _) in FILTERS.items()],
        "history_older": older,
        "history_is_first": not before,
    }


def _lines(customer):
    return (
        TimelineEntry.objects.filter(customer=customer).select_related("actor__user").order_by("-at", "-id")
    )


# As the page is opened.
_NEWEST = Prepared(lambda customer: _lines(customer)[: HISTORY_LENGTH + 1], customer=Key())


def _entries(customer, kinds, before) -> list[TimelineEntry]:
    entries = _lines(customer.pk)
    if kinds:
        entries = entries.filter(kind__in=kinds)
    if before:
        at, pk = before
        entries = entries.filter(Q(at__lt=at) | Q(at=at, id__lt=pk))
    return list(entries[: HISTORY_LENGTH + 1])


def _cursor(text):
    """Instant and key of the last row seen; None for what is no cursor."""
    try:
        at, pk = text.split("-")
        return dt.datetime.fromtimestamp(float(at), dt.UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def _length(span):
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes}:{seconds:02} min" if minutes or seconds else "a moment"


urlpatterns = [
    path("customers/<uuid:id>/", customer, name="customer"),
    path("customers/<uuid:id>/call/end/", end_call, name="customer-end-call"),
    path("customers/<uuid:id>/nod/", nod, name="customer-nod"),
]
