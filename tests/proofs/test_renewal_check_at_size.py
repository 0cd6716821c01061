"""The renewal check of a desk with ten contracts and of one with ten thousand (R1.9, R1.11, R1.12).

Run once, twice, and after three days' standstill. Who must be told what and when, what renews by
itself and what is an exception is worked out here from the dates alone; every statement is counted.
`PROOF=full` (make proof): 10,000 contracts.
"""

import datetime as dt
import os
import random
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import connection, connections

from cases.models import Duty
from contracts.call_list import call_list
from contracts.models import (
    Cancellation,
    Contract,
    ContractTerm,
    Entitlement,
    Payment,
    Renewal,
    RenewalCheck,
    RenewalEvidence,
)
from contracts.renewal_check import check_desk, check_now
from customers.models import Contact, Customer
from customers.searchkeys import serial_key
from messaging.models import Message
from tenancy.scope import tenant

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
CONTRACTS = 10_000 if FULL else 600
# Far more than it takes, for a machine that has other things to do.
MOST_SECONDS = 60

FIRST = dt.date(2026, 3, 10)
# Nothing ran on the 11th, 12th and 13th.
AGAIN = dt.date(2026, 3, 14)
STEPS = (1, 7, 14, 30, 60)
ONE_DAY = dt.timedelta(days=1)
LONG_AGO = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


@dataclass
class Planned:
    """One contract as it is made, with all that decides what the check does with it."""

    number: str
    ends: int | None  # days after FIRST; None: it has no term
    notice_days: int | None = None  # None: it does not renew by itself
    price: int = 100
    has_address: bool = True
    has_owner: bool = False
    waits: bool = False
    paid: int | None = None  # unmatched money so many days after FIRST
    cancelled: int | None = None  # from so many days after FIRST

    @property
    def end(self):
        return None if self.ends is None else FIRST + self.ends * ONE_DAY

    @property
    def cancelled_from(self):
        return None if self.cancelled is None else FIRST + self.cancelled * ONE_DAY


# Of everything that can happen one, at the first run or at the last.
TEN = [
    Planned("told at once", 30, has_owner=True),
    Planned("told again", 16, has_owner=True),
    Planned("renewed at once", 29, notice_days=30),
    Planned("told, then renewed", 32, notice_days=30, has_owner=True),
    Planned("nobody to tell", 20, has_address=False),
    Planned("nobody to tell later", 62, has_address=False),
    Planned("no price", 5, notice_days=30, price=0),
    Planned("no term", None),
    Planned("paid somehow", 10, paid=-3),
    Planned("claimed", -10, waits=True),
]


def many(count):
    """The ten, and any others: ends in a year's range, in all conditions."""
    rng = random.Random(20260310)
    made = list(TEN)
    while len(made) < count:
        ends = rng.randint(-200, 165)
        made.append(
            Planned(
                f"B-{len(made):05}",
                ends,
                notice_days=rng.choice([None, None, None, None, 10, 30, 75]),
                has_address=rng.random() > 0.03,
                has_owner=rng.random() < 0.4,
                waits=rng.random() < 0.03,
                paid=rng.choice([None] * 20 + [-100, -5, 0, 2]),
                cancelled=rng.choice([None] * 20 + [-5, 3, ends + 1, 300]),
            )
        )
    return made


