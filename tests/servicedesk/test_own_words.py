"""A dispatcher's own words in the night: the visit moves, and they hear that the words did not go."""

import datetime as dt
import uuid

import pytest

from cases.models import Duty
from messaging import outbox
from messaging.delivery import deliver_due
from messaging.models import Message
from servicedesk.own_words import tell_in_own_words
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.moving import move_visit
from visits.outcomes import Whose, cancel_visit
from visits.places import MoveRefused
from visits.rearranging import latest_rearrangement, undo
from visits.restoring import restore_visit

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
# Half past nine in the evening: nothing leaves before eight.
NIGHT = dt.datetime(2026, 3, 5, 21, 30, tzinfo=dt.UTC)
START = dt.datetime(2026, 3, 6, 14, 0, tzinfo=dt.UTC)
WORDS = "Lou comes through the yard."


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        cast.north.contact.phone = ""
        cast.north.contact.save()
    return cast.north


@pytest.fixture
def visit(north):
    with tenant(north.tenant):
        return make_visit(north, start=START, technician=north.lou)


@pytest.fixture
def written(north, visit):
    """The words, looked at by the worker: they wait for the morning."""
    with tenant(north.tenant):
        tell_in_own_words(visit, WORDS, once=uuid.uuid4(), by=north.dispatcher, now=NIGHT)
    assert deliver_due(clock=lambda: NIGHT, turn=MINUTE) == {"later": 1}


def now_is():
    return Message.objects.get(kind="own words")


def moved(north, visit, **values):
    return move_visit(
        visit, technician=north.lou, start=START + HOUR, reason="", by=north.manager, now=NIGHT + MINUTE,
        version=visit.version, agreed_by_customer=True, **values,
    )  # fmt: skip


def test_they_go_in_the_morning(north, visit, written, mailoutbox):
    morning = dt.datetime(2026, 3, 6, 8, 0, tzinfo=dt.UTC)
    moments = iter([morning] * 20)
    deliver_due(clock=lambda: next(moments, morning + HOUR))
    assert [WORDS in mail.body for mail in mailoutbox] == [True]


def test_the_visit_moves_and_the_writer_hears(north, visit, written, client, time_machine):
    time_machine.move_to(NIGHT + MINUTE, tick=False)
    with tenant(north.tenant):
        moved(north, visit)
        message, duty = now_is(), Duty.objects.get(kind="mend message")
        assert (message.state, message.reason) == (
            "failed",
            "The visit was moved, cancelled or undone.",
        )
        assert (duty.owner, duty.due_at) == (north.dispatcher, NIGHT + MINUTE + HOUR)
        assert WORDS in duty.detail
    client.force_login(north.dispatcher.user)
    tray = client.get("/d/northgate/board/").text
    assert f"What Dana Whitlock wrote did not reach them: “{WORDS}” The visit was moved" in tray
    assert WORDS in client.get(f"/d/northgate/messages/{message.public_id}/").text


def test_sent_again_by_the_writer_they_go_for_the_new_time(north, visit, written, mailoutbox):
    with tenant(north.tenant):
        moved(north, visit)
        morning = dt.datetime(2026, 3, 6, 9, 0, tzinfo=dt.UTC)
        outbox.send_again(now_is(), by=north.dispatcher, now=morning)
        assert not Duty.objects.open().filter(kind="mend message").exists()
    moments = iter([morning] * 20)
    deliver_due(clock=lambda: next(moments, morning + HOUR))
    assert [WORDS in mail.body for mail in mailoutbox].count(True) == 1


def test_the_move_undone_they_wait_again(north, visit, written):
    with tenant(north.tenant):
        visit = moved(north, visit)
        undo(latest_rearrangement(visit, now=NIGHT + 2 * MINUTE), by=north.manager, now=NIGHT + 2 * MINUTE)
        assert (now_is().state, now_is().reason) == ("planned", "")
        assert not Duty.objects.open().filter(kind="mend message").exists()


def test_the_cancelling_undone_they_wait_again(north, visit, written):
    with tenant(north.tenant):
        cancel_visit(
            visit, whose=Whose.CUSTOMER, because="Ill", by=north.manager, now=NIGHT, version=visit.version
        )
        assert now_is().state == "failed"
        restore_visit(visit, by=north.manager, now=NIGHT + MINUTE)
        assert now_is().state == "planned"
        assert not Duty.objects.open().filter(kind="mend message").exists()


def test_refused_the_move_leaves_them_waiting(north, visit, written):
    with tenant(north.tenant):
        visit.version += 1
        with pytest.raises(MoveRefused):
            moved(north, visit)
        assert now_is().state == "planned"
