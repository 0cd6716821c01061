"""The outbox as a page: what waits, what went, what failed and needs somebody, and what was answered."""

import datetime as dt
import heapq
from dataclasses import dataclass

from django import forms
from django.contrib import messages as toasts
from django.core import signing
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from messaging import by_hand, outbox
from messaging.attachments import files_of
from messaging.channels import ready_channels
from messaging.kinds import LINK, Letter, UnknownKind, kind_of
from messaging.mailbox import is_open
from messaging.models import Inbox, Message, Reply
from messaging.reply_pages import place_after, reply_rows
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

PAGE_LENGTH = 50
# A tab counts no further than this; nobody reads the exact figure beyond.
MOST_COUNTED = 99
State = Message.State

TABS = {
    "waiting": ("Waiting", (State.PLANNED, State.SENDING)),
    "sent": ("Sent", (State.SENT, State.DELIVERED)),
    "failed": ("Failed", outbox.FAULTY_STATES),
    "replies": ("Replies", ()),
}


@dataclass(frozen=True)
class Tab:
    """One tab of the page, with its number where it asks for something."""

    name: str
    label: str
    current: bool
    count: str


class HoldForm(forms.Form):
    """When it may leave, in the desk's wall time."""

    until = forms.DateTimeField(error_messages={"required": "Choose a day and a time."})


class EditForm(forms.Form):
    """A person's words instead of ours."""

    title = forms.CharField(max_length=200, required=False)
    text = forms.CharField(max_length=4000, error_messages={"required": "Write the message, or drop it."})


@require_GET
@for_roles(Role.DISPATCHER)
def messages(request):
    """One tab of the outbox, fifty rows a page; the same number of queries whatever it holds."""
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    after, ready = request.GET.get("after", ""), ready_channels()
    if tab == "replies":
        rows = reply_rows(after, most=PAGE_LENGTH + 1)
    else:
        rows = _rows(TABS[tab][1], _cursor(after), soonest_first=tab == "waiting")
    page = rows[:PAGE_LENGTH]
    place = place_after if tab == "replies" else _after
    others = {row.pk: outbox.other_channel(row, ready=ready) for row in page if tab == "failed"}
    context = {
        "tab": tab,
        "tabs": [_tab(name, current=name == tab) for name in TABS],
        "rows": page,
        "others": others,
        "next_url": f"?tab={tab}&after={place(page[-1])}" if len(rows) > PAGE_LENGTH else "",
        "is_first_page": "after" not in request.GET,
        "is_switched_on": request.tenant.messages_from is not None,
        "has_mailbox": is_open(),
        "texts_are_ready": Message.Channel.SMS in ready,
        "unplaced": _unplaced(),
        "inbox": Inbox.objects.first(),
    }
    return render(request, "messaging/messages.html", context)


@require_GET
@for_roles(Role.DISPATCHER)
def message(request, id):
    """One message whole: what it says, what became of it, and what can still be done."""
    found = the_one(_with_people(Message.objects.all()), id)
    return render(request, "messaging/message.html", _shown(found))


@require_http_methods(["POST"])
@for_roles(Role.DISPATCHER)
def hold(request, id):
    """Let it leave later."""
    found, form = the_one(_with_people(Message.objects.all()), id), HoldForm(request.POST)
    if not form.is_valid():
        return render(request, "messaging/message.html", _shown(found, hold_form=form), status=422)
    now = timezone.now()
    return _done(
        request,
        found,
        lambda: outbox.hold(found, until=form.cleaned_data["until"], by=request.membership, now=now),
        said="Held",
        form=form,
    )


@require_http_methods(["POST"])
@for_roles(Role.DISPATCHER)
def edit(request, id):
    """Put one's own words in it."""
    found, form = the_one(_with_people(Message.objects.all()), id), EditForm(request.POST)
    if not form.is_valid():
        return render(request, "messaging/message.html", _shown(found, edit_form=form), status=422)
    return _done(
        request, found, lambda: outbox.edit(found, **form.cleaned_data, by=request.membership), said="Changed"
    )


@require_POST
@for_roles(Role.DISPATCHER)
def drop(request, id):
    """Never send it."""
    found = the_one(_with_people(Message.objects.all()), id)
    return _done(request, found, lambda: outbox.drop(found, by=request.membership), said="Dropped")


@require_POST
@for_roles(Role.DISPATCHER)
def send_again(request, id):
    """Try a failed one once more."""
    found, now = the_one(_with_people(Message.objects.all()), id), timezone.now()
    return _done(
        request,
        found,
        lambda: outbox.send_again(found, by=request.membership, now=now),
        said="It is on its way again",
        tab="failed",
    )


@require_POST
@for_roles(Role.DISPATCHER)
def send_otherwise(request, id):
    """Send a failed one over the other channel."""
    found, now = the_one(_with_people(Message.objects.all()), id), timezone.now()
    return _done(
        request,
        found,
        lambda: outbox.send_otherwise(found, by=request.membership, now=now),
        said="It is on its way",
        tab="failed",
    )


