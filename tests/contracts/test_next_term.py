"""Renewing by hand with what was agreed anew (R1.3, R1.9)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied

from contracts.cancelling import cancel
from contracts.cover import cover_of, covers_of_equipment
from contracts.evidence import log_evidence
from contracts.models import ContractEquipment, ContractTerm, Renewal, RenewalOffer
from contracts.next_term import IsCancelled, next_term_of, renew_by_hand
from contracts.renewals import AlreadyRenewed, NoTermToRenew, renew
from tenancy.models import Tenant
from tenancy.scope import tenant

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
AFTER, NEXT_END = dt.date(2026, 3, 15), dt.date(2027, 3, 14)


@pytest.fixture
def desk(cast):
    """Northgate, its scope open; its contract's term is 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        set_term(cast.north, START, END)
        yield cast.north


def set_term(desk, starts_on, ends_on):
    ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=starts_on, ends_on=ends_on)
    desk.term.refresh_from_db()


def add(desk, now, by="accounts", after=None, **changes):
    values = {
        "ends_on": NEXT_END,
        "price": Decimal("612.00"),
        "visits": 2,
        "response_hours": 4,
        "machines": frozenset({desk.copier.pk, desk.sorter.pk}),
        "channel": Renewal.Channel.POST,
        "amount": None,
        **changes,
    }
    return renew_by_hand(desk.contract, after=after or desk.term, by=desk.people[by], now=now, **values)


def test_unchanged_it_is_the_same_again(desk, now):
    renewal = add(desk, now)
    assert (renewal.starts_on, renewal.ends_on, renewal.amount, renewal.note) == (
        AFTER,
        NEXT_END,
        Decimal("612.00"),
        "",
    )
    assert not ContractEquipment.objects.exclude(covered_from=None, covered_until=None).exists()
    assert cover_of(desk.contract, TODAY).sentence == "Active until 14 Mar 2027, renewal paid"


def test_what_was_agreed_anew_counts_from_the_new_term(desk, now):
    half = dt.date(2026, 9, 14)
    renewal = add(
        desk,
        now,
        ends_on=half,
        price=Decimal("330.50"),
        visits=3,
        response_hours=None,
        machines=frozenset({desk.copier.pk}),
    )
    assert renewal.note == (
        "price £612.00 to £330.50; visits 2 to 3; response 4 h to none agreed; "
        "until 14 Sep 2026 instead of 14 Mar 2027; without SF12-077-0923"
    )
    before, after = cover_of(desk.contract, END), cover_of(desk.contract, AFTER)
    assert (before.response_hours, before.machines) == (4, ["SF12-077-0923", "TC240-118-4471"])
    assert (after.response_hours, after.machines, after.visits_granted) == (None, ["TC240-118-4471"], 3)
    # The term after it is as long as this one, at its price.
    again = renew(desk.contract, channel="post", amount=None, by=desk.accounts, now=now)
    assert (again.ends_on, again.amount) == (dt.date(2027, 3, 14), Decimal("330.50"))


def test_machines_named_for_the_first_time_leave_the_others_covered_until_then(desk, now):
    ContractEquipment.objects.all().delete()
    assert next_term_of(desk.contract, TODAY).machines == frozenset()
    add(desk, now, machines=frozenset({desk.copier.pk}))
    assert [cover.contract.number for cover in covers_of_equipment(desk.sorter, END)] == ["N-20418"]
    assert [cover.contract.number for cover in covers_of_equipment(desk.copier, END)] == ["N-20418"]
    assert covers_of_equipment(desk.sorter, AFTER) == []
    assert [cover.contract.number for cover in covers_of_equipment(desk.copier, AFTER)] == ["N-20418"]


@pytest.mark.parametrize(
    ("ends_on", "words"),
    [
        (END, "Early: it counts from 15 Mar 2026, the day after the current end."),
        (
            dt.date(2026, 3, 4),
            "It ended 1 day ago, in grace. The term still counts from 4 Mar 2026, "
            "the day after the old end, so there is no gap.",
        ),
        (
            dt.date(2026, 1, 31),
            "It ended 33 days ago. The term still counts from 1 Feb 2026, "
            "the day after the old end, so there is no gap.",
        ),
    ],
)
def test_the_words_say_what_the_dates_mean(desk, ends_on, words):
    set_term(desk, ends_on - dt.timedelta(days=364), ends_on)
    said = next_term_of(desk.contract, TODAY).words
    assert said == [words.replace("from 4 Mar", "from 5 Mar")]


