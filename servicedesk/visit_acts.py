"""What can be done with a visit chosen on the board: the ⋯ menu, and a message of one's own.

Each is a dialog for htmx and a page without; the menu says only what is possible now.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django import forms
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from messaging.models import Message
from servicedesk.board import board_answer
from servicedesk.moments import due_word, moment_word, window_word
from servicedesk.own_words import LONGEST, NobodyToTell, tell_in_own_words
from servicedesk.whereabouts import job_of
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import Prepared, PublicId
from visits.announcements import contact_of
from visits.models import Visit
from visits.standing import standing_of


@dataclass(frozen=True)
class Act:
    """One line of the menu; `opens` in a dialog, else it is a page of its own."""

    label: str
    url: str
    key: str = ""
    opens: bool = True


class WordsForm(forms.Form):
    """A message in one's own words."""

    text = forms.CharField(
        max_length=LONGEST,
        error_messages={
            "required": "Write what they should know.",
            "max_length": f"Say it in {LONGEST} characters.",
        },
    )
    once = forms.UUIDField()


@require_GET
@for_roles(Role.DISPATCHER)
def menu(request, id):
    """Everything about the visit in few lines, and what can be done with it."""
    visit, now = visit_to_act_on(id), timezone.now()
    context = {**told_of(visit, now), "acts": _acts(visit)}
    return _answer(request, "menu", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def message(request, id):
    """What they were told, and a few words of one's own."""
    visit, now = visit_to_act_on(id), timezone.now()
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            tell_in_own_words(visit, data["text"], once=data["once"], by=request.membership, now=now)
            return board_answer(request, now=now, says=f"{visit.customer.short_name} is told.", visit=visit)
        except NobodyToTell as refused:
            form.add_error(None, str(refused))
    told = Message.objects.filter(subject=visit.public_id).order_by("-planned_at", "-pk")[:6]
    context = {
        **told_of(visit, now),
        "form": form,
        "text": request.POST.get("text", ""),
        "once": uuid.uuid4(),
        "longest": LONGEST,
        "were_told": [_message_row(row, now) for row in told],
    }
    return _answer(request, "message", context, form)


_TO_ACT_ON = Prepared(
    lambda id: (
        Visit.objects.filter(public_id=id)
        .select_related("tenant", "customer", "contact", "site", "case")
        .prefetch_related("assignments__technician")
    ),
    id=PublicId(),
)


def visit_to_act_on(id) -> Visit:
    """The visit with all that the dialogs name. Raises Http404 for a stranger's."""
    return the_one(_TO_ACT_ON, id)


def told_of(visit: Visit, now: dt.datetime) -> dict:
    """What the pages about one visit say of it: customer, contact, window, crew, promise."""
    zone = zone_of(visit.tenant)
    today = local_day(now, zone)
    crew = [assignment.technician for assignment in visit.assignments.all()]
    contact = contact_of(visit)
    due = visit.case.response_due_at if visit.case and not visit.case.responded_at else None
    return {
        "visit": visit,
        "customer": visit.customer.short_name,
        "standing": standing_of(visit, now=now, desk=visit.tenant, assigned=bool(crew)),
        "names": " and ".join(technician.name for technician in crew) or "nobody yet",
        "crew": [technician for technician in crew if technician.phone],
        "promised": window_word(visit.window_start, visit.window_end, zone=zone, today=today),
        "planned": moment_word(visit.planned_start, zone=zone, today=today),
        "due": due_word(due, zone=zone, today=today) if due else "",
        "what": job_of(visit),
        "contact": contact,
        "is_waiting": visit.state in Visit.WAITING_STATES and visit.missed_at is None,
        "visit_url": desk_url(visit.tenant, "visit", id=visit.public_id),
        "back_url": f"{desk_url(visit.tenant, 'board')}?day={local_day(visit.planned_start, zone)}",
    }


def _acts(visit) -> list[Act]:
    def at(name):
        return desk_url(visit.tenant, name, id=visit.public_id)

    acts = [Act("Open the visit", at("visit"), "↵", opens=False)]
    is_waiting = visit.state in Visit.WAITING_STATES and visit.missed_at is None
    held = bool(visit.assignments.all())
    if visit.missed_at is not None and visit.miss_closed_at is None and not visit.is_history:
        acts.append(Act("Call and record", at("visit-outcome"), "O"))
    if is_waiting:
        acts.append(Act("Move" if held else "Place", at("visit-move"), "M"))
        acts.append(Act("Give to another", at("visit-assign"), "A"))
        if held:
            acts.append(Act("Swap with…", at("visit-swap")))
            acts.append(Act("Who comes along", at("visit-crew")))
        acts.append(Act("Put it in between", at("visit-between"), opens=False))
        acts.append(Act("I called", at("visit-called"), "C"))
    acts.append(Act("Message", at("visit-message"), "S"))
    if is_waiting:
        acts.append(Act("Cancel the visit", at("visit-cancel"), opens=False))
    customer = desk_url(visit.tenant, "customer", id=visit.customer.public_id)
    acts.append(Act(f"Everything about {visit.customer.short_name}", customer, opens=False))
    return acts


def _message_row(message, now) -> dict:
    zone = zone_of(message.tenant)
    at = message.sent_at or message.send_after
    return {
        "what": f"{message.kind.capitalize()}, {message.get_channel_display().lower()}",
        "state": message.get_state_display().lower(),
        "when": moment_word(at, zone=zone, today=local_day(now, zone)),
        "url": desk_url(message.tenant, "message", id=message.public_id),
    }


def _answer(request, name, context, form=None):
    is_refused = form is not None and form.is_bound
    part = "#answer" if request.htmx and is_refused else "#dialog" if request.htmx else ""
    status = 422 if is_refused else 200
    return render(request, f"servicedesk/visit_{name}.html{part}", {**context, "form": form}, status=status)


urlpatterns = [
    path("visits/<uuid:id>/menu/", menu, name="visit-menu"),
    path("visits/<uuid:id>/message/", message, name="visit-message"),
]
