"""Days given on a running term as goodwill: it ends later, and nothing else of it changes (R6.6)."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.duties import open_duty
from cases.goodwill import GoodwillRefused
from cases.models import Duty
from contracts.cancelling import cancel, ending_of
from contracts.changes import changes_of
from contracts.cover import cover_of
from contracts.covered import State
from contracts.disposing import carry_over
from contracts.evidence import confirm_evidence, log_claim, log_evidence
from contracts.goodwill_extension import contracts_to_extend, extend
from contracts.grounds import grounds_of
from contracts.life import life_of
from contracts.matching import match_payments
from contracts.models import Contract, ContractTerm, Entitlement, Payment, Renewal
from contracts.money_by_hand import Purpose, match_by_hand
from contracts.offers import draft_offer
from contracts.renewals import last_term, renew
from contracts.taking_back import return_payment, take_back
from contracts.term_words import terms_in_words
from contracts.terms import ONE_DAY, earned_end, following, next_term_dates, usual_length
from messaging.models import WebhookDelivery
from messaging.webhook_events import Kind
from messaging.webhooks import add_webhook
from tenancy.calendars import zone_of
from tenancy.models import Role, Tenant
from tenancy.scope import tenant
from tests.contracts.first_term_money import pay
from tests.contracts.oracle_calendar import as_long, length_of
from tests.contracts.racing import while_held

TODAY = dt.date(2026, 3, 5)
START, END = dt.date(2025, 3, 15), dt.date(2026, 3, 14)
LATER, NEXT = dt.date(2026, 3, 28), (dt.date(2026, 3, 29), dt.date(2027, 3, 28))
MONTH = dt.timedelta(days=30)


@pytest.fixture
def north(cast):
    """Northgate, its scope open; its contract's term is 15 Mar 2025 to 14 Mar 2026, for £612."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(starts_on=START, ends_on=END)
        yield cast.north


@pytest.fixture
def extending(north):
    """The desk renews by extending the term."""
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=Tenant.RenewBy.EXTENSION)
    return north


def give(desk, now, days=14, because="They waited in vain"):
    return extend(desk.contract, days=days, because=because, by=desk.dispatcher, now=now)


def renewed(desk, now, channel="call", by="accounts"):
    person = desk.people[by] if by else None
    return renew(desk.contract, channel=channel, amount=None, by=person, now=now)


def terms(desk):
    standing = desk.contract.terms.filter(taken_back_at__isnull=True).order_by("starts_on")
    return list(standing.values_list("starts_on", "ends_on", "given_days"))


def paid(desk, now, day, amount="612"):
    payment = Payment.objects.create(
        customer=desk.customer, paid_on=day, amount=Decimal(amount), currency="GBP",
        contract_written=desk.contract.number, recorded_at=now,
    )  # fmt: skip
    return payment, match_payments([payment], by=desk.accounts, now=now)


def test_the_term_ends_later_and_no_renewal_makes_it(north, now):
    before = last_term(north.contract)
    granted = set(Entitlement.objects.filter(term=before).values_list("pk", flat=True))
    term = give(north, now)
    assert terms(north) == [(START, LATER, 14)]
    assert (term.extends, term.price, term.counts_from) == (before, before.price, before.counts_from)
    assert set(Entitlement.objects.filter(term=term).values_list("pk", flat=True)) == granted
    assert not Renewal.objects.exists()
    assert (usual_length(term), following(term)) == (usual_length(before), NEXT)
    give(north, now, days=7)
    assert terms(north) == [(START, LATER + 7 * ONE_DAY, 21)]


def test_it_reads_so_with_days_reason_person_and_time(north, now):
    term = give(north, now)
    cover = cover_of(north.contract, TODAY)
    assert (cover.sentence, cover.ends_on) == ("Ends in 23 days", LATER)
    said = "xtended 14 days as goodwill: They waited in vain"
    assert cover.reason == (
        f"Term 15 Mar 2025 to 28 Mar 2026; e{said}, Dana Whitlock, 5 Mar 2026 13:07; not checked before"
    )
    lines = [(line.what, line.detail, line.recorded_by, line.counts_as) for line in grounds_of(cover)]
    assert (f"E{said}", "To 28 Mar 2026, at no price", "Dana Whitlock", "Proof") in lines
    assert ("Term entered, 15 Mar 2025 to 14 Mar 2026", "", "The desk", "Proof") in lines
    assert f"E{said}, Dana Whitlock" in [change.acts for change in life_of(north.contract, until=now).changes]
    zone = zone_of(north.tenant)
    assert [(one.pk, how) for one, how in terms_in_words(north.contract, zone)] == [
        (term.pk, f"E{said}, by Dana Whitlock, 5 Mar 2026"),
        (north.term.pk, f"Entered; e{said}"),
    ]
    # Before it was given it was not known.
    known = Contract.objects.with_cover(TODAY, now - ONE_DAY).filter(pk=north.contract.pk)
    assert known.values_list("last_end", flat=True).get() in (END, None)


