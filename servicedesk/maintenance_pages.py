"""Maintenance plans: a customer's list, a new one, and one plan with its services and its acts."""

import datetime as dt

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts.cover import COVERED_STATES
from contracts.models import Contract
from contracts.wording import day_in_full
from customers.models import Customer, Equipment
from servicedesk.maintenance_forms import ExceptionForm, PauseForm, PlanForm, ReasonForm, StopForm
from servicedesk.old_addresses import asked_customer
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, for_staff, the_one
from tenancy.models import Role
from visits.maintenance import (
    NAMES,
    PlanRefused,
    add_exception,
    leave_out,
    make_plan,
    resume_plan,
    rhythm_words,
    stop_plan,
    suspend_plan,
)
from visits.models import MaintenancePlan, PlannedService

State = PlannedService.State
SERVICES_SHOWN = 40


@require_GET
@for_staff
def plans(request, id):
    """All plans of a customer, those that go on first."""
    customer = asked_customer(request, id)
    context = {
        "customer": customer,
        "plans": plan_rows(MaintenancePlan.objects.filter(customer=customer)),
        "may_plan": request.membership.has_role(Role.DISPATCHER),
    }
    return render(request, "servicedesk/maintenance_plans.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def new_plan(request, id):
    """A plan for a machine or a site of a customer."""
    customer = the_one(Customer.objects.standing(), id)
    theirs = {
        "machines": list(
            Equipment.objects.filter(site__customer=customer, retired_on__isnull=True)
            .select_related("site")
            .order_by("pk")
        ),
        "sites": list(customer.sites.order_by("pk")),
        "contracts": list(customer.contracts.order_by("number_key")),
    }
    now = timezone.now()
    if request.method == "GET":
        # Which machine and from when a person says: a plan begun on a guess sends people for years.
        covering = contracts_in_force(customer, local_day(now, zone_of(request.tenant)))
        values = {"equipment": request.GET.get("equipment", ""), "every": "3", "unit": "months"}
        values |= {"counts_from": "calendar", "title": "Maintenance"}
        values["contract"] = str(covering[0].public_id) if len(covering) == 1 else ""
        return _form_page(request, customer, theirs, values)
    form = PlanForm(request.POST, customer=customer, **theirs)
    if form.is_valid():
        try:
            plan = make_plan(form.plan(), by=request.membership, now=now)
        except PlanRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{plan.title}: {rhythm_words(plan)}.")
            return redirect(desk_url(request.tenant, "plan", id=plan.public_id))
    return _form_page(request, customer, theirs, request.POST, form=form, status=422)


@require_GET
@for_staff
def plan(request, id):
    """One plan: its rhythm, how it stands, its services, the days left out."""
    return _plan_page(request, _plan(id))


@require_POST
@for_roles(Role.DISPATCHER)
def suspend(request, id):
    """Nothing is due for a while; then it goes on from its schedule."""
    return _act(request, id, PauseForm, suspend_plan, "Suspended.")


@require_POST
@for_roles(Role.DISPATCHER)
def stop(request, id):
    """The end of a plan, by an act: who, why and when."""
    return _act(request, id, StopForm, stop_plan, "Stopped.")


@require_POST
@for_roles(Role.DISPATCHER)
def except_day(request, id):
    """One day of the schedule is left out."""
    return _act(request, id, ExceptionForm, add_exception, "That day is left out.")


@require_POST
@for_roles(Role.DISPATCHER)
def resume(request, id):
    """It goes on from its schedule, today."""
    shown = _plan(id)
    try:
        resume_plan(shown, by=request.membership, now=timezone.now())
    except PlanRefused as refused:
        return _plan_page(request, shown, problems=[str(refused)], status=409)
    messages.success(request, "It goes on from its schedule.")
    return redirect(desk_url(request.tenant, "plan", id=shown.public_id))


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER, Role.SALES)
def leave_service_out(request, id):
    """One service will not be; the plan goes on."""
    services = PlannedService.objects.select_related("plan__customer", "plan__equipment", "visit")
    service = the_one(services, id)
    form = ReasonForm(request.POST) if request.method == "POST" else None
    status = 422 if form else 200
    if form and form.is_valid():
        try:
            leave_out(
                service, because=form.cleaned_data["because"], by=request.membership, now=timezone.now()
            )
        except PlanRefused as refused:
            form.add_error(None, str(refused))
            status = 409
            service.refresh_from_db()
        else:
            messages.success(request, f"{service.plan.title} of {day_in_full(service.due_on)} is left out.")
            return redirect(desk_url(request.tenant, "plan", id=service.plan.public_id))
    context = {
        "service": service,
        "plan": service.plan,
        "waits": service.state == State.DUE,
        "form": form,
        "because": form.data.get("because", "") if form else "",
        "back_url": desk_url(request.tenant, "plan", id=service.plan.public_id),
    }
    return render(request, "servicedesk/maintenance_leave_out.html", context, status=status)


