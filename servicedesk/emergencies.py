"""An emergency put in between: whom it delays is seen before anything is done; then one button (R2.4).

For a visit that stands on the board, and for one that is being booked while somebody is on the phone.
"""

import datetime as dt

from django import forms
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from customers.models import Customer
from servicedesk.board import board_answer
from servicedesk.booking_choices import Choices
from servicedesk.caller_facts import Caller
from servicedesk.moments import due_word
from servicedesk.refusals import status_of
from servicedesk.visit_acts import visit_to_act_on
from servicedesk.whereabouts import rounded
from tenancy.addresses import desk_url
from tenancy.calendars import instant_at, local_day, local_time, zone_of
from tenancy.gates import for_roles, the_one
from tenancy.models import Role
from visits.emergency import Insertion, insert, proposal
from visits.models import Technician, Visit
from visits.places import MoveRefused, VisitChanged

# When an emergency is thought to begin until somebody says otherwise.
SOON = dt.timedelta(minutes=30)
FARTHEST = dt.timedelta(days=366)
# What this page adds to the booking panel's own fields.
OWN_FIELDS = {
    "technician",
    "along",
    "customer_agreed",
    "day",
    "start",
    "key",
    "reason",
    "agreed",
    "despite",
    "csrfmiddlewaretoken",
    "slot",
}


class PlaceForm(forms.Form):
    """With whom, on which day, from when."""

    technician = forms.UUIDField(error_messages={"required": "Choose a technician."})
    # Who comes along: as many as it takes, each chosen or left open.
    along = forms.Field(required=False, widget=forms.SelectMultiple)
    day = forms.DateField(error_messages={"required": "Give the day."})
    start = forms.TimeField(error_messages={"required": "Give the start."})

    def __init__(self, data, *, now, zone):
        super().__init__(data)
        self.now, self.zone = now, zone

    def clean(self):
        """The people, the one who is named first, and the instant."""
        data = super().clean()
        here = {str(who.public_id): who for who in Technician.objects.filter(is_active=True)}
        data["person"] = here.get(str(data.get("technician")))
        if data["person"] is None and "technician" not in self.errors:
            self.add_error("technician", "Choose a technician.")
        wanted = [one for one in data.get("along") or [] if one]
        if not set(wanted) <= set(here):
            self.add_error("along", "Choose who comes along among your technicians.")
        elif data["person"] is not None:
            data["crew"] = tuple(dict.fromkeys([data["person"], *(here[one] for one in wanted)]))
        if data.get("day") and abs(data["day"] - local_day(self.now, self.zone)) > FARTHEST:
            self.add_error("day", "Choose a day within a year.")
        elif data.get("day") and data.get("start"):
            data["starts_at"] = instant_at(data["day"], data["start"], self.zone)
        return data


class InsertForm(PlaceForm):
    """The proposal that was seen, why, and what the customers said."""

    key = forms.CharField(required=False)
    reason = forms.CharField(
        max_length=200, error_messages={"required": "Say why: those who wait longer are told so."}
    )
    customer_agreed = forms.BooleanField(required=False)


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def between(request, id):
    """A visit that stands on the board already is brought forward, and others give way."""
    visit, now = visit_to_act_on(id), timezone.now()
    zone = zone_of(request.tenant)
    start = local_time(visit.planned_start, zone)
    held = [str(assignment.technician.public_id) for assignment in visit.assignments.all()]
    known = {
        "technician": held[0] if held else "",
        "along": held[1:],
        "day": f"{start:%Y-%m-%d}",
        "start": f"{start:%H:%M}",
    }
    page = _Page(request, now, visit.customer.short_name, known)
    page.back = f"{desk_url(request.tenant, 'board')}?day={start:%Y-%m-%d}"
    page.refusal, page.takes = _may_not(visit), visit.crew
    asks = {"site": visit.site, "length": visit.planned_end - visit.planned_start, "visit": visit}
    return page.answer(
        lambda form: proposal(crew=form["crew"], start=form["starts_at"], now=now, **asks),
        lambda seen, form, words: insert(
            seen,
            reason=form["reason"],
            by=request.membership,
            now=now,
            visit=visit,
            version=visit.version,
            **words,
        ),
    )


@require_http_methods(["GET", "POST"])
@for_roles(Role.DISPATCHER)
def book_between(request, id):
    """What stands in the booking panel is booked between others; everything chosen there comes along."""
    customer = the_one(Customer.objects.standing(), id)
    if request.method == "GET" and request.htmx:
        # From the panel: what stands in its fields comes along in the address.
        return HttpResponseClientRedirect(request.get_full_path())
    now = timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    choices = Choices(Caller(customer, desk=request.tenant, now=now), asked)
    soon = local_time(rounded(now + SOON), zone_of(request.tenant))
    known = {"technician": "", "along": [], "day": f"{soon:%Y-%m-%d}", "start": f"{soon:%H:%M}"}
    page = _Page(request, now, customer.called, known)
    page.carried = [
        (name, value) for name, values in asked.lists() if name not in OWN_FIELDS for value in values
    ]
    page.back = desk_url(request.tenant, "book", id=customer.public_id)
    if choices.site is None:
        page.refusal = "Choose first where the technician should come."
    else:
        page.takes = choices.wanted.work.crew
    return page.answer(
        lambda form: proposal(
            crew=form["crew"],
            site=choices.site,
            start=form["starts_at"],
            kind=choices.kind,
            machines=choices.machines,
            length=choices.wanted.length,
            now=now,
        ),
        lambda seen, form, words: insert(
            seen,
            reason=form["reason"],
            by=request.membership,
            now=now,
            booking={**choices.what, **choices.uses},
            **words,
        ),
    )


