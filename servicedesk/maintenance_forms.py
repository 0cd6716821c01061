"""What a dispatcher gives for a maintenance plan: its rhythm, a pause, an end, a day left out."""

from django import forms

from visits.maintenance import NAMES
from visits.models import MaintenancePlan

# What stands in the place of a machine's id when the plan is for all of a site.
WHOLE_SITE = "site"
SAY_WHY = {"required": "Say why."}
CHOOSE_DAY = {"required": "Choose a day.", "invalid": "Write the day like 2026-03-31."}


class PlanForm(forms.Form):
    """A plan of one customer; machines, sites and contracts are looked for among theirs."""

    title = forms.CharField(max_length=120, error_messages={"required": "Say what is done."})
    equipment = forms.CharField(error_messages={"required": "Choose the machine, or the whole site."})
    site = forms.UUIDField(required=False)
    contract = forms.UUIDField(required=False)
    counts_from = forms.ChoiceField(
        choices=MaintenancePlan.CountsFrom.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose from when it counts."),
    )
    every = forms.IntegerField(
        min_value=1,
        max_value=120,
        error_messages={"required": "Say how often.", "invalid": "Write a whole number."},
    )
    unit = forms.ChoiceField(
        choices=MaintenancePlan.Unit.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose weeks or months."),
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=[(number, name) for number, name in enumerate(NAMES)], coerce=int, required=False
    )
    starts_on = forms.DateField(error_messages=CHOOSE_DAY)
    until = forms.DateField(required=False, error_messages=CHOOSE_DAY)
    most_done = forms.IntegerField(min_value=1, max_value=1000, required=False)

    def __init__(self, *args, customer, machines, sites, contracts, **kwargs):
        super().__init__(*args, **kwargs)
        self.customer, self.machines, self.sites, self.contracts = customer, machines, sites, contracts

    def clean(self):
        data = super().clean()
        data["machine"] = _named(self.machines, data.get("equipment"))
        if data["machine"] is None and data.get("equipment", WHOLE_SITE) != WHOLE_SITE:
            self.add_error("equipment", "Choose the machine, or the whole site.")
        data["covering"] = _named(self.contracts, data.get("contract"))
        data["place"] = data["machine"].site if data["machine"] else _named(self.sites, data.get("site"))
        if data["place"] is None and len(self.sites) == 1:
            data["place"] = self.sites[0]
        if data["place"] is None and "equipment" not in self.errors:
            self.add_error("equipment", "Choose the machine, or where it is done.")
        return data

    def plan(self) -> MaintenancePlan:
        """The plan that was typed, unsaved."""
        data = self.cleaned_data
        return MaintenancePlan(
            customer=self.customer,
            site=data["place"],
            equipment=data["machine"],
            contract=data["covering"],
            title=data["title"],
            counts_from=data["counts_from"],
            every=data["every"],
            unit=data["unit"],
            weekdays=sorted(data["weekdays"]),
            starts_on=data["starts_on"],
            until=data["until"],
            most_done=data["most_done"],
        )


class ReasonForm(forms.Form):
    """Why."""

    because = forms.CharField(max_length=280, error_messages=SAY_WHY)


class PauseForm(ReasonForm):
    """From which day nothing is due, and until when if that is known."""

    from_day = forms.DateField(error_messages=CHOOSE_DAY)
    resumes_on = forms.DateField(required=False, error_messages=CHOOSE_DAY)


class StopForm(ReasonForm):
    """The last day on which something may be due."""

    last_day = forms.DateField(error_messages=CHOOSE_DAY)


class ExceptionForm(ReasonForm):
    """A day of the schedule that is left out."""

    day = forms.DateField(error_messages=CHOOSE_DAY)


def _named(rows, public_id):
    return next((row for row in rows if str(row.public_id) == str(public_id)), None)
