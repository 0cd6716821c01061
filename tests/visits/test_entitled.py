"""The ledger of granted visits holds what happened, whatever the order of events (R3.1)."""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.allowance import balance_of, with_left
from contracts.cover import covers_of_customer
from contracts.disposing import NothingLeft, carry_over, decline_visit, forfeit
from contracts.models import AllowanceEntry, Entitlement
from contracts.renewals import renew
from contracts.taking_back import take_back
from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_plain_visit
from visits.booking import book_visit
from visits.entitled import (
    book_allowance,
    release_allowance,
    reopen_allowance,
    still_open,
    unused_visit,
    use_allowance,
)
from visits.models import Visit
from visits.slots import Wanted, best_slots

Kind = AllowanceEntry.Kind


def entitled_visit(north, now, granted):
    visit = make_plain_visit(north, now=now, entitlement=granted, technician=None)
    visit.assignments.all().delete()
    return visit


def test_a_visit_missed_and_booked_anew_and_then_done_twice_uses_one(north, now):
    Entitlement.objects.update(quantity=1)
    granted = Entitlement.objects.get()
    missed, anew = entitled_visit(north, now, granted), None
    book_allowance(missed, by=None, now=now)
    assert still_open(missed) is None
    reopen_allowance(missed, Kind.MISSED_BY_US, by=None, now=now)
    assert still_open(missed) == granted
    anew = entitled_visit(north, now, granted)
    book_allowance(anew, by=None, now=now)
    for visit in (missed, anew):
        visit.completed_on = now.date()
        use_allowance(visit, by=None, now=now)
    assert balance_of(granted) == {"booked": 2, "missed by us": 1, "done": 1, "released": 1}
    anew.refresh_from_db()
    assert anew.entitlement is None
    assert AllowanceEntry.objects.get(kind="released").reason == "No granted visit was left when it was done"


def test_what_is_left_in_grace_can_still_be_booked(north, now):
    north.term.starts_on, north.term.ends_on = now.date().replace(year=2025), now.date().replace(day=1)
    north.term.save(update_fields=["starts_on", "ends_on"])
    covers = covers_of_customer(north.customer, now.date())
    assert covers[0].state == "in grace"
    assert unused_visit(covers)[0] == Entitlement.objects.get()


@dataclass
class Sums:
    """What a slow book-keeper holds of one entitlement."""

    granted: int
    done: int = 0
    given_up: Counter = field(default_factory=Counter)
    booked: set = field(default_factory=set)
    missed: set = field(default_factory=set)
    # How many of the granted ones were carried over into it.
    brought: int = 0

    @property
    def unused(self):
        return self.granted - self.done - self.given_up.total()

    @property
    def left(self):
        return self.unused - len(self.booked)


