"""A machine on one page: where it stands, what covers it, what was recommended, every visit to it."""

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.cover import covers_of_equipment
from contracts.overlaps import explain
from customers.models import Equipment
from customers.warranty import warranty_in_words
from recommendations.models import Recommendation
from servicedesk.maintenance_pages import plan_rows
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.models import Role
from visits.models import MaintenancePlan, Visit
from visits.trails import trails_of

VISITS_SHOWN = 20


@require_GET
@for_staff
def equipment(request, id):
    """Twelve queries, however many visits and recommendations there are."""
    machine = the_one(Equipment.objects.select_related("site__customer"), id)
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    recommendations = list(machine.recommendations.select_related("tenant", "raised_by__user").worst_first())
    open_ones = set(Recommendation.objects.open(today).filter(equipment=machine).values_list("pk", flat=True))
    trails = trails_of([r for r in recommendations if r.pk in open_ones], now=now, coming=False)
    visits = (
        Visit.objects.filter(machines__equipment=machine)
        .prefetch_related("assignments__technician")
        .order_by("-planned_start", "-id")
    )
    covers = covers_of_equipment(machine, today)
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
        "visits": visits[:VISITS_SHOWN],
        "today": today,
    }
    return render(request, "servicedesk/equipment.html", context)


urlpatterns = [path("equipment/<uuid:id>/", equipment, name="equipment")]
