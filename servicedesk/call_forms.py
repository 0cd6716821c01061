"""What a sales rep types beside a contract check: a promise, a call, a day to call again."""

import datetime as dt

from django import forms

from servicedesk.worded_fields import ChosenField, DayField, WordsField
from tenancy.calendars import Calendar, instant_at, local_day

PICK = "pick"
AFTERNOON, MORNING = dt.time(15, 0), dt.time(10, 0)


class PromiseForm(forms.Form):
    """What was said, and by when: one of the usual times or a picked one, on the desk's clock."""

    what = WordsField(asks="what you promised", most=300)
    by = ChosenField(asks="by when", choices=())
    day = DayField(called="the day", required=False)
    clock = forms.TimeField(required=False, error_messages={"invalid": "Write the time like 15:30."})
    tell = forms.BooleanField(required=False)

    def __init__(self, *args, now: dt.datetime, calendar: Calendar, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = calendar.zone
        self.times = usual_times(now, calendar)
        self.fields["by"].choices = [(key, words) for key, words, _ in self.times] + [(PICK, "Pick")]

    def clean(self):
        data = super().clean()
        chosen = data.get("by")
        if chosen == PICK:
            if not data.get("day") or not data.get("clock"):
                self.add_error("by", "Give the day and the time.")
            else:
                data["due_at"] = instant_at(data["day"], data["clock"], self.zone)
        elif chosen:
            data["due_at"] = next(at for key, _, at in self.times if key == chosen)
        return data


class MoveForm(forms.Form):
    """Until when a promise was moved with the customer, and whether they are told, on the desk's clock."""

    day = DayField(called="the day")
    clock = forms.TimeField(
        error_messages={"required": "Choose the time.", "invalid": "Write the time like 15:30."}
    )
    tell = forms.BooleanField(required=False)

    def __init__(self, *args, now: dt.datetime, calendar: Calendar, **kwargs):
        super().__init__(*args, **kwargs)
        self.now, self.zone = now, calendar.zone

    def clean(self):
        data = super().clean()
        if data.get("day") and data.get("clock"):
            data["due_at"] = instant_at(data["day"], data["clock"], self.zone)
            if data["due_at"] <= self.now:
                self.add_error("clock", "Choose a time to come.")
        return data


class DayToComeForm(forms.Form):
    """A form with a day on which somebody calls again: after `today`, the desk's."""

    again = ""

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self):
        data = super().clean()
        if data.get(self.again) and data[self.again] <= self.today:
            self.add_error(self.again, "Choose a day after today.")
        return data


class LapseCallForm(DayToComeForm):
    """What came of a call about a lapsed contract, and when to call again."""

    again = "again_on"
    summary = WordsField(asks="what came of the call", most=2000)
    again_on = DayField(called="the day", required=False)


class SkipForm(DayToComeForm):
    """Until when nobody calls, and why."""

    again = "until"
    until = DayField(called="until when")
    reason = WordsField(asks="why", most=200)


class OutcomeForm(forms.Form):
    """What came of a promise or a duty."""

    outcome = WordsField(asks="what came of it", most=300)


def usual_times(now: dt.datetime, calendar: Calendar) -> list[tuple[str, str, dt.datetime]]:
    """The times offered for a promise: key, words, instant. "Today 15:00" while it is to come."""
    today = local_day(now, calendar.zone)
    times = [("30", "In 30 min", now + dt.timedelta(minutes=30))]
    afternoon = instant_at(today, AFTERNOON, calendar.zone)
    if afternoon > now:
        times.append(("today", "Today 15:00", afternoon))
    following = calendar.next_working_day(today)
    day = "Tomorrow" if following == today + dt.timedelta(days=1) else f"{following:%A}"
    times.append(("next", f"{day} 10:00", instant_at(following, MORNING, calendar.zone)))
    return times
