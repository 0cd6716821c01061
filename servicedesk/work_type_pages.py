"""Work types: what a kind of visit takes on a kind of machine: minutes, skills, crew (design 4.7)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.models import Equipment
from servicedesk.technician_forms import SkillsField
from servicedesk.worded_fields import ChosenField, CountField
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.models import VisitKind, WorkType
from visits.technicians import known_skills
from visits.work_type_settings import (
    LARGEST_CREW,
    LONGEST,
    SHORTEST,
    in_words,
    remove_work_type,
    save_work_type,
)

FIELDS = ("visit_kind", "machine", "minutes", "skills", "crew")
KINDS = [("", "Any visit"), *VisitKind.choices]
MOST_SUGGESTED = 200


class WorkTypeForm(forms.Form):
    """One line: for which visits on which machines, and what they take."""

    visit_kind = ChosenField(asks="a kind of visit", choices=KINDS, required=False)
    machine = forms.CharField(max_length=120, required=False)
    minutes = CountField(called="the minutes", least=SHORTEST, most=LONGEST)
    skills = SkillsField()
    crew = CountField(called="how many come", least=1, most=LARGEST_CREW)


@require_GET
@for_roles(Role.MANAGER)
def work_types(request):
    """Every line, the most exact first."""
    lines = WorkType.objects.order_by("machine_key", "visit_kind")
    shown = [(line, in_words(line)) for line in lines]
    shown.sort(key=lambda pair: (not pair[0].machine_key, not pair[0].visit_kind))
    context = {"work_types": shown, "usual": request.tenant.visit_minutes}
    return render(request, "settings/work_types.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def new_work_type(request):
    """One more line."""
    form = WorkTypeForm(request.POST or None, initial={"crew": 1, "minutes": request.tenant.visit_minutes})
    return _edit(request, None, form)


@require_http_methods(["GET", "POST"])
@for_roles(Role.MANAGER)
def work_type(request, id):
    """Change one line."""
    line = the_one(WorkType.objects.all(), id)
    initial = {name: getattr(line, name) for name in FIELDS} | {"skills": ", ".join(line.skills)}
    return _edit(request, line, WorkTypeForm(request.POST or None, initial=initial))


@require_POST
@for_roles(Role.MANAGER)
def remove(request, id):
    """The next exact line counts instead."""
    remove_work_type(the_one(WorkType.objects.all(), id), by=request.membership)
    messages.success(request, "Removed.")
    return redirect(desk_url(request.tenant, "work-types"))


def _edit(request, line, form) -> HttpResponse:
    if request.method == "GET":
        return _page(request, line, form)
    if not form.is_valid():
        return _page(request, line, form, 422)
    try:
        saved = save_work_type(line, by=request.membership, now=timezone.now(), **form.cleaned_data)
    except SettingRefused as refused:
        form.add_error(refused.field, str(refused))
        return _page(request, line, form, 422)
    messages.success(request, f"{in_words(saved)}: {saved.minutes} minutes.")
    return redirect(desk_url(request.tenant, "work-types"))


def _page(request, line, form, status=200) -> HttpResponse:
    pairs = Equipment.objects.values_list("model", "kind").distinct()[:MOST_SUGGESTED]
    context = {
        "line": line,
        "form": form,
        "kinds": KINDS,
        "machines": sorted({word for pair in pairs for word in pair if word}),
        "skills": known_skills(),
    }
    return render(request, "settings/work_type.html", context, status=status)


urlpatterns = [
    path("settings/work-types/", work_types, name="work-types"),
    path("settings/work-types/new/", new_work_type, name="work-type-new"),
    path("settings/work-types/<uuid:id>/", work_type, name="work-type"),
    path("settings/work-types/<uuid:id>/remove/", remove, name="work-type-remove"),
]
