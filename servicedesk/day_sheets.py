"""A day on paper, one sheet for each technician: a fallback for a phone that is dead (design, section 9)."""

from collections import defaultdict

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from recommendations.models import Recommendation
from servicedesk.board import Shown
from servicedesk.whereabouts import CANCELLED, job_of, with_names
from tenancy.addresses import desk_url
from tenancy.calendars import day_bounds, local_day, local_time, zone_of
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.models import Visit


@require_GET
@for_roles(Role.DISPATCHER)
def day_sheets(request):
    """Everybody's visits of the day in order, with access notes and what to raise: five queries."""
    zone = zone_of(request.tenant)
    day = Shown.of(request.GET, today=local_day(timezone.now(), zone)).day
    start, end = day_bounds(day, zone)
    begun = Visit.objects.filter(planned_start__gte=start, planned_start__lt=end).exclude(state__in=CANCELLED)
    rows = with_names(begun).select_related("customer", "contact", "case", "site")
    visits = list(rows.prefetch_related("machines__equipment").order_by("planned_start", "pk"))
    raised = _to_raise(visits, day)
    sheets = defaultdict(list)
    for visit in visits:
        for assignment in visit.going:
            sheets[assignment.technician.name].append(_line(visit, assignment, raised, zone))
    context = {
        "day": day,
        "sheets": sorted(sheets.items()),
        "board_url": f"{desk_url(request.tenant, 'board')}?day={day}",
    }
    return render(request, "servicedesk/day_sheets.html", context)


def _to_raise(visits, day) -> dict[int, list[str]]:
    """What is open on the machines at each site, worst first, by the site's key: one query."""
    sites = {visit.site_id for visit in visits if visit.state not in Visit.OVER_STATES}
    found = Recommendation.objects.open(day).filter(equipment__site__in=sites).worst_first()
    raised = defaultdict(list)
    for recommendation in found.select_related("equipment"):
        raised[recommendation.equipment.site_id].append(
            f"{recommendation.equipment.name}: {recommendation.finding}"
        )
    return raised


def _line(visit, assignment, raised, zone) -> dict:
    contact = visit.contact
    beside = [a.technician.first_name for a in visit.going if a.technician_id != assignment.technician_id]
    is_over = visit.state in Visit.OVER_STATES
    return {
        "starts": f"{local_time(visit.planned_start, zone):%H:%M}",
        "ends": f"{local_time(visit.planned_end, zone):%H:%M}",
        "told": f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}",
        "customer": visit.customer.short_name,
        "state": visit.get_state_display(),
        "what": job_of(visit),
        "address": visit.site.address,
        "access": visit.site.access_notes,
        "contact": " ".join(filter(None, [contact.name, contact.phone])) if contact else "",
        "machines": [machine.equipment.name for machine in visit.machines.all()],
        "raise": [] if is_over else raised[visit.site_id],
        "beside": " and ".join(beside),
    }


urlpatterns = [path("board/sheets/", day_sheets, name="day-sheets")]
