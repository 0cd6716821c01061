"""Recommendations: the register with whose turn it is, and one of them with all that happened (R5)."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from contracts.wording import money
from recommendations.faults import page_of_breakdowns
from recommendations.follow_up_letter import costs_words
from recommendations.lifecycle import ChangedMeanwhile, NotPossible
from recommendations.models import Recommendation
from recommendations.register import Section, counts, page_of
from servicedesk.moments import date_word
from servicedesk.recommendation_forms import ACTS, ActForm
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, for_staff, the_one
from tenancy.models import Role
from visits.models import Visit
from visits.trails import trails_of

PAGE = 25


@require_GET
@for_roles(Role.DISPATCHER, Role.SALES)
def register(request):
    """The counts of every section, and the rows of one: as many queries for one row as for three."""
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    found = counts(today)
    asked = request.GET.get("section", "")
    first = next((section for section in Section.values if found[section]), Section.ANSWER)
    section = asked if asked in Section.values else first
    after = request.GET.get("after", "")
    if section == Section.WARNED:
        page = page_of_breakdowns(after=after, size=PAGE)
        rows = [{"row": case, "warnings": case.warnings.all()} for case in page.rows]
    else:
        page = page_of(section, today, after=after, size=PAGE)
        trails = trails_of(page.rows, now=now, coming=False)
        rows = [{"row": row, "trail": trails[row.pk], "costs": _price(row)} for row in page.rows]
    context = {
        "tabs": [
            (label, found[key], f"?{urlencode({'section': key})}", key == section)
            for key, label in Section.choices
        ],
        "section": Section(section),
        "rows": rows,
        "is_breakdowns": section == Section.WARNED,
        "next_url": f"?{urlencode({'section': section, 'after': page.after})}" if page.after else "",
        "front_url": f"?{urlencode({'section': section})}" if after else "",
        "today": today,
    }
    return render(request, "servicedesk/recommendations.html", context)


@require_GET
@for_staff
def recommendation(request, id):
    """What was found, every visit since, each change with person, time and reason, and what may be done."""
    return _page(request, _one(id))


@require_POST
@for_roles(Role.DISPATCHER, Role.SALES)
def act_on(request, id):
    """Carry out one act: 422 for what cannot be, 409 where somebody changed it meanwhile."""
    found, form = _one(id), ActForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    try:
        with transaction.atomic():
            form.carry_out(found, by=request.membership, now=timezone.now())
    except ChangedMeanwhile as refused:
        form.add_error(None, str(refused))
        return _page(request, _one(id), form=form, status=409)
    except NotPossible as refused:
        form.add_error(None, str(refused))
        return _page(request, _one(id), form=form, status=422)
    messages.success(request, f"{found.finding}: {ACTS[form.cleaned_data['act']].words.lower()}.")
    return redirect(desk_url(request.tenant, "recommendation", id=found.public_id))


def _one(id) -> Recommendation:
    rows = Recommendation.objects.select_related(
        "equipment__site__customer", "raised_by__user", "superseded_by", "tenant"
    )
    return the_one(rows, id)


def _page(request, found, *, form=None, status=200):
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    machine, changes = found.equipment, list(found.changes.select_related("by__user").order_by("pk"))
    may_act = request.membership.has_role(Role.DISPATCHER) or request.membership.has_role(Role.SALES)
    coming = Visit.objects.waiting().filter(machines__equipment=machine, planned_start__gte=now)
    asked = {"site": machine.site.public_id, "machine": machine.public_id, "prefilled": 1}
    book = f"{desk_url(request.tenant, 'book', id=machine.site.customer.public_id)}?{urlencode(asked)}"
    posted = form.data if form else {}
    context = {
        "each": found,
        "machine": machine,
        "customer": machine.site.customer,
        "trail": trails_of([found], now=now, viewer=request.membership, coming=coming.exists())[found.pk],
        "costs": costs_words(found, today),
        "changes": changes[::-1],
        "seen": len(changes),
        # An import tells the day only.
        "has_beginning": any(not change.before for change in changes),
        "warned": found.faults.select_related("case").order_by("-noticed_at"),
        "coming": coming.prefetch_related("assignments__technician").order_by("planned_start", "pk")[:3],
        "photos": found.photos.select_related("photo"),
        "acts": [
            (name, act.words, act.note) for name, act in ACTS.items() if may_act and found.state in act.states
        ],
        "severities": Recommendation.Severity.choices,
        "form": form,
        "posted": posted,
        "book_url": book if request.membership.has_role(Role.DISPATCHER) else "",
        "today": today,
        "until": found.deferred_until and date_word(found.deferred_until, today=today),
        "review_by": found.review_by and date_word(found.review_by, today=today),
    }
    return render(request, "servicedesk/recommendation.html", context, status=status)


def _price(row) -> str:
    return "" if row.estimate is None else money(row.estimate, row.tenant.currency)


urlpatterns = [
    path("recommendations/", register, name="recommendations"),
    path("recommendations/<uuid:id>/", recommendation, name="recommendation"),
    path("recommendations/<uuid:id>/act/", act_on, name="recommendation-act"),
]
