"""Messages that are not fine: whoever sees to them is handed in at start-up, for it stands to our right."""

import datetime as dt
from typing import Protocol

from messaging.models import Message


class Mender(Protocol):
    """Gives a message that failed, was missed or is uncertain an owner. Called with the desk open."""

    def needed(self, message: Message, *, now: dt.datetime) -> None:
        """In the transaction that says so."""

    def done(self, message: Message, *, by, now: dt.datetime, outcome: str) -> None:
        """A person saw to it."""


_menders: list[Mender] = []


def mended_by(mender: Mender) -> None:
    """Register who is told."""
    _menders.append(mender)


def report(message: Message, *, now: dt.datetime) -> None:
    """Tell everybody who asked that a message needs a person."""
    for mender in _menders:
        mender.needed(message, now=now)


def settle(message: Message, *, by, now: dt.datetime, outcome: str) -> None:
    """Tell everybody who asked that a person (a Membership) saw to it, and what came of it."""
    for mender in _menders:
        mender.done(message, by=by, now=now, outcome=outcome)
