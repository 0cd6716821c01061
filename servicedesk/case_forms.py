"""What is typed into a case: a contact, what we wait for, who goes on with it, how it ended."""

from django import forms

from cases.life import TRIED_DAYS, TRIES
from cases.models import Case, Interaction
from servicedesk.worded_fields import ChosenField, RowField, WordsField
from tenancy.models import Membership, Role

CHANNELS = [(one, one.label) for one in Interaction.Channel if one != Interaction.Channel.VISIT]
# Who spoke to whom.
WAYS = [
    ("in", "They told us"),
    ("out", "We told them"),
    ("try", "We tried, nobody answered"),
]
# Who decides about a case; whoever is on staff may note what was said.
OFFICE = (Role.DISPATCHER, Role.SALES, Role.ACCOUNTS)


class NoteForm(forms.Form):
    """One contact about the case, or a try that nobody answered."""

    way = ChosenField(asks="who spoke", choices=WAYS)
    channel = ChosenField(asks="by which way", choices=CHANNELS)
    words = forms.CharField(max_length=4000, required=False)

    def __init__(self, *args, case=None, **kwargs):
        super().__init__(*args, **kwargs)

    def clean(self):
        """Of a try its day and hour are enough."""
        data = super().clean()
        if data.get("way") in ("in", "out") and not data.get("words", "").strip():
            self.add_error("words", "Write down what was said.")
        return data


class SeenForm(forms.Form):
    """An act on the case as the person saw it."""

    seen = forms.CharField(max_length=16, required=False)

    def __init__(self, *args, case=None, **kwargs):
        super().__init__(*args, **kwargs)


class WaitForm(SeenForm):
    """What the customer has to say or to send."""

    what = WordsField(asks="what we wait for", most=200)


class HandOverForm(SeenForm):
    """Who goes on with it, and what they should know."""

    to = RowField(asks="who goes on with it")
    note = forms.CharField(max_length=1000, required=False)

    def __init__(self, *args, case=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = colleagues()


class CloseForm(SeenForm):
    """What came of it, and on whose word it ends."""

    on = ChosenField(asks="on whose word it ends", choices=Case.ClosedOn.choices)
    outcome = WordsField(asks="what came of it", most=300)
    word = forms.CharField(max_length=2000, required=False)


class ReopenForm(SeenForm):
    """Why it is open again."""

    because = WordsField(asks="why it is open again", most=300)


class SplitForm(forms.Form):
    """Which contact was about another matter, and about which."""

    contact = RowField(asks="the contact")
    kind = ChosenField(asks="what kind it is", choices=Case.Kind.choices)
    title = WordsField(asks="what it was about", most=200)

    def __init__(self, *args, case, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = case.interactions.order_by("-at", "-pk")


class JoinForm(SeenForm):
    """Which case is the same matter."""

    other = RowField(asks="the case that is the same matter")

    def __init__(self, *args, case, **kwargs):
        super().__init__(*args, case=case, **kwargs)
        self.fields["other"].queryset = others_of(case)


class WishForm(SeenForm):
    """What the customer asks of a supervisor."""

    wants = forms.CharField(max_length=300, required=False)


def colleagues():
    """Who can own a case, by name."""
    here = Membership.objects.filter(ended_at__isnull=True).exclude(role=Role.TECHNICIAN)
    return here.select_related("user").order_by("user__name", "pk")


def others_of(case: Case):
    """The customer's other cases that are not closed, the latest first."""
    rows = Case.objects.unclosed().filter(customer=case.customer_id).exclude(pk=case.pk)
    return rows.order_by("-opened_at", "-pk")


def ways_to_close(case: Case, tries: int, days: int) -> list[tuple[str, str, str]]:
    """On whose word this case may end: value, label, and how far the tries are."""
    said = f"{tries} of {TRIES} days with a try, over {days} of {TRIED_DAYS} business days so far"
    on = Case.ClosedOn
    found = [(on.WORD, on.WORD.label, "What they said is kept"), (on.TRIES, on.TRIES.label, said)]
    return found if case.kind == Case.Kind.COMPLAINT else [(on.OURS, on.OURS.label, ""), *found]
