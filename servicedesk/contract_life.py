"""The life of a contract on a page of its own, and as a piece of the contract's page."""

import datetime as dt

from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from contracts.life import life_of
from contracts.models import Contract
from tenancy.gates import for_staff, the_one

PAGE_LENGTH = 20


@require_GET
@for_staff
def contract_life(request, id):
    """Every change of its state, newest first; `?before=` reads on. A cursor that is none is the start."""
    shown = the_one(Contract.objects.select_related("customer", "tenant"), id)
    before = _instant(request.GET.get("before", ""))
    life = life_of(shown, until=timezone.now(), before=before, most=PAGE_LENGTH)
    template = "contracts/_life_rows.html" if request.htmx else "contracts/life.html"
    return render(request, template, {"contract": shown, "life": life, "is_first_page": before is None})


def _instant(text: str) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


urlpatterns = [path("contracts/<uuid:id>/life/", contract_life, name="contract-life")]
