"""What a customer reads of a visit in each of its states."""

import pytest

from tests.portal.visit_states import STATES, page_in
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")
RINGS = "about 30 minutes before, at about 1:30 pm, on your number ending 412."
SAYS = {
    "waiting": ("Lou is coming on Sat 7 March between 2 and 3 pm", f"Lou will ring {RINGS}"),
    "confirmed": (
        "Thank you. Lou will be with you on Sat 7 March between 2 and 3 pm. "
        f"What happens next Lou rings {RINGS} On the way",
        "Afterwards your signed sheet is on this page.",
    ),
    "moved": ("Your visit is moved.", "The old time is free again."),
    "on the way": ("Lou is on the way and expects to be with you at 2:07 pm",),
    "window over": ("Lou should have been with you by 11 am. We are sorry.", "Nobody came"),
    "missed": (
        "We missed your visit. We are sorry.",
        "A person will ring you today by 2:07 pm with a new time",
    ),
    "done": ("Your visit is done", "Signed by M. Ellison."),
}
# A sentence of one state that would be wrong, or said twice, in another.
NOT = {
    "waiting": ("Thank you.", "is moved", "Nobody came"),
    "confirmed": ("Lou will ring", "is moved", "Yes, that suits me"),
    "moved": ("Thank you.", "What happens next", "Yes, that suits me"),
    "on the way": ("will ring", "Cancel my visit", "Change the time"),
    "window over": ("will ring", "Put it in my calendar"),
    "missed": ("Nobody came", "Tell Lou", "To pay"),
    "done": ("Lou is coming", "Change the time", "To pay"),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_says_its_own_and_nothing_of_another(client, cast, now, state):
    path, _ = page_in(state, cast.north, now)
    said = text(client.get(path))
    assert [words for words in SAYS[state] if words not in said] == []
    assert [words for words in NOT[state] if words in said] == []
