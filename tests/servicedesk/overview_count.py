"""The manager's figures counted once more: every row of the tables, in plain loops, by the rules' words.

Nothing of the modules that count is used. Only how a contract reads on a day is asked of the product:
that is held against an oracle of its own (tests/proofs).
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import connection
from psycopg import sql

from contracts.models import Contract

OF_VISITS = {"window", "confirmation", "call ahead"}
DISPOSED = {"done", "declined", "carried over", "forfeited"}
ENDED = {"released", "done", "missed by us", "no access"}
COVERED = {"active", "renewal due", "renewal in review", "in grace"}


def rows_of(table: str) -> list[dict]:
    """Every row of the open desk in a table."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@dataclass
class Count:
    """All figures of some days: a pair is a part and its whole, a list the amounts behind a number."""

    desk: object
    now: dt.datetime
    days: int
    by_kind: dict = field(default_factory=dict)

    def __post_init__(self):
        self.zone = ZoneInfo(self.desk.time_zone)
        self.today = self.now.astimezone(self.zone).date()
        self.first = self.today - dt.timedelta(days=self.days - 1)
        self.states = {each.pk: each.cover_state for each in Contract.objects.with_cover(self.today)}
        self.kept = self._kept()
        self.answered = self._answered()
        self.missed, self.visits = self._missed()
        self.fixed = self._fixed()
        self.overdue = self._overdue()
        self.escalations = sum(
            duty["closed_at"] is None and duty["kind"] == "own case" for duty in rows_of("cases_duty")
        )
        self.unused, self.lapsing = self._unused()
        self.renewals = self._renewals()
        self.recommendations, self.silent = self._recommendations()
        self.given = [
            (each["amount"] or 0, each["days"] or 0)
            for each in rows_of("cases_goodwill")
            if each["state"] == "approved" and self._counts(each["decided_at"])
        ]
        self.proposed = sum(each["state"] == "proposed" for each in rows_of("cases_goodwill"))
        self.warned = self._warned()

    def _day(self, instant):
        return instant.astimezone(self.zone).date()

    def _counts(self, instant) -> bool:
        return instant is not None and self.first <= self._day(instant) <= self.today

    def _kept(self):
        kept, kinds = [], defaultdict(list)
        for each in rows_of("cases_promise"):
            unknown = each["state"] == "released" or each["state"] == "open" and each["is_imported"]
            if self._counts(each["due_at"]) and each["due_at"] <= self.now and not unknown:
                kept.append(each["state"] == "kept")
                kinds[each["kind"]].append(each["state"] == "kept")
        self.by_kind = {kind: (sum(each), len(each)) for kind, each in kinds.items()}
        return sum(kept), len(kept)

    def _answered(self):
        found = [
            each["responded_at"] is not None and each["responded_at"] <= each["response_due_at"]
            for each in rows_of("cases_case")
            if self._counts(each["response_due_at"])
            and each["response_due_at"] <= self.now
            and each["joined_into_id"] is None
        ]
        return sum(found), len(found)

    def _missed(self):
        missed = whole = 0
        for each in rows_of("visits_visit"):
            was_missed = each["missed_at"] is not None
            if self._counts(each["planned_start"]) and (was_missed or each["state"] in ("done", "no access")):
                whole += 1
                missed += was_missed
        return missed, whole

    def _fixed(self):
        done = {
            each["id"]
            for each in rows_of("visits_visit")
            if each["state"] == "done" and self._counts(each["planned_start"])
        }
        said = [
            each["fixed_first_time"]
            for each in rows_of("visits_servicereport")
            if each["visit_id"] in done and each["fixed_first_time"] is not None
        ]
        return sum(said), len(said)

    def _overdue(self):
        waits = {
            duty["subject"]
            for duty in rows_of("cases_duty")
            if duty["closed_at"] is None and duty["kind"] == "call customer"
        }
        late = 0
        for each in rows_of("cases_promise"):
            if each["kind"] in OF_VISITS:
                continue
            is_past = each["state"] == "open" and each["due_at"] < self.now and not each["is_imported"]
            late += is_past or each["state"] == "broken" and each["public_id"] in waits
        return late

    def _unused(self):
        """What is left of each contract's term that counts, where it covers; and what of it ends soon."""
        ledger = defaultdict(list)
        for entry in rows_of("contracts_allowanceentry"):
            ledger[entry["entitlement_id"]].append(entry)
        grants = {
            each["term_id"]: each for each in rows_of("contracts_entitlement") if each["kind"] == "visits"
        }
        left, soon = [], []
        for contract, term in self._terms_that_count().items():
            grant = grants.get(term["id"])
            open_ones = grant and grant["quantity"] - self._used(ledger[grant["id"]])
            if not open_ones or open_ones <= 0 or self.states[contract] not in COVERED:
                continue
            until = term["ends_on"]
            if until < self.today:
                until += dt.timedelta(days=self.desk.grace_days)
            left.append(int(open_ones))
            if until <= self.today + dt.timedelta(days=30):
                soon.append(int(open_ones))
        return left, soon

    def _terms_that_count(self):
        chosen = {}
        for term in rows_of("contracts_contractterm"):
            if term["taken_back_at"] is not None:
                continue
            known = chosen.get(term["contract_id"])
            rank = (term["starts_on"] <= self.today <= term["ends_on"], term["ends_on"])
            if known is None or rank > known[0]:
                chosen[term["contract_id"]] = rank, term
        return {contract: term for contract, (_, term) in chosen.items()}

    def _used(self, entries):
        over = {entry["subject"] for entry in entries if entry["kind"] in ENDED}
        return sum(
            entry["quantity"]
            for entry in entries
            if entry["kind"] in DISPOSED or entry["kind"] == "booked" and entry["subject"] not in over
        )

    def _renewals(self):
        """The prices of the contracts whose renewal is due within 30 days."""
        ends = defaultdict(list)
        for term in rows_of("contracts_contractterm"):
            if term["taken_back_at"] is None:
                ends[term["contract_id"]].append(term["ends_on"])
        soon = self.today + dt.timedelta(days=30)
        return [
            contract["price"]
            for contract in rows_of("contracts_contract")
            if ends[contract["id"]]
            and self.today <= max(ends[contract["id"]]) <= soon
            and self.states[contract["id"]] == "renewal due"
        ]

    def _recommendations(self):
        """By severity and age; and by severity those past which visits went by without a word."""
        done = {each["id"]: each for each in rows_of("visits_visit") if each["state"] == "done"}
        at_machine, said, raised = defaultdict(set), defaultdict(dict), set()
        for each in rows_of("visits_visitequipment"):
            at_machine[each["equipment_id"]].add(each["visit_id"])
        for each in rows_of("visits_review"):
            said[each["recommendation_id"]][each["visit_id"]] = each["customer_told"]
            if each["outcome"] == "raised":
                raised.add((each["recommendation_id"], each["visit_id"]))
        ages, silent = Counter(), Counter()
        for each in rows_of("recommendations_recommendation"):
            came_back = each["state"] == "deferred" and each["deferred_until"] <= self.today
            if each["state"] not in ("open", "quoted", "accepted", "scheduled") and not came_back:
                continue
            day = self._day(each["raised_at"])
            old = (self.today - day).days
            ages[each["severity"], "under-30" if old < 30 else "30-to-90" if old <= 90 else "over-90"] += 1
            since = [
                visit
                for visit in at_machine[each["equipment_id"]]
                if visit in done
                and day < self._day(done[visit]["completed_at"])
                and done[visit]["completed_at"] <= self.now
                and (each["id"], visit) not in raised
            ]
            if since and not any(said[each["id"]].get(visit) for visit in since):
                silent[each["severity"]] += 1
        return ages, silent

    def _warned(self):
        first_noticed = {}
        for each in rows_of("recommendations_warnedfault"):
            known = first_noticed.get(each["case_id"], each["noticed_at"])
            first_noticed[each["case_id"]] = min(known, each["noticed_at"])
        return sum(self._counts(instant) for instant in first_noticed.values())