class Desk:
    """What a desk must hold after each run, from the dates alone."""

    def __init__(self, contracts):
        self.contracts, self.end = contracts, {one.number: one.end for one in contracts}
        # (contract, who, step) with the moment it may leave; contract with the term's last day.
        self.messages, self.renewals, self.exceptions = {}, set(), {}

    def run(self, day, now):
        self.exceptions = {}
        for one in self.contracts:
            self._judge(one, day, now)

    def _judge(self, one, day, now):
        end = self.end[one.number]
        if end is None:
            self.exceptions[one.number] = "no term"
            return
        ends_by_notice = one.cancelled_from is not None and one.cancelled_from <= end + ONE_DAY
        renews = one.notice_days is not None and not ends_by_notice and not one.waits
        if renews and end - one.notice_days * ONE_DAY < day:
            if one.price:
                end = self.end[one.number] = a_year_after(end)
                self.renewals.add((one.number, end))
            else:
                self.exceptions[one.number] = "no price"
        is_cancelled = one.cancelled_from is not None and one.cancelled_from <= day
        if end < day or one.waits or ends_by_notice or is_cancelled:
            return
        if one.paid is not None:
            paid = FIRST + one.paid * ONE_DAY
            if paid <= day and -120 <= (paid - end).days <= 90:
                return
        step = self._step(one, end, day)
        if step is not None:
            self._tell(one, end, step, now)

    def _step(self, one, end, day):
        left = (end - day).days
        if one.notice_days is None:
            return min((step for step in STEPS if left <= step), default=None)
        ahead = 60 if one.notice_days < 60 else 60 + one.notice_days
        return "by itself" if one.notice_days <= left <= ahead else None

    def _tell(self, one, end, step, now):
        ahead = step
        if step == "by itself":
            ahead = 60 if one.notice_days < 60 else 60 + one.notice_days
        leaves = max(now, dt.datetime.combine(end - ahead * ONE_DAY, dt.time(9), dt.UTC))
        if one.has_address:
            self.messages.setdefault((one.number, "renewal notice", end, step), leaves)
        else:
            self.exceptions[one.number] = "nobody to tell"
        if one.has_owner:
            self.messages.setdefault((one.number, "renewal notice to its owner", end, step), leaves)


def a_year_after(end):
    """Of a term that runs a whole year, the last day of the next."""
    begins = end + ONE_DAY
    return begins.replace(year=begins.year + 1) - ONE_DAY


def build(desk, contracts):
    """All of it in the active desk, a customer for each contract."""
    customers = Customer.objects.bulk_create(Customer(name=f"Of {one.number}") for one in contracts)
    Contact.objects.bulk_create(
        Contact(
            customer=customer, email=f"c{customer.pk}@example.com" if one.has_address else "", is_main=True
        )
        for one, customer in zip(contracts, customers, strict=True)
    )
    rows = Contract.objects.bulk_create(
        Contract(
            number=one.number,
            number_key=serial_key(one.number),
            customer=customer,
            price=one.price,
            currency="GBP",
            visits_per_term=2,
            is_auto_renewing=one.notice_days is not None,
            notice_days=30 if one.notice_days is None else one.notice_days,
            owner=desk.sales if one.has_owner else None,
        )
        for one, customer in zip(contracts, customers, strict=True)
    )
    of = {one.number: row for one, row in zip(contracts, rows, strict=True)}
    terms = []
    for one in contracts:
        end = one.end
        # Three years' terms: the check must not care for the older ones.
        for _ in range(3 if end else 0):
            begins = (end + ONE_DAY).replace(year=(end + ONE_DAY).year - 1)
            terms.append(
                ContractTerm(
                    contract=of[one.number], starts_on=begins, ends_on=end, price=100, created_at=LONG_AGO
                )
            )
            end = begins - ONE_DAY
    ContractTerm.objects.bulk_create(terms)
    Entitlement.objects.bulk_create(Entitlement(term=term, kind="visits", quantity=2) for term in terms)
    RenewalEvidence.objects.bulk_create(
        RenewalEvidence(contract=of[one.number], kind="cheque", dated_on=FIRST, recorded_at=LONG_AGO)
        for one in contracts
        if one.waits
    )
    Payment.objects.bulk_create(
        Payment(
            customer=of[one.number].customer,
            paid_on=FIRST + one.paid * ONE_DAY,
            amount=Decimal("100"),
            currency="GBP",
            recorded_at=LONG_AGO,
        )
        for one in contracts
        if one.paid is not None
    )
    Cancellation.objects.bulk_create(
        Cancellation(
            contract=of[one.number],
            effective_on=one.cancelled_from,
            reason="Moves",
            recorded_at=LONG_AGO,
        )
        for one in contracts
        if one.cancelled is not None
    )


@contextmanager
def counted():
    """Statements that reach the database, and the seconds they all took."""
    ran = []

    def count(execute, sql, params, many, context):
        ran.append(sql)
        return execute(sql, params, many, context)

    began = time.perf_counter()
    with connection.execute_wrapper(count):
        yield ran
    ran.append(time.perf_counter() - began)