class Bookkeeper:
    """Does each event in the product and in its own head."""

    def __init__(self, north, now):
        self.north, self.now = north, now
        self.act = {"by": north.dispatcher, "now": now}
        self.old, self.renewal, self.following = Entitlement.objects.get(), None, None
        self.sums = {self.old.pk: Sums(2)}
        self.visits = {}
        self.waiting = 0

    def which(self, number):
        return self.following if number % 2 and self.following else self.old

    def book(self, number):
        granted = self.which(number)
        sums, visit = self.sums[granted.pk], entitled_visit(self.north, self.now, granted)
        if sums.left < 1:
            with pytest.raises(NothingLeft):
                book_allowance(visit, **self.act)
            return
        book_allowance(visit, **self.act)
        sums.booked.add(visit.pk)
        self.visits[visit.pk] = visit

    def _one(self, number, what):
        sums = self.sums[self.which(number).pk]
        among = sorted(getattr(sums, what))
        return (sums, self.visits[among[number % len(among)]]) if among else (sums, None)

    def release(self, number):
        sums, visit = self._one(number, "booked")
        if visit:
            release_allowance(visit, because="Undone", **self.act)
            sums.booked.discard(visit.pk)

    def miss(self, number):
        sums, visit = self._one(number, "booked")
        if visit:
            reopen_allowance(visit, Kind.MISSED_BY_US, **self.act)
            sums.booked.discard(visit.pk)
            sums.missed.add(visit.pk)

    def no_access(self, number):
        sums, visit = self._one(number, "booked")
        if visit:
            reopen_allowance(visit, Kind.NO_ACCESS, **self.act)
            sums.booked.discard(visit.pk)

    def do(self, number):
        self._do(*self._one(number, "booked"))

    def do_late(self, number):
        self._do(*self._one(number, "missed"))

    def _do(self, sums, visit):
        if visit is None:
            return
        visit.completed_on = visit.entitlement.term.starts_on
        use_allowance(visit, **self.act)
        sums.done += sums.unused > 0
        sums.booked.discard(visit.pk)
        sums.missed.discard(visit.pk)

    def _give_up(self, number, act, kind):
        granted, visits = self.which(number), number % 3 + 1
        sums = self.sums[granted.pk]
        if sums.left < visits:
            with pytest.raises(NothingLeft):
                act(granted, visits=visits, because="So", **self.act)
            return 0
        act(granted, visits=visits, because="So", **self.act)
        sums.given_up[kind] += visits
        return visits

    def decline(self, number):
        self._give_up(number, decline_visit, "declined")

    def forfeit(self, number):
        self._give_up(number, forfeit, "forfeited")

    def carry(self, number):
        carried = self._give_up(number, carry_over, "carried over")
        if self.following and self.which(number) == self.old:
            self.sums[self.following.pk].granted += carried
            self.sums[self.following.pk].brought += carried
        else:
            self.waiting += carried

    def renew(self, number):
        if self.following:
            return
        self.renewal = renew(self.north.contract, channel="payment", amount=None, **self.act)
        self.following = Entitlement.objects.get(term=self.renewal.term)
        self.sums[self.following.pk] = Sums(2 + self.waiting, brought=self.waiting)
        self.waiting = 0

    def take_back(self, number):
        if self.following is None:
            return
        take_back(self.renewal, because="Returned", **self.act)
        sums = self.sums[self.following.pk]
        own = min(2, sums.unused)
        again = min(sums.brought, sums.unused - own)
        sums.granted -= own + again
        # What this very term carried over was never paid for in the end, but it was promised.
        self.waiting += again
        self.following = None

    def check(self):
        for entitlement in with_left(Entitlement.objects.all()):
            sums, ledger = self.sums[entitlement.pk], Counter(balance_of(entitlement))
            first = 2 if entitlement == self.old else 0
            assert entitlement.quantity == sums.granted >= 0
            assert first + ledger["granted"] - ledger["withdrawn"] == sums.granted
            assert entitlement.done == ledger["done"] == sums.done
            assert {k: n for k, n in sums.given_up.items() if n} == {
                k: ledger[k] for k in ("declined", "carried over", "forfeited") if ledger[k]
            }
            assert 0 <= entitlement.disposed == sums.done + sums.given_up.total() <= entitlement.quantity
            assert entitlement.booked == len(sums.booked)
            assert entitlement.left == sums.left


EVENTS = [
    "book",
    "release",
    "miss",
    "no_access",
    "do",
    "do_late",
    "decline",
    "forfeit",
    "carry",
    "renew",
    "take_back",
]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    events=st.lists(
        st.tuples(st.sampled_from(["book", *EVENTS, "book"]), st.integers(0, 11)), min_size=4, max_size=24
    )
)
def test_the_ledgers_sums_equal_the_events_in_any_order(north, now, events):
    with transaction.atomic():
        keeper = Bookkeeper(north, now)
        for name, number in events:
            getattr(keeper, name)(number)
            keeper.check()
        transaction.set_rollback(True)


def test_of_two_bookers_and_one_who_declines_one_has_the_last_visit(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        Entitlement.objects.update(quantity=1)
        granted = Entitlement.objects.select_related("term").get()
        wanted = Wanted(
            desk=desk.tenant,
            calendar=calendar_of(desk.tenant),
            now=now,
            customer=desk.customer,
            site=desk.site,
            machines=(desk.copier,),
        )
        slots = best_slots(wanted)[:3:2]
    assert len({slot.technician for slot in slots}) == 2

    def book(slot):
        book_visit(
            customer=desk.customer,
            site=desk.site,
            contact=desk.contact,
            machines=[desk.copier],
            kind=Visit.Kind.TUNE_UP,
            problem="",
            technician=slot.technician,
            start=slot.start,
            end=slot.end,
            window_end=slot.window_end,
            by=desk.dispatcher,
            now=now,
            entitlement=granted,
        )

    def decline():
        decline_visit(granted, because="No", by=desk.manager, now=now)

    acts = (decline, *(partial(book, slot) for slot in slots))
    refused = [isinstance(one, NothingLeft) for one in at_once(*acts, desk=desk, told=NothingLeft)]
    assert sorted(refused) == [False, True, True]
    with tenant(desk.tenant):
        assert AllowanceEntry.objects.count() == 1
        # Who was refused left nothing behind.
        assert Visit.objects.count() == AllowanceEntry.objects.filter(kind="booked").count()
