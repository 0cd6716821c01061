"""Fields of forms about contracts and offers: what is wrong is said as what to write instead."""

from django import forms

MOST_AMOUNT = "100,000,000"


class AmountField(forms.DecimalField):
    """Money with two decimals. `called` is how its form calls it: "the price"."""

    def __init__(self, *, called: str, **kwargs):
        words = {
            "required": f"Write {called}.",
            "invalid": f"Write {called} in figures, like 612.00.",
            "min_value": f"Write {called} as 0 or more.",
            "max_decimal_places": f"Write {called} with no more than two decimals.",
            "max_digits": f"Write an amount below {MOST_AMOUNT}.",
            "max_whole_digits": f"Write an amount below {MOST_AMOUNT}.",
        }
        super().__init__(min_value=0, max_digits=10, decimal_places=2, error_messages=words, **kwargs)


class WordsField(forms.CharField):
    """A line of words that has to be there. `asks` says what to write: "what you promised"."""

    def __init__(self, *, asks: str, most: int, **kwargs):
        words = {"required": f"Write {asks}.", "max_length": f"Write no more than {most} characters."}
        super().__init__(max_length=most, error_messages=words, **kwargs)


class CountField(forms.IntegerField):
    """A whole number between two bounds, both included. `called`: "how many visits"."""

    def __init__(self, *, called: str, least: int, most: int, **kwargs):
        said = f"Write {called}: a whole number from {least} to {most}."
        words = dict.fromkeys(("required", "invalid", "min_value", "max_value"), said)
        super().__init__(min_value=least, max_value=most, error_messages=words, **kwargs)


class DayField(forms.DateField):
    """A day of the desk. `called`: "the last day"."""

    def __init__(self, *, called: str, **kwargs):
        words = {
            "required": f"Choose {called}.",
            "invalid": f"Choose {called}: a day of the calendar, like 2026-03-14.",
        }
        super().__init__(error_messages=words, **kwargs)


class ClockField(forms.TimeField):
    """A time of the day by the desk's clock. `called`: "the beginning"."""

    def __init__(self, *, called: str, **kwargs):
        words = {"required": f"Write {called}.", "invalid": f"Write {called} like 08:30."}
        super().__init__(error_messages=words, **kwargs)


class ChosenField(forms.ChoiceField):
    """One of several. `asks` says what to choose: "how they renewed"."""

    def __init__(self, *, asks: str, **kwargs):
        words = dict.fromkeys(("required", "invalid_choice"), f"Choose {asks}.")
        super().__init__(error_messages=words, **kwargs)


class RowField(forms.ModelChoiceField):
    """A row by its public id; its form says which may be chosen (`queryset`). `asks`: "a colleague"."""

    def __init__(self, *, asks: str, **kwargs):
        words = dict.fromkeys(("required", "invalid_choice"), f"Choose {asks}.")
        super().__init__(queryset=None, to_field_name="public_id", error_messages=words, **kwargs)


class MachinesField(forms.MultipleChoiceField):
    """Machines of one customer; none is a choice too."""

    def __init__(self, **kwargs):
        words = {"invalid_choice": "Choose machines of this customer.", "invalid_list": "Choose machines."}
        super().__init__(required=False, error_messages=words, **kwargs)


class MeterField(forms.DecimalField):
    """What a counter shows: 0 or more, with one decimal at most."""

    def __init__(self, **kwargs):
        many = "A counter has not so many figures."
        words = {
            "required": "Write what the counter shows.",
            "invalid": "Write what the counter shows in figures, like 48210.",
            "min_value": "Write what the counter shows: 0 or more.",
            "max_decimal_places": "Write it with one decimal at most.",
            "max_digits": many,
            "max_whole_digits": many,
        }
        super().__init__(min_value=0, max_digits=12, decimal_places=1, error_messages=words, **kwargs)
