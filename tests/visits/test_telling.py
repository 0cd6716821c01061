"""What a customer tells whoever comes is kept once, with the visit, and is no contact about its matter."""

import datetime as dt

import pytest

from cases.models import Case, Duty, Interaction
from tests.cast import a_case, make_plain_visit
from visits.models import Visit
from visits.telling import CannotTell, Told, tell_who_comes, told_before


@pytest.fixture
def visit(north, now):
    return make_plain_visit(north, now=now)


def test_the_same_words_count_once_however_they_are_spaced(north, visit, now):
    assert tell_who_comes(visit, "Side door,\ncode 4711", by=None, now=now)
    assert not tell_who_comes(visit, " side  door, code 4711 ", by=None, now=now + dt.timedelta(hours=1))
    assert told_before(visit) == [Told("Side door,\ncode 4711", now)]
    kept = Interaction.objects.get()
    assert (kept.channel, kept.direction, kept.summary) == (
        "message",
        "in",
        f"For visit {visit.number}: Side door,\ncode 4711",
    )
    assert list(north.customer.timeline.values_list("kind", "title", "detail", "subject")) == [
        ("message", "The customer tells whoever comes", "Side door,\ncode 4711", visit.public_id)
    ]


def test_five_things_and_no_more(visit, now):
    for number in range(5):
        tell_who_comes(visit, f"Thing {number}", by=None, now=now)
    with pytest.raises(CannotTell, match="five things"):
        tell_who_comes(visit, "Thing 6", by=None, now=now)
    assert not tell_who_comes(visit, "Thing 4", by=None, now=now)


def test_nobody_is_told_after_the_visit(visit, now):
    Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CANCELLED_BY_US)
    with pytest.raises(CannotTell, match="over"):
        tell_who_comes(visit, "Side door", by=None, now=now)
    assert told_before(visit) == []


def test_what_whoever_comes_should_know_does_not_send_the_matter_upstairs(north, now):
    case = a_case(north, "Paper jam", now)
    visit = make_plain_visit(north, now=now, case=case)
    for words in ("Gate code 4711", "Park at the back", "The dog is friendly"):
        tell_who_comes(visit, words, by=None, now=now)
    case.refresh_from_db()
    assert (case.supervisor, Duty.objects.filter(kind=Duty.Kind.OWN_CASE).exists()) == (None, False)
    assert [each.case for each in Interaction.objects.all()] == [None] * 3


@pytest.mark.parametrize("state", [Case.State.CLOSED, Case.State.WAITING])
def test_nor_does_it_come_back_to_one_that_rests(north, now, state):
    day = dt.timedelta(days=1)
    case = a_case(north, "Paper jam", now - 3 * day)
    visit = make_plain_visit(north, now=now, case=case)
    rests = {
        Case.State.CLOSED: {"closed_at": now - 2 * day, "closed_on": "word", "outcome": "done"},
        Case.State.WAITING: {"waiting_since": now - 2 * day, "waiting_for": "a date"},
    }
    Case.objects.filter(pk=case.pk).update(state=state, **rests[state])
    tell_who_comes(visit, "Gate code 4711", by=None, now=now)
    case.refresh_from_db()
    assert case.state == state
