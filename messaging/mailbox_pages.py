"""The mailbox page: in development, what this desk has sent. Text is shown as text, never as a page."""

import io

from django.http import FileResponse, Http404
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


@require_GET
@for_staff
def attachment(request, letter, number):
    """A file that came with a letter, for saving: nothing of it runs here."""
    _must_be_open()
    found = mailbox.attachment(request.tenant.slug, letter, int(number) if number.isdecimal() else 0)
    if found is None:
        raise Http404("No such file at this desk")
    response = FileResponse(io.BytesIO(found.content), as_attachment=True, filename=found.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _must_be_open():
    if not mailbox.is_open():
        raise Http404("There is a mailbox in development only")


urlpatterns = [
    path("mailbox/", letters, name="mailbox"),
    path("mailbox/<slug:letter>/", letter, name="letter"),
    path("mailbox/<slug:letter>/attachments/<slug:number>/", attachment, name="letter-attachment"),
]
