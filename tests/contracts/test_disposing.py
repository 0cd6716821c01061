"""Giving up a paid visit: declined, carried over, forfeited; never more than is left (R3.1)."""

import datetime as dt
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from cases.duties import open_duty
from cases.models import Duty
from contracts.allowance import balance_of, undisposed_visits
from contracts.disposing import NoReason, NothingLeft, carry_over, decline_visit, forfeit, forfeit_ended
from contracts.models import AllowanceEntry, ContractTerm, Entitlement, RenewalEvidence
from contracts.renewals import renew
from contracts.taking_back import take_back
from customers.models import TimelineEntry
from tenancy.scope import tenant
from tests.at_once import at_once

DAY = dt.timedelta(days=1)


@pytest.fixture
def granted(north):
    return Entitlement.objects.get()


@pytest.fixture
def act(north, now):
    return {"because": "They sold the sorter", "by": north.dispatcher, "now": now}


def test_a_declined_visit_is_written_down_with_person_and_reason(north, granted, act, now):
    decline_visit(granted, **act)
    entry = AllowanceEntry.objects.get()
    assert (entry.kind, entry.quantity, entry.by, entry.at, entry.reason) == (
        "declined",
        1,
        north.dispatcher,
        now,
        "They sold the sorter",
    )
    line = TimelineEntry.objects.get()
    assert (line.title, line.detail) == (
        "The customer does not want 1 paid visit of contract N-20418",
        "They sold the sorter",
    )
    assert undisposed_visits(north.contract, now.date()) == 1


@pytest.mark.parametrize("give_up", [decline_visit, carry_over, forfeit])
def test_no_more_is_given_up_than_is_left_and_nothing_without_a_reason(granted, act, give_up):
    with pytest.raises(NothingLeft, match="2 visits are open by now"):
        give_up(granted, visits=3, **act)
    with pytest.raises(NoReason):
        give_up(granted, **act | {"because": " "})
    give_up(granted, visits=2, **act)
    with pytest.raises(NothingLeft, match="No visit is open any more"):
        give_up(granted, **act)


def test_the_same_form_sent_twice_gives_up_once(granted, act):
    decline_visit(granted, seen=2, **act)
    with pytest.raises(NothingLeft, match="1 visit is open by now"):
        decline_visit(granted, seen=2, **act)
    assert AllowanceEntry.objects.count() == 1


def test_the_last_one_given_up_closes_the_duty_to_offer_it(north, granted, act, now):
    cause = {"due_at": now + DAY, "now": now, "owner_role": "dispatcher", "subject": granted.public_id}
    duty = open_duty("unused", granted.pk, kind=Duty.Kind.OFFER_VISIT, title="Offer it", **cause)
    decline_visit(granted, **act)
    duty.refresh_from_db()
    assert duty.closed_at is None
    decline_visit(granted, **act)
    duty.refresh_from_db()
    assert (duty.closed_at, duty.closed_by, duty.outcome) == (
        now,
        north.dispatcher,
        "Declined by the customer: They sold the sorter",
    )


def test_carried_over_into_a_term_that_stands_it_is_granted_there(north, granted, act, now):
    renewal = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    carry_over(granted, visits=2, **act)
    following = Entitlement.objects.get(term=renewal.term)
    assert (following.quantity, undisposed_visits(north.contract, now.date())) == (4, 0)
    ends = north.term.ends_on
    reasons = following.entries.filter(kind="granted").exclude(reason="").values_list("reason", flat=True)
    assert set(reasons) == {f"Carried over from the term to {ends.day} {ends:%b %Y}"}
    assert balance_of(following) == {"granted": 4}


def test_carried_over_before_the_next_term_is_made_it_is_granted_with_it_once(north, granted, act, now):
    carry_over(granted, **act)
    renewal = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    assert Entitlement.objects.get(term=renewal.term).quantity == 3
    take_back(renewal, because="Cheque returned", by=None, now=now)
    assert Entitlement.objects.get(term=renewal.term).quantity == 0
    # It had been paid for with the old term: the next one brings it again, and once.
    again = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    assert Entitlement.objects.get(term=again.term).quantity == 3
    last = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    assert Entitlement.objects.get(term=last.term).quantity == 2


def test_carried_over_into_a_term_without_visits_it_is_the_only_one(north, granted, act, now):
    carry_over(granted, **act)
    north.contract.visits_per_term = 0
    north.contract.save(update_fields=["visits_per_term"])
    renewal = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    assert Entitlement.objects.get(term=renewal.term).quantity == 1


def test_what_was_used_of_a_term_that_is_taken_back_stays_used(north, granted, now):
    renewal = renew(north.contract, channel="payment", amount=None, by=None, now=now)
    following = Entitlement.objects.get(term=renewal.term)
    AllowanceEntry.objects.create(
        entitlement=following, kind="done", quantity=1, at=now, subject=north.site.public_id
    )
    take_back(renewal, because="Cheque returned", by=None, now=now)
    following.refresh_from_db()
    assert following.quantity == 1
    assert balance_of(following) == {"granted": 2, "done": 1, "withdrawn": 1}


