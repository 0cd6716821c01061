"""A dialog that rearranges one visit: shown, refused with what was typed, or done, with its undoing."""

import datetime as dt
from collections.abc import Callable

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from servicedesk.board import board_answer
from servicedesk.refusals import status_of
from servicedesk.visit_acts import visit_to_act_on
from visits.models import Rearrangement, Visit
from visits.places import MoveRefused

# What was done in words for the board, and what undoes it.
Done = tuple[str, Rearrangement | None]


def answer_dialog(
    request: HttpRequest,
    id,
    *,
    form_of: Callable[[Visit], forms.Form],
    dialog: Callable[..., HttpResponse],
    act: Callable[[Visit, forms.Form, dt.datetime], Done],
) -> HttpResponse:
    """GET draws the `dialog` of a visit; POST does what its form says, 422 or 409 where it is refused.

    `dialog` takes request, visit and now, and a bound form and a status where something is wrong; `act`
    what was typed and is valid. Raises Http404 for a stranger's visit.
    """
    visit, now = visit_to_act_on(id), timezone.now()
    if request.method == "GET":
        return dialog(request, visit, now)
    form = form_of(visit)
    if not form.is_valid():
        return dialog(request, visit, now, form=form, status=422)
    try:
        says, undoes = act(visit, form, now)
    except MoveRefused as refused:
        form.add_error(None, str(refused))
        return dialog(request, visit_to_act_on(id), now, form=form, status=status_of(refused))
    visit.refresh_from_db()
    return board_answer(request, now=now, says=says, visit=visit, undoes=undoes)
