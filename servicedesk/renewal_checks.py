"""The renewal check as a page: what each run looked at and found, who has to see to what, and a run now."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.duties import close_duty
from cases.models import Duty
from contracts.models import RenewalCheck
from contracts.renewal_check import check_now
from contracts.renewal_exceptions import NO_PRICE, NO_TERM, NOBODY_TO_TELL, OFFER_WAITS, UNMATCHED_MONEY
from customers.models import Contact
from servicedesk.calls_owed import OutcomeForm
from servicedesk.moments import due_word, moment_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

PAGE = 20
MOST_DUTIES = 50
KINDS = (Duty.Kind.JUDGE_CONTRACT, Duty.Kind.RENEWAL_ENDS, Duty.Kind.MATCH_PAYMENT)
# What stands after the number.
EXCEPTIONS = {
    NO_TERM: "without a term",
    NO_PRICE: "to renew without a price",
    NOBODY_TO_TELL: "with nobody to tell",
    OFFER_WAITS: "with an accepted offer not settled",
    UNMATCHED_MONEY: "unmatched money",
}
# For one, and for any other number.
DONE = {
    "renewed by itself": ("renewed by itself", "renewed by themselves"),
    "notices": ("notice planned", "notices planned"),
    "owners told": ("owner told", "owners told"),
    "duties opened": ("duty opened", "duties opened"),
    "duties closed": ("duty closed", "duties closed"),
}


@dataclass(frozen=True)
class Run:
    """One check in words: when, who asked, and what it found and did, in phrases with their numbers."""

    at: str
    iso: str
    asked_by: str
    looked_at: int
    states: list[str]
    exceptions: list[str]
    done: list[str]


@dataclass(frozen=True)
class Needed:
    """One duty: what, about whom, whose it is, by when, and where it is done ("" nowhere for this role)."""

    title: str
    customer: str
    owner: str
    by: str
    is_late: bool
    url: str


@require_GET
@for_roles(Role.SALES, Role.ACCOUNTS)
def renewal_checks(request):
    """The runs, the latest first, and what they left for people; the same queries however many there are."""
    now, zone = timezone.now(), zone_of(request.tenant)
    rows = RenewalCheck.objects.filter(finished_at__isnull=False).select_related("asked_by__user")
    after = request.GET.get("after", "")
    found = list(_after(rows, after).order_by("-started_at", "-pk")[: PAGE + 1])
    duties = Duty.objects.open().filter(kind__in=KINDS).select_related("customer", "owner__user")
    most_urgent = duties.order_by("due_at", "pk")[:MOST_DUTIES]
    context = {
        "runs": [_run(check, zone, now) for check in found[:PAGE]],
        "next": found[PAGE - 1].public_id if len(found) > PAGE else "",
        "is_first": not after,
        "needed": [_needed(request, duty, zone, now) for duty in most_urgent],
        "most": MOST_DUTIES,
        "is_silent": request.tenant.messages_from is None or request.tenant.messages_from > now,
    }
    return render(request, "servicedesk/renewal_checks.html", context)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def run_now(request):
    """Check every contract of the desk now, and say what came of it."""
    now = timezone.now()
    check = check_now(request.tenant, by=request.membership, now=now)
    run = _run(check, zone_of(request.tenant), now)
    messages.success(request, f"Checked {run.looked_at} contracts: {', '.join(run.done) or 'nothing new'}.")
    return redirect(desk_url(request.tenant, "renewal-checks"))


@require_http_methods(["GET", "POST"])
@for_roles(Role.SALES, Role.ACCOUNTS)
def renewal_duty(request, id):
    """Whom to speak to about a renewal, and why; closed with what came of it."""
    now = timezone.now()
    duties = Duty.objects.filter(kind=Duty.Kind.RENEWAL_ENDS).select_related("customer", "closed_by__user")
    duty = the_one(duties, id)
    form = OutcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        close_duty(duty, by=request.membership, now=now, outcome=form.cleaned_data["outcome"])
        messages.success(request, f"Done: {duty.title}")
        return redirect(desk_url(request.tenant, "renewal-checks"))
    contact = Contact.objects.filter(customer=duty.customer).order_by("-is_main", "pk").first()
    page = {"duty": duty, "form": form, "contact": contact, "is_late": duty.due_at < now}
    return render(
        request, "servicedesk/call_owed.html", page, status=422 if request.method == "POST" else 200
    )


def checked_at(check: RenewalCheck | None, zone, now) -> str:
    """When the last check was, in the desk's words; "" before the first."""
    return moment_word(check.started_at, zone=zone, today=local_day(now, zone)) if check else ""


def _after(rows, public_id: str):
    """What is older than a run. An id that is none begins at the front."""
    try:
        last = rows.get(public_id=uuid.UUID(public_id))
    except (ValueError, RenewalCheck.DoesNotExist):
        return rows
    return rows.filter(Q(started_at__lt=last.started_at) | Q(started_at=last.started_at, pk__lt=last.pk))


def _run(check: RenewalCheck, zone, now) -> Run:
    found = check.found
    return Run(
        at=checked_at(check, zone, now),
        iso=check.started_at.isoformat(),
        asked_by=check.asked_by.name if check.asked_by else "The clock",
        looked_at=check.looked_at,
        states=[f"{count} {state}" for state, count in found.get("states", {}).items()],
        exceptions=[f"{count} {EXCEPTIONS[cause]}" for cause, count in found.get("exceptions", {}).items()],
        done=[
            f"{found[name]} {one if found[name] == 1 else more}"
            for name, (one, more) in DONE.items()
            if found.get(name)
        ],
    )


def _needed(request, duty: Duty, zone, now) -> Needed:
    return Needed(
        title=duty.title,
        customer=duty.customer.called if duty.customer else "",
        owner=duty.owner.name if duty.owner else duty.get_owner_role_display(),
        by=due_word(duty.due_at, zone=zone, today=local_day(now, zone)),
        is_late=duty.due_at < now,
        url=_where(request, duty),
    )


def _where(request, duty: Duty) -> str:
    if duty.kind == Duty.Kind.RENEWAL_ENDS:
        return desk_url(request.tenant, "renewal-duty", id=duty.public_id)
    if duty.kind == Duty.Kind.JUDGE_CONTRACT:
        return desk_url(request.tenant, "contract", id=duty.subject)
    if request.membership.has_role(Role.ACCOUNTS):
        return desk_url(request.tenant, "payment", id=duty.subject)
    return desk_url(request.tenant, "contract-check", id=duty.customer.public_id) if duty.customer else ""


urlpatterns = [
    path("renewals/check/", renewal_checks, name="renewal-checks"),
    path("renewals/check/now/", run_now, name="renewal-check-now"),
    path("renewals/duties/<uuid:id>/", renewal_duty, name="renewal-duty"),
]
