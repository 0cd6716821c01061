"""What the counters of a visit's machines show, typed on the finish page if the technician reads them.

A page may be older than what is sent from it: the counter was first read meanwhile, or its reading was
withdrawn. Nothing that was typed is lost by that: it finds its counter, or is refused where it was typed.
"""

from django import forms
from django.http import QueryDict

from customers.meters import Counted, LowerThanBefore, figure, last_readings_of
from customers.models import Equipment, MeterReading
from servicedesk.worded_fields import MeterField

Kind = MeterReading.Kind
# How the name of a counter's field begins and ends, and what stands for one that was never read.
METER, VALUE, NEW = "meter-", "-value", "new"
STRAY = "This counter is not of this visit’s machines any more. Note it elsewhere, and empty the field."


class MeterForm(forms.Form):
    """One counter of one machine; `last` is what it showed before, if it was ever read.

    Without a `machine` it holds what was typed for none of this visit, and is never valid.
    """

    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    value = MeterField(required=False)
    was_replaced = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict | None, prefix: str, machine=None, *, counter=None, last=None):
        super().__init__(data, prefix=prefix, initial={"kind": counter or Kind.PAGES})
        self.machine, self.counter, self.last = machine, counter, last

    def clean(self):
        """Less than before is asked about here, before anything is written."""
        said = super().clean()
        value = said.get("value")
        if self.machine is None:
            self.add_error("value", STRAY)
        elif self.last and value is not None and value < self.last.value and not said.get("was_replaced"):
            self.add_error("value", str(LowerThanBefore(self.last)))
        return said

    def reading(self) -> Counted | None:
        """What was read; None where nothing was typed. Call it when the form is valid."""
        said = self.cleaned_data
        if said["value"] is None:
            return None
        kind = self.counter or said["kind"] or Kind.PAGES
        return Counted(self.machine, kind, said["value"], was_replaced=said["was_replaced"])

    @property
    def asks_kind(self) -> bool:
        """Whether it has to be said which counter it is."""
        return self.machine is not None and self.counter is None

    @property
    def keeps_kind(self) -> bool:
        """Whether the page must go on saying what was chosen before it was known."""
        return self.counter is not None and self.prefix.endswith(NEW)

    @property
    def label(self) -> str:
        """Which counter it is, where it is known."""
        return self.counter.label if self.counter else "It shows"

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
    """One for each counter that was ever read or is typed, else one for the machine: one query."""
    read = last_readings_of(machines)
    typed = _typed(data or {})
    found = []
    for machine in machines:
        own = f"{METER}{machine.public_id}-"
        last = {Kind(reading.kind): reading for reading in read if reading.equipment_id == machine.pk}
        known = [kind for kind in Kind if kind in last or own + _name_of(kind) in typed]
        counters = {own + _name_of(kind): kind for kind in known}
        if not counters or own + NEW in typed:
            said = _kind_said(data, own + NEW, last)
            # It is asked for once, where it was typed.
            counters = {name: kind for name, kind in counters.items() if kind != said or name in typed}
            counters[own + NEW] = said
        found += [
            MeterForm(data, prefix, machine, counter=kind, last=last.get(kind))
            for prefix, kind in counters.items()
        ]
    of_visit = {form.prefix for form in found}
    return found + [MeterForm(data, prefix) for prefix in typed if prefix not in of_visit]


def _name_of(kind) -> str:
    """A counter in the name of its field."""
    return kind.value.replace(" ", "-")


def _typed(data) -> list[str]:
    """The prefixes under which a counter's figure was typed."""
    names = [name for name in data if name.startswith(METER) and name.endswith(VALUE)]
    return [name.removesuffix(VALUE) for name in names if data[name].strip()]


def _kind_said(data, prefix, last) -> Kind | None:
    """Which counter it turned out to be that was typed as never read; None while it never was."""
    said = (data or {}).get(f"{prefix}-kind") or Kind.PAGES
    return Kind(said) if said in last else None
