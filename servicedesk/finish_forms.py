"""What the technician writes to finish a visit: answers, report, parts, signature. Nothing typed is lost."""

import datetime as dt
import uuid

from django import forms

from recommendations.lifecycle import LONGEST_DEFERRAL
from recommendations.models import Recommendation
from servicedesk.finish_signatures import faults
from servicedesk.worded_fields import AmountField, DayField
from visits.gate import Answer
from visits.models import Review

Outcome = Review.Outcome
Severity = Recommendation.Severity

DECISIONS = (
    ("accepted", "Accepted"),
    ("declined", "Declined"),
    ("deferred", "Not now"),
    ("worse", "Worse"),
    ("untold", "Nobody to ask"),
)
# Why a customer says no, or not now, in the words that are heard most; anything else is typed.
WHY_NO = (("Too expensive", "Too expensive"), ("Not needed", "Not needed"), ("Replacing it", "Replacing it"))
WHY_NOT_NOW = (
    ("Wants a price", "Wants a price"),
    ("Needs sign-off", "Needs sign-off"),
    ("Next budget", "Next budget"),
)
OTHER = ("other", "Other")
HOW = (("done", "Done on this visit"), ("book", "Book a visit"))
USUAL_DEFERRAL = dt.timedelta(days=90)


class AnswerForm(forms.Form):
    """What the customer decided about one recommendation; the rest depends on the decision."""

    decision = forms.ChoiceField(choices=DECISIONS, required=False)
    how = forms.ChoiceField(
        choices=[("done", "Done on this visit"), ("book", "Book a visit")], required=False
    )
    why_no = forms.ChoiceField(choices=[*WHY_NO, OTHER], required=False)
    why_not_now = forms.ChoiceField(choices=[*WHY_NOT_NOW, OTHER], required=False)
    words_no = forms.CharField(max_length=180, required=False)
    words_not_now = forms.CharField(max_length=180, required=False)
    until = forms.DateField(required=False, error_messages={"invalid": "Write the day as 2026-06-01."})
    told = forms.ChoiceField(choices=[("yes", "Yes"), ("no", "No")], required=False)
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int, empty_value=0, required=False)

    def __init__(self, *args, recommendation: Recommendation, is_required: bool, today: dt.date, **kwargs):
        super().__init__(*args, prefix=f"answer-{recommendation.public_id}", **kwargs)
        self.recommendation, self.is_required, self.today = recommendation, is_required, today
        worse = min(recommendation.severity + 1, Severity.LIKELY_TO_FAIL)
        self.initial = {
            "until": today + USUAL_DEFERRAL,
            "severity": max(worse, recommendation.severity),
        }

    def clean(self):
        """What belongs to the decision must be there; what does not is not read."""
        said = super().clean()
        decision = said.get("decision")
        if not decision:
            if self.is_required:
                self.add_error("decision", "Choose an answer.")
        elif decision == "accepted" and not said.get("how"):
            self.add_error("how", "Say whether it is done or to be booked.")
        elif decision in ("declined", "deferred"):
            self._clean_reason("why_no" if decision == "declined" else "why_not_now")
            if decision == "deferred":
                self._clean_until(said.get("until"))
        elif decision == "worse" and not said.get("told"):
            self.add_error("told", "Say whether the customer was told.")
        return said

    @property
    def is_answered(self) -> bool:
        """Whether an answer was chosen and is whole."""
        return self.is_bound and self.is_valid() and bool(self.cleaned_data["decision"])

    def answer(self) -> Answer | None:
        """The answer in the words of R5.4; None where none was given. Call it when the form is valid."""
        said = self.cleaned_data
        decision, reason, until, severity = said["decision"], "", None, 0
        if not decision:
            return None
        outcome, told = Outcome.STILL_VALID, decision != "untold"
        if decision == "accepted":
            outcome = Outcome.DONE if said["how"] == "done" else Outcome.ACCEPTED
        elif decision == "declined":
            outcome, reason = Outcome.DECLINED, self._reason("why_no")
        elif decision == "deferred":
            outcome, reason, until = Outcome.DEFERRED, self._reason("why_not_now"), said["until"]
        elif decision == "worse":
            outcome, told, severity = Outcome.WORSE, said["told"] == "yes", said["severity"]
        return Answer(self.recommendation, outcome, told, reason, until, severity)

    def _clean_reason(self, why):
        if not self.cleaned_data.get(why):
            self.add_error(why, "Choose a reason.")
        elif self.cleaned_data[why] == "other" and not self._words(why):
            self.add_error(why.replace("why", "words"), "Write the reason.")

    def _clean_until(self, until):
        if "until" in self.errors:
            return
        last = self.today + LONGEST_DEFERRAL
        if until is None or until <= self.today:
            self.add_error("until", "Choose a day after today.")
        elif until > last:
            self.add_error("until", f"{last.day} {last:%B %Y} at the latest, 180 days from today.")

    def _reason(self, why):
        chosen, words = self.cleaned_data[why], self._words(why)
        return words if chosen == "other" else f"{chosen}: {words}" if words else chosen

    def _words(self, why):
        return (self.cleaned_data.get(why.replace("why", "words")) or "").strip()


class FindingForm(forms.Form):
    """A recommendation raised at this visit; empty words mean that there is none."""

    finding = forms.CharField(max_length=300, required=False)
    severity = forms.TypedChoiceField(choices=Severity.choices, coerce=int, empty_value=0, required=False)
    risk = forms.CharField(max_length=300, required=False)
    estimate = AmountField(called="the estimate", required=False)
    review_by = DayField(called="the day by which it is looked at again", required=False)
    # Proposed by the page, so that the same finding sent twice is raised once.
    public_id = forms.UUIDField(required=False)

    def __init__(self, *args, today: dt.date, **kwargs):
        super().__init__(*args, prefix="new", **kwargs)
        self.today = today
        self.initial = {"severity": Severity.SOON, "public_id": uuid.uuid4()}

    def clean(self):
        """A finding needs its severity; what is to be looked at again is so on a day to come."""
        said = super().clean()
        if said.get("finding") and not said.get("severity"):
            self.add_error("severity", "Say how urgent it is.")
        if said.get("review_by") and said["review_by"] <= self.today:
            self.add_error("review_by", "Choose a day after today.")
        return said


class ReportForm(forms.Form):
    """What I did, and who signs."""

    work_done = forms.CharField(max_length=4000, error_messages={"required": "Say what you did."})
    fixed = forms.ChoiceField(
        choices=[("yes", "Fixed first time"), ("no", "Not fixed")],
        error_messages={"required": "Say whether it is fixed."},
    )
    not_fixed_because = forms.CharField(max_length=300, required=False)
    next_step = forms.CharField(max_length=300, required=False)
    parts_needed = forms.CharField(max_length=300, required=False)
    signature = forms.CharField(required=False)
    signed_name = forms.CharField(max_length=120, required=False)
    unsigned_reason = forms.CharField(max_length=200, required=False)
    same_signs = forms.BooleanField(required=False)
    recommendations_signature = forms.CharField(required=False)
    recommendations_name = forms.CharField(max_length=120, required=False)
    recommendations_unsigned = forms.CharField(max_length=200, required=False)

    def clean(self):
        """Not fixed needs why; one of three ways to sign."""
        said = super().clean()
        if said.get("fixed") == "no" and not said.get("not_fixed_because"):
            self.add_error("not_fixed_because", "Say why it is not fixed.")
        for field, words in faults(said).items():
            self.add_error(field, words)
        return said
