"""Nobody is ever called lapsed who has renewed: cover against a slow oracle that knows the rules only.

Contract histories written by chance are played through the product's own functions, at desks of six
zones; then every contract is asked how it reads on the days that matter, now and as it was known
at each moment, and its life is replayed. `PROOF=full` (make proof): 10,000 histories, told in ten parts
of a thousand; `SEED` tries others.
"""

import datetime as dt
import os
import random
import re
import sys
from collections import Counter, defaultdict
from itertools import zip_longest
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from contracts import life
from contracts.cover import cover_in_words
from contracts.life import life_of, lives_of
from contracts.models import AllowanceEntry, Contract
from tenancy.calendars import instant_at, local_day
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_desk
from tests.contracts.oracle_calendar import DAY, fold
from tests.contracts.oracle_desk import Desk
from tests.proofs.cover_histories import Writer
from tests.proofs.cover_player import Player
from tests.proofs.cover_reading import read_contracts, read_states

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
SEED = int(os.environ.get("SEED", "20260305"))
HISTORIES = int(os.environ.get("HISTORIES", 10_000 if FULL else 9))
# A person who waits for hours sees how it goes, and a difference at once.
PARTS = 10 if FULL else 1
ZONES = (
    "Pacific/Apia",
    "Asia/Kolkata",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "Pacific/Kiritimati",
)
# A record, by whom, and when: ", Hollis Grant, 2 Mar 2026 10:14".
BY_WHOM_AND_WHEN = re.compile(
    r"(, |entered by )(\w+ \w+|the (import|desk|customer)), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(;|$)"
)


class Judge:
    """Holds the product's answers against the oracle's, and keeps what differs."""

    def __init__(self, batch, player, seed):
        self.batch, self.seed, self.tenant = batch, seed, player.desk.tenant
        self.chance = random.Random(seed)
        self.numbers = {contract.pk: number for number, contract in player.contracts.items()}
        self.told = {number: batch.desk.agreements[number] for number in player.contracts}
        self.told_first = dict(self.told)
        self.contracts = player.contracts
        self.counts = Counter()
        self.differences: dict[str, str] = {}
        # What was read live: by number, (moment, state, sentence).
        self.live = defaultdict(list)

    def look(self, moments):
        """How contracts read at moments between which nothing was done; the oracle's answers beside it."""
        asked = [(now, number) for now, numbers in moments for number in sorted(numbers & set(self.told))]
        today = self.batch.desk.today
        rows = read_contracts(
            ((self.contracts[number].pk, today(now), None) for now, number in asked), self.tenant, known=False
        )
        for (now, number), row in zip(asked, rows, strict=True):
            cover = cover_in_words(row)
            told = self.told[number].state_on(cover.day, now)
            self._compare("live", number, cover.day, told, cover.state, now)
            self.live[number].append((now, cover.state, cover.sentence))

    def look_back(self):
        """All days that matter, by all that is known in the end."""
        seen = {self.batch.desk.today(now) for now in self.batch.instants}
        asked = [
            (number, day)
            for number, agreement in self.told.items()
            for day in sorted({near + n * DAY for near in agreement.changes() | seen for n in (-1, 0, 1)})
        ]
        read = read_states((self.contracts[number].pk, day) for number, day in asked)
        for (number, day), (state, until) in zip(asked, read, strict=True):
            agreement = self.told[number]
            self._compare("by day", number, day, agreement.state_on(day), state)
            self._compare("until", number, day, agreement.covered_until(day), until)

    def look_at_ledgers(self):
        """Sums of the ledger by kind."""
        sums = defaultdict(Counter)
        for entry in AllowanceEntry.objects.filter(entitlement__term__contract__in=list(self.numbers)).values(
            "entitlement__term__contract", "kind", "quantity"
        ):
            sums[self.numbers[entry["entitlement__term__contract"]]][entry["kind"]] += int(entry["quantity"])
        for number, agreement in self.told.items():
            self._compare("ledger", number, None, +agreement.ledger, +sums[number])

    def look_at_lives(self, monkeypatch):
        """The replay tells the same as was read live, moment by moment, and names who did what."""
        pairs = {number: self.contracts[number] for number in self.told}
        contracts = list(
            Contract.objects.select_related("tenant").filter(pk__in=[c.pk for c in pairs.values()])
        )
        until = max(self.moments())
        with monkeypatch.context() as patch:
            # The same statement, for all moments of all contracts at once.
            patch.setattr(life, "_covers", self._read_ahead(contracts, until))
            lives = lives_of(contracts, until=until)
        if self.chance.random() < 0.4:
            # And one life as a page reads it.
            one = self.chance.choice(contracts)
            alone = life_of(one, until=until).changes[::-1]
            self._compare("life alone", self.numbers[one.pk], None, lives[one.pk], alone)
        for number, contract in pairs.items():
            changes = lives[contract.pk]
            # Days before the first record are told by it: nobody could have read them live.
            begun = self.live[number][0][0]
            told = {max(begun, c.at): (max(begun, c.at), c.state, c.sentence) for c in changes}
            replayed = _without_repeats(told.values())
            lived = _without_repeats(self.live[number])
            apart = next((pair for pair in zip_longest(lived, replayed) if pair[0] != pair[1]), (None, None))
            self._compare("life", number, None, *apart)
            for change in changes:
                self.counts["changes"] += 1
                if not BY_WHOM_AND_WHEN.search(change.reason) or not change.acts:
                    self._differs(number, f"reason {change.at}: {change.reason} | {change.acts}")

    def _read_ahead(self, contracts, until):
        """Reads every moment of the contracts in one statement, and gives the covers out one by one."""
        zone = self.batch.desk.zone
        found = life._moments(contracts, until)
        asked = [(pk, at, life._known_at(at, own)) for pk, own in found.items() for at in own]
        rows = read_contracts(
            ((pk, local_day(at, zone), known) for pk, at, known in asked), self.tenant, known=True
        )
        covers = {question: cover_in_words(row) for question, row in zip(asked, rows, strict=True)}
        return lambda having, at, known: [covers[contract.pk, at, known] for contract in having]

    def give_up(self, number, why):
        """A history that could not be played to its end is one difference, and judged no further."""
        if number not in self.told:
            return
        self._differs(number, f"not played to its end: {why}")
        for sister in self.batch.customers[self.told[number].customer]:
            self.told.pop(fold(sister), None)

    def moments(self):
        """By instant, the contracts to look at then: at each act, and at each midnight that counts."""
        zone, last = self.batch.desk.zone, self.batch.instants[-1] + 800 * DAY
        found = {now: set() for now in self.batch.instants}
        for number, agreement in self.told.items():
            begun = min(stretch.since for stretch in agreement.stretches)
            midnights = {instant_at(day, dt.time(0), zone) for day in agreement.changes()}
            for at in midnights | set(self.batch.instants):
                if begun <= at <= last:
                    found.setdefault(at, set()).add(number)
        return dict(sorted(found.items()))

    def _compare(self, what, number, day, told, answered, now=None):
        self.counts[what] += 1
        if told != answered:
            self._differs(number, f"{what} on {day} at {now}: the rules say {told}, the product {answered}")

    def _differs(self, number, words):
        self.counts["differing"] += 1
        self.differences.setdefault(number, f"SEED={self.seed} {self._history(number)}\n  {words}")

    def _history(self, number):
        """All that was done to a contract, so that a person can follow."""
        agreement = self.told_first[number]
        said = [f"{agreement.number} of {agreement.customer}, extends: {self.batch.desk.extends}"]
        for now, acts in sorted(self.batch.acts.items()):
            said += [f"{now} {act.what} {act.given}" for act in acts if self._touches(act, number)]
        return "\n  ".join(said)

    def _touches(self, act, number):
        """Done to it, or to another contract with money that may be meant for it."""
        numbers = [fold(n) for n in self.batch.customers[self.told_first[number].customer]]
        return act.number in numbers or any(m.written in numbers for m, _ in act.given.get("rows", ()))


