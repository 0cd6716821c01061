"""Two at once make one term (R1.3, R1.9)."""

import datetime as dt
from decimal import Decimal
from functools import partial

import pytest

from contracts.evidence import AlreadyDecided, confirm_evidence, log_evidence
from contracts.models import ContractTerm, Payment, Renewal, RenewalEvidence
from contracts.renewals import AlreadyRenewed, renew
from contracts.taking_back import return_payment
from tenancy.scope import tenant
from tests.at_once import kinds
from tests.contracts.racing import while_held

START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
NEXT_END = dt.date(2027, 3, 14)


@pytest.fixture
def desk(committed_cast):
    """Northgate's desk, the term of its contract 15 Mar 2025 to 14 Mar 2026, committed."""
    with tenant(committed_cast.north.tenant):
        ContractTerm.objects.filter(pk=committed_cast.north.term.pk).update(starts_on=START, ends_on=END)
        committed_cast.north.term.refresh_from_db()
    return committed_cast.north


def ends(desk):
    standing = desk.contract.terms.filter(taken_back_at=None).order_by("ends_on")
    return list(standing.values_list("ends_on", flat=True))


def log_cheque(desk, now, reference):
    return log_evidence(
        contract=desk.contract,
        kind=RenewalEvidence.Kind.CHEQUE,
        reference=reference,
        amount=Decimal("612.00"),
        dated_on=dt.date(2026, 3, 2),
        by=desk.dispatcher,
        now=now,
    )


def test_two_proofs_of_one_contract_confirmed_at_once_make_one_term(desk, now):
    with tenant(desk.tenant):
        proofs = [log_cheque(desk, now, reference) for reference in ("004417", "004418")]
    results = while_held(
        desk, *(partial(confirm_evidence, proof, by=desk.accounts, now=now) for proof in proofs)
    )
    assert kinds(results) == [AlreadyDecided.__name__, Renewal.__name__]
    with tenant(desk.tenant):
        assert ends(desk) == [END, NEXT_END]


def test_two_who_saw_the_same_last_term_renew_it_once(desk, now):
    act = partial(
        renew,
        desk.contract,
        channel=Renewal.Channel.POST,
        amount=Decimal("612.00"),
        by=desk.accounts,
        now=now,
        after=desk.term,
    )
    results = while_held(desk, act, act)
    assert kinds(results) == [AlreadyRenewed.__name__, Renewal.__name__]
    refused = next(result for result in results if isinstance(result, AlreadyRenewed))
    assert str(refused) == (
        "Somebody was quicker: N-20418 has a term to 14 Mar 2027 by now. Look again before you renew it."
    )
    with tenant(desk.tenant):
        assert ends(desk) == [END, NEXT_END]


def test_money_returned_while_a_proof_is_confirmed_waits_for_it(desk, now):
    with tenant(desk.tenant):
        proof = log_cheque(desk, now, "004417")
        payment = Payment.objects.create(
            customer=desk.customer,
            paid_on=END,
            amount=Decimal("612.00"),
            currency="GBP",
            contract=desk.contract,
            matched_at=now,
            recorded_at=now,
        )
    results = while_held(
        desk,
        partial(return_payment, payment, returned_on=END, by=desk.accounts, now=now),
        partial(confirm_evidence, proof, by=desk.accounts, now=now),
    )
    assert kinds(results) == ["NoneType", Renewal.__name__]
