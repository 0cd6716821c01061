"""The desk that the oracle is told of: its zone, its numbers, its money. See `oracle`."""

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tests.contracts.oracle import ENOUGH, Agreement
from tests.contracts.oracle_calendar import AFTER, DAY, begins_as_long, in_range
from tests.contracts.oracle_facts import EVER, Money


@dataclass
class Desk:
    """One desk, with its zone and its numbers."""

    zone: ZoneInfo
    extends: bool = False
    due_days: int = 60
    grace_days: int = 30
    agreements: dict[str, Agreement] = field(default_factory=dict)
    money: list[Money] = field(default_factory=list)

    def today(self, now: dt.datetime) -> dt.date:
        """Its calendar day."""
        return now.astimezone(self.zone).date()

    def pay(self, now, rows: list[Money]) -> None:
        """R1.4, for one payment after the other, in the order of their days."""
        self.money += rows
        for money in sorted(rows, key=lambda m: m.paid_on):
            named = self.agreements.get(money.written)
            if named is None or money.customer not in (None, named.customer):
                continue
            last = named.last(None)
            if last is None:
                continue
            if not self._is_about_its_end(money, last):
                if self._pays_the_term(money, named, last):
                    self._match(money, named, last.act, now)
                continue
            offer = named.offer_about(last.ends() + DAY, money.paid_on)
            asked = named.price if offer is None else offer.amount
            if named.ending() is None and money.amount >= asked * ENOUGH:
                self._match(money, named, named.renew(now, money.amount, on=money.paid_on), now)

    def clock(self, now) -> None:
        """Terms that follow by themselves, as many as it takes after a standstill."""
        for agreement in self.agreements.values():
            while agreement.goes_on_by_itself(now):
                agreement.renew(
                    now, last=agreement.usual_end(), price=agreement.price, visits=agreement.visits
                )

    def give_back(self, now, name, money: Money, day: dt.date) -> None:
        """R1.4: its term goes back into review, unless other money still pays for it."""
        waited = money.waits.until == EVER
        money.returned = True
        if waited:
            money.waits.until = now
        act = money.act
        if act is None and money.agreement is not None:
            first = next(s for s in money.agreement.stretches if s.act is None)
            if not money.agreement.has_money_of(first):
                # A first term stays: only a later payment may have bounced. A person asks.
                dated_on = min(day, self.today(now))
                money.agreement.log(now, name, "bank line", dated_on, money.amount, first=first)
        if act is None or not act.stands:
            return
        if money.agreement.is_still_paid(act):
            return
        money.agreement._take_back(now, act)
        money.agreement.log(now, name, "bank line", min(day, self.today(now)), money.amount)

    def _match(self, money, agreement, act, now):
        money.agreement, money.act, money.waits.until = agreement, act, now

    def _pays_the_term(self, money, named, last) -> bool:
        """Out of range of its end: enough for the term that stands, in time for it, and not a second time."""
        if money.amount < last.price * ENOUGH or money.paid_on > last.ends() + AFTER * DAY:
            return False
        near = (last.first - AFTER * DAY, last.ends() + AFTER * DAY)
        mine = (m for m in self.money if m.agreement is named and m.act is last.act and not m.returned)
        return not any(last.act is not None or near[0] <= m.paid_on <= near[1] for m in mine)

    def _is_about_its_end(self, money, last) -> bool:
        if not in_range(money.paid_on, last.last, last.ends()):
            return False
        # A term that was cut to end with others is no term that anybody pays at its start.
        begins = last.first if last.usual is None else begins_as_long(last.usual, last.last)
        to_end = max((last.last - money.paid_on).days, (money.paid_on - last.ends()).days, 0)
        return to_end <= abs((money.paid_on - begins).days)
