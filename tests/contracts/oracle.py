"""A slow oracle of cover: what R1 and R3.1 say of a contract, day by day, in plain Python.

Written from the rules alone and never from the product's code, whose answers it is held against. It
knows no database: a desk is told what happened, in the order in which it happened, and asked how a
contract reads on a day, by all that is known or by what was known at an instant.

Where the rules leave something open, it reads them so:
1. A later term that stands is "the next term", also across a gap (nobody is asked to renew).
2. Money and proofs near two ends (terms shorter than 211 days) belong to the nearer one.
3. A proof that belongs to an end which is renewed already joins that renewal.
4. Money whose number is another customer's contract decides nothing: it is unmatched for both.
5. A first term whose money went back is owed until a proof that is dated about its start, or the one
   that asks for it, is confirmed: that pays for it and makes no term.
6. A month that lacks a term's day ends the term with that month, or a day before.
7. Days given go to the last standing term when their own is taken back; money on such a day is at the end.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from tests.contracts.oracle_calendar import AFTER, DAY, as_long, fold, in_range, length_of
from tests.contracts.oracle_facts import EVER, Act, Ending, Gift, Known, Money, Offer, Proof, Stretch

if TYPE_CHECKING:
    from tests.contracts.oracle_desk import Desk

OFFER = "accepted offer"
ENOUGH = Decimal("0.95")


@dataclass
class Agreement:
    """A contract as the rules see it."""

    desk: "Desk"
    number: str
    customer: str
    price: Decimal
    visits: int
    # How many days before the end of the running term notice has to be given; None: it just ends.
    notice_days: int | None = None
    stretches: list[Stretch] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    ledger: Counter = field(default_factory=Counter)

    # What happens to it

    def enter(self, now, first, last) -> None:
        """Its first term."""
        stretch = Stretch(now, first=first, last=last, price=self.price, pot=Counter(), granted=self.visits)
        self.stretches.append(stretch)
        self._grant(stretch, self.visits)

    def log(self, now, name, kind, dated_on, amount, first=None) -> None:
        """R1.3: review at once."""
        self.proofs[name] = Proof(kind, dated_on, amount, Known(now), first=first)

    def confirm(self, now, name) -> None:
        """R1.3: it proves the renewal that it belongs to, or makes it."""
        proof = self.proofs[name]
        self._judge(proof, now, "confirmed")
        about = self._about(proof)
        if isinstance(about, Stretch):
            proof.first = about
            for asked in self.proofs.values():
                if asked.first is about and not asked.verdict:
                    self._judge(asked, now, "rejected")
            return
        proof.act = about or self.renew(now, proof.amount, on=self.desk.today(now))

    def reject(self, now, name) -> None:
        """It proves nothing; an offer that was not accepted after all is settled."""
        proof = self.proofs[name]
        self._judge(proof, now, "rejected")
        for offer in self.offers:
            if proof.kind == OFFER and offer.until == EVER and offer.accepted is not None:
                self._settle(offer, now)

    def may_confirm(self, name) -> bool:
        """A cancelled contract is renewed by nothing; a proof may join what stands."""
        proof = self.proofs[name]
        return self.ending() is None or self._about(proof) is not None

    def offer(self, now, last, amount, visits, valid_until) -> None:
        """A next term at a price, sent to the customer."""
        first = self.last(None).ends() + DAY
        self.offers.append(
            Offer(now, first=first, last=last, amount=amount, visits=visits, valid_until=valid_until)
        )

    def accept(self, now, name) -> None:
        """R1.5: an accepted offer is evidence."""
        offer = self.open_offer()
        offer.accepted = Known(now)
        self.log(now, name, OFFER, self.desk.today(now), offer.amount)

    def decline(self, now) -> None:
        """The customer's no."""
        self.open_offer().until = now

    def bounce(self, now, name) -> None:
        """R1.4: money that is returned takes its term back, into review."""
        proof = self.proofs[name]
        before = proof.verdict
        if not before:
            self._judge(proof, now, "returned")
        proof.verdict = "returned"
        if (
            before == "confirmed"
            and proof.act is not None
            and proof.act.stands
            and not self.is_still_paid(proof.act)
        ):
            self._take_back(now, proof.act)
            self.log(now, f"{name} again", proof.kind, proof.dated_on, proof.amount)
        if before == "confirmed" and proof.first is not None and self._owes(proof.first):
            self.log(now, f"{name} again", proof.kind, proof.dated_on, proof.amount, first=proof.first)

    def renew(self, now, amount=None, *, on=None, last=None, price=None, visits=None, cut=False) -> Act:
        """R1.9: the next term starts the day after the last end, whenever that is.

        As offered, if the offer still holds `on` a day.
        """
        before = self.last(None)
        first = before.ends() + DAY
        length = before.usual or length_of(before.first, before.last)
        offer = self.offer_about(first, on)
        if offer is not None and last is None and price is None:
            last, price, visits = offer.last, offer.amount, offer.visits
        ends_on = as_long(length, first) if last is None else last
        if cut:
            # A part of a term costs, and grants visits, by its days; a begun visit counts.
            share = Fraction((ends_on - first).days + 1, (as_long(length, first) - first).days + 1)
            price = Decimal(floor(Fraction(self.price) * 100 * share + Fraction(1, 2))) / 100
            visits = ceil(self.visits * share)
        price = self.price if price is None else price
        visits = self.visits if visits is None else visits
        act = Act(before.ends(), price if amount is None else amount)
        pot = before.pot if self.desk.extends else Counter()
        act.stretch = Stretch(now, first=first, last=ends_on, price=price, act=act, pot=pot, granted=visits)
        if cut:
            act.stretch.usual = length[:2] + (None,) * (length[0] == "months")
        else:
            act.asked_before = self.price, self.visits
            self.price, self.visits = price, visits
        self.stretches.append(act.stretch)
        self.acts.append(act)
        self._grant(act.stretch, visits)
        for proof in self.proofs.values():
            if not proof.verdict and proof.first is None:
                self._judge(proof, now, "confirmed")
                proof.act = act
        for standing in self.offers:
            if standing.until == EVER:
                self._settle(standing, now)
        return act

    def usual_end(self) -> dt.date:
        """The last day of a next term that is as long as the last one."""
        last = self.last(None)
        return as_long(last.usual or length_of(last.first, last.last), last.ends() + DAY)

    def cancel(self, now, day) -> None:
        """From that day on it covers nothing; what the customer has not answered is withdrawn."""
        self.endings.append(Ending(now, day=day))
        self._withdraw_offers(now)

    def undo(self, now) -> None:
        """As if it had never been."""
        self.ending().until = now

    def give_days(self, now, days) -> None:
        """Goodwill: it runs so much longer; what was offered to follow it is offered no more."""
        self.last(None).gifts.append(Gift(now, days=days))
        self._withdraw_offers(now)

    def may_be_given_days(self, now) -> bool:
        """Its last term has begun, runs or is in grace, and nobody has to judge anything."""
        today, last = self.desk.today(now), self.last(None)
        if self.ending() or last is None or last.first > today or self.in_review(today):
            return False
        return self.state_on(today) in ("active", "renewal due", "in grace")

    def goes_on_by_itself(self, now) -> bool:
        """R1.9: whether the clock adds the next term: nobody can give notice any more, and nobody did."""
        today, last = self.desk.today(now), self.last(None)
        if self.notice_days is None or last is None or last.first > today:
            return False
        if self.has_notice(last.ends()) or today <= self.notice_by():
            return False
        return not any(not p.verdict and p.dated_on <= today for p in self.proofs.values())

    def notice_by(self) -> dt.date:
        """The last day for notice: it counts from the end of the term."""
        return self.last(None).ends() - self.notice_days * DAY

    def has_notice(self, end, known=None) -> bool:
        """Whether a cancellation ends it with the term that ends then, or before."""
        return any(e.at(known) and (e.day is None or e.day <= end + DAY) for e in self.endings)

    def use(self, kind, how_many=1) -> None:
        """R3.1: one line in the ledger of the last term's use."""
        self.ledger[kind] += how_many
        self.last(None).pot[kind] += how_many

    # How it reads

    def state_on(self, day: dt.date, known: dt.datetime | None = None) -> str:
        """R1.2, in its order."""
        if any(e.at(known) and (e.day is None or e.day <= day) for e in self.endings):
            return "cancelled"
        standing = self.standing(known)
        until = self.runs_until(day, known)
        if until is not None:
            if any(s.first > until for s in standing) or (until - day).days > self.desk.due_days:
                return "active"
            return "renewal in review" if self.in_review(day, known) else "renewal due"
        if any(s.first > day for s in standing):
            return "upcoming"
        if self.in_review(day, known):
            return "renewal in review"
        if standing and (day - max(s.ends(known) for s in standing)).days <= self.desk.grace_days:
            return "in grace"
        return "lapsed"

    def runs_until(self, day, known=None) -> dt.date | None:
        """The last day of the term that covers a day; where the desk extends, the term goes on."""
        covering = [s for s in self.standing(known) if s.first <= day <= s.ends(known)]
        if not covering:
            return None
        return self.covered_until(day, known) if self.desk.extends else covering[0].ends(known)

    def covered_until(self, day, known=None) -> dt.date | None:
        """The last day that is covered without a gap from a covered day on: day by day."""
        covered = self._covered_days(known)
        if day not in covered:
            return None
        while day + DAY in covered:
            day += DAY
        return day

    def in_review(self, day, known=None) -> bool:
        """R1.5: evidence, a claim, an accepted offer, money without a match."""
        if any(p.waits.at(known) and p.dated_on <= day for p in self.proofs.values()):
            return True
        last = self.last(known)
        is_over = last is not None and last.ends(known) < day
        if self.notice_days is not None and is_over and not self.has_notice(last.ends(known), known):
            # It goes on by itself; the clock has not come to it yet.
            return True
        accepted = [o.accepted for o in self.offers if o.accepted is not None]
        if any(a.at(known) and self.desk.today(a.since) <= day for a in accepted):
            return True
        return any(
            m.waits.at(known) and m.paid_on <= day and self._may_be_meant(m, known) for m in self.desk.money
        )

    def standing(self, known=None) -> list[Stretch]:
        """The terms that stand."""
        return [s for s in self.stretches if s.at(known)]

    def last(self, known=None) -> Stretch | None:
        """The last term that stands."""
        return max(self.standing(known), key=lambda s: s.last, default=None)

    def ending(self) -> Ending | None:
        """The cancellation that stands, whether or not its day has come."""
        return next((e for e in self.endings if e.until == EVER), None)

    def open_offer(self) -> Offer | None:
        """The offer that waits for an answer."""
        return next((o for o in self.offers if o.until == EVER and o.accepted is None), None)

    def offer_about(self, first, on) -> Offer | None:
        """The offer for the term that begins on that day: accepted, or valid on another."""
        for o in self.offers:
            if o.until == EVER and o.first == first and (o.accepted or on is None or on <= o.valid_until):
                return o
        return None

    def changes(self) -> set[dt.date]:
        """Days around which time alone may change the state."""
        days = set()
        for s in self.stretches:
            days.add(s.first)
            for end in {s.last, s.ends(), *(s.ends(gift.since) for gift in s.gifts)}:
                days |= {end, end + DAY}
                days |= {end - self.desk.due_days * DAY, end + (self.desk.grace_days + 1) * DAY}
        days |= {e.day for e in self.endings if e.day}
        days |= {p.dated_on for p in self.proofs.values()}
        mine = (m for m in self.desk.money if m.customer == self.customer or m.written == fold(self.number))
        return days | {m.paid_on for m in mine}

    # How the rules are kept

    def _covered_days(self, known):
        days = set()
        for s in self.standing(known):
            days |= {s.first + n * DAY for n in range((s.ends(known) - s.first).days + 1)}
        return days

    def _may_be_meant(self, money: Money, known) -> bool:
        """R1.4: within range of the end; names no contract, none of ours, or this one with too little.

        The range says what renews by itself. Money with this very number that came before it, in the
        last term, is a "payment without a match" of R1.5 all the same: the contract never lapses by it.
        """
        last = self.last(known)
        if last is None:
            return False
        named = self.desk.agreements.get(money.written)
        if named is self and last.first <= money.paid_on <= last.ends(known) + AFTER * DAY:
            return True
        if not in_range(money.paid_on, last.last, last.ends(known)):
            return False
        if named is self:
            return True
        return money.customer == self.customer and (named is None or named.customer != self.customer)

    def _about(self, proof) -> Act | Stretch | None:
        """The standing renewal of the end that a proof is dated about, unless the last end is nearer.

        Or the first term that begins after that day, while it is owed. An offer is about the term that
        follows.
        """
        if proof.first is not None or proof.kind == OFFER:
            return proof.first
        day = proof.dated_on
        ends = [(a.old_end, a) for a in self.acts if a.stands]
        ends += [(s.first - DAY, s) for s in self.stretches if s.act is None and self._owes(s)]
        ends = [(end, about) for end, about in ends if in_range(day, end)]
        if not ends:
            return None
        end, nearest = min(ends, key=lambda pair: (abs((day - pair[0]).days), pair[0]))
        to_last = abs((day - self.last(None).ends()).days)
        return nearest if abs((day - end).days) <= to_last else None

    def _owes(self, first: Stretch) -> bool:
        """Whether somebody was asked for its money, which went back, and nothing brought it since."""
        verdicts = [p.verdict for p in self.proofs.values() if p.first is first]
        return bool(verdicts) and "confirmed" not in verdicts and not self.has_money_of(first)

    def has_money_of(self, first: Stretch) -> bool:
        """Whether the money around a first term makes 95 % of its price."""
        near = (first.first - AFTER * DAY, first.ends() + AFTER * DAY)
        mine = (m for m in self.desk.money if m.agreement is self and m.act is None and not m.returned)
        return sum((m.amount for m in mine if near[0] <= m.paid_on <= near[1]), Decimal(0)) >= (
            first.price * ENOUGH
        )

    def _judge(self, proof, now, verdict):
        proof.verdict, proof.waits.until = verdict, now

    def is_still_paid(self, act) -> bool:
        """Whether the money that is left makes 95 % of what the renewal was made for.

        An overpaid renewal stands on its price, one that was let pass for less on what it was.
        """
        left = sum((m.amount for m in self.desk.money if m.act is act and not m.returned), Decimal(0))
        return left > 0 and left >= min(act.amount, act.stretch.price) * ENOUGH

    def _take_back(self, now, act):
        act.stands, act.stretch.until = False, now
        for gift in [gift for gift in act.stretch.gifts if gift.until == EVER]:
            gift.until = now
            self.last(None).gifts.append(Gift(now, days=gift.days))
        # The customer is asked again for what was asked before, unless a later renewal stands.
        for latest in reversed(self.acts):
            if latest.stands:
                break
            if latest.asked_before is not None:
                self.price, self.visits = latest.asked_before
                latest.asked_before = None
        used = sum(act.stretch.pot[kind] for kind in ("done", "declined", "forfeited", "carried over"))
        held = act.stretch.pot["granted"] - act.stretch.pot["withdrawn"]
        back = min(act.stretch.granted, max(0, held - used))
        act.stretch.pot["withdrawn"] += back
        self.ledger["withdrawn"] += back

    def _grant(self, stretch, visits):
        stretch.pot["granted"] += visits
        self.ledger["granted"] += visits

    def _withdraw_offers(self, now):
        for offer in self.offers:
            if offer.until == EVER and offer.accepted is None:
                offer.until = now

    def _settle(self, offer, now):
        offer.until = now
        if offer.accepted is not None:
            offer.accepted.until = now
