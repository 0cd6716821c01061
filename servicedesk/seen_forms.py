"""A form over a row that somebody else may change meanwhile.

Refused (422) it keeps what was typed. Of two who change the same the second is told (409) what stands
now, and may save over it.
"""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from tenancy.desk_settings import ChangedMeanwhile, SettingRefused


def sent(request):
    """What a form is bound to: what was posted, else nothing."""
    return request.POST if request.method == "POST" else None


def is_saved(request, form, save: Callable[[dict], None]) -> bool:
    """Save what was sent; where it was refused the form says why, and `form.conflict` what changed."""
    form.conflict = ""
    said = {"seen": request.POST.get("seen", ""), "by": request.membership, "now": timezone.now()}
    try:
        return is_done(form, lambda values: save({**values, **said}))
    except ChangedMeanwhile as refused:
        form.conflict = str(refused)
        return False


def is_done(form, act: Callable[[dict], None]) -> bool:
    """Do what a form asks for; where it was refused the form says why, at the field it is about."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except SettingRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return False
    return True


def form_page(
    request, template, form, context, *, labels: dict[str, str], seen_now: str, refusal="", status=200
) -> HttpResponse:
    """The page with the form as it is; `seen_now` is what the row looks like, "" for a new one."""
    conflict = getattr(form, "conflict", "")
    if form.is_bound:
        status = 409 if conflict else 422
    # Refused, the page is as old as it was: only looked at anew it may overwrite what changed.
    seen = request.POST.get("seen", "") if form.is_bound and not conflict else seen_now
    context = {
        **context,
        "form": form,
        "refusal": conflict or refusal,
        "stands": _stands(form, labels) if conflict else [],
        "seen": seen if seen_now else "",
    }
    return render(request, template, context, status=status)


def _stands(form, labels) -> list[tuple[str, str]]:
    """What the row says now, field by field, where it is not what was sent."""
    return [(labels[field], _stored_words(form, field)) for field in form.changed_data]


def _stored_words(form, field) -> str:
    stored = form.initial[field]
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    choices = dict(getattr(form.fields[field], "choices", ()))
    return str(choices.get(stored, stored) or "nothing")
