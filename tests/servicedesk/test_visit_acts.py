"""The menu of a chosen visit, and a message in one's own words."""

import re
import uuid

import pytest

from messaging.kinds import kind_of
from messaging.models import Message
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR, HTMX
from visits.models import Visit


@pytest.fixture
def visit(north, now):
    return make_visit(north, start=now + 3 * HOUR, technician=north.lou)


def acts(dispatcher, north, visit):
    page = dispatcher.get(north.url(f"visits/{visit.public_id}/menu/"), headers=HTMX).text
    return [" ".join(act.split()) for act in re.findall(r'<a class="btn" [^>]+>([^<]+)', page)]


def test_the_menu_says_what_is_possible_now(north, visit, dispatcher, now):
    assert acts(dispatcher, north, visit) == [
        "Open the visit",
        "Move",
        "Give to another",
        "Swap with…",
        "Who comes along",
        "Put it in between",
        "I called",
        "Message",
        "Cancel the visit",
        "Everything about The Harbour Letter",
    ]
    Visit.objects.filter(pk=visit.pk).update(state=Visit.State.MISSED, missed_at=now)
    assert acts(dispatcher, north, visit)[:3] == ["Open the visit", "Call and record", "Message"]


def test_own_words_are_planned_once_over_each_channel(north, visit, dispatcher, now):
    url = north.url(f"visits/{visit.public_id}/message/")
    data = {"text": "Lou is twenty minutes behind, sorry.", "once": uuid.uuid4()}
    for _ in range(2):
        assert dispatcher.post(url, data).status_code == 302
    planned = Message.objects.filter(subject=visit.public_id, kind="own words").order_by("channel")
    assert [message.channel for message in planned] == ["mail", "sms"]
    letter = kind_of(planned[1]).write(planned[1], now=now)
    assert letter.text == "Northgate: Lou is twenty minutes behind, sorry. 01632 960 118"
    assert "Own words, text" in dispatcher.get(url, headers=HTMX).text


def test_an_empty_one_and_nobody_to_tell_are_422_and_keep_what_was_written(north, visit, dispatcher):
    url = north.url(f"visits/{visit.public_id}/message/")
    empty = dispatcher.post(url, {"text": " ", "once": uuid.uuid4()})
    assert (empty.status_code, "Write what they should know." in empty.text) == (422, True)
    north.contact.phone = north.contact.email = ""
    north.contact.save()
    nobody = dispatcher.post(url, {"text": "Soon", "once": uuid.uuid4()})
    assert (nobody.status_code, "ring them instead" in nobody.text, ">Soon<" in nobody.text) == (
        422,
        True,
        True,
    )


def test_the_pages_are_the_dispatchers(client, cast, north, visit):
    for name in ("menu", "message", "swap", "crew", "between"):
        path = f"visits/{visit.public_id}/{name}/"
        client.force_login(north.people["technician"].user)
        assert (name, client.get(north.url(path)).status_code) == (name, 403)
        client.force_login(cast.south.dispatcher.user)
        assert (name, client.get(cast.south.url(path)).status_code) == (name, 404)
        client.force_login(north.manager.user)
        assert (name, client.get(north.url(path)).status_code) == (name, 200)
