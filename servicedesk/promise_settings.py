"""Settings of promises: the usual ones, when whoever keeps one is reminded, and who is away (design 4.7)."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases.models import Leave, Promise
from cases.promise_owners import add_leave, end_leave
from cases.promise_reminders import remind_before, reminding
from cases.promise_templates import MOST, add_template, remove_template, templates
from servicedesk.moments import moment_word
from servicedesk.promise_forms import KINDS, colleagues
from servicedesk.technician_forms import AbsenceForm
from servicedesk.worded_fields import ChosenField, ClockField, CountField, RowField, WordsField
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import SettingRefused
from tenancy.gates import for_roles, the_one
from tenancy.models import Role

IN_MINUTES = "minutes"
DAYS = {"0": "Today", "1": "The next working day", "2": "In two working days", "5": "In five working days"}


class TemplateForm(forms.Form):
    """A usual promise: in so many minutes, or at a time of a day."""

    text = WordsField(asks="what is promised", most=120)
    kind = ChosenField(asks="what kind it is", choices=[(kind, kind.label) for kind in KINDS])
    when = ChosenField(asks="by when", choices=[(IN_MINUTES, "So many minutes from now"), *DAYS.items()])
    minutes = CountField(called="the minutes", least=5, most=24 * 60, required=False)
    clock = ClockField(called="the time", required=False)

    def clean(self):
        """Minutes, or a day with its time."""
        data = super().clean()
        when = data.get("when")
        if when == IN_MINUTES:
            data["days"] = data["clock"] = None
            if data.get("minutes") is None and "minutes" not in self.errors:
                self.add_error("minutes", "Write the minutes.")
        elif when:
            data["days"], data["minutes"] = int(when), None
            if data.get("clock") is None and "clock" not in self.errors:
                self.add_error("clock", "Write the time.")
        data.pop("when", None)
        return data


class RemoveForm(forms.Form):
    """Which of the list goes."""

    place = CountField(called="which one", least=0, most=MOST)


class RemindingForm(forms.Form):
    """Minutes before a promise is due, with commas between them."""

    minutes = WordsField(asks="the minutes", most=60)

    def clean_minutes(self):
        """As whole numbers."""
        try:
            return [int(part) for part in self.cleaned_data["minutes"].split(",")]
        except ValueError:
            raise forms.ValidationError("Write minutes with commas between them, like 30, 10.") from None


class LeaveForm(AbsenceForm):
    """Who is away, and from when to when."""

    member = RowField(asks="a colleague")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A technician's absence is with their visits, which it hits as well.
        self.fields["member"].queryset = colleagues().exclude(role=Role.TECHNICIAN)


@require_GET
@for_roles(Role.MANAGER)
def promise_settings(request):
    """Every part, each with its own Save."""
    return _page(request)


@require_POST
@for_roles(Role.MANAGER)
def add(request):
    """One more usual promise."""
    return _saved(request, "usual", TemplateForm(request.POST), add_template, "It can be chosen now.")


@require_POST
@for_roles(Role.MANAGER)
def remove(request):
    """One less: the one at a place of the list."""
    return _saved(request, "removing", RemoveForm(request.POST), remove_template, "Removed.")


@require_POST
@for_roles(Role.MANAGER)
def remind(request):
    """When whoever keeps a promise is reminded."""
    return _saved(request, "reminding", RemindingForm(request.POST), remind_before, "Saved.")


@require_POST
@for_roles(Role.MANAGER)
def away(request):
    """A colleague is away: what they promised for that time is handed on."""
    form = LeaveForm(request.POST)

    def save(member, reason, **_):
        starts_at, ends_at = form.span(zone_of(request.tenant))
        add_leave(member, starts_at=starts_at, ends_at=ends_at, reason=reason, now=timezone.now())

    return _saved(request, "away", form, save, "What they promised for that time is handed on.")


@require_POST
@for_roles(Role.MANAGER)
def back(request, id):
    """They are back from now on, or never were away."""
    end_leave(the_one(Leave.objects.all(), id), now=timezone.now())
    messages.success(request, "Saved.")
    return redirect(f"{desk_url(request.tenant, 'promise-settings')}#away")


def _saved(request, part, form, save, says):
    if form.is_valid():
        try:
            save(**form.cleaned_data, by=request.membership)
        except SettingRefused as refused:
            form.add_error(refused.field, str(refused))
        else:
            messages.success(request, says)
            return redirect(f"{desk_url(request.tenant, 'promise-settings')}#{part}")
    return _page(request, 422, part, form)


def _page(request, status=200, part="", form=None):
    now, zone = timezone.now(), zone_of(request.tenant)
    today = local_day(now, zone)
    leaves = Leave.objects.filter(ends_at__gt=now).select_related("member__user").order_by("starts_at", "pk")
    context = {
        "usual": [(one.text, Promise.Kind(one.kind).label, _time_words(one)) for one in templates()],
        "usual_form": form if part == "usual" else TemplateForm(),
        "when": [(IN_MINUTES, "So many minutes from now"), *DAYS.items()],
        "kinds": [(kind, kind.label) for kind in KINDS],
        "reminding_form": form if part == "reminding" else None,
        "minutes": ", ".join(str(before) for before in reminding()),
        "leaves": [
            (
                leave,
                moment_word(leave.starts_at, zone=zone, today=today),
                moment_word(leave.ends_at, zone=zone, today=today),
                leave.starts_at > now,
            )
            for leave in leaves
        ],
        "leave_form": form if part == "away" else LeaveForm(),
        "people": colleagues().exclude(role=Role.TECHNICIAN),
        "part": part,
        "removing_form": form if part == "removing" else None,
        "posted": request.POST,
    }
    return render(request, "servicedesk/promise_settings.html", context, status=status)


def _time_words(template) -> str:
    if template.minutes is not None:
        return f"in {template.minutes} min"
    day = DAYS.get(str(template.days), f"In {template.days} working days")
    return f"{day.lower()}, {template.clock:%H:%M}"


urlpatterns = [
    path("settings/usual-promises/", promise_settings, name="promise-settings"),
    path("settings/usual-promises/add/", add, name="promise-usual-add"),
    path("settings/usual-promises/remove/", remove, name="promise-usual-remove"),
    path("settings/usual-promises/reminding/", remind, name="promise-reminding"),
    path("settings/usual-promises/away/", away, name="promise-away"),
    path("settings/leaves/<uuid:id>/back/", back, name="promise-back"),
]