def told():
    """What the outbox holds: (contract, kind, end, step) and the moment each may leave."""
    numbers = dict(Contract.objects.values_list("public_id", "number"))
    rows = Message.objects.values_list("subject", "kind", "fields", "send_after")
    return [
        ((numbers[subject], kind, dt.date.fromisoformat(fields["ends_on"]), fields["step"]), leaves)
        for subject, kind, fields, leaves in rows
    ]


def renewed():
    rows = Renewal.objects.filter(channel=Renewal.Channel.CLOCK)
    return list(rows.values_list("contract__number", "ends_on"))


def in_question():
    """Contracts with an open duty of the check."""
    kinds = (Duty.Kind.JUDGE_CONTRACT, Duty.Kind.RENEWAL_ENDS)
    duties = Duty.objects.open().filter(kind__in=kinds)
    return list(
        Contract.objects.filter(public_id__in=duties.values("subject")).values_list("number", flat=True)
    )


def look(desk, expected):
    """That the desk holds exactly what it must, and nothing twice."""
    with tenant(desk.tenant):
        messages = told()
        assert len(messages) == len(expected.messages)
        assert dict(messages) == expected.messages
        assert sorted(renewed()) == sorted(expected.renewals)
        assert sorted(in_question()) == sorted(expected.exceptions)
        return len(messages)


def test_the_check_costs_the_same_for_ten_contracts_and_for_thousands(committed_cast, capsys):
    desks = [(committed_cast.south, TEN), (committed_cast.north, many(CONTRACTS))]
    expected, figures = {}, {}
    for desk, contracts in desks:
        with tenant(desk.tenant):
            Contract.objects.filter(pk=desk.contract.pk).update(number="own")
            ContractTerm.objects.filter(pk=desk.term.pk).update(ends_on=FIRST + 365 * ONE_DAY)
            build(desk, contracts)
        expected[desk.tenant.pk] = Desk(contracts)
    with connections["migrator"].cursor() as cursor:
        cursor.execute("ANALYZE")

    def run(name, day, hour, check):
        now = dt.datetime.combine(day, dt.time(hour, 20), dt.UTC)
        for desk, contracts in desks:
            with tenant(desk.tenant), counted() as ran:
                made = check(desk, now)
                assert made.looked_at == len(contracts) + 1
            expected[desk.tenant.pk].run(day, now)
            figures[name, len(contracts)] = len(ran) - 1, ran[-1], look(desk, expected[desk.tenant.pk])

    run("once", FIRST, 0, lambda desk, now: check_desk(desk.tenant, now=now))
    run("twice", FIRST, 9, lambda desk, now: check_now(desk.tenant, by=desk.sales, now=now))
    for desk, _ in desks:
        with tenant(desk.tenant):
            Contact.objects.filter(customer__name="Of nobody to tell").update(email="found@example.com")
        expected[desk.tenant.pk].contracts[4].has_address = True
    run("after a standstill", AGAIN, 0, lambda desk, now: check_desk(desk.tenant, now=now))

    with capsys.disabled():
        report(figures, expected, committed_cast.north)
    for name in ("once", "twice", "after a standstill"):
        assert figures[name, 10][0] == figures[name, CONTRACTS][0]
        assert figures[name, CONTRACTS][1] < MOST_SECONDS


def report(figures, expected, north):
    """The figures that the documents quote."""
    for (name, contracts), (statements, seconds, messages) in sorted(figures.items(), key=lambda f: f[0][1]):
        sys.stderr.write(
            f"\nrenewal check of {contracts} contracts, {name}: {statements} statements, {seconds:.2f} s, "
            f"{messages} messages planned so far"
        )
    with tenant(north.tenant):
        began = time.perf_counter()
        found = call_list(AGAIN)
        seconds = time.perf_counter() - began
        sys.stderr.write(
            f"\ncall list of {CONTRACTS} contracts: {found.to_call} to call, {found.held} held back, "
            f"a page in {seconds:.2f} s"
            f"\nrenewed by themselves {len(expected[north.tenant.pk].renewals)}, exceptions "
            f"{len(expected[north.tenant.pk].exceptions)}, checks kept {RenewalCheck.objects.count()}\n"
        )
