"""The booking panel as its tests meet it: Northgate's dispatcher, what the panel posts and shows."""

import datetime as dt
import re

import pytest
import time_machine

HTMX = {"HX-Request": "true"}
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clock(now):
    """The tests' moment, which a test may move on."""
    with time_machine.travel(now, tick=False) as travel:
        yield travel


@pytest.fixture
def desk(cast, client, clock):
    """Northgate, signed in as its dispatcher."""
    client.force_login(cast.north.dispatcher.user)
    return cast.north


def url(desk, path="book/"):
    return desk.url(f"customers/{desk.customer.public_id}/{path}")


def key(technician, hour, minute=0, day=5):
    return f"{technician.public_id}@202603{day:02}T{hour:02}{minute:02}00Z"


def form(desk, **changes):
    """What the panel posts when its first slot is taken."""
    data = {
        "kind": "fault",
        "problem": "Grey bands",
        "machine": str(desk.copier.public_id),
        "slot": key(desk.lou, 13, 30),
        "tell": ["sms", "mail"],
    }
    return {**data, **changes}


def slots(answer):
    return re.findall(r'name="slot"\s+value="([^"]+)"', answer.text)


def words(answer):
    return " ".join(answer.text.split())