def test_a_term_that_would_be_over_already_is_said_to_be(desk):
    set_term(desk, dt.date(2023, 1, 1), dt.date(2023, 12, 31))
    assert next_term_of(desk.contract, TODAY).words[-1] == (
        "It would be over already, since 31 Dec 2024: choose a later last day."
    )


def test_a_renewed_one_and_a_desk_that_extends_have_words_of_their_own(desk, now):
    renew(desk.contract, channel="post", amount=None, by=desk.accounts, now=now)
    assert next_term_of(desk.contract, TODAY).words == [
        "It is renewed already: a term to 14 Mar 2027 stands. This one follows it on 15 Mar 2027."
    ]
    Tenant.objects.filter(pk=desk.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    desk.contract.refresh_from_db()
    assert next_term_of(desk.contract, TODAY).words[-1] == (
        "This desk extends: the term from 15 Mar 2026 goes on to the new last day."
    )


def test_in_grace_it_starts_the_day_after_the_old_end(desk, now):
    set_term(desk, dt.date(2025, 2, 15), dt.date(2026, 2, 14))
    renewal = add(desk, now, ends_on=dt.date(2027, 2, 14))
    assert renewal.starts_on == dt.date(2026, 2, 15)


def test_an_offer_says_what_follows(desk, now):
    offer = RenewalOffer.objects.create(
        number="N-20418/1",
        contract=desk.contract,
        starts_on=AFTER,
        ends_on=NEXT_END,
        amount=Decimal("640"),
        visits=3,
        response_hours=8,
        valid_until=END,
        made_at=now,
        sent_at=now,
    )
    proposed = next_term_of(desk.contract, TODAY)
    assert (proposed.agreed.price, proposed.agreed.visits) == (Decimal("640"), 3)
    assert proposed.words[0] == "As offered in N-20418/1."
    renewal = add(desk, now, price=Decimal("640"), visits=3, response_hours=8)
    assert renewal.note == "as offered in N-20418/1"
    offer.refresh_from_db()
    assert offer.settled_because == "The renewal stands"


def test_what_waits_is_named_before_it_is_settled(desk, now):
    cheque = log_evidence(
        contract=desk.contract, kind="cheque", reference="17", dated_on=TODAY, by=desk.sales, now=now
    )
    assert next_term_of(desk.contract, TODAY).waiting == ["Cheque 17"]
    renewal = add(desk, now)
    cheque.refresh_from_db()
    assert (cheque.state, cheque.renewal) == ("confirmed", renewal)


def test_of_two_who_saw_the_same_term_the_second_renews_nothing(desk, now):
    add(desk, now)
    with pytest.raises(AlreadyRenewed, match="has a term to 14 Mar 2027 by now"):
        add(desk, now)
    assert Renewal.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ends_on": END}, "The last day is before the first, 15 Mar 2026."),
        ({"ends_on": dt.date(2046, 1, 1)}, "Choose a last day within ten years."),
        ({"machines": frozenset()}, "Choose at least one machine."),
    ],
)
def test_what_cannot_be_is_said(desk, now, changes, words):
    with pytest.raises(ValueError, match=words):
        add(desk, now, **changes)


def test_a_cancelled_contract_is_not_renewed(desk, now):
    cancel(desk.contract, effective_on=AFTER, given_on=TODAY, reason="Sold", by=desk.accounts, now=now)
    for act in (lambda: next_term_of(desk.contract, TODAY), lambda: add(desk, now)):
        with pytest.raises(IsCancelled, match="N-20418 is cancelled 15 Mar 2026. Undo that"):
            act()


def test_without_a_term_there_is_nothing_to_renew(desk, now):
    ContractTerm.objects.update(taken_back_at=now, taken_back_because="Never was")
    with pytest.raises(NoTermToRenew, match="Enter its first one"):
        next_term_of(desk.contract, TODAY)


@pytest.mark.parametrize("by", ["dispatcher", "technician", "sales"])
def test_only_accounts_and_managers_may(desk, now, by):
    with pytest.raises(PermissionDenied):
        add(desk, now, by=by)
