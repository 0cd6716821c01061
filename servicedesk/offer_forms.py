"""What a person writes into a renewal offer, and why it is withdrawn."""

from django import forms

from contracts.models import Contract, RenewalOffer
from contracts.offered import machines_of as machines_offered
from contracts.offers import Offered
from customers.models import Equipment
from servicedesk.machine_choices import machines_of


class OfferForm(forms.Form):
    """The next term as it is offered. No hours: no response time; no machines: as the contract says."""

    ends_on = forms.DateField()
    amount = forms.DecimalField(min_value=0, max_digits=10, decimal_places=2)
    visits = forms.IntegerField(min_value=0, max_value=999)
    response_hours = forms.IntegerField(min_value=1, max_value=999, required=False)
    machines = forms.MultipleChoiceField(required=False)
    valid_until = forms.DateField()
    words = forms.CharField(max_length=2000, required=False)

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
