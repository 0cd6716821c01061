"""Two rows that are one customer: merged with all that hangs on them, and parted again."""

import datetime as dt
import threading
import time

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Duty
from contracts.evidence import log_evidence
from contracts.models import Contract, ContractTerm, Payment, RenewalEvidence
from contracts.renewal_check import check_desk
from contracts.renewals import lock_contract
from contracts.tenure import customer_since
from customers.adding import add_customer
from customers.finding import find
from customers.links import find_link, make_link
from customers.merging import (
    CannotMerge,
    fields_to_customers,
    keep_apart,
    merge_customers,
    rehome_strays,
    undo_merge,
)
from customers.models import (
    Contact,
    Customer,
    CustomerLink,
    CustomerMerge,
    DuplicateProposal,
    SearchWord,
    TimelineEntry,
)
from customers.search_words import add_number, index_customer
from customers.timeline import add_line
from tenancy.scope import tenant
from tenancy.walls import is_event
from tests.at_once import at_once, kinds
from tests.cast import make_visit

LONG_AGO = dt.date(2001, 5, 4)


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        index_customer(cast.north.customer)
        yield cast.north


def second_row(desk, now):
    """The same customer once more, with a contract, a visit's worth of history and a link."""
    gone = add_customer(
        name="M Ellison", company="Harbour Letter Ltd", phone="07700 900412", by=desk.dispatcher, now=now
    )
    Customer.objects.filter(pk=gone.pk).update(customer_since=LONG_AGO, notes="Rings on Mondays")
    contract = Contract.objects.create(number="N-777", customer=gone, price=1, currency="GBP")
    ContractTerm.objects.create(
        contract=contract, starts_on=LONG_AGO, ends_on=dt.date(2002, 5, 3), price=1, created_at=now
    )
    add_number(gone, SearchWord.Kind.CONTRACT, contract.number, contract.public_id)
    gone.refresh_from_db()
    return gone, contract


def references(customer) -> dict[str, list[int]]:
    """Every row of every table that points at a customer, by an own look at the models."""
    found = {}
    for model, name in keys_to_customers():
        if model in (DuplicateProposal, CustomerMerge, SearchWord):
            continue
        rows = model.objects.filter(**{name: customer}).order_by("pk").values_list("pk", flat=True)
        found[f"{model.__name__}.{name}"] = list(rows)
    return found


def test_everything_goes_along_and_the_one_who_went_says_where(north, now):
    gone, contract = second_row(north, now)
    theirs, ours = references(gone), references(north.customer)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    gone.refresh_from_db()
    assert gone.merged_into == north.customer
    left = {place: rows for place, rows in references(gone).items() if rows}
    assert left == {}
    merged = references(north.customer)
    told = TimelineEntry.objects.get(step="merged").pk
    for place, rows in theirs.items():
        expected = sorted([*rows, *ours[place], *([told] if place == "TimelineEntry.customer" else [])])
        if place == "Customer.merged_into":
            expected = [gone.pk]
        assert merged[place] == expected, place
    contract.refresh_from_db()
    assert contract.customer == north.customer


def test_the_earlier_tenure_counts_and_empty_fields_are_filled(north, now):
    gone, _ = second_row(north, now)
    Customer.objects.filter(pk=north.customer.pk).update(notes="")
    north.customer.refresh_from_db()
    name = north.customer.name
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    north.customer.refresh_from_db()
    assert (north.customer.name, north.customer.notes) == (name, "Rings on Mondays")
    assert customer_since(north.customer) == LONG_AGO


def test_one_contact_stays_the_main_one(north, now):
    gone, _ = second_row(north, now)
    main = Contact.objects.get(customer=north.customer, is_main=True)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    assert Contact.objects.get(customer=north.customer, is_main=True) == main
    assert Contact.objects.filter(customer=north.customer).count() == 2


def test_a_line_that_both_have_is_told_once(north, now):
    gone, contract = second_row(north, now)
    for customer in (north.customer, gone):
        add_line(customer, "call", "Rang", at=now, subject=contract.public_id, step="rang")
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    assert north.customer.timeline.filter(title="Rang").count() == 1


def test_the_search_and_old_links_lead_to_the_kept_customer(north, now):
    gone, _ = second_row(north, now)
    visit = make_visit(north, start=now, contact=None, customer=gone, site=gone.sites.get(), machines=())
    token = make_link(gone, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=None)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    for typed in ("N-777", "harbour letter ltd", "M Ellison", "07700900412"):
        found = find(typed, country="GB")
        hits = [*found.customers, *found.contracts]
        assert {hit.customer for hit in hits} == {north.customer}, typed
    assert find_link(token, now=now).link.customer == north.customer


