"""What is typed about a promise: making, keeping, moving and handing on one."""

from django import forms

from cases.models import Case, Promise
from cases.promise_templates import usual_promises
from servicedesk.worded_fields import ChosenField, RowField, WordsField
from tenancy.calendars import Calendar
from tenancy.models import Membership

OWN = "own"
KINDS = (Promise.Kind.CALL_BACK, Promise.Kind.ANSWER, Promise.Kind.VISIT, Promise.Kind.MONEY)
KEPT, RELEASED = "kept", "released"


def colleagues():
    """Everybody who works here, by name."""
    return (
        Membership.objects.filter(ended_at__isnull=True).select_related("user").order_by("user__name", "pk")
    )


class NewPromiseForm(forms.Form):
    """A usual promise with one choice, or other words and another time; on the desk's clock."""

    usual = ChosenField(asks="what you promise", choices=())
    text = forms.CharField(
        max_length=300, required=False, error_messages={"max_length": "Write no more than 300 characters."}
    )
    at = forms.DateTimeField(
        required=False, error_messages={"invalid": "Choose the day and the time, like 2026-03-14 15:30."}
    )
    kind = forms.ChoiceField(choices=[(kind, kind.label) for kind in KINDS], required=False)
    owner = forms.ModelChoiceField(Membership.objects.none(), to_field_name="public_id", required=False)
    case = forms.ModelChoiceField(Case.objects.none(), to_field_name="public_id", required=False)
    expects = forms.CharField(max_length=300, required=False)
    tell = forms.BooleanField(required=False)

    def __init__(self, *args, calendar: Calendar, cases, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.now = now
        self.usual = usual_promises(calendar=calendar, now=now)
        self.fields["usual"].choices = [(one.key, one.text) for one in self.usual] + [(OWN, "Something else")]
        self.fields["owner"].queryset = colleagues()
        self.fields["case"].queryset = cases

    def clean(self):
        """The words and the time: typed ones before those of the usual promise."""
        data = super().clean()
        chosen = next((one for one in self.usual if one.key == data.get("usual")), None)
        data["text"] = data.get("text") or (chosen.text if chosen else "")
        data["kind"] = (chosen.kind if chosen else data.get("kind")) or Promise.Kind.CALL_BACK
        if "at" not in self.errors:
            data["due_at"] = data.get("at") or (chosen.due_at if chosen else None)
            if not chosen and data["due_at"] is None:
                self.add_error("at", "Choose by when.")
            elif data["due_at"] <= self.now:
                self.add_error("at", "Choose a time that is still to come.")
        if not data["text"] and "text" not in self.errors:
            self.add_error("text", "Write what was promised.")
        return data


class SettleForm(forms.Form):
    """How it ended, and what came of it."""

    end = ChosenField(
        asks="how it ended", choices=[(KEPT, "Kept"), (RELEASED, "The customer needs it no longer")]
    )
    evidence = WordsField(asks="what came of it", most=300)


class HandForm(forms.Form):
    """Who keeps it from now on, and why."""

    to = RowField(asks="a colleague")
    reason = WordsField(asks="why", most=200)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues()
