"""What earlier visits left, on the finish page: done, or left still and in which words."""

from django import forms
from django.http import QueryDict

from visits.models import Visit, WorkLeft
from visits.work_left import LeftAnswer, left_for

SHOWN = "left-shown"
DONE, STILL = "done", "still"


class LeftForm(forms.Form):
    """What the technician says of one. A page that did not show it need not speak of it: it stays."""

    state = forms.ChoiceField(choices=[(DONE, "Done"), (STILL, "Still left")], required=False)
    words = forms.CharField(
        max_length=600, required=False, error_messages={"max_length": "Say it in 600 characters."}
    )

    def __init__(self, data: QueryDict | None, work: WorkLeft):
        super().__init__(data, prefix=f"left-{work.public_id}", initial={"words": work.words})
        self.work = work
        self.was_shown = data is not None and str(work.public_id) in data.getlist(SHOWN)

    def clean(self):
        """A page that showed it says whether it is done."""
        said = super().clean()
        if self.was_shown and not said.get("state") and "state" not in self.errors:
            self.add_error("state", f"Say whether it is done: “{self.work.words}”.")
        return said

    def answer(self) -> LeftAnswer | None:
        """The answer; None where none was given. Call it when the form is valid."""
        said = self.cleaned_data
        if not said["state"]:
            return None
        return LeftAnswer(self.work, is_done=said["state"] == DONE, words=said["words"])

    @property
    def place(self) -> str:
        """The id of its place on the page."""
        return self.prefix


def left_forms(visit: Visit, data: QueryDict | None) -> list[LeftForm]:
    """One for all that earlier visits of the case, or on its machines, left: one query."""
    return [LeftForm(data, work) for work in left_for(visit)]
