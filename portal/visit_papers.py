"""What a customer may take from the page of a visit: the signed sheet, and the visit for their calendar."""

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from portal.opening import for_visit_link
from tenancy.papers import kept_paper, paper_name, paper_response
from visits.calendar_file import NAME, entry_of
from visits.models import ServiceReport, Visit
from visits.report_document import report_pdf


@require_GET
@for_visit_link
def report(request: HttpRequest, visit: Visit, *, token: str, now: dt.datetime) -> HttpResponse:
    """The signed sheet of a visit that is done: every copy has the same bytes."""
    found = ServiceReport.objects.select_related("document").filter(visit=visit).first()
    if found is None:
        raise Http404("No report yet")
    if found.document is not None:
        return paper_response(kept_paper(found.document), found.document.name)
    # Opening a link changes nothing: it is made from the same facts, and kept by the round that does.
    return paper_response(report_pdf(found), paper_name("Visit", visit.number))


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
