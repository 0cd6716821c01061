"""Contract histories for the proof of cover: written by chance from a seed, each act a lawful one.

A history is told to the oracle while it is written, so that the next act can be one that a person
could do then. Instants lie around local midnight and around the limits that the rules name.
"""

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from tests.contracts.oracle import Agreement
from tests.contracts.oracle_calendar import DAY, fold, length_of
from tests.contracts.oracle_desk import Desk
from tests.contracts.oracle_facts import EVER, Known, Money

CLOCKS = (dt.time(0), dt.time(0, 0, 1), dt.time(23, 59, 59), dt.time(23, 59, 59, 999999), dt.time(9, 30))
AROUND_AN_END = (
    -130,
    -121,
    -120,
    -119,
    -90,
    -61,
    -60,
    -59,
    -30,
    -2,
    -1,
    0,
    1,
    2,
    15,
    29,
    30,
    31,
    60,
    89,
    90,
    91,
)
LENGTHS = (1, 3, 6, 12, 12, 12, 12, 24, 36)
KINDS = ("cheque", "cheque", "bank line", "signed form", "photo", "mail", "customer's word")
# Ends of terms that calendars find hard. Apia had no 30 December 2011.
HARD_ENDS = (
    dt.date(2024, 2, 29),
    dt.date(2023, 2, 28),
    dt.date(2025, 1, 30),
    dt.date(2024, 12, 31),
    dt.date(2011, 12, 30),
    dt.date(2026, 3, 28),
    dt.date(2025, 10, 25),
)


@dataclass
class Act:
    """One act upon a contract, by its name and what it was done with."""

    what: str
    number: str
    given: dict = field(default_factory=dict)


@dataclass
class Batch:
    """Histories at one desk that share their instants, so that one query can look at all of them."""

    desk: Desk
    instants: list[dt.datetime]
    acts: dict[dt.datetime, list[Act]]
    customers: dict[str, list[str]]
    # Price and visits with which each contract was opened.
    opened: dict[str, tuple[Decimal, int]]


