"""What may be done with a recommendation at the desk, and what each act has to be told."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django import forms

from recommendations import lifecycle
from recommendations.models import Recommendation
from servicedesk.worded_fields import AmountField, ChosenField, DayField

State = Recommendation.State


@dataclass(frozen=True)
class Act:
    """One thing to do: its words, what it means, the fields it needs, what does it, from which states."""

    words: str
    note: str
    needs: tuple[str, ...]
    do: Callable
    states: tuple[str, ...]


LIVE = (State.OPEN, State.QUOTED, State.DEFERRED, State.ACCEPTED, State.SCHEDULED)
UNDECIDED = (State.OPEN, State.QUOTED, State.DEFERRED)
ACTS: dict[str, Act] = {
    "quote": Act(
        "Tell the price", "The customer still has to answer.", ("price",), lifecycle.quote, UNDECIDED
    ),
    "accept": Act(
        "The customer says yes",
        "It is to be booked.",
        (),
        lifecycle.accept,
        (*UNDECIDED, State.DECLINED),
    ),
    "schedule": Act("A visit for it is booked", "", (), lifecycle.schedule, (*UNDECIDED, State.ACCEPTED)),
    "defer": Act("Not now", "It comes back on the day.", ("until", "reason"), lifecycle.defer, LIVE),
    "decline": Act("The customer says no", "They know the risk.", ("reason",), lifecycle.decline, LIVE),
    "worsen": Act("It is worse", "It counts as open.", ("severity",), lifecycle.worsen, LIVE),
    "done": Act("It is done", "Say by whom, or at which visit.", ("reason",), lifecycle.mark_done, LIVE),
    "invalid": Act(
        "It does not hold",
        "A mistake, or the machine is gone.",
        ("reason",),
        lifecycle.invalidate,
        (*LIVE, State.DECLINED),
    ),
}
BY_CUSTOMER = ("accept", "decline", "defer")


class ActForm(forms.Form):
    """One act with what it needs; the other fields are not looked at."""

    act = ChosenField(asks="what to do", choices=[(name, act.words) for name, act in ACTS.items()])
    seen = forms.IntegerField(min_value=0)
    price = AmountField(called="the price", required=False)
    until = DayField(called="the day on which it comes back", required=False)
    severity = forms.TypedChoiceField(
        choices=Recommendation.Severity.choices, coerce=int, empty_value=None, required=False
    )
    reason = forms.CharField(
        max_length=300, required=False, error_messages={"max_length": "Say it in 300 characters."}
    )

    def clean(self):
        """Who chose an act says what it needs."""
        data = super().clean()
        for name in ACTS[data["act"]].needs if data.get("act") else ():
            if data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, NEEDED[name])
        return data

    def carry_out(self, recommendation: Recommendation, *, by, now: dt.datetime) -> Recommendation:
        """Do it. Raises NotPossible, and ChangedMeanwhile where it is not as the page showed it."""
        data = self.cleaned_data
        name, act = data["act"], ACTS[data["act"]]
        row = lifecycle.check_seen(recommendation, data["seen"])
        values = {"reason": data["reason"], "by": by, "now": now}
        if row.state not in act.states:
            raise lifecycle.NotPossible(f"It is {row.get_state_display().lower()}: this does not apply.")
        if name == "quote":
            values["estimate"] = data["price"]
        if name == "defer":
            values["until"] = data["until"]
        if name == "worsen":
            values["severity"] = data["severity"]
        if name in BY_CUSTOMER:
            values["by_customer"] = True
        return act.do(row, **values)


NEEDED = {
    "price": "Write the price.",
    "until": "Choose the day on which it comes back.",
    "severity": "Choose how bad it is.",
    "reason": "Say why.",
}