def _without_repeats(entries):
    """Only where it begins to read otherwise; the days that are left, and a year that is added, aside."""
    kept, last = [], None
    for at, state, sentence in entries:
        shape = re.sub(r"Ends (in \d+ days?|today)", "Ends", sentence)
        shape = re.sub(r"(of|accepted) (\d+ [A-Z][a-z]+) \d{4}$", r"\1 \2", shape)
        if (state, shape) != last:
            kept.append((at, state, shape))
            last = state, shape
    return kept


def prove(batch_seed, desk, zone, size, extends, monkeypatch) -> Judge:
    """Write, play and judge one batch of histories."""
    oracle = Desk(ZoneInfo(zone), extends=extends)
    batch = Writer(batch_seed, oracle, size).write()
    player = Player(batch, desk)
    player.open()
    judge = Judge(batch, player, batch_seed)
    quiet = []
    for now, numbers in judge.moments().items():
        if now in batch.acts:
            judge.look(quiet)
            quiet.clear()
        for act in batch.acts.get(now, ()):
            player.play(act, now)
            if why := player.refused.get(act.number):
                judge.give_up(act.number, why)
        quiet.append((now, numbers))
    judge.look(quiet)
    judge.look_back()
    judge.look_at_ledgers()
    judge.look_at_lives(monkeypatch)
    return judge


@pytest.mark.parametrize("part", range(PARTS))
def test_cover_reads_as_the_rules_say(part, db, now, capsys, monkeypatch):
    histories, seed = HISTORIES // PARTS, SEED + part * 1000
    size = max(1, min(40, histories // len(ZONES)))
    counts, differences, batches = Counter(), [], 0
    while counts["histories"] < histories:
        zone = ZONES[batches % len(ZONES)]
        with transaction.atomic():
            desk = make_desk(f"proof-{batches}", now=now, time_zone=zone)
            extends = (batches + batches // len(ZONES)) % 2 == 1
            if extends:
                Tenant.objects.filter(pk=desk.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
                desk.tenant.refresh_from_db()
            with tenant(desk.tenant):
                judge = prove(seed + batches, desk, zone, size, extends, monkeypatch)
            transaction.set_rollback(True)
        counts += judge.counts + Counter(histories=len(judge.told))
        differences += judge.differences.values()
        batches += 1
    with capsys.disabled():
        sys.stdout.write(
            f"\nCover against the oracle, SEED={seed}: "
            f"{counts['histories']} histories at desks of {len(ZONES)} zones; "
            f"states compared: {counts['live']} live, {counts['by day']} by day; {counts['ledger']} ledgers; "
            f"{counts['life']} lives replayed, {counts['changes']} changes of state, each with record, "
            f"person and time; {counts['differing']} differing\n"
        )
    assert not differences, "\n".join(differences[:5])
