"""A contract with everything it rests on; its evidence, judged by accounts."""

import uuid
from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.duties import close_duty
from cases.models import Duty
from contracts.cancelling import MAY_CANCEL, standing_cancellation
from contracts.changes import changes_of
from contracts.co_terminating import may_end_together
from contracts.cover import cover_of
from contracts.covered import State
from contracts.evidence import (
    RETURNABLE,
    AlreadyDecided,
    acceptance_waits,
    confirm_evidence,
    in_words,
    log_claim,
    reject_evidence,
    return_evidence,
    waits_for_word,
    what_it_belongs_to,
)
from contracts.grounds import grounds_of
from contracts.models import Contract, ContractTerm, RenewalEvidence
from contracts.renewals import AlreadyRenewed, IsCancelled, NoTermToRenew, last_term
from contracts.term_bar import standing_terms, term_bar
from contracts.term_words import terms_in_words
from contracts.terms import following
from contracts.visit_ledger import visit_ledger
from servicedesk.call_forms import OutcomeForm
from servicedesk.call_rows import due_in_words
from servicedesk.evidence_anywhere import back_to
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, for_staff, the_one
from tenancy.models import Role


class DecisionForm(forms.Form):
    """Why evidence was judged as it was."""

    reason = forms.CharField(max_length=300, required=False)


@require_GET
@for_staff
def contract(request, id):
    """Terms, evidence, payments, renewals and every change of one contract."""
    return render(request, "contracts/contract.html", _contract_context(request, _contract(id)))


@require_POST
@for_staff
def claim(request, id):
    """One button: the customer says it is renewed."""
    now = timezone.now()
    shown = _contract(id)
    logged = log_claim(contract=shown, by=request.membership, now=now)
    zone = zone_of(request.tenant)
    verify = Duty.objects.get(subject=logged.public_id, kind=Duty.Kind.VERIFY_RENEWAL)
    promise = shown.customer.promises.get(subject=logged.public_id)
    messages.success(
        request,
        f"Claim logged. Accounts verify it {due_in_words(verify.due_at, now=now, zone=zone)}; "
        f"{promise.owner.name} rings back {due_in_words(promise.due_at, now=now, zone=zone)}, either way.",
    )
    return redirect(_after(request, shown))


@require_GET
@for_staff
def evidence(request, id, evidence):
    """One piece of evidence, with the verdicts that accounts may give."""
    return _verdict_page(request, _contract(id), _evidence(id, evidence))


@require_POST
@for_roles(Role.ACCOUNTS)
def confirm(request, id, evidence):
    """It proves a renewal: the next term follows."""
    try:
        seen = uuid.UUID(request.POST.get("after", ""))
    except ValueError:
        seen = None
    after = ContractTerm.objects.filter(contract__public_id=id, public_id=seen).first()
    return _decide(request, id, evidence, partial(confirm_evidence, after=after), "Confirmed. ")


@require_POST
@for_roles(Role.ACCOUNTS)
def reject(request, id, evidence):
    """It proves no renewal."""
    return _decide(request, id, evidence, reject_evidence, "Rejected. ")


@require_POST
@for_roles(Role.ACCOUNTS)
def returned(request, id, evidence):
    """The bank gave the money back."""
    return _decide(request, id, evidence, return_evidence, "Returned. ")


@require_POST
@for_roles(Role.ACCOUNTS)
def judge(request, id, duty):
    """Answer a colleague who asked whether a contract is renewed."""
    shown = _contract(id)
    asked = the_one(Duty.objects.filter(kind=Duty.Kind.JUDGE_CONTRACT, subject=shown.public_id), duty)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        context = _contract_context(request, shown)
        return render(request, "contracts/contract.html", {**context, "judge_form": form}, status=422)
    close_duty(asked, by=request.membership, now=timezone.now(), outcome=form.cleaned_data["outcome"])
    messages.success(request, "Answered.")
    return redirect(desk_url(request.tenant, "contract", id=shown.public_id))


def _contract(id) -> Contract:
    return the_one(Contract.objects.select_related("customer", "owner__user", "tenant"), id)


def _evidence(contract_id, id) -> RenewalEvidence:
    rows = RenewalEvidence.objects.filter(contract__public_id=contract_id)
    return the_one(
        rows.select_related(
            "contract__customer",
            "recorded_by__user",
            "decided_by__user",
            "scan",
            "renewal__term",
            "first_term",
            "tenant",
        ),
        id,
    )


