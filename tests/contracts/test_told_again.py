"""The same money in two formats: perhaps known already is a person's matter, and matched once (R1.4)."""

from decimal import Decimal

import pytest

from cases.models import Duty
from contracts.bank_lines import BankFile, BankLine
from contracts.matching import match_payments
from contracts.models import Payment
from contracts.proposals import proposals_for
from contracts.statements import take_in
from customers.models import TimelineEntry
from tests.contracts.statement_scene import DAY, north

__all__ = ["north"]


def line(
    reference="Renewal N-20418 for the copier", payer="M & J Ellison", number="", amount="612.00", **more
):
    return BankLine(number, DAY, Decimal(amount), "GBP", payer=payer, reference=reference, **more)


def take(desk, now, *lines, form="csv", digest="a", account=""):
    file = BankFile(form, lines=list(lines), account=account)
    told = take_in(file, name=f"{digest}.{form}", digest=digest, by=desk.accounts, now=now)
    return {kind: count for kind, count in told.counts.items() if count}


def camt(desk, now, **more):
    return take(desk, now, line(number="B1"), form="camt.053", digest="march", **more)


SHORTER = line("RENEWAL N-20418", "M and J ELLISON")


def test_money_told_in_other_words_without_its_number_waits_and_renews_nothing_twice(north, now):
    assert camt(north, now) == {"renewed": 1}
    assert take(north, now, SHORTER) == {"perhaps known": 1}
    first, again = Payment.objects.order_by("pk")
    assert (again.perhaps_again, again.contract, first.contract) == (first, None, north.contract)
    assert match_payments([again], by=north.accounts, now=now).renewed == []
    assert north.contract.terms.count() == 2
    duty = Duty.objects.get(subject=again.public_id)
    assert duty.detail.endswith(
        "Perhaps known already: march.camt.053 tells £612.00 of 2 Mar 2026, "
        "M & J Ellison · Renewal N-20418 for the copier"
    )
    assert TimelineEntry.objects.filter(title="Payment of £612.00 received").count() == 1


def test_of_two_lines_one_is_perhaps_known_and_the_other_is_new(north, now):
    camt(north, now)
    assert take(north, now, SHORTER, SHORTER) == {"perhaps known": 1, "unmatched": 1}


def test_a_line_that_is_known_for_sure_leaves_nothing_to_be_told_again(north, now):
    camt(north, now)
    assert take(north, now, line(), SHORTER) == {"known": 1, "unmatched": 1}


@pytest.mark.parametrize(
    "other",
    [
        line("RENEWAL N-20418", "Somebody else"),
        line("RENEWAL N-20418", "M and J ELLISON", amount="611.00"),
        line("RENEWAL N-20499", "M and J ELLISON"),
        line("RENEWAL N-20418", "M and J ELLISON", number="B2"),
        line("Thanks", ""),
    ],
    ids=["payer", "amount", "contract", "two numbers", "no payer and other words"],
)
def test_other_money_is_new(north, now, other):
    camt(north, now)
    assert "perhaps known" not in take(north, now, other)


def test_words_alone_tell_it_where_a_bank_leaves_the_payer_out(north, now):
    camt(north, now)
    assert take(north, now, line("RENEWAL N-20418", "")) == {"perhaps known": 1}


def test_lines_of_two_accounts_are_two_payments(north, now):
    camt(north, now, account="GB1")
    assert "perhaps known" not in take(north, now, SHORTER, account="GB2")


def test_two_files_of_one_format_without_numbers_tell_alike(north, now):
    take(north, now, line(), digest="b")
    assert "perhaps known" not in take(north, now, SHORTER)


def test_it_is_looked_at_before_it_is_matched(north, now):
    camt(north, now)
    take(north, now, SHORTER)
    again = Payment.objects.order_by("pk").last()
    looks = {proposal.second_look for proposal in proposals_for([again], today=DAY)[again.pk]}
    assert looks == {"Perhaps known already: another file told it before."}
