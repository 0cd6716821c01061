"""300 payment lines with typical faults: exact ones matched, none wrongly, the rest proposed or queued."""

import hashlib
import sys
from collections import Counter
from dataclasses import replace

import pytest

from cases.models import Duty
from contracts.models import MoneyOut, Payment, Renewal
from contracts.proposals import proposals_for
from contracts.statements import take_in
from imports.bank.reading import read_bank_file
from tenancy.scope import tenant
from tests.proofs.payment_lines import EXPECTED, PAID, Scene, as_camt, as_csv, as_ofx

pytestmark = pytest.mark.proof
FORMATS = {"csv": as_csv, "camt.053": as_camt, "ofx": as_ofx}
# Faults for which the contract that was meant must be proposed first.
PROPOSED = {
    "too late for the next",
    "digits swapped",
    "one digit off",
    "prefix missing",
    "letter for a digit",
    "too little",
    "part payments",
    "another customer's number",
    "two contracts in one",
    "name only",
    "cancelled contract",
    "wrong currency",
}


@pytest.fixture
def scene(cast, now):
    """Northgate with the contracts that the lines are about."""
    with tenant(cast.north.tenant):
        yield Scene(now=now)


def take(desk, lines, form, now, name):
    data = FORMATS[form](lines)
    file = read_bank_file(data, name=name, currency="GBP", country="GB")
    assert file.format == form
    return take_in(file, name=name, digest=hashlib.sha256(data).hexdigest(), by=desk.accounts, now=now)


@pytest.mark.parametrize("form", FORMATS)
def test_300_lines_with_typical_faults(cast, scene, now, form, capsys):
    lines = scene.lines
    assert len(lines) == 300
    assert Counter(line.fault for line in lines) == {fault: n for fault, (_, n) in EXPECTED.items()}
    statement = take(cast.north, lines, form, now, f"march.{form}")

    wanted = Counter()
    for outcome, times in EXPECTED.values():
        wanted[outcome] += times
    assert {kind: n for kind, n in statement.counts.items() if n} == dict(wanted)
    assert dict(wanted) == {
        "renewed": 96,
        "paid": 10,
        "unmatched": 157,
        "known": 10,
        "money out": 10,
        "left alone": 12,
        "refused": 5,
    }

    meant = {line.number: line for line in lines if line.fault != "twice the same line"}
    wrong = [
        payment.number
        for payment in Payment.objects.exclude(contract=None).select_related("contract")
        if payment.contract != meant[payment.number].contract
        or EXPECTED[meant[payment.number].fault][0] not in ("renewed", "paid")
    ]
    assert wrong == []
    assert Renewal.objects.count() == 96

    waiting = list(Payment.objects.unmatched().select_related("customer", "tenant"))
    assert Duty.objects.open().filter(kind="match payment").count() == len(waiting) == 157
    proposals = proposals_for(waiting, today=PAID)
    first_right, none_known = Counter(), Counter()
    for payment in waiting:
        line, found = meant[payment.number], proposals[payment.pk]
        meant_first = bool(found) and found[0].contract == line.contract
        first_right[line.fault] += meant_first
        none_known[line.fault] += not found
    assert first_right == {
        fault: times if fault in PROPOSED else 0
        for fault, (outcome, times) in EXPECTED.items()
        if outcome == "unmatched"
    }
    assert none_known["payer unknown"] == 20
    assert sum(none_known.values()) == 20
    split = [payment for payment in waiting if proposals[payment.pk] and proposals[payment.pk][0].shares]
    assert len(split) == EXPECTED["two contracts in one"][1]

    returns = MoneyOut.objects.all()
    assert Duty.objects.open().filter(kind="settle money out").count() == len(returns) == 10
    with capsys.disabled():
        sys.stdout.write(
            f"\n{form}: {len(lines)} lines, {wanted['renewed'] + wanted['paid']} matched by exact number, "
            f"{len(wrong)} wrongly, {sum(first_right.values())} proposed first as meant, "
            f"{sum(none_known.values())} queued without a proposal\n"
        )


def test_the_same_lines_in_two_other_formats_are_all_known(cast, scene, now):
    once = [line for line in scene.lines if line.fault != "twice the same line"]
    # Many a bank gives no numbers in its CSV; the other two have them.
    nameless = [replace(line, number="") for line in once]
    take(cast.north, nameless, "csv", now, "march.csv")
    for form in ("camt.053", "ofx"):
        statement = take(cast.north, once, form, now, f"march.{form}")
        told = {kind: n for kind, n in statement.counts.items() if n}
        assert told == {"known": 273, "left alone": 12, "refused": 5}
    assert (Payment.objects.count(), MoneyOut.objects.count(), Renewal.objects.count()) == (263, 10, 96)
