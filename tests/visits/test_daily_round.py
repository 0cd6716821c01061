"""The round over all desks: what it does, and that one desk's fault keeps no other from it."""

import datetime as dt
import random

from cases.models import Duty
from contracts.allowance import with_left
from contracts.models import AllowanceEntry, ContractTerm, Entitlement
from messaging.models import Message
from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.cast import make_contract
from visits import daily_round
from visits.daily_round import Round, go_round
from visits.maintenance import make_plan
from visits.models import MaintenancePlan, PlannedService
from visits.nudges import due_nudge, plan_nudges

DAY = dt.timedelta(days=1)


def fill(desk, now):
    """A term that is half over, one that ended with its grace, and a plan."""
    with tenant(desk.tenant):
        old = ContractTerm.objects.create(
            contract=desk.contract,
            starts_on=now.date() - 300 * DAY,
            ends_on=now.date() - 201 * DAY,
            price=1,
            created_at=now,
        )
        old.entitlements.create(kind="visits", quantity=1)
        make_plan(
            MaintenancePlan(
                customer=desk.customer,
                site=desk.site,
                equipment=desk.copier,
                title="Tune-up",
                counts_from="calendar",
                every=1,
                unit="months",
                starts_on=now.date(),
            ),
            by=desk.dispatcher,
            now=now,
        )


def rows(desk):
    with tenant(desk.tenant):
        return [model.objects.count() for model in (AllowanceEntry, Message, Duty, PlannedService)]


def test_the_round_sees_to_all_desks_and_twice_does_nothing_more(cast, now):
    for desk in (cast.north, cast.south):
        fill(desk, now)
    assert go_round(now=now) == Round(forfeited=2, nudged=2, services=4, alarms=2)
    # One forfeited, told by text and mail, a duty to offer and one to book, two services.
    assert rows(cast.north) == rows(cast.south) == [1, 2, 2, 2]
    assert go_round(now=now).total() == 0


def test_one_desks_fault_keeps_no_other_from_its_round(cast, now, monkeypatch):
    for desk in (cast.north, cast.south):
        fill(desk, now)
    plan_nudges = daily_round.plan_nudges

    def fail_in_the_north(desk, *args, **kwargs):
        if desk == cast.north.tenant:
            raise RuntimeError("A fault of this desk")
        return plan_nudges(desk, *args, **kwargs)

    monkeypatch.setattr(daily_round, "plan_nudges", fail_in_the_north)
    go_round(now=now)
    assert rows(cast.north) == [0, 0, 0, 0]
    assert rows(cast.south) == [1, 2, 2, 2]


def test_a_desk_whose_messages_are_off_has_services_and_no_alarms(cast, now):
    desk = cast.north
    fill(desk, now)
    desk.tenant.messages_from = None
    desk.tenant.save(update_fields=["messages_from"])
    go_round(now=now)
    assert rows(desk) == [0, 0, 0, 2]


def test_a_round_finds_the_nudges_that_are_new_and_no_others(cast, now):
    """Asked of the database at once, and of each grant as the rule has it."""
    desk, dice = cast.north, random.Random(3)
    with tenant(desk.tenant):
        calendar = calendar_of(desk.tenant)
        for number in range(40):
            ends_on = now.date() + dice.randint(0, 400) * DAY
            contract = make_contract(desk.customer, number=f"N-{number}", ends_on=ends_on)
            term = contract.terms.get()
            term.starts_on = ends_on - dice.choice([0, 1, 2, 30, 59, 60, 61, 120, 364, 400]) * DAY
            term.save(update_fields=["starts_on"])
            granted = term.entitlements.create(kind="visits", quantity=dice.choice([1, 2, 4]))
            for cause in range(dice.choice([0, 0, 1, 2])):
                if cause < granted.quantity:
                    kind = dice.choice(["done", "done", "booked"])
                    entry = {"entitlement": granted, "kind": kind, "quantity": 1, "at": now}
                    AllowanceEntry.objects.create(subject=f"{granted.pk:016x}{cause:016x}", **entry)
        given = set()
        for after in (0, 1, 40, 90, 200):
            at = now + after * DAY
            running = Entitlement.objects.filter(
                term__starts_on__lte=at.date(), term__ends_on__gte=at.date(), kind="visits"
            )
            due = {
                (one.pk, nudge)
                for one in with_left(running).select_related("term")
                if (nudge := due_nudge(one, at.date()))
            }
            assert plan_nudges(desk.tenant, at.date(), now=at, calendar=calendar) == len(due - given)
            # Each stands among the duties by its own key: given once.
            given |= due
            assert Duty.objects.filter(kind="offer visit").count() == len(given)
        assert len(given) > 20
