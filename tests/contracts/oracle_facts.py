"""What the oracle is told, and since when it is known. See `oracle`."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from tests.contracts.oracle_calendar import DAY

EVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass
class Known:
    """Something that is so from one instant on, until another."""

    since: dt.datetime
    until: dt.datetime = EVER

    def at(self, moment: dt.datetime | None) -> bool:
        """Whether it was so at that moment; None: by all that is known."""
        return self.until == EVER if moment is None else self.since <= moment < self.until


@dataclass
class Act:
    """A renewal: from which end it went on, for how much, and whether it stands."""

    old_end: dt.date
    amount: Decimal
    stretch: "Stretch" = None
    stands: bool = True
    # Price and visits that the contract asked for until then; None: it changed nothing, or no more.
    asked_before: tuple | None = None


@dataclass
class Stretch(Known):
    """Days that are paid for, first and last included; `usual` where the next is not as long as this."""

    first: dt.date = None
    last: dt.date = None
    price: Decimal = None
    usual: tuple | None = None
    act: Act | None = None
    pot: Counter = None
    granted: int = 0
    gifts: list["Gift"] = field(default_factory=list)

    def ends(self, known: dt.datetime | None = None) -> dt.date:
        """The last day that it covers: with what was given at its end, and nobody pays for."""
        return self.last + sum(gift.days for gift in self.gifts if gift.at(known)) * DAY


@dataclass
class Gift(Known):
    """Days given as goodwill at the end of a stretch."""

    days: int = 0


@dataclass
class Proof:
    """Evidence: it waits, then is judged once; a bank may give it back even after that."""

    kind: str
    dated_on: dt.date
    amount: Decimal | None
    waits: Known
    verdict: str = ""
    act: Act | None = None
    # The first term whose own money it is about.
    first: Stretch | None = None


@dataclass
class Money:
    """A payment; unmatched for as long as `waits` says."""

    customer: str | None
    written: str
    paid_on: dt.date
    amount: Decimal
    waits: Known
    agreement: object = None
    act: Act | None = None
    returned: bool = False


@dataclass
class Ending(Known):
    """A cancellation; `day` None: not known."""

    day: dt.date | None = None


@dataclass
class Offer(Known):
    """A next term at a price, from its sending until it is settled or declined."""

    last: dt.date = None
    amount: Decimal = None
    visits: int = 0
    first: dt.date = None
    valid_until: dt.date = None
    accepted: Known | None = None