def test_parting_moves_back_just_what_was_moved(north, now):
    gone, _ = second_row(north, now)
    before = references(north.customer), references(gone), words_of(gone), words_of(north.customer)
    fields = Customer.objects.filter(pk=north.customer.pk).values().get()
    main = Contact.objects.filter(is_main=True).order_by("pk").values_list("pk", flat=True)
    mains = list(main)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    since = Contract.objects.create(number="N-778", customer=north.customer, price=1, currency="GBP")
    undo_merge(merge, by=north.dispatcher, now=now)
    gone.refresh_from_db()
    assert gone.merged_into is None
    after = references(north.customer), references(gone)
    told = list(TimelineEntry.objects.filter(step__in=("merged", "parted")).values_list("pk", flat=True))
    for was, now_is in zip(before[:2], after, strict=True):
        now_is["TimelineEntry.customer"] = [pk for pk in now_is["TimelineEntry.customer"] if pk not in told]
        now_is["Contract.customer"] = [pk for pk in now_is["Contract.customer"] if pk != since.pk]
        assert now_is == was
    assert (words_of(gone), words_of(north.customer)) == before[2:]
    assert Customer.objects.filter(pk=north.customer.pk).values().get() == fields
    assert list(main.all()) == mains


def test_what_was_changed_since_the_merge_is_not_turned_back(north, now):
    gone, _ = second_row(north, now)
    Customer.objects.filter(pk=north.customer.pk).update(notes="")
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    Customer.objects.filter(pk=north.customer.pk).update(notes="Rings on Fridays now")
    undo_merge(merge, by=north.dispatcher, now=now)
    north.customer.refresh_from_db()
    assert north.customer.notes == "Rings on Fridays now"


def test_nobody_is_merged_twice_with_themselves_or_parted_twice(north, now):
    gone, _ = second_row(north, now)
    with pytest.raises(CannotMerge, match="Choose two customers"):
        merge_customers(kept=gone, gone=gone, by=north.dispatcher, now=now)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    with pytest.raises(CannotMerge, match="a part of another customer already"):
        merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    undo_merge(merge, by=north.dispatcher, now=now)
    with pytest.raises(CannotMerge, match="parted them already"):
        undo_merge(merge, by=north.dispatcher, now=now)


def test_a_pair_that_was_decided_is_not_proposed_again(north, now):
    gone, _ = second_row(north, now)
    proposal = DuplicateProposal.objects.create(
        first=north.customer, second=gone, reason="Same phone number", proposed_at=now
    )
    keep_apart(proposal, by=north.dispatcher, now=now)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("different", north.dispatcher)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    proposal.refresh_from_db()
    assert proposal.state == "merged"
    undo_merge(merge, by=north.dispatcher, now=now)
    proposal.refresh_from_db()
    assert proposal.state == "different"


def test_every_way_to_a_customer_is_followed():
    """A new table with a key to customers is merged by itself; these are the only ones that are not."""
    every = {(model._meta.label, name) for model, name in keys_to_customers()}
    followed = {(field.model._meta.label, field.name) for field in fields_to_customers()}
    assert every - followed == {
        ("customers.Customer", "merged_into"),
        ("customers.CustomerMerge", "gone"),
        ("customers.CustomerMerge", "kept"),
        ("customers.DuplicateProposal", "first"),
        ("customers.DuplicateProposal", "second"),
    }
    assert len(followed) >= 15


