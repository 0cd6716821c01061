"""A machine on one page: where it stands, what covers it, what was recommended, every visit to it."""

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.cover import covers_of_equipment
from contracts.overlaps import explain
from customers.editing import MAY_CHANGE
from customers.labels import labels_of
from customers.meters import figure, last_readings_of
from customers.models import Equipment
from customers.warranty import warranty_in_words
from recommendations.models import Recommendation
from servicedesk.maintenance_pages import plan_rows
from servicedesk.reading_on import newest_first
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.models import Role
from visits.models import MaintenancePlan, Visit
from visits.trails import trails_of

VISITS_SHOWN = 20
DOCUMENTS_SHOWN = 8


@require_GET
@for_staff
def equipment(request, id):
    """As many queries however many visits, papers and recommendations there are; `?before=` reads on."""
    machine = the_one(Equipment.objects.select_related("site__customer"), id)
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    recommendations = list(machine.recommendations.select_related("tenant", "raised_by__user").worst_first())
    open_ones = set(Recommendation.objects.open(today).filter(equipment=machine).values_list("pk", flat=True))
    trails = trails_of([r for r in recommendations if r.pk in open_ones], now=now, coming=False)
    visits = Visit.objects.filter(machines__equipment=machine).prefetch_related("assignments__technician")
    page = newest_first(visits, "planned_start", before=request.GET.get("before", ""), most=VISITS_SHOWN)
    covers = covers_of_equipment(machine, today)
    documents = list(
        machine.documents.filter(removed_at__isnull=True).order_by("-added_at", "-pk")[: DOCUMENTS_SHOWN + 1]
    )
    context = {
        "machine": machine,
        "customer": machine.site.customer,
        "covers": covers,
        "overlap": explain(covers),
        "warranty": warranty_in_words(machine, day=today),
        "open_ones": [{"row": r, "trail": trails[r.pk]} for r in recommendations if r.pk in open_ones],
        "settled": [r for r in recommendations if r.pk not in open_ones],
        "plans": plan_rows(MaintenancePlan.objects.filter(equipment=machine)),
        "may_plan": request.membership.has_role(Role.DISPATCHER) and machine.retired_on is None,
        "may_change": request.membership.has_role(*MAY_CHANGE),
        "may_print": request.membership.has_role(Role.DISPATCHER) and machine.retired_on is None,
        "label": labels_of(machine).first(),
        "readings": [(reading, figure(reading.value)) for reading in last_readings_of([machine])],
        "documents": documents[:DOCUMENTS_SHOWN],
        "has_more_documents": len(documents) > DOCUMENTS_SHOWN,
        "page": page,
        "today": today,
    }
    return render(request, "servicedesk/equipment.html", context)


urlpatterns = [path("equipment/<uuid:id>/", equipment, name="equipment")]
