"""Logging what proves a renewal from any screen that shows the customer: open, press what it is (R1.3)."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from contracts.cover import Cover, cover_of, covers_of_customer
from contracts.covered import State
from contracts.evidence import in_words, log_claim, log_evidence
from contracts.models import Contract, RenewalEvidence
from customers.models import Customer
from servicedesk.worded_fields import AmountField, ChosenField, DayField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.files import NotAPicture, store_photo
from tenancy.gates import for_staff, the_one
from tenancy.models import Role

Kind = RenewalEvidence.Kind
# One button each. An accepted offer comes from the customer's own link.
BUTTONS = {
    Kind.CHEQUE: ("Log a cheque", "banknote"),
    Kind.BANK_LINE: ("Log a bank line", "landmark"),
    Kind.SIGNED_FORM: ("Log a signed form", "file-check"),
    Kind.PHOTO: ("Log a photo", "camera"),
    Kind.MAIL: ("Log a mail", "mail"),
    Kind.WORD: ("Log the customer’s word", "message-square"),
}
# Which of several contracts it is likely about: the one that somebody would call for.
LIKELY = (
    State.RENEWAL_DUE,
    State.IN_GRACE,
    State.LAPSED,
    State.IN_REVIEW,
    State.ACTIVE,
    State.UPCOMING,
    State.CANCELLED,
)


class EvidenceForm(forms.Form):
    """What proves the renewal. The day is the cheque's date, or the day it was said or seen."""

    kind = ChosenField(
        asks="what it is", choices=[(kind.value, words) for kind, (words, _) in BUTTONS.items()]
    )
    contract = forms.ChoiceField(
        error_messages={
            "required": "Choose the contract.",
            "invalid_choice": "Choose one of the customer’s contracts.",
        }
    )
    dated_on = DayField(called="its date, or the day it was said")
    reference = forms.CharField(max_length=120, required=False)
    amount = AmountField(called="the amount", required=False)
    note = forms.CharField(max_length=300, required=False)
    scan = forms.FileField(required=False)

    def __init__(self, *args, today, covers: list[Cover], **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["contract"].choices = [
            (str(cover.contract.public_id), cover.contract.number) for cover in covers
        ]

    def clean_dated_on(self):
        """Cover would not see it until its day comes. Refused before a scan is stored for it."""
        if self.cleaned_data["dated_on"] > self.today:
            raise forms.ValidationError("Evidence cannot be dated after today.")
        return self.cleaned_data["dated_on"]


@require_http_methods(["GET", "POST"])
@for_staff
def customer_evidence(request, id):
    """For one of a customer's contracts, the likely one chosen."""
    customer = the_one(Customer.objects.select_related("merged_into"), id)
    if customer.merged_into is not None:
        return redirect(desk_url(request.tenant, "customer-evidence", id=customer.merged_into.public_id))
    covers = covers_of_customer(customer, _today(request))
    return _page(request, customer, sorted(covers, key=_likely))


@require_http_methods(["GET", "POST"])
@for_staff
def contract_evidence(request, id):
    """For the contract that the person is looking at."""
    contract = the_one(Contract.objects.select_related("customer", "tenant"), id)
    return _page(request, contract.customer, [cover_of(contract, _today(request))])


def back_to(request) -> str:
    """Where the person came from, if that is a page of ours; else ""."""
    back = request.POST.get("next") or request.GET.get("next") or ""
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()) else ""


def _page(request, customer, covers) -> HttpResponse:
    now = timezone.now()
    today = local_day(now, zone_of(request.tenant))
    if request.method == "GET":
        chosen = _asked_for(request, covers) or (str(covers[0].contract.public_id) if covers else "")
        form = EvidenceForm(initial={"contract": chosen, "dated_on": today}, today=today, covers=covers)
        return _answer(request, customer, covers, form)
    data = request.POST.copy()
    if len(covers) == 1:
        data.setdefault("contract", str(covers[0].contract.public_id))
    data.setdefault("dated_on", today.isoformat())
    form = EvidenceForm(data, request.FILES, today=today, covers=covers)
    if not form.is_valid():
        return _answer(request, customer, covers, form, status=422)
    contract = next(c.contract for c in covers if str(c.contract.public_id) == form.cleaned_data["contract"])
    logged = _log(request, contract, form, now)
    if logged is None:
        return _answer(request, customer, covers, form, status=422)
    cover = cover_of(contract, today)
    messages.success(request, f"Evidence logged: {in_words(logged)} for {contract.number}. {cover.sentence}.")
    return redirect(back_to(request) or desk_url(request.tenant, "contract", id=contract.public_id))


def _log(request, contract, form, now) -> RenewalEvidence | None:
    """Log it; None with the words in the form where the picture is none."""
    data = {name: form.cleaned_data[name] for name in ("kind", "dated_on", "reference", "amount", "note")}
    scan = form.cleaned_data["scan"]
    if data["kind"] == Kind.WORD and not scan and data["dated_on"] == form.today:
        # Said twice on the phone it is one claim.
        note = "; ".join(part for part in (data["reference"], data["note"]) if part)[:300]
        return log_claim(contract=contract, note=note, by=request.membership, now=now)
    try:
        data["scan"] = store_photo(scan, by=request.membership, now=now) if scan else None
    except NotAPicture as refused:
        form.add_error("scan", str(refused))
        return None
    return log_evidence(contract=contract, by=request.membership, now=now, **data)


def _answer(request, customer, covers, form, status=200) -> HttpResponse:
    is_technician = request.membership.role == Role.TECHNICIAN
    context = {
        "base": "base_technician.html" if is_technician else "base_desk.html",
        "customer": customer,
        "covers": covers,
        "form": form,
        "buttons": [(kind, words, icon) for kind, (words, icon) in BUTTONS.items()],
        "next": back_to(request),
        "back": back_to(request) or desk_url(request.tenant, "customer", id=customer.public_id),
    }
    return render(request, "contracts/evidence_new.html", context, status=status)


def _asked_for(request, covers) -> str:
    try:
        asked = uuid.UUID(request.GET.get("contract", ""))
    except ValueError:
        return ""
    return next((str(asked) for cover in covers if cover.contract.public_id == asked), "")


def _likely(cover: Cover):
    return LIKELY.index(cover.state), abs(cover.days_left or 0), cover.contract.pk


def _today(request):
    return local_day(timezone.now(), zone_of(request.tenant))


urlpatterns = [
    path("customers/<uuid:id>/evidence/", customer_evidence, name="customer-evidence"),
    path("contracts/<uuid:id>/evidence/new/", contract_evidence, name="evidence-new"),
]
