"""What is written down while somebody talks: a note, a promise, a complaint, a machine.

Each is a small form: a dialog over the caller screen, and a page of its own without scripts.
"""

import datetime as dt

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from cases.interactions import note_interaction
from cases.matters import take_in
from cases.models import Case, Interaction, Promise
from cases.promising import make_promise
from customers.models import Customer, Equipment, TimelineEntry
from customers.timeline import add_line
from tenancy.addresses import desk_url
from tenancy.calendars import instant_at, local_day, zone_of
from tenancy.gates import for_staff, the_one
from tenancy.models import Membership

# What a promise is usually given: minutes from now, or an hour of a day from today.
SOON = {"30": "In 30 min", "60": "In an hour"}
HOURS = {"0-17": ("Today 17:00", 0, dt.time(17)), "1-10": ("Tomorrow 10:00", 1, dt.time(10))}
PICK = "pick"
TO_CUSTOMER = (Promise.Kind.CALL_BACK, Promise.Kind.ANSWER, Promise.Kind.VISIT, Promise.Kind.MONEY)


class NoteForm(forms.Form):
    """What was said; a call is kept as one."""

    text = forms.CharField(error_messages={"required": "Write down what was said."})
    is_call = forms.BooleanField(required=False)


class PromiseForm(forms.Form):
    """What was promised, by when, by whom."""

    text = forms.CharField(max_length=300, error_messages={"required": "Write what was promised."})
    kind = forms.ChoiceField(choices=[(kind, kind.label) for kind in TO_CUSTOMER])
    when = forms.ChoiceField(
        choices=[*SOON.items(), *((k, v[0]) for k, v in HOURS.items()), (PICK, "Another time")]
    )
    at = forms.DateTimeField(required=False)
    owner = forms.ModelChoiceField(Membership.objects.none(), to_field_name="public_id")
    expects = forms.CharField(max_length=300, required=False)

    def __init__(self, *args, desk, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone, self.now = zone_of(desk), now
        colleagues = Membership.objects.filter(ended_at__isnull=True).select_related("user")
        self.fields["owner"].queryset = colleagues.order_by("user__name")

    def clean(self):
        """Turn the choice into an instant: a promise is for a time to come."""
        data = super().clean()
        when, today = data.get("when"), local_day(self.now, self.zone)
        if when in SOON:
            data["due_at"] = self.now + dt.timedelta(minutes=int(when))
        elif when in HOURS:
            _, days, clock = HOURS[when]
            data["due_at"] = instant_at(today + dt.timedelta(days=days), clock, self.zone)
        else:
            data["due_at"] = data.get("at")
        if data["due_at"] is None or data["due_at"] <= self.now:
            self.add_error("when", "Choose a time that is still to come.")
        return data


class ComplaintForm(forms.Form):
    """What went wrong, in the customer's words."""

    title = forms.CharField(max_length=200, error_messages={"required": "Say what it is about."})
    words = forms.CharField(required=False)


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
    """Keep what was said."""
    customer = the_one(Customer.objects.all(), id)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        text, now = form.cleaned_data["text"], timezone.now()
        if form.cleaned_data["is_call"]:
            note_interaction(
                customer=customer,
                channel=Interaction.Channel.CALL,
                summary=text,
                by=request.membership,
                now=now,
            )
        else:
            title, _, rest = text.strip().partition("\n")
            detail = rest.strip() if len(title) <= 200 else text
            add_line(
                customer, TimelineEntry.Kind.NOTE, title, at=now, detail=detail, actor=request.membership
            )
        return _done(request, customer, "Note kept.")
    return _form(request, customer, form, "note")


@require_http_methods(["GET", "POST"])
@for_staff
def promise(request, id):
    """Record a promise with its owner and its clock."""
    customer = the_one(Customer.objects.all(), id)
    now = timezone.now()
    form = PromiseForm(request.POST or None, desk=request.tenant, now=now)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        make_promise(
            customer=customer,
            kind=data["kind"],
            text=data["text"],
            expects=data["expects"],
            due_at=data["due_at"],
            owner=data["owner"],
            by=request.membership,
            now=now,
        )
        return _done(request, customer, f"Promised: {data['text']}")
    return _form(request, customer, form, "promise")


@require_http_methods(["GET", "POST"])
@for_staff
def complaint(request, id):
    """Open a complaint; whoever takes it owns it."""
    customer = the_one(Customer.objects.all(), id)
    form = ComplaintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        take_in(
            customer=customer,
            kind=Case.Kind.COMPLAINT,
            by=request.membership,
            now=timezone.now(),
            **form.cleaned_data,
        )
        return _done(request, customer, "Complaint opened. You own it.")
    return _form(request, customer, form, "complaint")


@require_http_methods(["GET", "POST"])
@for_staff
def machine(request, id):
    """Add a machine; a serial number that stands elsewhere is said, not doubled."""
    customer = the_one(Customer.objects.all(), id)
    form = MachineForm(request.POST or None, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                added = Equipment.objects.create(**form.cleaned_data)
            return _done(request, customer, f"{added.name} added.")
        except IntegrityError as error:
            if "equipment_serial_once" not in str(error):
                raise
            form.add_error("serial_number", "We look after a machine with this serial number already.")
    return _form(request, customer, form, "machine")


def _form(request, customer, form, name):
    """The form as a dialog for htmx, as a page otherwise; 422 with what was typed when it failed."""
    context = {
        "customer": customer,
        "form": form,
        "name": name,
        "values": request.POST,
        "url": request.get_full_path(),
        "back": desk_url(request.tenant, "customer", id=customer.public_id),
        "is_call": request.GET.get("call") == "1" or "is_call" in request.POST,
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
    path("customers/<uuid:id>/promise/", promise, name="customer-promise"),
    path("customers/<uuid:id>/complaint/", complaint, name="customer-complaint"),
    path("customers/<uuid:id>/equipment/new/", machine, name="equipment-new"),
]