class Writer:
    """Writes the histories of one batch."""

    def __init__(self, seed: int, desk: Desk, size: int):
        self.chance = random.Random(seed)
        self.desk, self.size, self.prefix = desk, size, f"K{seed % 100000}"
        self.acts: dict[dt.datetime, list[Act]] = defaultdict(list)
        self.customers: dict[str, list[str]] = {}
        self.first_terms: dict[str, tuple[dt.date, dt.date]] = {}
        self.opened: dict[str, tuple[Decimal, int]] = {}
        self.named = 0

    def write(self) -> Batch:
        """The whole batch, told to its oracle on the way."""
        first = self._end()
        second = self._end()
        # Nobody enters days that are ten years away.
        near = abs((second - first).days) < 1500
        ends = [first, second if near else first + self.chance.randrange(-900, 900) * DAY]
        self._open(ends)
        instants = self._instants(ends)
        begins = {number: self.chance.choice(instants[:4]) for number in self.first_terms}
        for now in instants:
            self.acts[now].append(Act("clock", ""))
            self.desk.clock(now)
            for number, agreement in list(self.desk.agreements.items()):
                if begins[number] == now:
                    first, last = self.first_terms[number]
                    self._do(now, "enter", agreement, first=first, last=last)
                    if self.chance.random() < 0.05:
                        # The old program says that it was cancelled, and perhaps when.
                        day = self.chance.choice((None, first + 100 * DAY, last))
                        self._do(now, "told cancelled", agreement, day=day)
                elif begins[number] < now and self.chance.random() < 0.3:
                    self._act(now, agreement)
        return Batch(self.desk, instants, self.acts, self.customers, self.opened)

    def _end(self) -> dt.date:
        if self.chance.random() < 0.4:
            return self.chance.choice(HARD_ENDS)
        return dt.date(2019, 1, 1) + self.chance.randrange(3000) * DAY

    def _instants(self, ends):
        days = set()
        for end in ends:
            days |= {end + n * DAY for n in self.chance.sample(AROUND_AN_END, 10)}
            days |= {end + (365 + n) * DAY for n in self.chance.sample(AROUND_AN_END, 4)}
            days |= {
                end + n * DAY for n in (self.chance.randrange(-200, 800), self.chance.randrange(-200, 400))
            }
        return sorted(
            {
                dt.datetime.combine(day, self.chance.choice(CLOCKS), self.desk.zone).astimezone(dt.UTC)
                for day in sorted(days)
            }
        )

    def _open(self, ends):
        while len(self.desk.agreements) < self.size:
            customer = f"{self.prefix} customer {len(self.customers)}"
            self.customers[customer] = []
            for _ in range(self.chance.choice((1, 1, 2))):
                number = f"{self.prefix}-{len(self.desk.agreements) + 1:04}"
                price = Decimal(self.chance.choice(("612.00", "100.00", "0.99", "1234.56")))
                agreement = Agreement(self.desk, number, customer, price, self.chance.randrange(4))
                if self.chance.random() < 0.15:
                    agreement.notice_days = self.chance.choice((0, 30, 90))
                self.opened[fold(number)] = price, agreement.visits
                self.desk.agreements[fold(number)] = agreement
                self.customers[customer].append(number)
                self.first_terms[fold(number)] = self._first_term(self.chance.choice(ends))

    def _first_term(self, end):
        if self.chance.random() < 0.2:
            return end - self.chance.randrange(400) * DAY, end
        months = self.chance.choice(LENGTHS)
        begins = [end - n * DAY for n in range(months * 28 - 4, months * 31 + 4)]
        whole = [day for day in begins if length_of(day, end)[:2] == ("months", months)]
        # No term of whole months ends on 28 February of a leap year.
        return self.chance.choice(whole or begins), end

    def _do(self, now, what, agreement, **given):
        """Tell the oracle and keep it for the product."""
        self.acts[now].append(Act(what, fold(agreement.number), given))
        {
            "enter": agreement.enter,
            "log": agreement.log,
            "confirm": agreement.confirm,
            "reject": agreement.reject,
            "bounce": agreement.bounce,
            "cancel": agreement.cancel,
            "told cancelled": agreement.cancel,
            "offer": agreement.offer,
            "accept": agreement.accept,
            "decline": agreement.decline,
            "undo": agreement.undo,
            "give days": agreement.give_days,
        }[what](now, **given)

    def _act(self, now, agreement):
        waiting = [name for name, proof in agreement.proofs.items() if not proof.verdict]
        returnable = [
            name
            for name, proof in agreement.proofs.items()
            if proof.kind in ("cheque", "bank line") and proof.verdict in ("", "confirmed")
        ]
        paid = [
            money
            for money in self.desk.money
            if not money.returned and (money.agreement is agreement or money.customer == agreement.customer)
        ]
        ways = [(self._log, 5), (self._pay, 6)]
        ways += [(self._judge, 6)] if waiting else []
        ways += [(self._bounce, 2)] if returnable else []
        ways += [(self._give_back, 2)] if paid else []
        ways += (
            [(self._undo, 3)] if agreement.ending() else [(self._cancel, 1), (self._renew, 2), (self._cut, 1)]
        )
        if (offer := agreement.open_offer()) and self.desk.today(now) <= offer.valid_until:
            ways += [(self._decline, 2), *([(self._accept, 4)] if self._may_accept(agreement) else [])]
        elif not agreement.ending() and not any(o.until == EVER for o in agreement.offers):
            ways += [(self._offer, 2)]
        ways += [(self._use, 2)] if self._left(agreement) > 0 else []
        ways += [(self._give_days, 4)] if agreement.may_be_given_days(now) else []
        way = self.chance.choices([w for w, _ in ways], [n for _, n in ways])[0]
        way(now, agreement, waiting, returnable, paid)

    def _log(self, now, agreement, *_):
        back = self.chance.choice((0, 0, 0, 1, 3, 10, 45, 100, 130, 250))
        today = self.desk.today(now)
        dated_on = today - back * DAY
        if any(proof.first is not None for proof in agreement.proofs.values()) and self.chance.random() < 0.5:
            # They pay the first term after all.
            begins = agreement.stretches[0].first
            dated_on = min(today, begins + self.chance.choice((-121, -120, -30, 0, 30, 89, 90)) * DAY)
        self._do(
            now,
            "log",
            agreement,
            name=self._name("proof"),
            kind=self.chance.choice(KINDS),
            dated_on=dated_on,
            amount=self.chance.choice((None, agreement.price, agreement.price, Decimal("50.00"))),
        )

    def _judge(self, now, agreement, waiting, *_):
        name = self.chance.choice(waiting)
        confirms = agreement.may_confirm(name) and self.chance.random() < 0.7
        self._do(now, "confirm" if confirms else "reject", agreement, name=name)

    def _bounce(self, now, agreement, _, returnable, __):
        self._do(now, "bounce", agreement, name=self.chance.choice(returnable))

    def _pay(self, now, agreement, *_):
        rows = [self._money(now, agreement) for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        self.acts[now].append(Act("pay", fold(agreement.number), {"rows": rows}))
        self.desk.pay(now, [money for money, _ in rows])

    def _money(self, now, agreement) -> tuple[Money, str]:
        """A payment, and its number as it is written."""
        price, digits = agreement.price, fold(agreement.number)
        enough = (price * Decimal("0.95")).quantize(Decimal("0.01"), "ROUND_UP")
        amount = self.chance.choice(
            (price, price, price, enough, max(Decimal("0.01"), enough - Decimal("0.01")))
        )
        day = self.desk.today(now) - self.chance.choice((0, 0, 1, 1, 2, 5, 30, 100, -1)) * DAY
        last = agreement.last(None)
        if self.chance.random() < 0.3:
            day = min(day, last.ends() + self.chance.choice((-121, -120, 90, 91)) * DAY)
        written = self.chance.choice(
            (agreement.number, agreement.number, agreement.number, agreement.number.lower().replace("-", " "))
            + (
                "",
                "see letter",
                digits[:-1],
                f"{digits[:-1]}9",
                self.chance.choice(list(self.desk.agreements)),
            )
        )
        customer = self.chance.choice(
            (agreement.customer,) * 8 + (None, self.chance.choice(list(self.customers)))
        )
        return Money(customer, fold(written), day, amount, Known(now)), written

    def _give_back(self, now, agreement, _, __, paid):
        money = self.chance.choice(paid)
        day = self.desk.today(now) - self.chance.choice((0, 0, 2, 20)) * DAY
        name = self._name("proof")
        self.acts[now].append(
            Act("give back", fold(agreement.number), {"money": money, "day": day, "name": name})
        )
        self.desk.give_back(now, name, money, day)

    def _cancel(self, now, agreement, *_):
        last = agreement.last(None).ends()
        day = last + self.chance.choice((0, 1, 1, 30, 300)) * DAY
        if agreement.notice_days is not None:
            # Given too late, it ends with the term that follows by itself.
            late = self.desk.today(now) > agreement.notice_by()
            day = (agreement.usual_end() if late else last) + DAY
        if self._is_near(day, now):
            self._do(now, "cancel", agreement, day=day)

    def _is_near(self, day, now) -> bool:
        """A day more than ten years ahead is a slip of the pen, and refused."""
        return (day - self.desk.today(now)).days < 3600

    def _offer(self, now, agreement, *_):
        first = agreement.last(None).ends() + DAY
        last = self.chance.choice((agreement.usual_end(), first + self.chance.randrange(500) * DAY))
        amount = self.chance.choice((agreement.price, Decimal("650.00")))
        more = {
            "visits": self.chance.randrange(4),
            "valid_until": self.desk.today(now) + self.chance.choice((30, 90, 2000)) * DAY,
        }
        if self._is_near(last, now):
            self._do(now, "offer", agreement, last=last, amount=amount, **more)

    def _may_accept(self, agreement) -> bool:
        """Nothing has changed since it was sent."""
        return not agreement.ending() and agreement.open_offer().first == agreement.last(None).ends() + DAY

    def _accept(self, now, agreement, *_):
        self._do(now, "accept", agreement, name=self._name("proof"))

    def _decline(self, now, agreement, *_):
        self._do(now, "decline", agreement)

    def _undo(self, now, agreement, *_):
        self._do(now, "undo", agreement)

    def _give_days(self, now, agreement, *_):
        self._do(now, "give days", agreement, days=self.chance.choice((1, 7, 14, 14, 30, 100)))

    def _renew(self, now, agreement, *_):
        first = agreement.last(None).ends() + DAY
        last = agreement.usual_end()
        given = {
            "last": self.chance.choice((last, last, first + self.chance.randrange(500) * DAY)),
            "price": self.chance.choice((agreement.price, Decimal("700.00"))),
            "visits": self.chance.randrange(4),
        }
        self.acts[now].append(Act("renew", fold(agreement.number), given))
        agreement.renew(now, **given)

    def _cut(self, now, agreement, *_):
        """Two contracts of a customer end together from now on."""
        both = [self.desk.agreements[fold(number)] for number in self.customers[agreement.customer]]
        waits = any(not proof.verdict for a in both for proof in a.proofs.values())
        if len(both) < 2 or waits or any(a.ending() or a.last(None) is None for a in both):
            return
        latest = max(a.last(None).ends() for a in both)
        common = latest + self.chance.choice((0, 0, 1, 17, 200)) * DAY
        if all(a.last(None).ends() == common for a in both):
            return
        if any((common - a.last(None).ends()).days > 3600 for a in both):
            return
        acts = [a for a in both if a.last(None).ends() < common]
        self.acts[now].append(
            Act("cut", fold(agreement.number), {"last": common, "numbers": [a.number for a in both]})
        )
        for a in acts:
            a.renew(now, last=common, cut=True)

    def _use(self, now, agreement, *_):
        kind = self.chance.choice(("done", "declined", "forfeited"))
        self.acts[now].append(Act("use", fold(agreement.number), {"kind": kind}))
        agreement.use(kind)

    def _left(self, agreement) -> int:
        pot = agreement.last(None).pot
        return pot["granted"] - pot["withdrawn"] - pot["done"] - pot["declined"] - pot["forfeited"]

    def _name(self, what) -> str:
        self.named += 1
        return f"{what} {self.named}"