def test_the_history_of_changes_names_the_days(north, now):
    give(north, now)
    details = [change.detail for change in changes_of(north.contract)]
    assert [detail for detail in details if "days given as goodwill: 14" in detail]
    assert not [detail for detail in details if "goodwill: 0" in detail]


def test_what_was_to_follow_the_old_end_is_withdrawn_closed_and_told(north, now):
    offer = draft_offer(north.contract, by=north.sales, now=now)
    duty = open_duty(
        "ends", kind=Duty.Kind.RENEWAL_ENDS, title="Tell them", due_at=now, now=now,
        owner_role=Role.SALES, subject=north.contract.public_id,
    )  # fmt: skip
    add_webhook("http://127.0.0.1:9/", [Kind.COVER_CHANGED], by=north.manager, now=now)
    give(north, now)
    offer.refresh_from_db()
    duty.refresh_from_db()
    assert offer.settled_because == "Withdrawn: extended 14 days as goodwill"
    assert (duty.closed_by, duty.outcome) == (
        north.dispatcher,
        "Extended 14 days as goodwill, to 28 Mar 2026",
    )
    (told,) = WebhookDelivery.objects.values_list("data", flat=True)
    assert (told["cover"], told["because"]) == ("renewal due", "Extended 14 days as goodwill")


def test_in_grace_it_goes_on_from_its_old_end(north, now):
    give(north, now.replace(month=4, day=13))
    assert terms(north) == [(START, LATER, 14)]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("cancelled", "is cancelled. Undo that first."),
        ("claimed", "is in review. Accounts have to decide"),
        ("unmatched", "is in review. Accounts have to decide"),
        ("renewed", "The term 15 Mar 2026 to 14 Mar 2027 stands already."),
        ("lapsed", "No term of N-20418 runs today, nor is one in grace."),
        ("goes on by itself", "No term of N-20418 runs today, nor is one in grace."),
        ("without a term", "has no term that stands"),
    ],
)
@pytest.mark.parametrize("renew_by", Tenant.RenewBy.values)
def test_where_no_days_are_given(north, now, what, why, renew_by):
    Tenant.objects.filter(pk=north.tenant.pk).update(renew_by=renew_by)
    contract, end = north.contract, {"reason": "Sold it", "by": north.accounts, "now": now}
    if what == "cancelled":
        cancel(contract, effective_on=END + ONE_DAY, given_on=TODAY, **end)
    elif what == "claimed":
        log_claim(contract=contract, by=north.dispatcher, now=now)
    elif what == "unmatched":
        paid(north, now, TODAY, "20")
    elif what == "renewed":
        renewed(north, now)
    elif what == "without a term":
        contract.terms.update(taken_back_at=now, taken_back_because="Never was")
    else:
        Contract.objects.update(is_auto_renewing=what == "goes on by itself")
        now = now.replace(month=4, day=14) if what == "lapsed" else now.replace(month=3, day=15)
    before = terms(north)
    with pytest.raises(GoodwillRefused, match=why) as refused:
        give(north, now)
    assert (refused.value.field, terms(north)) == ("place", before)


def test_contracts_to_choose_from_run_or_are_in_grace(north):
    days = {"before": START - ONE_DAY, "runs": END, "in grace": END + MONTH, "over": END + MONTH + ONE_DAY}
    found = {name: contracts_to_extend(north.customer, day) for name, day in days.items()}
    assert found == {"before": [], "runs": [north.contract], "in grace": [north.contract], "over": []}