@require_POST
@for_roles(Role.DISPATCHER)
def settle(request, id):
    """Somebody rang instead."""
    found, now = the_one(_with_people(Message.objects.all()), id), timezone.now()
    return _done(
        request,
        found,
        lambda: outbox.settle(found, by=request.membership, now=now, outcome="Rang them instead"),
        said="Noted: rang them instead",
        tab="failed",
    )


def _done(request, found, act, *, said, tab="waiting", form=None):
    """Act and go back to the list; 409 when it left meanwhile, 422 when it cannot be done like this."""
    try:
        act()
    except outbox.NotWaiting as error:
        back = desk_url(request.tenant, "message", id=found.public_id)
        return render(request, "errors/409.html", {"reason": str(error), "back_url": back}, status=409)
    except ValueError as error:
        if form is not None:
            form.add_error(None, str(error))
        context = _shown(found, hold_form=form, problem="" if form is not None else str(error))
        return render(request, "messaging/message.html", context, status=422)
    toasts.success(request, f"{said}.")
    return redirect(f"{desk_url(request.tenant, 'messages')}?tab={tab}")


def _shown(found, *, hold_form=None, edit_form=None, problem=""):
    letter = _letter(found)
    values = {"title": letter.title, "text": letter.text}
    if edit_form is not None:
        values = {name: edit_form.data.get(name, "") for name in values}
    return {
        "message": found,
        "letter": letter,
        "files": files_of(found),
        "reports": found.reports.order_by("at", "id"),
        "replies": found.replies.order_by("received_at", "id"),
        "values": values,
        "link": LINK,
        "until": hold_form.data.get("until", "") if hold_form is not None else _in_a_field(found.send_after),
        "hold_errors": _all_errors(hold_form),
        "edit_form": edit_form,
        "problem": problem,
        "waits": found.state == State.PLANNED,
        "failed": found.state in outbox.FAULTY_STATES,
        "other": outbox.other_channel(found),
    }


def _all_errors(form):
    return [words for errors in form.errors.values() for words in errors] if form is not None else []


def _in_a_field(instant):
    return f"{timezone.localtime(instant):%Y-%m-%dT%H:%M}"


def _letter(found) -> Letter:
    """What it said, or what it would say if it left now."""
    if found.state != State.PLANNED or by_hand.EDITED_BY in found.fields:
        return Letter(found.title, found.text or by_hand.words_of(found))
    try:
        kind = kind_of(found)
        because = kind.why_not(found, now=timezone.now())
        return (
            Letter("", f"It will not be sent: {because}")
            if because
            else kind.write(found, now=timezone.now())
        )
    except UnknownKind as error:
        return Letter("", str(error))


def _rows(states, after, *, soonest_first):
    """One row more than a page holds; each state from its own stretch of the index, then merged."""
    signs = ("gt", "") if soonest_first else ("lt", "-")
    parts = []
    for state in states:
        rows = _with_people(Message.objects.filter(state=state))
        if after is not None:
            instant, last = after
            same = {"send_after": instant, f"id__{signs[0]}": last}
            rows = rows.filter(Q(**{f"send_after__{signs[0]}": instant}) | Q(**same))
        parts.append(list(rows.order_by(f"{signs[1]}send_after", f"{signs[1]}id")[: PAGE_LENGTH + 1]))
    merged = heapq.merge(*parts, key=lambda row: (row.send_after, row.pk), reverse=not soonest_first)
    return list(merged)[: PAGE_LENGTH + 1]


def _with_people(rows):
    return rows.select_related("tenant", "customer", "contact", "colleague__user")


def _tab(name, *, current):
    label, states = TABS[name]
    if name == "sent":
        return Tab(name, label, current, "")
    if name == "replies":
        rows = Reply.objects.filter(handled_at__isnull=True)
    else:
        rows = Message.objects.filter(state__in=states)
    return Tab(name, label, current, _counted(rows))


def _unplaced():
    """How many came from people we do not know; empty for none."""
    return _counted(Reply.objects.filter(handled_at__isnull=True, customer__isnull=True))


def _counted(rows):
    count = len(rows.values_list("pk")[: MOST_COUNTED + 1])
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def _after(row):
    """The place after a row, signed: ids stay inside."""
    return signing.dumps([row.send_after.isoformat(), row.pk], salt="messages", compress=False)


def _cursor(text):
    try:
        instant, last = signing.loads(text, salt="messages")
    except (signing.BadSignature, ValueError):
        return None
    return dt.datetime.fromisoformat(instant), last


urlpatterns = [
    path("messages/", messages, name="messages"),
    path("messages/<uuid:id>/", message, name="message"),
    path("messages/<uuid:id>/hold/", hold, name="message-hold"),
    path("messages/<uuid:id>/edit/", edit, name="message-edit"),
    path("messages/<uuid:id>/drop/", drop, name="message-drop"),
    path("messages/<uuid:id>/send-again/", send_again, name="message-send-again"),
    path("messages/<uuid:id>/send-otherwise/", send_otherwise, name="message-send-otherwise"),
    path("messages/<uuid:id>/settle/", settle, name="message-settle"),
]
