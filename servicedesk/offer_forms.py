"""What a person writes into a renewal offer, and why it is withdrawn."""

from django import forms

from contracts.models import Contract, RenewalOffer
from contracts.offered import machines_of as machines_offered
from contracts.offers import Offered
from customers.models import Equipment
from servicedesk.machine_choices import machines_of
from servicedesk.worded_fields import AmountField, CountField, DayField, MachinesField


class OfferForm(forms.Form):
    """The next term as it is offered. No hours: no response time; no machines: as the contract says."""

    ends_on = DayField(called="the last day")
    amount = AmountField(called="the price")
    visits = CountField(called="how many visits", least=0, most=999)
    response_hours = CountField(called="the working hours, or nothing", least=1, most=999, required=False)
    machines = MachinesField()
    valid_until = DayField(called="the day until which it is valid")
    words = forms.CharField(
        max_length=2000, required=False, error_messages={"max_length": "Write at most 2000 letters."}
    )

    def __init__(self, *args, machines: list[Equipment], names_machines: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.names_machines = names_machines
        self.ids = {str(machine.public_id): machine.pk for machine in machines}
        self.fields["machines"].choices = [(key, key) for key in self.ids]

    @property
    def offered(self) -> Offered:
        """The cleaned values as `contracts.offers` takes them."""
        chosen = frozenset(self.ids[key] for key in self.cleaned_data["machines"])
        unchanged = not chosen and not self.names_machines
        return Offered(**{**self.cleaned_data, "machines": None if unchanged else chosen})


class WithdrawForm(forms.Form):
    """Why an offer is taken back."""

    because = forms.CharField(max_length=280, error_messages={"required": "Say why it is withdrawn."})


def choices_for(contract: Contract) -> dict:
    """What a form about a contract's machines needs: which there are, and whether it names any."""
    named = list(contract.covered.values_list("equipment", flat=True))
    return {"machines": machines_of(contract.customer, also=named), "names_machines": bool(named)}


def filled_with(offered: Offered, checked: list[str]) -> dict:
    """The form's first values."""
    return {**offered.__dict__, "machines": checked}


def checked_in(offer: RenewalOffer, *, names_machines: bool) -> list[str]:
    """The machines that are chosen for an offer; none where all of the customer's are covered."""
    if not names_machines and not offer.changes_scope:
        return []
    return [str(machine.public_id) for machine in machines_offered(offer)]