def test_two_who_merge_the_same_pair_both_ways_make_one_merge(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        gone, _ = second_row(desk, now)

    def merge(kept, other):
        return merge_customers(kept=kept, gone=other, by=desk.dispatcher, now=now)

    results = at_once(
        lambda: merge(desk.customer, gone), lambda: merge(gone, desk.customer), desk=desk, told=CannotMerge
    )
    assert kinds(results) == ["CannotMerge", "CustomerMerge"]
    with tenant(desk.tenant):
        assert CustomerMerge.objects.count() == 1
        assert Customer.objects.standing().filter(pk__in=[gone.pk, desk.customer.pk]).count() == 1


def test_what_others_hang_on_is_moved_first():
    order = [field.model._meta.label for field in fields_to_customers()]
    for first, then in (
        ("contracts.Contract", "contracts.Payment"),
        ("contracts.Contract", "visits.MaintenancePlan"),
        ("customers.Site", "visits.Visit"),
    ):
        assert order.index(first) < order.index(then)
    assert {"cases.Duty", "customers.TimelineEntry"} <= set(order[order.index("contracts.Contract") + 1 :])
    assert {"cases.Duty", "customers.TimelineEntry"} <= set(order[order.index("contracts.Contract") + 1 :])


def test_whoever_acts_on_a_contract_is_not_deadlocked_by_a_merge(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        gone, contract = second_row(desk, now)
    held, told = threading.Event(), []

    def merge():
        try:
            assert held.wait(timeout=20)
            with tenant(desk.tenant):
                told.append(merge_customers(kept=desk.customer, gone=gone, by=desk.dispatcher, now=now))
        except Exception as refused:
            told.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=merge)
    thread.start()
    with tenant(desk.tenant):
        lock_contract(contract.pk)
        held.set()
        wait_until_somebody_waits_for_us()
        log_evidence(
            contract=contract,
            kind=RenewalEvidence.Kind.MAIL,
            dated_on=now.date(),
            reference="Yes",
            by=desk.dispatcher,
            now=now,
        )
    thread.join(timeout=30)
    assert [type(one) for one in told] == [CustomerMerge]
    with tenant(desk.tenant):
        assert RenewalEvidence.objects.get().contract.customer == desk.customer
        assert not Duty.objects.filter(customer=gone).exists()
        assert not TimelineEntry.objects.filter(customer=gone).exists()


def test_whoever_parts_two_is_not_deadlocked_by_the_check_that_moves_what_came_since(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        gone, _ = second_row(desk, now)
        merge = merge_customers(kept=desk.customer, gone=gone, by=desk.dispatcher, now=now)
        stray = Contract.objects.create(number="N-778", customer=gone, price=1, currency="GBP")
    assert desk.customer.pk < gone.pk
    held, told = threading.Event(), []

    def rehome():
        try:
            assert held.wait(timeout=20)
            with tenant(desk.tenant):
                told.append(rehome_strays())
        except Exception as refused:
            told.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=rehome)
    thread.start()
    with tenant(desk.tenant):
        # As parting does first.
        Customer.objects.select_for_update(no_key=True, of=("self",)).get(pk=desk.customer.pk)
        held.set()
        wait_until_somebody_waits_for_us()
        undo_merge(merge, by=desk.dispatcher, now=now)
    thread.join(timeout=30)
    assert told == [0]
    with tenant(desk.tenant):
        assert Contract.objects.get(pk=stray.pk).customer == gone


def wait_until_somebody_waits_for_us():
    """Until another connection waits for a lock that this one holds."""
    until = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT count(*) FROM pg_locks "
                "WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waits for this transaction")


def money_of(customer, now, **fields):
    told = {"paid_on": now.date(), "amount": 5, "currency": "GBP", "recorded_at": now}
    return Payment.objects.create(customer=customer, **told, **fields)


def test_what_came_to_the_merged_customer_is_moved_by_the_check_and_goes_back_with_it(north, now):
    gone, _ = second_row(north, now)
    third = add_customer(name="Old Ellison", company="", phone="07700 900413", by=north.dispatcher, now=now)
    first = merge_customers(kept=gone, gone=third, by=north.dispatcher, now=now)
    second = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    payment, later = money_of(gone, now), money_of(third, now)
    stray = Contact.objects.create(customer=gone, name="New", is_main=True)
    check_desk(north.tenant, now=now)
    for row in (payment, later, stray):
        row.refresh_from_db()
        assert row.customer == north.customer
    assert Contact.objects.filter(customer=north.customer, is_main=True).count() == 1
    assert rehome_strays() == 0
    undo_merge(second, by=north.dispatcher, now=now)
    undo_merge(first, by=north.dispatcher, now=now)
    for row, owner in ((payment, gone), (later, third), (stray, gone)):
        row.refresh_from_db()
        assert row.customer == owner
    assert Contact.objects.filter(customer=gone, is_main=True).count() == 1


def test_finding_strays_takes_as_many_statements_for_ten_as_for_one(north, now, django_assert_num_queries):
    gone, _ = second_row(north, now)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    money_of(gone, now)
    with CaptureQueriesContext(connection) as one:
        assert rehome_strays() == 1
    for _ in range(10):
        money_of(gone, now)
    with django_assert_num_queries(len(one)):
        assert rehome_strays() == 10


def keys_to_customers():
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.related_model is Customer and not is_event(model):
                yield model, field.name


def words_of(customer):
    return sorted(SearchWord.objects.filter(customer=customer).values_list("kind", "word", "shown"))
