"""The forms about a technician: who it is, and when they do not come."""

import datetime as dt

from django import forms

from servicedesk.worded_fields import ClockField, DayField, WordsField
from tenancy.calendars import day_bounds, instant_at


class SkillsField(forms.CharField):
    """Skills with commas between them."""

    def __init__(self, **kwargs):
        super().__init__(max_length=1500, required=False, **kwargs)

    def clean(self, value):
        """A list, as written."""
        return [skill.strip() for skill in super().clean(value).split(",") if skill.strip()]


class DegreesField(forms.DecimalField):
    """A coordinate in degrees, six decimals. `called`: "the latitude"."""

    def __init__(self, *, called: str, **kwargs):
        words = f"Write {called} in degrees, like 51.507351."
        super().__init__(
            max_digits=9,
            decimal_places=6,
            required=False,
            error_messages=dict.fromkeys(
                ("invalid", "max_digits", "max_decimal_places", "max_whole_digits"), words
            ),
            **kwargs,
        )


class TechnicianForm(forms.Form):
    """Who comes, what they can do, and from where their day begins."""

    name = WordsField(asks="the name", most=120)
    phone = forms.CharField(max_length=40, required=False)
    skills = SkillsField()
    home_address = forms.CharField(max_length=300, required=False)
    home_latitude = DegreesField(called="the latitude")
    home_longitude = DegreesField(called="the longitude")
    subdivision = forms.CharField(max_length=8, required=False)
    is_active = forms.BooleanField(required=False)


class AbsenceForm(forms.Form):
    """From one day to another, both whole, or from and until a time of the day."""

    first = DayField(called="the first day")
    last = DayField(called="the last day")
    begins = ClockField(called="the time", required=False)
    ends = ClockField(called="the time", required=False)
    reason = forms.CharField(max_length=120, required=False)

    def span(self, zone) -> tuple[dt.datetime, dt.datetime]:
        """The instants from which and until when: a day without a time is meant whole."""
        data = self.cleaned_data
        starts_at, _ = day_bounds(data["first"], zone)
        _, ends_at = day_bounds(data["last"], zone)
        if data.get("begins"):
            starts_at = instant_at(data["first"], data["begins"], zone)
        if data.get("ends"):
            ends_at = instant_at(data["last"], data["ends"], zone)
        return starts_at, ends_at
