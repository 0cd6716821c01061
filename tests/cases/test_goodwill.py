"""Goodwill is asked for and proposed from the desk's catalogue, and decided once by somebody who may."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cases.goodwill import (
    AlreadyDecided,
    GoodwillRefused,
    ask_for_goodwill,
    decide_goodwill,
    for_a_failure,
    may_give,
    offered_items,
    propose_goodwill,
)
from cases.goodwill_given import goodwill_given
from cases.goodwill_register import given_before, totals
from cases.models import Goodwill, GoodwillItem, GoodwillLimit
from contracts.evidence import log_claim
from contracts.models import AllowanceEntry, Entitlement, Renewal
from contracts.renewals import last_term
from tenancy.calendars import zone_of
from tenancy.figures import last_days
from tenancy.models import Role
from tenancy.scope import tenant
from tests.at_once import at_once, kinds
from tests.cast import make_plain_visit
from tests.told import told

SUBJECT = uuid.UUID(int=7)


@pytest.fixture
def north(cast):
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            make_catalogue()
    with tenant(cast.north.tenant):
        yield cast.north


def make_catalogue():
    entry("Two weeks more", "extension", days=30, dispatcher=14)
    entry("A free visit", "free visit", "95.00")
    entry("A small credit", "credit", "25.00", dispatcher="25.00", technician="10.00")


def entry(name, kind, limit=None, days=None, **limits):
    item = GoodwillItem.objects.create(name=name, kind=kind, limit=limit and Decimal(limit), days=days)
    for role, most in limits.items():
        measure = {"days": most} if days else {"up_to": Decimal(most)}
        GoodwillLimit.objects.create(item=item, role=role, **measure)
    return item


def proposed(desk, now, subject=SUBJECT, **figures):
    figures = {"years": 0, "misses": 0, "broken": 1} | figures
    said = {"reason": "We missed two visits", "by": None, "now": now}
    return propose_goodwill(desk.customer, subject=subject, **said, **figures)


def extension(desk, now, days=14, **more):
    place = ("contract", desk.contract.public_id)
    return asked(desk, now, "Two weeks more", **{"amount": None, "days": days, "place": place} | more)


def asked(desk, now, name="A small credit", **more):
    said = {"amount": Decimal("10.00"), "cause": "missed visit", "reason": "Waited all morning"}
    item = GoodwillItem.objects.get(name=name)
    return ask_for_goodwill(desk.customer, item=item, **said | {"by": desk.dispatcher, "now": now} | more)


@pytest.mark.parametrize(
    ("figures", "item", "amount"),
    [
        # One of six parts of the largest that may be given, £95; six parts are all of it.
        ({"broken": 1}, "A small credit", 16),
        ({"misses": 1, "broken": 0}, "A free visit", 95),
        ({"misses": 2, "broken": 3, "years": 12}, "A free visit", 95),
    ],
)
def test_what_is_fair_by_the_figures_is_proposed(north, now, figures, item, amount):
    fair = proposed(north, now, **figures)
    assert (fair.item.name, fair.amount) == (item, amount)


def test_where_we_failed_nobody_nothing_is_proposed(north, now):
    assert proposed(north, now, misses=0, broken=0, years=12) is None


def test_for_one_visit_it_is_proposed_once(north, now):
    first = proposed(north, now)
    assert (first.item.name, first.amount, first.state) == ("A small credit", Decimal("16.00"), "proposed")
    assert first.cause == "missed visit"
    assert proposed(north, now) == first
    assert proposed(north, now, uuid.UUID(int=8)) != first
    assert Goodwill.objects.count() == 2


def test_an_empty_catalogue_proposes_nothing(north, now):
    GoodwillItem.objects.exclude(kind="extension").update(retired_at=now)
    assert proposed(north, now) is None


def test_each_role_gives_up_to_its_limit_and_a_manager_all(north):
    item = GoodwillItem.objects.get(name="A small credit")
    given = {role: may_give(item, north.people[role]) for role in Role.values}
    assert given == {"dispatcher": 25, "technician": 10, "sales": 0, "accounts": 0, "manager": 25}
    GoodwillItem.objects.filter(pk=item.pk).update(limit=Decimal("8.00"))
    item = GoodwillItem.objects.get(pk=item.pk)
    assert (may_give(item, north.dispatcher), may_give(item, north.manager)) == (8, 8)


def test_within_ones_own_limit_it_is_given_at_once(north, now):
    goodwill = asked(north, now)
    assert (goodwill.state, goodwill.decided_by, goodwill.decided_at) == ("approved", north.dispatcher, now)
    assert told(north.customer) == [
        ("goodwill", "Goodwill: A small credit", "Waited all morning", "Dana Whitlock")
    ]


def test_above_it_it_waits_for_somebody_who_may(north, now):
    goodwill = asked(north, now, by=north.technician, amount=Decimal("10.01"))
    assert (goodwill.state, goodwill.decided_by) == ("proposed", None)
    waits = ("goodwill", "Goodwill proposed: A small credit", "Waited all morning", "Lou Baptiste")
    assert told(north.customer) == [waits]
    with pytest.raises(GoodwillRefused, match="given by a manager"):
        decide_goodwill(goodwill, gives=True, by=north.technician, reason="", now=now)
    given = decide_goodwill(goodwill, gives=True, by=north.dispatcher, reason="", now=now)
    assert (given.state, given.decided_by) == ("approved", north.dispatcher)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": Decimal("25.01")}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"reason": " "}, "reason"),
        ({"name": "A free visit"}, "place"),
        ({"name": "Two weeks more"}, "days"),
        ({"name": "Two weeks more", "days": 0}, "days"),
        ({"name": "Two weeks more", "days": 31}, "days"),
        ({"name": "Two weeks more", "days": 14}, "place"),
        ({"name": "Two weeks more", "days": 14, "place": ("visit", SUBJECT)}, "place"),
        ({"name": "Two weeks more", "days": 14, "place": ("contract", SUBJECT)}, "place"),
    ],
)
def test_what_cannot_be_asked_for(north, now, given, field):
    with pytest.raises(GoodwillRefused) as refused:
        asked(north, now, **given)
    assert refused.value.field == field
    assert not Goodwill.objects.exists()


def test_sent_twice_it_is_asked_for_once(north, now):
    public_id = uuid.uuid4()
    assert asked(north, now, public_id=public_id) == asked(north, now, public_id=public_id)
    assert (Goodwill.objects.count(), north.customer.timeline.count()) == (1, 1)


def test_it_is_decided_once(north, now):
    goodwill = proposed(north, now)
    with pytest.raises(GoodwillRefused, match="Say why"):
        decide_goodwill(goodwill, gives=False, by=north.manager, now=now, reason=" ")
    said = {"now": now, "reason": "They waited two mornings"}
    given = decide_goodwill(goodwill, gives=True, by=north.dispatcher, **said)
    assert (given.state, given.decided_by) == ("approved", north.dispatcher)
    # Pressed twice it counts once; another's word comes too late.
    assert decide_goodwill(goodwill, gives=True, by=north.dispatcher, **said).state == "approved"
    with pytest.raises(AlreadyDecided, match="Dana Whitlock decided at 13:07: approved."):
        decide_goodwill(goodwill, gives=False, by=north.manager, **said)
    assert told(north.customer)[1:] == [
        ("goodwill", "Goodwill: A small credit", "They waited two mornings", "Dana Whitlock")
    ]


def test_what_is_declined_stands_on_the_time_line_with_its_reason(north, now):
    goodwill = proposed(north, now)
    declined = decide_goodwill(
        goodwill, gives=False, by=north.manager, now=now, reason="A new machine is on its way"
    )
    assert (declined.state, declined.decision_reason) == ("declined", "A new machine is on its way")
    # Decided twice it is told once.
    decide_goodwill(goodwill, gives=False, by=north.manager, now=now, reason="No")
    assert told(north.customer)[1:] == [
        ("goodwill", "Goodwill declined: A small credit", "A new machine is on its way", "Robin Vale")
    ]


def test_a_free_visit_is_one_more_in_the_contract_that_runs(north, now):
    granted = Entitlement.objects.get(term__contract=north.contract, kind="visits")
    before = granted.quantity
    goodwill = asked(
        north, now, "A free visit", by=north.manager, place=("contract", north.contract.public_id)
    )
    granted.refresh_from_db()
    assert (goodwill.state, granted.quantity) == ("approved", before + 1)
    entry = AllowanceEntry.objects.get(subject=goodwill.public_id)
    assert (entry.kind, entry.quantity, entry.reason) == ("granted", 1, "Goodwill: Waited all morning")


def test_on_a_contract_that_does_not_run_it_is_refused_and_nothing_is_written(north, now):
    later = now + dt.timedelta(days=4000)
    with pytest.raises(GoodwillRefused, match="runs today"):
        asked(north, later, "A free visit", by=north.manager, place=("contract", north.contract.public_id))
    assert not Goodwill.objects.exists()
    with pytest.raises(GoodwillRefused, match="not one of theirs"):
        asked(north, now, "A free visit", by=north.manager, place=("contract", uuid.uuid4()))


def test_an_extension_within_ones_days_is_given_at_once(north, now):
    ends_on = last_term(north.contract).ends_on
    given = extension(north, now)
    assert (given.state, given.amount, given.days, given.size) == ("approved", None, 14, 14)
    term = last_term(north.contract)
    assert (term.ends_on - ends_on, term.given_days) == (dt.timedelta(days=14), 14)
    assert told(north.customer) == [
        ("goodwill", "Goodwill: Two weeks more, 14 days", "Waited all morning", "Dana Whitlock")
    ]
    assert not Renewal.objects.exists()


def test_more_days_wait_for_somebody_who_may_and_are_booked_with_the_yes(north, now):
    waits = extension(north, now, days=15)
    assert (waits.state, last_term(north.contract).given_days) == ("proposed", 0)
    with pytest.raises(GoodwillRefused, match="given by a manager"):
        decide_goodwill(waits, gives=True, by=north.dispatcher, reason="", now=now)
    decide_goodwill(waits, gives=True, by=north.manager, reason="", now=now)
    # Pressed twice it is booked once.
    decide_goodwill(waits, gives=True, by=north.manager, reason="", now=now)
    assert last_term(north.contract).given_days == 15


def test_an_extension_that_cannot_be_booked_is_not_given(north, now):
    waits = extension(north, now, days=15)
    log_claim(contract=north.contract, by=north.dispatcher, now=now)
    with pytest.raises(GoodwillRefused, match="in review"):
        decide_goodwill(waits, gives=True, by=north.manager, reason="", now=now)
    waits.refresh_from_db()
    assert (waits.state, last_term(north.contract).given_days) == ("proposed", 0)


def test_extensions_are_not_weighed_by_failures(north):
    offered = offered_items()
    assert [item.name for item in offered] == ["A small credit", "A free visit", "Two weeks more"]
    assert [item.name for item in for_a_failure(offered)] == ["A small credit", "A free visit"]


def test_days_are_counted_apart_from_money(north, now):
    extension(north, now)
    extension(north, now, days=7)
    asked(north, now)
    since, zone = now - dt.timedelta(days=365), zone_of(north.tenant)
    total = given_before([north.customer], since=since)[north.customer.pk]
    assert (total.count, total.amount, total.days) == (3, 10, 21)
    assert [(one.of, one.count, one.amount, one.days) for one in totals(since=since, zone=zone)["items"]] == [
        ("A small credit", 1, 10, 0),
        ("Two weeks more", 2, 0, 21),
    ]
    figure = goodwill_given(last_days(1, now=now, zone=zone))
    assert (figure.count, figure.amount, figure.days) == (3, 10, 21)


def test_a_visit_is_made_free_once(north, now):
    visit = make_plain_visit(north, now=now, start=now.replace(hour=15))
    place = ("visit", visit.public_id)
    assert asked(north, now, "A free visit", by=north.manager, place=place).state == "approved"
    with pytest.raises(GoodwillRefused, match="free already"):
        asked(north, now, "A free visit", by=north.manager, place=place)
    assert Goodwill.objects.count() == 1
    gone = make_plain_visit(
        north, now=now, start=now.replace(hour=16), state="cancelled by us", ended_because="Rain"
    )
    with pytest.raises(GoodwillRefused, match="Choose another"):
        asked(north, now, "A free visit", by=north.manager, place=("visit", gone.public_id))


def test_proposed_without_a_place_it_gets_one_with_the_yes(north, now):
    GoodwillItem.objects.filter(kind="credit").update(retired_at=now)
    goodwill = proposed(north, now)
    place = ("contract", north.contract.public_id)
    decide_goodwill(goodwill, gives=True, reason="", by=north.manager, now=now, place=place)
    assert AllowanceEntry.objects.filter(subject=goodwill.public_id).count() == 1


def test_two_who_approve_at_once_book_it_once(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        make_catalogue()
        goodwill = asked(
            desk, now, "A free visit", by=desk.technician, place=("contract", desk.contract.public_id)
        )
        other = desk.dispatcher
        GoodwillLimit.objects.create(item=goodwill.item, role="dispatcher", up_to=Decimal(95))

    def approve(person):
        return decide_goodwill(goodwill_of(goodwill.pk), gives=True, reason="", by=person, now=now)

    said = at_once(lambda: approve(desk.manager), lambda: approve(other), desk=desk, told=AlreadyDecided)
    assert kinds(said) == ["AlreadyDecided", "Goodwill"]
    with tenant(desk.tenant):
        assert AllowanceEntry.objects.filter(subject=goodwill.public_id).count() == 1
        assert desk.customer.timeline.filter(title="Goodwill: A free visit").count() == 1


def test_two_who_approve_an_extension_at_once_give_its_days_once(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        make_catalogue()
        goodwill = extension(desk, now, by=desk.technician)

    def approve(person):
        return decide_goodwill(goodwill_of(goodwill.pk), gives=True, reason="", by=person, now=now)

    acts = [lambda person=person: approve(person) for person in (desk.manager, desk.dispatcher)]
    assert kinds(at_once(*acts, desk=desk, told=AlreadyDecided)) == ["AlreadyDecided", "Goodwill"]
    with tenant(desk.tenant):
        assert last_term(desk.contract).given_days == 14


def goodwill_of(pk):
    return Goodwill.objects.get(pk=pk)


def test_the_database_refuses_more_than_the_catalogue_and_another_decision(north, now):
    given, waiting = asked(north, now), asked(north, now, by=north.sales)
    longer, waits = extension(north, now), extension(north, now, by=north.sales)
    with_days = {"amount": None, "days": 14, "place_kind": "contract", "place": north.contract.public_id}
    for goodwill, name, values in (
        (waiting, "goodwill_within_limit", {"amount": Decimal("25.01")}),
        (waiting, "goodwill_within_limit", with_days),
        (waits, "goodwill_within_limit", {"days": 31}),
        (waits, "goodwill_within_limit", {"amount": Decimal("1.00"), "days": None}),
        (waits, "goodwill_amount_or_days_on_a_contract", {"days": None}),
        (waits, "goodwill_amount_or_days_on_a_contract", {"place_kind": "visit"}),
        (longer, "goodwill_stands", {"days": 13}),
        (waiting, "goodwill_declined_has_reason", {"state": "declined", "decided_at": now}),
        (waiting, "goodwill_place_is_whole", {"place_kind": "visit"}),
        (given, "goodwill_stands", {"state": "declined", "decision_reason": "No"}),
        (given, "goodwill_stands", {"amount": Decimal("9.00")}),
        (given, "goodwill_stands", {"place_kind": "visit", "place": SUBJECT}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Goodwill.objects.filter(pk=goodwill.pk).update(**values)
    proposed(north, now)
    with pytest.raises(IntegrityError, match="goodwill_once_for_cause"), transaction.atomic():
        Goodwill.objects.filter(pk=waiting.pk).update(subject=SUBJECT)
    for kind, values in (("extension", {"limit": 5}), ("credit", {"limit": None}), ("credit", {"days": 5})):
        with pytest.raises(IntegrityError, match="goodwillitem_money_or_days"), transaction.atomic():
            GoodwillItem.objects.filter(kind=kind).update(**values)
    with pytest.raises(IntegrityError, match="goodwilllimit_money_or_days"), transaction.atomic():
        GoodwillLimit.objects.update(days=3)
