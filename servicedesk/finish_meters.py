"""What the counters of a visit's machines show, typed on the finish page if the technician reads them."""

from django import forms
from django.http import QueryDict

from customers.meters import Counted, LowerThanBefore, figure, last_readings_of
from customers.models import Equipment, MeterReading
from servicedesk.worded_fields import MeterField


class MeterForm(forms.Form):
    """One counter of one machine; `last` is what it showed before, if it was ever read."""

    kind = forms.ChoiceField(choices=MeterReading.Kind.choices, required=False)
    value = MeterField(required=False)
    was_replaced = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict | None, machine: Equipment, last: MeterReading | None):
        kind = last.kind if last else MeterReading.Kind.PAGES
        prefix = f"meter-{machine.public_id}-{last.kind.replace(' ', '-') if last else 'new'}"
        super().__init__(data, prefix=prefix, initial={"kind": kind})
        self.machine, self.last = machine, last

    def clean(self):
        """Less than before is asked about here, before anything is written."""
        said = super().clean()
        value = said.get("value")
        if self.last and value is not None and value < self.last.value and not said.get("was_replaced"):
            self.add_error("value", str(LowerThanBefore(self.last)))
        return said

    def reading(self) -> Counted | None:
        """What was read; None where nothing was typed. Call it when the form is valid."""
        said = self.cleaned_data
        if said["value"] is None:
            return None
        kind = self.last.kind if self.last else said["kind"] or MeterReading.Kind.PAGES
        return Counted(self.machine, kind, said["value"], was_replaced=said["was_replaced"])

    @property
    def label(self) -> str:
        """Which counter it is, where it is known."""
        return self.last.get_kind_display() if self.last else "It shows"

    @property
    def last_shown(self) -> str:
        """What it showed when it was last read."""
        return figure(self.last.value) if self.last else ""

    @property
    def place(self) -> str:
        """The id of its place on the page."""
        return self["value"].html_name

    @property
    def is_typed(self) -> bool:
        """Whether something was written in it: then it must be seen."""
        return bool(self["value"].value())


def meter_forms(machines: list[Equipment], data: QueryDict | None) -> list[MeterForm]:
    """One for each counter that was ever read, else one for the machine: one query."""
    last = last_readings_of(machines)
    return [
        MeterForm(data, machine, reading)
        for machine in machines
        for reading in [each for each in last if each.equipment_id == machine.pk] or [None]
    ]