def _may_not(visit) -> str:
    if visit.missed_at is not None or visit.state not in Visit.WAITING_STATES:
        return f"This visit is {visit.get_state_display().lower()}: it cannot be moved any more."
    return ""


class _Page:
    """The page for both: first where, then whom it delays, then the button."""

    def __init__(self, request, now, customer, known):
        self.request, self.now, self.customer = request, now, customer
        self.zone = zone_of(request.tenant)
        self.asked = request.POST if request.method == "POST" else request.GET
        self.known = known | {name: self.asked[name] for name in known if self.asked.get(name)}
        if "along" in self.asked:
            self.known["along"] = [one for one in self.asked.getlist("along") if one]
        self.carried, self.back, self.refusal, self.takes = [], "", "", 1

    def answer(self, propose, put_in):
        """GET proposes what the address asks for; POST does it, or says why not, with the day as it is."""
        if self.refusal:
            return self._drawn(status=409 if self.request.method == "POST" else 200)
        if self.request.method == "GET":
            form = PlaceForm(self.known, now=self.now, zone=self.zone) if self.known["technician"] else None
            if form is None or not form.is_valid():
                return self._drawn(form)
            return self._drawn(form, propose(form.cleaned_data))
        form = InsertForm(self.asked, now=self.now, zone=self.zone)
        if not {"technician", "along", "day", "start"}.isdisjoint(form.errors):
            return self._drawn(form, status=422)
        seen = propose(form.cleaned_data)
        if not form.is_valid():
            return self._drawn(form, seen, status=422)
        try:
            if seen.key != form.cleaned_data["key"]:
                raise VisitChanged("The day has changed since. Look at whom it delays now.")
            words = self._words(seen) | {"customer_agreed": form.cleaned_data["customer_agreed"]}
            made = put_in(seen, form.cleaned_data, words)
        except MoveRefused as refused:
            self.refusal = str(refused)
            return self._drawn(form, propose(form.cleaned_data), status=status_of(refused))
        return self._done(made, seen)

    def _words(self, seen) -> dict:
        """Whose yes there is, and who is moved out of a confirmed window all the same."""
        by_id = {str(delay.visit.public_id): delay.visit for delay in seen.delays}
        return {
            name: [by_id[id] for id in self.asked.getlist(name) if id in by_id]
            for name in ("agreed", "despite")
        }

    def _done(self, made, seen):
        start = local_time(seen.start, self.zone)
        waits = {0: "Nobody waits for it.", 1: "1 visit begins later."}.get(
            len(seen.delays), f"{len(seen.delays)} visits begin later."
        )
        says = f"{self.customer}: {_names(seen.crew)}, {start:%A} {start:%H:%M}. {waits}"
        rows = made.visits.select_related("visit").order_by("-pk")
        # The visit that was booked last, or the one that was brought forward.
        visit = next((row.visit for row in rows if row.visit.planned_start == seen.start), rows[0].visit)
        return board_answer(self.request, now=self.now, says=says, visit=visit, undoes=made)

    def _drawn(self, form=None, seen: Insertion | None = None, *, status=200):
        context = {
            "customer": self.customer,
            "form": form,
            "refusal": self.refusal,
            "seen": seen,
            "delays": [self._row(delay) for delay in seen.delays] if seen else [],
            "technicians": Technician.objects.filter(is_active=True).order_by("name"),
            "known": self.known,
            "along": self._along(seen),
            "names": _names(seen.crew) if seen else "",
            "starts": f"{local_time(seen.start, self.zone):%H:%M}" if seen else "",
            "customer_agreed": "customer_agreed" in self.asked,
            "carried": self.carried,
            "reason": self.asked.get("reason", ""),
            "back_url": self.back,
            "page_url": self.request.path,
        }
        return render(self.request, "servicedesk/between.html", context, status=status)

    def _along(self, seen) -> list[tuple[str, str, str]]:
        """One field for each who comes along: its id, its label, and who was chosen in it."""
        chosen = self.known["along"]
        fields = max(self.takes - 1, len(chosen), len(seen.crew) - 1 if seen else 0)
        return [
            (
                f"between-along-{place}",
                "Comes along, too" if place else "Comes along",
                chosen[place] if place < len(chosen) else "",
            )
            for place in range(fields)
        ]

    def _row(self, delay) -> dict:
        visit, today = delay.visit, local_day(self.now, self.zone)
        due = visit.case.response_due_at if visit.case and not visit.case.responded_at else None
        return {
            "id": str(visit.public_id),
            "customer": visit.customer.short_name,
            "was": f"{local_time(visit.planned_start, self.zone):%H:%M}",
            "becomes": f"{local_time(delay.start, self.zone):%H:%M}",
            "minutes": round(delay.by.total_seconds() / 60),
            "told": f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}",
            "keeps": delay.keeps_window,
            "breaks": due_word(due, zone=self.zone, today=today) if due and delay.start > due else "",
            "is_confirmed": visit.confirmed_at is not None,
            "agreed": str(visit.public_id) in self.asked.getlist("agreed"),
            "despite": str(visit.public_id) in self.asked.getlist("despite"),
        }


def _names(crew) -> str:
    return " and ".join(who.first_name for who in crew)


urlpatterns = [
    path("visits/<uuid:id>/between/", between, name="visit-between"),
    path("customers/<uuid:id>/between/", book_between, name="book-between"),
]
