"""What customers answered: one whole, beside what it answers, and what came of it.

The list is a tab of the messages page (`messaging.pages`).
"""

import datetime as dt

from django import forms
from django.contrib import messages as toasts
from django.core import signing
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from messaging import unknown_pages
from messaging.models import Reply
from messaging.replies import AlreadyHandled, handle
from tenancy.addresses import desk_url
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

SALT = "replies"


class OutcomeForm(forms.Form):
    """What a colleague made of it."""

    outcome = forms.CharField(max_length=300, error_messages={"required": "Say what came of it."})


@require_GET
@for_roles(Role.DISPATCHER)
def reply(request, id):
    """One reply whole, with the message it answers."""
    return _page(request, the_one(with_people(Reply.objects.all()), id), OutcomeForm())


@require_POST
@for_roles(Role.DISPATCHER)
def reply_done(request, id):
    """Say what came of it; 409 when somebody else has said so."""
    found, form = the_one(with_people(Reply.objects.all()), id), OutcomeForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        handle(found, outcome=form.cleaned_data["outcome"], by=request.membership, now=timezone.now())
    except AlreadyHandled as refused:
        back = desk_url(request.tenant, "reply", id=found.public_id)
        return render(request, "errors/409.html", {"reason": str(refused), "back_url": back}, status=409)
    toasts.success(request, "Noted.")
    return redirect(f"{desk_url(request.tenant, 'messages')}?tab=replies")


def reply_rows(after: str, *, most: int) -> list[Reply]:
    """Replies as the tab lists them: what nobody has seen to first, each part newest first.

    `after` is the place that `place_after` made; anything else is the beginning. Two queries.
    """
    place = _place(after)
    rows: list[Reply] = []
    for is_handled in (False, True):
        part = with_people(Reply.objects.filter(handled_at__isnull=not is_handled))
        if place is not None and is_handled < place[0]:
            continue
        if place is not None and is_handled == place[0]:
            _, instant, last = place
            part = part.filter(Q(received_at__lt=instant) | Q(received_at=instant, id__lt=last))
        rows += part.order_by("-received_at", "-id")[: most - len(rows)]
    return rows


def place_after(row: Reply) -> str:
    """The place behind a row, signed: ids stay inside."""
    where = [row.handled_at is not None, row.received_at.isoformat(), row.pk]
    return signing.dumps(where, salt=SALT, compress=False)


def with_people(rows):
    """With all that a row names."""
    return rows.select_related("customer", "contact", "handled_by__user", "placed_by__user", "message")


def _place(text):
    try:
        is_handled, instant, last = signing.loads(text, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return is_handled, dt.datetime.fromisoformat(instant), last


def _page(request, found, form, *, status=200):
    return render(request, "messaging/reply.html", {"reply": found, "form": form}, status=status)


urlpatterns = [
    *unknown_pages.urlpatterns,
    path("replies/<uuid:id>/", reply, name="reply"),
    path("replies/<uuid:id>/done/", reply_done, name="reply-done"),
]
