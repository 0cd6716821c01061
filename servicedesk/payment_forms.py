"""What a person may say of a payment."""

from decimal import Decimal

from django import forms

from contracts.models import Contract, Payment
from contracts.money_by_hand import Purpose, Share
from customers.searchkeys import serial_key

ROWS_OF_SPLIT = (1, 2, 3, 4)


def contract_called(number: str) -> Contract | None:
    """The contract with this number, however it is spelled."""
    key = serial_key(number)
    return Contract.objects.filter(number_key=key).first() if key else None


class MatchForm(forms.Form):
    """Which contract, for what, and with which other payments (by their public ids)."""

    number = forms.CharField(max_length=120, error_messages={"required": "Give the contract’s number."})
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.RENEWS)
    because = forms.CharField(max_length=300, required=False)
    after = forms.UUIDField(required=False)

    def clean_number(self):
        """The contract itself."""
        contract = contract_called(self.cleaned_data["number"])
        if contract is None:
            raise forms.ValidationError("No contract has this number.")
        return contract


class SplitForm(forms.Form):
    """Up to four parts: an amount each, and the contract that it is for; without one it waits."""

    because = forms.CharField(max_length=300, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for row in ROWS_OF_SPLIT:
            self.fields[f"number_{row}"] = forms.CharField(max_length=120, required=False)
            self.fields[f"amount_{row}"] = forms.DecimalField(
                max_digits=10, decimal_places=2, min_value=Decimal("0.01"), required=False
            )
            self.fields[f"purpose_{row}"] = forms.ChoiceField(choices=Purpose.choices, required=False)

    def clean(self):
        """Each row as a share; numbers must be contracts', and every part needs its amount."""
        data = super().clean()
        shares = []
        for row in ROWS_OF_SPLIT:
            number, amount = data.get(f"number_{row}", ""), data.get(f"amount_{row}")
            if not number and amount is None:
                continue
            contract = contract_called(number) if number else None
            if number and contract is None:
                self.add_error(f"number_{row}", f"No contract has the number {number}.")
            if amount is None and f"amount_{row}" not in self.errors:
                self.add_error(f"amount_{row}", f"How much of it is for {number}?")
            shares.append(Share(amount or Decimal(0), contract, data.get(f"purpose_{row}") or Purpose.RENEWS))
        data["shares"] = shares
        return data

    @property
    def rows(self):
        """The fields row by row: number, amount, purpose."""
        return [
            (row, self[f"number_{row}"], self[f"amount_{row}"], self[f"purpose_{row}"])
            for row in ROWS_OF_SPLIT
        ]


def split_into(shares: list[Share]) -> dict[str, str]:
    """What a SplitForm begins with for these parts."""
    initial = {}
    for row, share in zip(ROWS_OF_SPLIT, shares, strict=False):
        initial[f"amount_{row}"] = f"{share.amount:.2f}"
        initial[f"purpose_{row}"] = share.purpose
        if share.contract is not None:
            initial[f"number_{row}"] = share.contract.number
    return initial


class ReasonForm(forms.Form):
    """Why; an act on money is never without."""

    because = forms.CharField(
        max_length=300,
        strip=True,
        error_messages={"required": "Say why: it is kept with the payment.", "max_length": "Say it shorter."},
    )


class BackForm(ReasonForm):
    """How much went back, when and by whom; no amount is all of it."""

    amount = forms.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal("0.01"), required=False)
    returned_on = forms.DateField(error_messages={"required": "Say on which day it went back."})
    kind = forms.ChoiceField(choices=Payment.Return.choices, initial=Payment.Return.REFUNDED)


class WhoseForm(forms.Form):
    """Whose money it is: found by words, or chosen among those who were found."""

    words = forms.CharField(max_length=80, required=False)
    customer = forms.UUIDField(required=False)
