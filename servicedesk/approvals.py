"""A supervisor's two pages after a second miss: taking the customer over, and a third appointment (R4.6)."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.duties import close_duty
from cases.goodwill import GoodwillRefused, decide_goodwill
from cases.models import Duty, Goodwill
from contracts.wording import money
from servicedesk.goodwill_places import usual_place
from servicedesk.moments import window_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.approval import ApprovalRefused, approve_visit, decline_visit
from visits.models import Visit
from visits.second_miss import misses_of

APPROVE, DECLINE = "approve", "decline"
GIVE, KEEP = "give", "keep"


class ApprovalForm(forms.Form):
    """The supervisor's word; a declined appointment needs a reason."""

    word = forms.ChoiceField(
        choices=[(APPROVE, "Approve it"), (DECLINE, "Decline it")],
        error_messages={
            "required": "Approve it or decline it.",
            "invalid_choice": "Approve it or decline it.",
        },
    )
    because = forms.CharField(max_length=250, required=False, strip=True)
    version = forms.IntegerField()

    def clean(self):
        """Declining without a reason helps nobody who has to ring the customer."""
        data = super().clean()
        if data.get("word") == DECLINE and not data.get("because"):
            self.add_error("because", "Say why: somebody rings the customer and has to explain it.")
        return data


class TakeOverForm(forms.Form):
    """What the supervisor does about it, and whether what was proposed is given."""

    outcome = forms.CharField(
        max_length=300,
        strip=True,
        error_messages={
            "required": "Say what you do about it: it is taken over only with an outcome.",
            "max_length": "Say it in 300 characters.",
        },
    )
    goodwill = forms.ChoiceField(
        choices=[(GIVE, "Give it"), (KEEP, "Do not give it")],
        required=False,
        error_messages={"invalid_choice": "Give it or do not."},
    )

    def __init__(self, *args, is_proposed, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_proposed = is_proposed

    def clean(self):
        """What was proposed is decided here: left open it would be forgotten."""
        data = super().clean()
        if self.is_proposed and "goodwill" not in self.errors and not data.get("goodwill"):
            self.add_error("goodwill", "Give it or do not: they should hear it from you.")
        return data


@require_GET
@for_roles(Role.DISPATCHER)
def approval(request, id):
    """A third appointment that waits for a supervisor's word: why, and who stands by."""
    return _approval_page(request, _visit(id), timezone.now())


@require_POST
@for_roles(Role.MANAGER)
def decide_approval(request, id):
    """Approved, the customer is told; declined, it is cancelled and somebody rings."""
    visit, now = _visit(id), timezone.now()
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        return _approval_page(request, visit, now, form=form, status=422)
    data = form.cleaned_data
    seen = {"by": request.membership, "now": now, "version": data["version"]}
    try:
        if data["word"] == APPROVE:
            approve_visit(visit, **seen)
            says = f"Approved: {visit.customer.name} is told."
        else:
            decline_visit(visit, because=data["because"], **seen)
            says = f"Declined: somebody rings {visit.customer.name} with another time."
    except ApprovalRefused as refused:
        form.add_error(None, str(refused))
        visit.refresh_from_db()
        return _approval_page(request, visit, now, form=form, status=409)
    messages.success(request, says)
    if request.POST.get("from") == "overview":
        return redirect(desk_url(request.tenant, "overview"))
    return redirect(desk_url(request.tenant, "visit", id=visit.public_id))


@require_GET
@for_roles(Role.DISPATCHER)
def take_over(request, id):
    """A customer who was missed twice: why, and what is proposed."""
    duty = _owned(id)
    return _take_over_page(request, duty, _goodwill_of(duty), timezone.now())


@require_POST
@for_roles(Role.MANAGER)
def finish_take_over(request, id):
    """What the supervisor did about it, and whether the goodwill is given."""
    duty, now = _owned(id), timezone.now()
    goodwill = _goodwill_of(duty)
    proposed = goodwill if goodwill and goodwill.state == Goodwill.State.PROPOSED else None
    form = TakeOverForm(request.POST, is_proposed=proposed is not None)
    if not form.is_valid():
        return _take_over_page(request, duty, goodwill, now, form=form, status=422)
    outcome = form.cleaned_data["outcome"]
    try:
        with transaction.atomic():
            if proposed is not None:
                gives = form.cleaned_data["goodwill"] == GIVE
                place = usual_place(duty.customer, desk=request.tenant, now=now) if gives else None
                by = request.membership
                decide_goodwill(proposed, gives=gives, reason=outcome, by=by, now=now, place=place)
            close_duty(duty, by=request.membership, now=now, outcome=outcome)
    except GoodwillRefused as refused:
        form.add_error(None, str(refused))
        return _take_over_page(request, duty, goodwill, now, form=form, status=409)
    messages.success(request, f"{duty.customer.name} is taken over.")
    return redirect(desk_url(request.tenant, "customer", id=duty.customer.public_id))


def _visit(id) -> Visit:
    return the_one(Visit.objects.select_related("customer", "contact", "backup", "booked_by__user"), id)


def _owned(id) -> Duty:
    owned = Duty.objects.filter(kind=Duty.Kind.OWN_CASE)
    return the_one(owned.select_related("customer", "case", "owner__user", "closed_by__user"), id)


def _goodwill_of(duty) -> Goodwill | None:
    return Goodwill.objects.filter(subject=duty.subject).select_related("item").first()


def _approval_page(request, visit, now, *, form=None, status=200):
    zone = zone_of(request.tenant)
    today = local_day(now, zone)
    context = {
        "visit": visit,
        "told": window_word(visit.window_start, visit.window_end, zone=zone, today=today),
        "technicians": [a.technician for a in visit.assignments.select_related("technician").order_by("pk")],
        "misses": misses_of(visit.customer, until=visit.approval_asked_at or now),
        "may_decide": request.membership.role == Role.MANAGER,
        "is_open": visit.awaits_approval and visit.state in Visit.WAITING_STATES,
        "word": form.data.get("word", "") if form else "",
        "because": form.data.get("because", "") if form else "",
        "form": form,
        "APPROVE": APPROVE,
        "DECLINE": DECLINE,
    }
    return render(request, "servicedesk/visit_approval.html", context, status=status)


def _take_over_page(request, duty, goodwill, now, *, form=None, status=200):
    context = {
        "duty": duty,
        "goodwill": goodwill,
        "amount": goodwill and money(goodwill.amount, request.tenant.currency),
        "misses": misses_of(duty.customer, until=duty.opened_at),
        "is_late": duty.due_at < now,
        "may_decide": request.membership.role == Role.MANAGER,
        "outcome": form.data.get("outcome", "") if form else "",
        "chosen": form.data.get("goodwill", "") if form else "",
        "form": form,
        "GIVE": GIVE,
        "KEEP": KEEP,
    }
    return render(request, "servicedesk/take_over.html", context, status=status)


urlpatterns = [
    path("visits/<uuid:id>/approval/", approval, name="visit-approval"),
    path("visits/<uuid:id>/approval/word/", decide_approval, name="visit-approval-word"),
    path("duties/<uuid:id>/take-over/", take_over, name="take-over"),
    path("duties/<uuid:id>/take-over/done/", finish_take_over, name="take-over-done"),
]