# Forfeited by the clock


def end_term(north, now, *, days_ago):
    end = now.date() - days_ago * DAY
    ContractTerm.objects.filter(pk=north.term.pk).update(starts_on=end - 364 * DAY, ends_on=end)
    return end


def test_what_is_left_is_forfeited_when_the_grace_is_over_and_not_before(north, granted, now):
    end = end_term(north, now, days_ago=30)
    assert forfeit_ended(north.tenant, now.date(), now=now) == 0
    assert forfeit_ended(north.tenant, now.date() + DAY, now=now + DAY) == 2
    last = end + 30 * DAY
    entry = AllowanceEntry.objects.get()
    assert (entry.kind, entry.quantity, entry.by, entry.reason) == (
        "forfeited",
        2,
        None,
        f"Not used until {last.day} {last:%b %Y}, grace included",
    )
    assert forfeit_ended(north.tenant, now.date() + DAY, now=now + DAY) == 0


def test_a_booked_visit_is_not_forfeited(north, granted, now):
    AllowanceEntry.objects.create(
        entitlement=granted, kind="booked", quantity=1, at=now, subject=north.site.public_id
    )
    end_term(north, now, days_ago=31)
    assert forfeit_ended(north.tenant, now.date(), now=now) == 1


def test_nothing_is_forfeited_while_the_renewal_is_in_review(north, granted, now):
    end_term(north, now, days_ago=31)
    evidence = RenewalEvidence.objects.create(
        contract=north.contract, kind="cheque", dated_on=now.date(), recorded_at=now
    )
    assert forfeit_ended(north.tenant, now.date(), now=now) == 0
    RenewalEvidence.objects.filter(pk=evidence.pk).update(state="rejected", decided_at=now)
    assert forfeit_ended(north.tenant, now.date(), now=now) == 2


def test_a_renewed_contract_loses_what_is_left_of_the_term_before(north, granted, now):
    end_term(north, now, days_ago=31)
    renew(north.contract, channel="payment", amount=None, by=None, now=now)
    assert forfeit_ended(north.tenant, now.date(), now=now) == 2
    assert undisposed_visits(north.contract, now.date()) == 2


@pytest.mark.parametrize(("after_end", "lost"), [(0, 2), (1, 0)])
def test_what_ended_before_the_messages_were_switched_on_is_history(north, now, after_end, lost):
    end = end_term(north, now, days_ago=100)
    north.tenant.messages_from = dt.datetime.combine(end + after_end * DAY, dt.time(12), dt.UTC)
    assert forfeit_ended(north.tenant, now.date(), now=now) == lost
    north.tenant.messages_from = None
    assert forfeit_ended(north.tenant, now.date(), now=now) == 0


def test_forfeiting_costs_as_many_statements_for_one_as_for_ten(
    north, granted, now, django_assert_num_queries
):
    end_term(north, now, days_ago=31)
    for number in range(9):
        term = ContractTerm.objects.create(
            contract=north.contract,
            starts_on=now.date() - (800 + 10 * number) * DAY,
            ends_on=now.date() - (791 + 10 * number) * DAY,
            price=1,
            created_at=now,
        )
        Entitlement.objects.create(term=term, kind="visits", quantity=1)
    north.tenant.messages_from = now - 1000 * DAY
    with django_assert_num_queries(7):
        assert forfeit_ended(north.tenant, now.date(), now=now) == 11


# The database


def test_the_database_refuses_what_goes_beyond_the_grant(north, granted, now):
    row = {"entitlement": granted, "quantity": 1, "at": now}
    for kind, subject in (("done", 1), ("declined", 2)):
        AllowanceEntry.objects.create(**row, kind=kind, subject=f"{subject:032x}")
    for number, kind in enumerate(("booked", "done", "declined", "carried over", "forfeited"), start=3):
        with pytest.raises(IntegrityError, match="granted visits"), transaction.atomic():
            AllowanceEntry.objects.create(**row, kind=kind, subject=f"{number:032x}")
    with pytest.raises(IntegrityError, match="used or given up"), transaction.atomic():
        Entitlement.objects.update(quantity=1)


def test_of_two_who_decline_the_last_visit_at_once_one_is_refused(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        Entitlement.objects.update(quantity=1)
        granted = Entitlement.objects.get()

    def decline(person):
        decline_visit(granted, because="No", by=person, now=now)
        return "declined"

    def write():
        """Somebody who asks nobody: the database's own word."""
        AllowanceEntry.objects.create(
            entitlement=granted, kind="booked", quantity=1, at=now, subject=desk.site.public_id
        )
        return "booked"

    people = (desk.dispatcher, desk.manager, desk.sales)
    results = at_once(
        write, *(partial(decline, one) for one in people), desk=desk, told=(NothingLeft, IntegrityError)
    )
    assert isinstance(results[0], (str, IntegrityError))
    assert all(isinstance(result, (str, NothingLeft)) for result in results[1:])
    assert [result for result in results if isinstance(result, str)] in (["booked"], ["declined"])
    with tenant(desk.tenant):
        assert AllowanceEntry.objects.count() == 1
