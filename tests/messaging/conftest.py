"""A kind of message whose answers a test sets, and messages of it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from messaging import kinds
from messaging.keys import key_of
from messaging.kinds import LINK, Letter, Useless
from messaging.models import Message


@dataclass
class Answers:
    """A kind that says what the test wants it to."""

    against: str = ""
    is_fault: bool = True
    disturbs: bool = False
    overrules: bool = False
    links: list = field(default_factory=list)
    write: Callable = lambda message, *, now: Letter("A title", f"Text: {LINK}")

    def why_not(self, message, *, now):
        return self.against

    def useless(self, message, *, now):
        return Useless("Of no use any more.", is_fault=self.is_fault)

    def may_disturb(self, message, *, quiet_until):
        return self.disturbs

    def overrules_stop(self, message):
        return self.overrules

    def make_link(self, message, *, now):
        self.links.append(f"https://desk.example/v/token-{len(self.links) + 1}/")
        return self.links[-1]


@pytest.fixture
def answers(monkeypatch):
    """What the kind "test" says."""
    said = Answers()
    monkeypatch.setitem(kinds._kinds, "test", said)
    return said


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def pass_time(self, **parts):
        self.now += dt.timedelta(**parts)
        return self.now


@pytest.fixture
def clock(now):
    """A clock that the test hands on and moves."""
    return Clock(now)


@pytest.fixture
def north(cast, answers):
    """Northgate, whose messages are of the kind "test"."""
    return cast.north


def make_message(desk, *, now, number=1, channel=Message.Channel.MAIL, **values):
    """A message of the desk (open) to its customer's contact, due now."""
    return Message.objects.create(
        **{
            "key": key_of("test", number, channel),
            "kind": "test",
            "channel": channel,
            "customer": desk.customer,
            "contact": desk.contact,
            "send_after": now,
            "planned_at": now - dt.timedelta(hours=1),
            **values,
        }
    )
