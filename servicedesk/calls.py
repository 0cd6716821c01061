"""The sales desk: the call list, the contract check, and what a sales rep does there (design 4.4)."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.models import Duty, Promise
from cases.promise_reminders import reminding
from cases.promising import agree_anew, keep_promise, make_promise
from contracts.call_list import ACTIVE, HELD, IN_REVIEW, PUT_OFF, RENEWS_ITSELF, call_list, next_row
from contracts.calling import NotLapsed, log_lapse_call, skip_until
from contracts.covered import State
from contracts.models import Contract, RenewalEvidence
from contracts.renewal_check import latest_check
from contracts.tenure import with_first_term
from contracts.verifying import ask_to_judge
from contracts.wording import day_in_full
from customers.models import Customer
from servicedesk import promise_letters as letters
from servicedesk.call_forms import PICK, LapseCallForm, MoveForm, OutcomeForm, PromiseForm, SkipForm
from servicedesk.call_rows import call_rows, due_in_words
from servicedesk.caller_facts import Caller
from servicedesk.contract_check import check_of, note_check
from servicedesk.renewal_checks import checked_at
from tenancy.addresses import desk_url
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from tenancy.prepared import Prepared, PublicId

_CUSTOMER = Prepared(
    lambda id: with_first_term(Customer.objects.filter(public_id=id).select_related("merged_into")),
    id=PublicId(),
)
PAGE = 50
STATES = {"due": State.RENEWAL_DUE, "grace": State.IN_GRACE, "lapsed": State.LAPSED}
HELD_BACK = {
    "active": ACTIVE,
    "review": IN_REVIEW,
    "by-itself": RENEWS_ITSELF,
    "held": HELD,
    "put-off": PUT_OFF,
}


@require_GET
@for_roles(Role.SALES, Role.ACCOUNTS)
def calls(request):
    """Who to call today, or with `show=held` who is not to be called and why."""
    now = timezone.now()
    zone = zone_of(request.tenant)
    day = local_day(now, zone)
    chosen = request.GET.get("state", "")
    shows_held = request.GET.get("show") == "held"
    found = call_list(
        day,
        held_back=shows_held,
        only=(HELD_BACK if shows_held else STATES).get(chosen, ""),
        after=request.GET.get("after", ""),
        size=PAGE,
    )
    context = {
        "list": found,
        "tabs": _tabs(found, shows_held, chosen),
        "shows_held": shows_held,
        "chosen": chosen,
        "rows": call_rows(found.rows, day=day, now=now, zone=zone),
        "after": found.after,
        "is_first": not request.GET.get("after"),
        "verdicts": _verdicts(request, now, zone),
        "checked_at": checked_at(latest_check(), zone, now),
    }
    return render(request, "servicedesk/calls.html", context)


@require_GET
@for_roles(Role.SALES, Role.ACCOUNTS)
def contract_check(request, id):
    """One customer's verdict with its evidence. That it was opened is kept for the next caller."""
    customer = the_one(_CUSTOMER, id)
    if customer.merged_into is not None:
        return redirect(desk_url(request.tenant, "contract-check", id=customer.merged_into.public_id))
    now = timezone.now()
    check, context = _check(request, customer, now)
    if check.cover is not None:
        note_check(check.cover, by=request.membership, now=now)
    return render(request, "servicedesk/calls_check.html", context)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def log_promise(request, id):
    """Keep what was promised to the customer, and by when."""
    now = timezone.now()
    customer = _customer(id)
    form = PromiseForm(request.POST, now=now, calendar=calendar_of(request.tenant))
    if form.is_valid():
        try:
            promise = make_promise(
                customer=customer,
                kind=Promise.Kind.CALL_BACK,
                text=form.cleaned_data["what"],
                due_at=form.cleaned_data["due_at"],
                owner=request.membership,
                by=request.membership,
                now=now,
            )
        except ValueError as refused:
            form.add_error("by", str(refused))
        else:
            due = due_in_words(promise.due_at, now=now, zone=zone_of(request.tenant))
            told = _told(promise, letters.MADE, form, now)
            messages.success(request, f"Promised {due}: {promise.text}{told}")
            return _back(request, customer)
    return _refused(request, customer, now, promise_form=form)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def keep(request, id, promise):
    """The promise was kept; what came of it is its evidence."""
    now = timezone.now()
    customer = _customer(id)
    kept = the_one(Promise.objects.open().by_hand().filter(customer=customer), promise)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _refused(request, customer, now, kept_form=form, kept_id=kept.public_id)
    kept = keep_promise(kept, by=request.membership, now=now, evidence=form.cleaned_data["outcome"])
    messages.success(request, f"{kept.get_state_display()}: {kept.text}")
    return _back(request, customer)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def move(request, id, promise):
    """The promise was moved, agreed before it was due: it can be kept late only."""
    now = timezone.now()
    customer = _customer(id)
    moved = the_one(Promise.objects.open().by_hand().filter(customer=customer), promise)
    form = MoveForm(request.POST, now=now, calendar=calendar_of(request.tenant))
    refused = {"moved_form": form, "moved_id": moved.public_id}
    if not form.is_valid():
        return _refused(request, customer, now, **refused)
    try:
        moved = agree_anew(moved, due_at=form.cleaned_data["due_at"], by=request.membership, now=now)
    except ValueError as too_late:
        form.add_error(None, str(too_late))
        return _refused(request, customer, now, status=409, **refused)
    due = due_in_words(moved.due_at, now=now, zone=zone_of(request.tenant))
    told = _told(moved, letters.MOVED, form, now)
    messages.success(request, f"Moved, now {due}: {moved.text}{told}")
    return _back(request, customer)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def log_lapse(request, id):
    """Log a call about a lapsed contract; refused with the reason when cover reads anything else now."""
    now = timezone.now()
    customer = _customer(id)
    contract = the_one(Contract.objects.filter(customer=customer), _contract_id(request))
    form = LapseCallForm(request.POST, today=local_day(now, zone_of(request.tenant)))
    if not form.is_valid():
        return _refused(request, customer, now, lapse_form=form)
    summary, again_on = form.cleaned_data["summary"], form.cleaned_data["again_on"]
    try:
        log_lapse_call(contract=contract, summary=summary, by=request.membership, now=now)
    except NotLapsed as refused:
        return _refused(request, customer, now, status=409, lapse_form=form, refusal=str(refused))
    if again_on:
        skip_until(customer=customer, until=again_on, reason=summary[:200], by=request.membership, now=now)
    messages.success(request, "Call logged.")
    return _back(request, customer)


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def skip(request, id):
    """Put the customer off until a day, with the reason; on to the next row."""
    now = timezone.now()
    customer = _customer(id)
    today = local_day(now, zone_of(request.tenant))
    form = SkipForm(request.POST, today=today)
    if not form.is_valid():
        return _refused(request, customer, now, skip_form=form)
    following = next_row(customer, today)
    skip_until(customer=customer, by=request.membership, now=now, **form.cleaned_data)
    messages.success(request, f"Put off until {day_in_full(form.cleaned_data['until'])}.")
    if following is None:
        return redirect(desk_url(request.tenant, "calls"))
    return redirect(desk_url(request.tenant, "contract-check", id=following.customer))