def test_money_for_the_longer_term_is_the_renewals_that_made_it(north, now):
    renewal = renewed(north, now)
    in_it = now.replace(year=2026, month=6, day=1)
    give(north, in_it)
    payment, _ = paid(north, in_it, dt.date(2026, 6, 1))
    payment.refresh_from_db()
    assert payment.renewal == renewal
    # Given back, the days that were given go to the end of the term that stays.
    return_payment(payment, returned_on=in_it.date(), by=north.accounts, now=in_it)
    assert terms(north) == [(START, LATER, 14)]
    assert following(last_term(north.contract)) == NEXT


def test_money_by_hand_for_the_longer_term_is_its_renewals_too(north, now):
    renewal = renewed(north, now)
    in_it = now.replace(month=6)
    give(north, in_it)
    payment, matched = paid(north, in_it, in_it.date(), "20")
    assert matched.unmatched == [payment]
    said = {"because": "The rest of it", "by": north.accounts, "now": in_it}
    match_by_hand(payment, north.contract, purpose=Purpose.OWN_TERM, **said)
    payment.refresh_from_db()
    assert payment.renewal == renewal


def test_a_visit_carried_over_waits_again_when_the_longer_term_is_taken_back(north, now):
    granted = Entitlement.objects.get(term__contract=north.contract)
    carry_over(granted, because="Not needed", by=north.dispatcher, now=now)
    renewal = renewed(north, now)
    give(north, now.replace(month=6))
    (carried,) = Entitlement.objects.filter(term__contract=north.contract).exclude(pk=granted.pk)
    assert carried.quantity == 3
    take_back(renewal, because="Money returned", by=north.accounts, now=now.replace(month=7))
    carried.refresh_from_db()
    assert carried.quantity == 0
    again = Entitlement.objects.get(term=renewed(north, now.replace(month=8)).term)
    assert again.quantity == 3


def test_money_that_pays_in_time_for_the_later_end_is_a_first_terms_own(north, now):
    give(north, now)
    first = pay(north, "612", START)
    pay(north, "612", END + dt.timedelta(days=90 + 14))
    return_payment(first, returned_on=TODAY, by=north.accounts, now=now)
    assert not north.contract.evidence.exists()


def test_days_stay_given_when_their_renewal_is_taken_back_behind_a_later_one(north, now):
    first = renewed(north, now)
    give(north, now.replace(month=6))
    renewed(north, now.replace(month=7))
    assert terms(north) == [
        (START, END, 0), (dt.date(2026, 3, 15), dt.date(2027, 3, 28), 14),
        (dt.date(2027, 3, 29), dt.date(2028, 3, 28), 0),
    ]  # fmt: skip
    take_back(first, because="Money returned", by=north.accounts, now=now.replace(month=8))
    assert terms(north) == [(START, END, 0), (dt.date(2027, 3, 29), dt.date(2028, 4, 11), 14)]
    lines = [how for _, how in terms_in_words(north.contract, zone_of(north.tenant))]
    assert lines[0] == (
        "Extended 14 days as goodwill, from a term that was taken back, by Hollis Grant, 5 Aug 2026"
    )

    middle = "Renewal by call, by Hollis Grant, 5 Mar 2026, taken back since; extended 14 days as goodwill: "
    assert f"{middle}They waited in vain" in lines


def test_at_a_desk_that_extends_the_days_move_to_the_end_too(extending, now):
    give(extending, now)
    first = renewed(extending, now)
    assert terms(extending) == [(START, NEXT[1], 0)]
    give(extending, now.replace(month=6), days=3)
    second = renewed(extending, now.replace(month=7))
    assert terms(extending) == [(START, dt.date(2028, 3, 31), 0)]
    take_back(first, because="Money returned", by=extending.accounts, now=now.replace(month=8))
    assert terms(extending) == [(START, LATER, 14), (dt.date(2027, 4, 1), dt.date(2028, 4, 3), 3)]
    assert following(last_term(extending.contract)) == (dt.date(2028, 4, 4), dt.date(2029, 4, 3))
    take_back(second, because="Money returned", by=extending.accounts, now=now.replace(month=9))
    assert terms(extending) == [(START, LATER + 3 * ONE_DAY, 17)]
    assert "17 days of it given as goodwill" not in cover_of(extending.contract, TODAY).reason


