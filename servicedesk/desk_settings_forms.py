"""The forms of the desk's settings, one for each part of the page."""

import datetime as dt
import re

from django import forms

from servicedesk.desk_consequences import length_in_words
from servicedesk.worded_fields import AmountField, CountField, DayField, WordsField

_LENGTH = re.compile(
    r"^(\d{1,5})\s*(m|min|mins|minute|minutes|h|hr|hrs|hour|hours|d|day|days)$", re.IGNORECASE
)
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
# A reminder longer ahead is a slip of the pen.
LONGEST_AHEAD = 90 * 24 * 60


class PlaceForm(forms.Form):
    """Who and where the desk is."""

    name = WordsField(asks="the desk’s name", most=120)
    phone = forms.CharField(max_length=40, required=False)
    email = forms.EmailField(
        required=False, error_messages={"invalid": "Write a mail address, like desk@example.com."}
    )
    time_zone = WordsField(asks="the time zone, like Europe/London", most=64)
    country = WordsField(asks="the two letters of the country", most=2)
    subdivision = forms.CharField(max_length=8, required=False)

    def clean_country(self):
        """Capitals, as ISO 3166 writes them."""
        return self.cleaned_data["country"].upper()

    def clean_subdivision(self):
        """Capitals as well."""
        return self.cleaned_data["subdivision"].upper()


class ClosureForm(forms.Form):
    """A day off of the desk's own, or several on end."""

    day = DayField(called="the day")
    name = WordsField(asks="why, like “Stocktaking”", most=120)


class VisitsForm(forms.Form):
    """How long visits, windows and ways are."""

    visit_minutes = CountField(called="the minutes", least=5, most=720)
    window_minutes = CountField(called="the minutes", least=5, most=720)
    travel_minutes = CountField(called="the minutes", least=0, most=600)
    travel_kmh = CountField(called="the speed", least=1, most=200)
    callout_price = AmountField(called="the price", required=False)


class PromisesForm(forms.Form):
    """How long before and after a visit its promises are due, in minutes."""

    confirmation_minutes = CountField(called="the minutes", least=0, most=20160)
    call_ahead_minutes = CountField(called="the minutes", least=0, most=1440)
    missed_after_minutes = CountField(called="the minutes", least=0, most=1440)


class WaitingForm(forms.Form):
    """What is given back to the clock of a matter that waited for its customer."""

    waiting_counts_working_time = forms.TypedChoiceField(
        choices=[("yes", "Only the desk’s working time"), ("no", "All the time that passed")],
        coerce=lambda said: said == "yes",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose what is given back."),
    )


class RemindersForm(forms.Form):
    """How long before a visit the customer is reminded: "7 days, 24 hours, 2 hours"."""

    reminder_minutes = forms.CharField(max_length=200, required=False)

    def clean_reminder_minutes(self):
        """In minutes, the longest first, each once."""
        written = [part.strip() for part in re.split(r"[,;]", self.cleaned_data["reminder_minutes"])]
        return sorted({self._minutes(part) for part in written if part}, reverse=True)

    def _minutes(self, part: str) -> int:
        found = _LENGTH.match(part)
        minutes = int(found[1]) * _MINUTES[found[2][0].lower()] if found else 0
        if not 0 < minutes <= LONGEST_AHEAD:
            raise forms.ValidationError(
                f"“{part}” is no length of time: write like 7 days, 24 hours, 2 hours."
            )
        return minutes


class FollowUpForm(forms.Form):
    """How many days after a visit its customer is asked how it was; empty: nobody is."""

    follow_up_days = CountField(called="the days", least=0, most=14, required=False)


def reminders_as_written(minutes: list[int]) -> str:
    """As the field takes them."""
    return ", ".join(length_in_words(each) for each in sorted(minutes, reverse=True))


def a_year_from(today: dt.date) -> dt.date:
    """Until when public holidays are shown."""
    return today + dt.timedelta(days=365)
