"""The forms about one machine: what it is, what a counter shows, a paper of it, and why something ends."""

import datetime as dt

from django import forms

from customers.models import Equipment, MeterReading, Site
from servicedesk.worded_fields import ChosenField, DayField, MeterField
from tenancy.calendars import instant_at

# What is older is a slip of the finger.
FIRST_DAY = dt.date(2000, 1, 1)


class MachineDetailsForm(forms.Form):
    """What the machine is, and where it stands."""

    make = forms.CharField(max_length=80, required=False)
    model = forms.CharField(max_length=120, required=False)
    kind = forms.CharField(max_length=80, required=False)
    serial_number = forms.CharField(max_length=80, required=False)
    site = ChosenField(asks="where it stands")
    location = forms.CharField(max_length=120, required=False)
    installed_on = DayField(called="the day", required=False)
    warranty_until = DayField(called="the last day", required=False)

    def __init__(self, data=None, *, machine: Equipment, sites: list[Site]):
        """Of one machine at a customer with these sites."""
        initial = {name: getattr(machine, name) for name in self.base_fields}
        self.places = {str(site.public_id): site for site in sites}
        super().__init__(data, initial={**initial, "site": str(machine.site.public_id)})
        self.fields["site"].choices = [
            (key, str(site) or "A site without an address") for key, site in self.places.items()
        ]

    def clean_site(self) -> Site:
        """The site itself."""
        return self.places[self.cleaned_data["site"]]


class ReadingForm(forms.Form):
    """What a counter of a machine showed on a day; on a day gone by, at noon."""

    kind = ChosenField(asks="what it counts", choices=MeterReading.Kind.choices)
    value = MeterField()
    read_on = DayField(called="the day")
    was_replaced = forms.BooleanField(required=False)

    def __init__(self, *args, machine: Equipment, today: dt.date, now: dt.datetime, zone, **kwargs):
        super().__init__(*args, **kwargs)
        self.machine, self.today, self.now, self.zone = machine, today, now, zone

    def clean_read_on(self):
        """A day that has come, since the machine was installed."""
        day, installed = self.cleaned_data["read_on"], self.machine.installed_on
        if day > self.today:
            raise forms.ValidationError("Nobody has read it yet: choose a day that has come.")
        if installed and day < installed:
            words = f"The machine was installed on {installed.day} {installed:%b %Y}: choose no day before."
            raise forms.ValidationError(words)
        if day < FIRST_DAY:
            raise forms.ValidationError(f"Choose a day from {FIRST_DAY.day} {FIRST_DAY:%b %Y} on.")
        return day

    @property
    def read_at(self) -> dt.datetime:
        """The instant that counts for the day."""
        day = self.cleaned_data["read_on"]
        return self.now if day == self.today else instant_at(day, dt.time(12), self.zone)


class DocumentForm(forms.Form):
    """A paper, and how it is called; without a name that of its file."""

    file = forms.FileField(
        error_messages={"required": "Choose a PDF or a picture.", "empty": "The file is empty."}
    )
    title = forms.CharField(
        max_length=120, required=False, error_messages={"max_length": "Write no more than 120 characters."}
    )
    is_for_customer = forms.BooleanField(required=False)


class BecauseForm(forms.Form):
    """Why something ends; whether it has to be said, the rule says."""

    because = forms.CharField(
        max_length=200, required=False, error_messages={"max_length": "Write no more than 200 characters."}
    )