def test_notice_in_time_recorded_late_keeps_the_days_that_were_given(north, now):
    Contract.objects.update(is_auto_renewing=True, notice_days=30)
    at, notice = dt.datetime(2026, 3, 20, 9, 0, tzinfo=dt.UTC), dt.date(2026, 2, 12)
    renewed(north, at, channel=Renewal.Channel.CLOCK, by=None)
    give(north, at)
    contract = Contract.objects.get(pk=north.contract.pk)
    ending = ending_of(contract, notice)
    assert (ending.earliest, ending.first) == (LATER, LATER + ONE_DAY)
    assert "It is paid for until 14 Mar 2026, and goes on to 28 Mar 2026 as goodwill." in ending.words
    said = {"given_on": notice, "reason": "Sold it", "by": north.accounts, "now": at}
    cancel(contract, effective_on=ending.first, **said)
    assert terms(north) == [(START, LATER, 14)]
    assert cover_of(contract, LATER).is_covered
    assert cover_of(contract, LATER + ONE_DAY).sentence == "Cancelled 29 Mar 2026"


def test_two_at_once_both_give_their_days(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        (before,) = terms(desk)
    results = while_held(desk, lambda: give(desk, now), lambda: give(desk, now, days=7))
    assert [type(result) for result in results] == [ContractTerm, ContractTerm]
    with tenant(desk.tenant):
        assert terms(desk) == [(before[0], before[1] + 21 * ONE_DAY, 21)]


def test_given_days_and_a_renewal_at_once_never_overlap(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        (before,) = terms(desk)
    results = while_held(desk, lambda: give(desk, now), lambda: renewed(desk, now))
    with tenant(desk.tenant):
        found = terms(desk)
        assert found[1][0] == found[0][1] + ONE_DAY
    # Whoever came second: days that were given first move the renewal; a renewal first refuses the days.
    gave = [type(result) for result in results if not isinstance(result, Renewal)]
    assert (gave, found[0][2]) in (([ContractTerm], 14), ([GoodwillRefused], 0))
    assert found[0][1] == before[1] + found[0][2] * ONE_DAY


days = st.dates(dt.date(2019, 1, 1), dt.date(2033, 12, 31))


@given(days, st.integers(1, 1100), st.integers(0, 400), st.booleans())
def test_what_follows_is_as_long_as_ever_and_begins_so_much_later(starts_on, length, given_days, whole):
    """Months and leap days: the arithmetic is held against the oracle's, which knows no product code."""
    ends_on = starts_on + (length - 1) * ONE_DAY
    if whole:
        ends_on = as_long(("months", 1 + length % 36, None), starts_on)
    term = ContractTerm(
        tenant_id=1, starts_on=starts_on, ends_on=ends_on + given_days * ONE_DAY, given_days=given_days
    )
    begins, ends = following(term)
    assert (earned_end(term), begins) == (ends_on, ends_on + (given_days + 1) * ONE_DAY)
    assert ends == as_long(length_of(starts_on, ends_on), begins)
    if not given_days:
        assert (begins, ends) == next_term_dates(starts_on, ends_on)


def test_money_at_the_agreed_end_renews_though_days_were_given(north, now):
    give(north, now, days=150)
    payment, matched = paid(north, now.replace(month=3, day=12), dt.date(2026, 3, 12))
    assert matched.renewed == [payment]


@pytest.mark.parametrize(("dated", "state"), [(121, State.LAPSED), (120, State.IN_REVIEW)])
def test_money_without_a_number_counts_from_the_agreed_end(north, now, dated, state):
    give(north, now, days=150)
    Payment.objects.create(
        customer=north.customer, paid_on=END - dated * ONE_DAY, amount=Decimal(612), currency="GBP",
        recorded_at=now,
    )  # fmt: skip
    assert cover_of(north.contract, END + (150 + 31) * ONE_DAY).state == state


@pytest.mark.parametrize(("dated", "terms"), [(121, 4), (120, 3)])
def test_later_proof_of_a_renewal_counts_from_the_agreed_end(north, now, dated, terms):
    """The first term, the longer one in its place, and what was renewed already."""
    give(north, now, days=150)
    renewed(north, now)
    slip = log_evidence(
        contract=north.contract, kind="bank line", dated_on=END - dated * ONE_DAY, by=north.accounts, now=now
    )
    confirm_evidence(slip, by=north.accounts, now=now)
    assert north.contract.terms.count() == terms


def test_days_that_stand_do_not_read_taken_back(extending, now):
    give(extending, now)
    renewed(extending, now)
    lines = grounds_of(cover_of(extending.contract, TODAY))
    assert [line.counts_as for line in lines if "goodwill" in line.what] == ["Proof"]
