"""What is written down while somebody talks: a note, a machine.

Each is a small form: a dialog over the caller screen, and a page of its own without scripts.
"""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from cases.interactions import note_interaction
from cases.matters import matter_for, matters_near
from cases.models import Case, Interaction
from customers.machine_details import add_machine
from customers.models import TimelineEntry
from customers.timeline import add_line
from servicedesk.old_addresses import asked_customer
from servicedesk.promise_forms import colleagues
from servicedesk.worded_fields import RowField
from tenancy.addresses import desk_url
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_staff
from visits.praising import record_praise


class NoteForm(forms.Form):
    """What was said; a call is kept as one."""

    text = forms.CharField(error_messages={"required": "Write down what was said."})
    is_call = forms.BooleanField(required=False)
    case = forms.ModelChoiceField(Case.objects.none(), to_field_name="public_id", required=False)
    praises = RowField(asks="a colleague", required=False)

    def __init__(self, *args, customer, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["case"].queryset = customer.cases.order_by("pk")
        self.fields["praises"].queryset = colleagues()


class MachineForm(forms.Form):
    """A machine that we look after from now on."""

    site = forms.ModelChoiceField(queryset=None, to_field_name="public_id", empty_label=None)
    make = forms.CharField(max_length=80, required=False)
    model = forms.CharField(max_length=120, error_messages={"required": "Write the model."})
    kind = forms.CharField(max_length=80, required=False)
    serial_number = forms.CharField(max_length=80, required=False)

    def __init__(self, *args, customer, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = customer.sites.order_by("id")


@require_http_methods(["GET", "POST"])
@for_staff
def note(request, id):
    """Keep what was said; a good word about a colleague reaches them."""
    customer = asked_customer(request, id)
    form = NoteForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        text, now, praised = form.cleaned_data["text"], timezone.now(), form.cleaned_data["praises"]
        if praised is not None:
            record_praise(customer, person=praised, words=text, by=request.membership, now=now)
        if form.cleaned_data["is_call"]:
            note_interaction(
                customer=customer,
                channel=Interaction.Channel.CALL,
                summary=text,
                case=form.cleaned_data["case"],
                by=request.membership,
                now=now,
            )
        elif praised is None:
            title, _, rest = text.strip().partition("\n")
            detail = rest.strip() if len(title) <= 200 else text
            add_line(
                customer, TimelineEntry.Kind.NOTE, title, at=now, detail=detail, actor=request.membership
            )
        # Whoever spoke to somebody is asked what they promised (R6.1): the key is on the page they return to.
        asks = " Did you promise something? P logs it." if form.cleaned_data["is_call"] else ""
        return _done(request, customer, f"Note kept.{asks}")
    now = timezone.now()
    matter = matter_for(customer, now=now)
    about = {
        "near": matters_near(customer, now=now),
        "colleagues": form.fields["praises"].queryset,
        "praised": form.data.get("praises", ""),
        "case": form.data.get("case", "") if form.is_bound else matter and str(matter.public_id),
    }
    return _form(request, customer, form, "note", **about)


@require_http_methods(["GET", "POST"])
@for_staff
def machine(request, id):
    """Add a machine; a serial number that stands elsewhere is said, not doubled."""
    customer = asked_customer(request, id)
    form = MachineForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            added = add_machine(**form.cleaned_data)
            return _done(request, customer, f"{added.name} added.")
        except SettingRefused as refused:
            form.add_error(refused.field, str(refused))
    return _form(request, customer, form, "machine")


def _form(request, customer, form, name, **more):
    """The form as a dialog for htmx, as a page otherwise; 422 with what was typed when it failed."""
    context = {
        "customer": customer,
        "form": form,
        "name": name,
        "values": request.POST,
        "url": request.get_full_path(),
        "back": desk_url(request.tenant, "customer", id=customer.public_id),
        "is_call": request.GET.get("call") == "1" or "is_call" in request.POST,
        **more,
    }
    part = "#dialog" if request.htmx else ""
    status = 422 if request.method == "POST" else 200
    return render(request, f"servicedesk/call_{name}.html{part}", context, status=status)


def _done(request, customer, words):
    messages.success(request, words)
    back = desk_url(request.tenant, "customer", id=customer.public_id)
    kept = request.GET.urlencode()
    url = f"{back}?{kept}" if kept else back
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


urlpatterns = [
    path("customers/<uuid:id>/note/", note, name="customer-note"),
    path("customers/<uuid:id>/equipment/new/", machine, name="equipment-new"),
]
