"""The manager's overview: are we keeping our word, and what needs me? (design 4.5)"""

import logging
from collections.abc import Callable

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.models import Promise
from contracts.models import Contract
from customers.models import Customer
from servicedesk import overview_cells as cells
from servicedesk import overview_parts as parts
from servicedesk.overview_lists import Asked
from servicedesk.overview_rows import days_in, spans_of
from tenancy.addresses import desk_url
from tenancy.gates import for_roles
from tenancy.models import Role
from visits.models import Technician, Visit

log = logging.getLogger(__name__)

CELLS = {
    "kept": ("Promises kept on time", cells.kept_cell),
    "missed": ("Missed visits", cells.missed_cell),
    "overdue": ("Overdue promises", cells.overdue_cell),
    "fixed": ("Fixed first time", cells.fixed_cell),
    "unused": ("Tune-ups unused", cells.unused_cell),
    "renewals": ("Renewals due", cells.renewals_cell),
}
PARTS = {
    "yes": parts.yes_part,
    "kinds": parts.kinds_part,
    "recommendations": parts.recommendations_part,
    "lapsing": parts.lapsing_part,
    "missed": parts.missed_part,
}


@require_GET
@for_roles(Role.MANAGER)
def overview(request):
    """Every figure for itself: one that fails says so in its own place, and the others stand."""
    now = timezone.now()
    asked = Asked(request.tenant, days_in(request, now), now)
    here = desk_url(request.tenant, "overview")
    context = {
        "asked": asked,
        "spans": spans_of(asked, here),
        "first_step": first_step(request.tenant),
    }
    if not context["first_step"]:
        context |= {
            "cells": [(title, counted(name, figure, asked)) for name, (title, figure) in CELLS.items()],
            "overdue": counted("overdue rows", parts.overdue_part, asked, request.membership),
            **{f"{name}_part": counted(name, part, asked) for name, part in PARTS.items()},
        }
    return render(request, "servicedesk/overview.html", context)


@require_POST
@for_roles(Role.MANAGER)
def set_weekly_mail(request):
    """Whether these figures come by mail on Mondays, to whoever asks."""
    request.membership.weekly_mail = request.POST.get("wanted") == "yes"
    request.membership.save(update_fields=["weekly_mail"])
    wanted = request.membership.weekly_mail
    says = "These figures come by mail on Mondays at 07:00." if wanted else "No mail on Mondays any more."
    messages.success(request, says)
    return redirect(desk_url(request.tenant, "overview"))


def counted(name: str, count: Callable, *asked):
    """What a figure comes to; None where it cannot be counted, which harms no other."""
    try:
        with transaction.atomic():
            return count(*asked)
    except Exception:
        log.exception("The figure “%s” of the overview is not counted", name)
        return None


def first_step(desk) -> tuple[str, str, str] | None:
    """What a desk without any record does first: words, button and address. None for one that has any."""
    if Promise.objects.exists() or Visit.objects.exists() or Contract.objects.exists():
        return None
    if not Technician.objects.exists():
        return "Begin with who does the work.", "Enter a technician", desk_url(desk, "technician-new")
    if not Customer.objects.exists():
        return "Next, whom you work for.", "Enter a customer", desk_url(desk, "customer-new")
    return (
        "Next, book the first visit from a customer’s page.",
        "Choose a customer",
        desk_url(desk, "customers"),
    )


urlpatterns = [
    path("overview/", overview, name="overview"),
    path("overview/mail/", set_weekly_mail, name="overview-mail"),
]
