"""What a dispatcher gives when a visit moves, is settled after a miss, or is cancelled."""

import datetime as dt
import uuid

from django import forms

from tenancy.calendars import instant_at
from visits.models import Technician, Visit
from visits.outcomes import Whose

CUSTOMER_ASKED = "Customer asked"
REASONS = (CUSTOMER_ASKED, "Running late", "Technician away", "Part not here")
HAPPENED = ("Visit before ran over", "Technician ill", "Van broke down", "Wrong day in our diary")
OWN_PLACE = "own"
NOBODY_CAME = "nobody came"
REFUSED = "refused"
# From the visit's own day; a year mistyped is no place.
FARTHEST = dt.timedelta(days=5 * 366)
TOO_FAR = "Choose a day within the next years."


class PlaceForm(forms.Form):
    """A technician and a start: one of the places offered, or the dispatcher's own."""

    has_own_place = True
    place = forms.CharField(required=False)
    technician = forms.UUIDField(required=False)
    day = forms.DateField(required=False)
    start = forms.TimeField(required=False)

    def __init__(self, *args, visit: Visit, zone, **kwargs):
        super().__init__(*args, **kwargs)
        self.visit, self.zone = visit, zone

    def clean(self):
        data = super().clean()
        place = data.get("place")
        if place and place not in (OWN_PLACE, REFUSED):
            self._read_offer(data, place)
        elif self.has_own_place and not self.errors:
            self._read_own(data)
        if "chosen" in data:
            data["person"] = Technician.objects.filter(is_active=True, public_id=data["chosen"]).first()
            if data["person"] is None:
                self.add_error("technician", "Choose a technician.")
        return data

    def _read_offer(self, data, place):
        """What a slot's key says: technician and start."""
        technician, _, start = place.partition("@")
        try:
            data["chosen"] = uuid.UUID(technician)
            data["starts_at"] = dt.datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        except ValueError:
            self.add_error("place", "Choose one of the places, or give your own.")
            return
        if not self._is_near(data["starts_at"].date()):
            self.add_error("place", TOO_FAR)

    def _read_own(self, data):
        for name, words in (
            ("technician", "Choose a technician."),
            ("day", "Give the day."),
            ("start", "Give the start."),
        ):
            if not data.get(name):
                self.add_error(name, words)
        if not self.errors and not self._is_near(data["day"]):
            self.add_error("day", TOO_FAR)
        if not self.errors:
            data["chosen"] = data["technician"]
            data["starts_at"] = instant_at(data["day"], data["start"], self.zone)

    def _is_near(self, day):
        return abs(day - self.visit.planned_start.date()) <= FARTHEST


class FitForm(PlaceForm):
    """What a drag asks for while it hovers."""

    minutes = forms.IntegerField(required=False, min_value=15, max_value=12 * 60)


class MoveForm(FitForm):
    """The move dialog, and what a drag posts."""

    reason = forms.CharField(required=False, max_length=60)
    in_words = forms.CharField(required=False, max_length=120)
    agreed = forms.BooleanField(required=False)
    tell = forms.BooleanField(required=False)
    version = forms.IntegerField(min_value=1)

    @property
    def why(self) -> str:
        """The reason that was chosen, and what was written beside it."""
        return ". ".join(filter(None, [self.cleaned_data["reason"], self.cleaned_data["in_words"]]))

    @property
    def is_agreed(self) -> bool:
        """Whether the customer has said yes to it: they asked for it, or agreed."""
        return self.cleaned_data["agreed"] or self.cleaned_data["reason"] == CUSTOMER_ASKED


class OutcomeForm(PlaceForm):
    """What happened, who spoke to the customer and when, and a new date or a refusal."""

    has_own_place = False
    happened = forms.CharField(required=False, max_length=60)
    in_words = forms.CharField(required=False, max_length=120)
    spoke_to = forms.CharField(max_length=60, error_messages={"required": "Say whom you spoke to."})
    spoke_day = forms.DateField(error_messages={"required": "Give the day on which you spoke."})
    spoke_clock = forms.TimeField(error_messages={"required": "Give the time at which you spoke."})

    def clean(self):
        data = super().clean()
        data["what_happened"] = ". ".join(filter(None, [data.get("happened"), data.get("in_words")]))
        if not data["what_happened"]:
            self.add_error("happened", "Say what happened.")
        if not data.get("place"):
            self.add_error("place", "Choose a new date, or say that they want none.")
        if data.get("spoke_day") and data.get("spoke_clock"):
            data["spoke_at"] = instant_at(data["spoke_day"], data["spoke_clock"], self.zone)
        return data


class CancelForm(forms.Form):
    """Who gives the visit up, and why."""

    # Or nobody gave it up: the customer says that nobody came.
    whose = forms.ChoiceField(choices=[*((whose, whose) for whose in Whose), (NOBODY_CAME, NOBODY_CAME)])
    because = forms.CharField(max_length=300, required=False)
    version = forms.IntegerField(min_value=1)

    def clean(self):
        """A reason for all but what the customer says."""
        data = super().clean()
        because_missing = not data.get("because") and "because" not in self.errors
        if data.get("whose") != NOBODY_CAME and because_missing:
            self.add_error("because", "Say why.")
        return data