@require_POST
@for_roles(Role.SALES, Role.ACCOUNTS)
def ask_accounts(request, id):
    """Ask accounts to look at the contract, today; asking twice on one day asks once."""
    now = timezone.now()
    customer = _customer(id)
    contract = the_one(Contract.objects.filter(customer=customer), _contract_id(request))
    duty = ask_to_judge(
        contract=contract, calendar=calendar_of(request.tenant), by=request.membership, now=now
    )
    due = due_in_words(duty.due_at, now=now, zone=zone_of(request.tenant))
    messages.success(request, f"Accounts look at it {due}.")
    return _back(request, customer)


@transaction.atomic
def _told(promise, kind, form, now) -> str:
    """Tell the customer if that was asked for; what to say of it."""
    if not form.cleaned_data["tell"]:
        return ""
    way = letters.tell_promise(promise, kind, now=now)
    if way is None:
        return " (nothing reaches them: not told)"
    return f" ({way.contact.name or promise.customer.called} is told)"


def _customer(id) -> Customer:
    return the_one(Customer.objects.standing(), id)


def _check(request, customer, now, **forms):
    caller = Caller(customer, desk=request.tenant, now=now)
    calendar, today = caller.calendar, caller.today
    check = check_of(caller, contract_id=_contract_id(request))
    promise_form = PromiseForm(now=now, calendar=calendar, initial={"by": "30", "tell": True})
    context = {
        "check": check,
        "now": now,
        "promise_form": promise_form,
        "way": letters.way_to(customer, now=now, contacts=caller.known_contacts),
        "said_of_times": _said_of_times(request, customer, promise_form, now),
        "lapse_form": LapseCallForm(today=today),
        "skip_form": SkipForm(today=today),
        **forms,
    }
    return check, context