def _contract_context(request, shown) -> dict:
    now = timezone.now()
    zone = zone_of(request.tenant)
    day = local_day(now, zone)
    cover = cover_of(shown, day)
    accepted = acceptance_waits(cover)
    asked = Duty.objects.open().filter(kind=Duty.Kind.JUDGE_CONTRACT, subject=shown.public_id)
    return {
        "contract": shown,
        "cover": cover,
        "bar": term_bar(cover, standing_terms(cover.contract)),
        "grounds": grounds_of(cover),
        "visits": visit_ledger(shown, day),
        "terms": terms_in_words(shown, zone),
        "machines": shown.covered.select_related("equipment__site").order_by("pk"),
        "changes": changes_of(shown),
        "asked": asked.order_by("due_at"),
        "may_judge": request.membership.has_role(Role.ACCOUNTS),
        **_acts_context(request, shown, cover),
        "may_check": request.membership.has_role(Role.SALES, Role.ACCOUNTS),
        "may_claim": cover.state not in (State.ACTIVE, State.UPCOMING)
        and not accepted
        and not waits_for_word(shown),
        "may_offer": not accepted,
        "now": now,
    }


def _acts_context(request, shown, cover) -> dict:
    """What accounts may do with the contract; nothing for others."""
    if not request.membership.has_role(*MAY_CANCEL):
        return {"may_act": False}
    return {
        "may_act": True,
        "has_term": cover.contract.last_end is not None,
        "cancellation": standing_cancellation(shown),
        "may_end_together": may_end_together(shown.customer).count() > 1,
    }


def _verdict_page(request, shown, piece, status=200, **more) -> HttpResponse:
    may_judge = request.membership.has_role(Role.ACCOUNTS)
    waiting = piece.state == RenewalEvidence.State.WAITING
    last = _last_term(shown)
    confirmed = piece.state == RenewalEvidence.State.CONFIRMED
    context = {
        "contract": shown,
        "evidence": piece,
        "words": in_words(piece),
        "cover": cover_of(shown, local_day(timezone.now(), zone_of(request.tenant))),
        "last_term": last,
        "next_term": last and following(last),
        "first_term": _first_term_it_pays(piece) if last else None,
        "may_decide": may_judge and waiting,
        "may_return": may_judge and (waiting or confirmed) and piece.kind in RETURNABLE,
        "asks_accounts": waiting and not may_judge,
        **more,
    }
    return render(request, "contracts/evidence.html", context, status=status)


def _first_term_it_pays(piece) -> ContractTerm | None:
    about = what_it_belongs_to(piece)
    return about if isinstance(about, ContractTerm) else None


def _last_term(shown) -> ContractTerm | None:
    try:
        return last_term(shown)
    except NoTermToRenew:
        return None


def _decide(request, id, evidence, act, words):
    """One verdict by accounts; 409 when somebody was quicker, 422 when it lacks what it needs."""
    now = timezone.now()
    shown, piece = _contract(id), _evidence(id, evidence)
    form = DecisionForm(request.POST)
    form.is_valid()
    reason = form.cleaned_data.get("reason", "")
    try:
        act(piece, by=request.membership, now=now, reason=reason)
    except (AlreadyDecided, AlreadyRenewed, IsCancelled) as refused:
        return _verdict_page(request, shown, _evidence(id, evidence), 409, refusal=str(refused))
    except ValueError as refused:
        return _verdict_page(request, shown, piece, 422, refusal=str(refused), reason=reason)
    cover = cover_of(shown, local_day(now, zone_of(request.tenant)))
    messages.success(request, f"{words}{cover.sentence}.")
    return redirect(desk_url(request.tenant, "contract", id=shown.public_id))


def _after(request, shown) -> str:
    return back_to(request) or desk_url(request.tenant, "contract", id=shown.public_id)


urlpatterns = [
    path("contracts/<uuid:id>/", contract, name="contract"),
    path("contracts/<uuid:id>/claim/", claim, name="claim"),
    path("contracts/<uuid:id>/duties/<uuid:duty>/", judge, name="contract-judge"),
    path("contracts/<uuid:id>/evidence/<uuid:evidence>/", evidence, name="evidence"),
    path("contracts/<uuid:id>/evidence/<uuid:evidence>/confirm/", confirm, name="evidence-confirm"),
    path("contracts/<uuid:id>/evidence/<uuid:evidence>/reject/", reject, name="evidence-reject"),
    path("contracts/<uuid:id>/evidence/<uuid:evidence>/returned/", returned, name="evidence-returned"),
]
