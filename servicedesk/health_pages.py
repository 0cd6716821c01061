"""Health: a desk's figures that are 0 while all is well, for its managers (R4.7)."""

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from servicedesk.health import health_of
from tenancy.gates import for_roles
from tenancy.models import Role


@require_GET
@for_roles(Role.MANAGER)
def health(request):
    """Each figure with what it means and what to do."""
    figures = health_of(request.tenant, now=timezone.now())
    unwell = sum(not figure.is_well for figure in figures)
    return render(request, "settings/health.html", {"figures": figures, "unwell": unwell})


urlpatterns = [path("settings/health/", health, name="health")]