def _said_of_times(request, customer, form, now) -> list[tuple[str, str, str]]:
    """Of each time that can be chosen: its key, what the customer would read, what happens by itself."""
    # The request's own desk: nothing about the person asks for it again.
    request.membership.tenant = request.tenant
    who, minutes = request.membership.name.split()[0], reminding()
    times = [(key, at) for key, _, at in form.times] + [(PICK, None)]
    return [
        (
            key,
            letters.told_words(who, at, customer=customer, now=now),
            letters.hint_words(request.membership, at, minutes=minutes, now=now),
        )
        for key, at in times
    ]


def _contract_id(request):
    """Which of several contracts is shown; the form of a page says the same."""
    try:
        return uuid.UUID(request.POST.get("contract") or request.GET.get("contract") or "")
    except ValueError:
        return None


def _refused(request, customer, now, *, status=422, **forms) -> HttpResponse:
    """The page again, with what was typed and why it was not taken; its new verdict was read as well."""
    check, context = _check(request, customer, now, **forms)
    if check.cover is not None:
        note_check(check.cover, by=request.membership, now=now)
    return render(request, "servicedesk/calls_check.html", context, status=status)


def _back(request, customer):
    address = desk_url(request.tenant, "contract-check", id=customer.public_id)
    contract = _contract_id(request)
    return redirect(f"{address}?contract={contract}" if contract else address)


def _tabs(found, shows_held, chosen):
    """Label, count, query and whether it is the one shown."""
    if shows_held:
        labels = {
            "active": "Active",
            "review": "In review",
            "by-itself": "Renews by itself",
            "held": "Held",
            "put-off": "Put off",
        }
        counts = {key: found.held_back[HELD_BACK[key]] for key in labels}
        everything = ("All held back", found.held, "show=held", chosen not in labels)
        return [
            everything,
            *((labels[key], counts[key], f"show=held&state={key}", chosen == key) for key in labels),
        ]
    labels = {"due": "Renewal due", "grace": "In grace", "lapsed": "Lapsed"}
    everything = ("To call", found.to_call, "", chosen not in labels)
    return [
        everything,
        *((labels[key], found.states[STATES[key]], f"state={key}", chosen == key) for key in labels),
    ]


def _verdicts(request, now, zone) -> list[dict]:
    """What waits for accounts, the most urgent first; nothing for others."""
    if not request.membership.has_role(Role.ACCOUNTS):
        return []
    kinds = (
        Duty.Kind.VERIFY_RENEWAL,
        Duty.Kind.JUDGE_CONTRACT,
        Duty.Kind.MATCH_PAYMENT,
        Duty.Kind.SETTLE_MONEY_OUT,
    )
    duties = list(
        Duty.objects.open().filter(kind__in=kinds).select_related("customer").order_by("due_at", "pk")[:PAGE]
    )
    contracts = dict(
        RenewalEvidence.objects.filter(public_id__in=[duty.subject for duty in duties]).values_list(
            "public_id", "contract__public_id"
        )
    )
    return [
        {
            "title": duty.title,
            "customer": duty.customer,
            "by": due_in_words(duty.due_at, now=now, zone=zone),
            "state": "late" if duty.due_at < now else "open",
            "url": _verdict_url(request, duty, contracts),
        }
        for duty in duties
    ]


def _verdict_url(request, duty, contracts) -> str:
    if duty.kind == Duty.Kind.MATCH_PAYMENT:
        return desk_url(request.tenant, "payment", id=duty.subject)
    if duty.kind == Duty.Kind.SETTLE_MONEY_OUT:
        return desk_url(request.tenant, "money-out", id=duty.subject)
    if duty.subject in contracts:
        return desk_url(request.tenant, "evidence", id=contracts[duty.subject], evidence=duty.subject)
    return desk_url(request.tenant, "contract", id=duty.subject)


urlpatterns = [
    path("calls/", calls, name="calls"),
    path("calls/<uuid:id>/", contract_check, name="contract-check"),
    path("calls/<uuid:id>/promise/", log_promise, name="call-promise"),
    path("calls/<uuid:id>/promises/<uuid:promise>/kept/", keep, name="call-promise-kept"),
    path("calls/<uuid:id>/promises/<uuid:promise>/moved/", move, name="call-promise-moved"),
    path("calls/<uuid:id>/lapse/", log_lapse, name="call-lapse"),
    path("calls/<uuid:id>/skip/", skip, name="call-skip"),
    path("calls/<uuid:id>/ask/", ask_accounts, name="call-ask"),
]
