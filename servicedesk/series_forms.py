"""The forms about visits that come again: how often and until when, and why the rest is given up."""

import datetime as dt

from django import forms

from servicedesk.worded_fields import ChosenField, ClockField, CountField, DayField, WordsField
from tenancy.calendars import instant_at
from visits.models import Technician
from visits.outcomes import Whose
from visits.recurring import MOST

TIMES, UNTIL = "times", "until"
ENDS = [(TIMES, "So many times"), (UNTIL, "Until a day")]
# Twice a year; what comes more seldom is a maintenance plan.
MOST_WEEKS = 26


class SeriesForm(forms.Form):
    """Who comes, the first time, and how it comes again."""

    technician = ChosenField(asks="a technician", choices=())
    others = forms.MultipleChoiceField(required=False)
    day = DayField(called="the first day")
    start = ClockField(called="the time")
    every_weeks = CountField(called="the weeks", least=1, most=MOST_WEEKS)
    ends = ChosenField(asks="how it ends", choices=ENDS)
    times = CountField(called="how many times", least=2, most=MOST, required=False)
    until = DayField(called="the last day", required=False)
    # Days on which it cannot be, each with the start that is taken instead: "2026-03-13@20260316T100000Z".
    instead = forms.MultipleChoiceField(required=False)

    def __init__(self, *args, technicians: list[Technician], zone, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.technicians = {str(each.public_id): each for each in technicians}
        named = [(key, each.name) for key, each in self.technicians.items()]
        self.fields["technician"].choices = self.fields["others"].choices = named
        if self.is_bound:
            # Whether it is one that would be proposed is the rule's to say.
            self.fields["instead"].choices = [(given, given) for given in self.data.getlist("instead")]

    def clean(self):
        """One way to end, and the whole as `plan_series` and `book_series` take it."""
        data = super().clean()
        ends = data.get("ends")
        if ends in (TIMES, UNTIL) and not data.get(ends) and ends not in self.errors:
            words = {TIMES: "Write how many times.", UNTIL: "Choose the last day."}[ends]
            self.add_error(ends, words)
        return data

    def asked(self) -> dict:
        """What is planned: technician, others, first (an instant), every_weeks, times, until."""
        data = self.cleaned_data
        technician = self.technicians[data["technician"]]
        return {
            "technician": technician,
            "others": [self.technicians[key] for key in data["others"] if key != data["technician"]],
            "first": instant_at(data["day"], data["start"], self.zone),
            "every_weeks": data["every_weeks"],
            "times": data["times"] if data["ends"] == TIMES else None,
            "until": data["until"] if data["ends"] == UNTIL else None,
        }

    def taken_instead(self) -> dict[dt.date, dt.datetime]:
        """The starts that are ticked, by the day that cannot be; what cannot be read is left out."""
        found = {}
        for given in self.cleaned_data["instead"]:
            day, _, start = given.partition("@")
            try:
                at = dt.datetime.strptime(start, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
                found[dt.date.fromisoformat(day)] = at
            except ValueError:
                continue
        return found


class RestForm(forms.Form):
    """From when on, who gives it up, and why."""

    from_day = DayField(called="the day")
    whose = ChosenField(
        asks="who gives it up", choices=[(Whose.CUSTOMER, "The customer"), (Whose.US, "We do")]
    )
    because = WordsField(asks="why", most=300)
