"""The forms about parts: adding one, moving it, receiving it, counting it."""

from django import forms

from servicedesk.worded_fields import AmountField, ChosenField, CountField, WordsField
from visits.models import Technician, VanStock
from visits.stock import MOST, Place, place_of

# A target that is a van is told by its technician, a depot by its name: the two never look alike.
VAN = "van "
DEPOT = "at "


class PartForm(forms.Form):
    """A part by its number."""

    number = WordsField(asks="the part’s number", most=60)
    name = WordsField(asks="what it is", most=160)
    price = AmountField(called="the price", required=False)


class CountForm(forms.Form):
    """How many lie on one shelf; `seen` is what the page showed."""

    counted = CountField(called="how many are there", least=0, most=MOST)
    seen = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(max_length=200, required=False)


class ReceiveForm(forms.Form):
    """So many came, to one place: one that is known, or a new one by its name."""

    quantity = CountField(called="how many", least=1, most=MOST)
    target = ChosenField(asks="where it goes", required=False)
    elsewhere = forms.CharField(max_length=80, required=False)
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, data=None, *, technicians, depots, **kwargs):
        super().__init__(data, **kwargs)
        self.vans = {f"{VAN}{one.public_id}": Place(one) for one in technicians}
        self.depots = {f"{DEPOT}{name}": Place(name=name) for name in depots}
        self.fields["target"].choices = [
            ("", "Another place, named below"),
            *((key, str(place)) for key, place in (self.depots | self.vans).items()),
        ]

    def clean(self):
        """With the Place that was meant as `place`."""
        data = super().clean()
        elsewhere = " ".join(data.get("elsewhere", "").split())
        chosen = (self.vans | self.depots).get(data.get("target", ""))
        if chosen is None and not elsewhere and "target" not in self.errors:
            self.add_error("target", "Choose where it goes, or name a new place.")
        data["place"] = chosen or Place(name=elsewhere)
        return data


class MoveForm(ReceiveForm):
    """So many of what lies on one shelf go to another place."""

    source = ChosenField(asks="where it comes from")
    field_order = ("quantity", "source", "target", "elsewhere", "reason")

    def __init__(self, data=None, *, shelves: list[VanStock], **kwargs):
        super().__init__(data, **kwargs)
        self.shelves = {str(shelf.public_id): shelf for shelf in shelves if shelf.quantity}
        self.fields["source"].choices = [
            (key, f"{shelf}, {shelf.quantity}") for key, shelf in self.shelves.items()
        ]

    def clean(self):
        """With the Place that it leaves as `origin`."""
        data = super().clean()
        if data.get("source"):
            data["origin"] = place_of(self.shelves[data["source"]])
        return data


def places_to_choose() -> dict:
    """Whose vans there are and which depots are known: two queries."""
    names = VanStock.objects.filter(technician=None).values_list("place", flat=True).distinct()
    return {
        "technicians": list(Technician.objects.filter(is_active=True).order_by("name")),
        "depots": sorted(names),
    }
