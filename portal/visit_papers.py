"""What a customer may take from the page of a visit: the signed sheet, and the visit for their calendar."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from portal.opening import for_visit_link
from tenancy.papers import kept_paper, paper_response
from visits.calendar_file import NAME, entry_of
from visits.models import ServiceReport, Visit
from visits.report_document import document_of


@require_GET
@for_visit_link
def report(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The signed sheet of a visit that is done: every copy has the same bytes."""
    try:
        kept = document_of(visit, now=now)
    except ServiceReport.DoesNotExist:
        raise Http404("No report yet") from None
    return paper_response(kept_paper(kept), kept.name)


@require_GET
@for_visit_link
def calendar(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The visit as an entry for their calendar: opened again after a move it is the same entry, moved."""
    headers = {"Content-Disposition": f'attachment; filename="{NAME}"'}
    entry = entry_of(visit, now=now)
    return HttpResponse(entry, content_type="text/calendar; charset=utf-8", headers=headers)


urlpatterns = [
    path("v/<str:token>/report.pdf", report, name="customer-report"),
    path("v/<str:token>/visit.ics", calendar, name="customer-calendar"),
]