def contracts_in_force(customer: Customer, day: dt.date) -> list[Contract]:
    """A customer's contracts that cover on a day: one query."""
    return list(Contract.objects.with_cover(day).filter(customer=customer, cover_state__in=COVERED_STATES))


def plan_rows(plans) -> list[dict]:
    """Plans as a list shows them: rhythm, how each stands, what comes next. Two queries."""
    out = PlannedService.objects.filter(state__in=[State.DUE, State.BOOKED]).select_related("visit")
    rows = (
        plans.select_related("equipment", "contract", "suspended_by__user", "stopped_by__user")
        .annotate(done=Count("services", filter=Q(services__state=State.DONE)))
        .prefetch_related(Prefetch("services", out.order_by("due_on"), to_attr="coming"))
        .order_by("stopped_on", "pk")
    )
    return [
        {
            "plan": plan,
            "rhythm": rhythm_words(plan),
            "stands": stands(plan),
            "next": next(iter(plan.coming), None),
        }
        for plan in rows
    ]


def stands(plan: MaintenancePlan) -> tuple[str, str]:
    """How a plan stands, as a tone and in words; `plan.done` is how many are done."""
    if plan.stopped_on is not None:
        who = plan.stopped_by.name
        return "plain", f"Stopped after {day_in_full(plan.stopped_on)} by {who}: {plan.stopped_because}"
    if plan.suspended_on is not None:
        until = f" until {day_in_full(plan.resumes_on)}" if plan.resumes_on else ""
        who = f"{plan.suspended_by.name}: {plan.suspended_because}"
        return "warn", f"Suspended from {day_in_full(plan.suspended_on)}{until} by {who}"
    if plan.most_done and plan.done >= plan.most_done:
        return "plain", f"All {plan.most_done} are done"
    count = f"{plan.done} of {plan.most_done} done" if plan.most_done else f"{plan.done} done"
    return "good", f"Goes on, {count}"


def _act(request, id, form_class, act, said):
    """Do what was asked for with what was typed; a refusal keeps it on the page."""
    shown, form = _plan(id), form_class(request.POST)
    if not form.is_valid():
        problems = [error for errors in form.errors.values() for error in errors]
        return _plan_page(request, shown, form=form, problems=problems, status=422)
    try:
        act(shown, **form.cleaned_data, by=request.membership, now=timezone.now())
    except PlanRefused as refused:
        return _plan_page(request, shown, form=form, problems=[str(refused)], status=409)
    messages.success(request, said)
    return redirect(desk_url(request.tenant, "plan", id=shown.public_id))


def _plan(id) -> MaintenancePlan:
    rows = MaintenancePlan.objects.select_related(
        "customer", "site", "equipment", "contract", "made_by__user", "suspended_by__user", "stopped_by__user"
    )
    return the_one(rows.annotate(done=Count("services", filter=Q(services__state=State.DONE))), id)


def _plan_page(request, shown, *, form=None, problems=(), status=200):
    today = local_day(timezone.now(), zone_of(request.tenant))
    services = shown.services.select_related("visit", "settled_by__user").order_by("-due_on")
    context = {
        "plan": shown,
        "rhythm": rhythm_words(shown),
        "stands": stands(shown),
        "services": services[:SERVICES_SHOWN],
        "exceptions": shown.exceptions.select_related("made_by__user").order_by("-day")[:SERVICES_SHOWN],
        "may_act": request.membership.has_role(Role.DISPATCHER),
        "problems": problems,
        "asked": form.__class__.__name__ if form else "",
        "typed": form.data if form else {},
        "today": today,
        "tomorrow": today + dt.timedelta(days=1),
    }
    return render(request, "servicedesk/maintenance_plan.html", context, status=status)


def _form_page(request, customer, theirs, values, *, form=None, status=200):
    chosen = values.getlist("weekdays") if hasattr(values, "getlist") else []
    context = {
        "customer": customer,
        **theirs,
        "values": values,
        "weekdays": [(str(n), name, str(n) in chosen) for n, name in enumerate(NAMES)],
        "form": form,
        "back_url": desk_url(request.tenant, "plans", id=customer.public_id),
    }
    return render(request, "servicedesk/maintenance_new.html", context, status=status)


urlpatterns = [
    path("customers/<uuid:id>/plans/", plans, name="plans"),
    path("customers/<uuid:id>/plans/new/", new_plan, name="plan-new"),
    path("plans/<uuid:id>/", plan, name="plan"),
    path("plans/<uuid:id>/suspend/", suspend, name="plan-suspend"),
    path("plans/<uuid:id>/resume/", resume, name="plan-resume"),
    path("plans/<uuid:id>/stop/", stop, name="plan-stop"),
    path("plans/<uuid:id>/except/", except_day, name="plan-except"),
    path("services/<uuid:id>/leave-out/", leave_service_out, name="service-leave-out"),
]
