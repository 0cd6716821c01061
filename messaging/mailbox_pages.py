"""The mailbox page: in development, what this desk has sent. Text is shown as text, never as a page."""

from django.http import Http404
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from messaging import mailbox
from tenancy.gates import for_staff

PAGE_LENGTH = 50


@require_GET
@for_staff
def letters(request):
    """The letters of this desk only, newest first."""
    _must_be_open()
    rows = mailbox.letters(request.tenant.slug, before=request.GET.get("before", ""), most=PAGE_LENGTH + 1)
    context = {
        "rows": rows[:PAGE_LENGTH],
        "next_url": f"?before={rows[PAGE_LENGTH - 1].name}" if len(rows) > PAGE_LENGTH else "",
        "is_first_page": "before" not in request.GET,
    }
    return render(request, "messaging/mailbox.html", context)


@require_GET
@for_staff
def letter(request, letter):
    """One letter whole."""
    _must_be_open()
    found = mailbox.letter(request.tenant.slug, letter)
    if found is None:
        raise Http404("No such letter at this desk")
    return render(request, "messaging/letter.html", {"letter": found})


def _must_be_open():
    if not mailbox.is_open():
        raise Http404("There is a mailbox in development only")


urlpatterns = [
    path("mailbox/", letters, name="mailbox"),
    path("mailbox/<slug:letter>/", letter, name="letter"),
]
