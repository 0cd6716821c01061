"""A week of visits, played against the product with the clock in the player's hand.

People book, move, cancel, come late, never come, forget to ring; the job runner stands still at
random. What must then be true is computed from what was played, by none of the product's functions.
"""

import datetime as dt
import heapq
import random
from collections import Counter, defaultdict
from itertools import count
from zoneinfo import ZoneInfo

from django.core import mail

from cases.models import Duty
from customers.models import Contact, Customer, Equipment, Site
from messaging.delivery import deliver_due
from messaging.models import Message
from tenancy.models import Membership, Role, Tenant, User
from tenancy.scope import tenant
from tests.proofs.week_people import (
    BEHAVIOUR,
    CLOCKS,
    DAY,
    HOUR,
    MINUTE,
    WINDOW,
    Desk,
    People,
    Played,
)
from visits import report_letter
from visits.approval import approve_visit, decline_visit
from visits.booking import SlotTaken, book_visit
from visits.call_ahead import alarm
from visits.models import Technician, Visit
from visits.reminders import plan_reminders
from visits.sweeper import sweep

BLOCK, ALLOWED = 75 * MINUTE, 30 * MINUTE
# Monday to Sunday; in London the clock is put forward on the Sunday.
MONDAY = dt.date(2026, 3, 23)
# The desk's zone, and that of a third of its customers.
DESKS = {
    "harbour": ("Europe/London", "GB", "Europe/Paris"),
    "hudson": ("America/New_York", "US", "America/Chicago"),
    "sakura": ("Asia/Tokyo", "JP", "Asia/Shanghai"),
}
# These wait for the morning; a visit under way is told of at any hour.
KEEPS_QUIET = {"booked", "moved", "cancelled", "reminder"}


class Week(People):
    """The players, the clock, the job runner that stands still now and then, and what was seen."""

    def __init__(self, *, seed, visits, days, lead, tail, technicians, customers, tick):
        self.random, self.visits, self.days, self.tick = random.Random(seed), visits, days, tick
        self.technicians, self.customers = technicians, customers
        self.begin = dt.datetime.combine(MONDAY, dt.time(0), dt.UTC) - lead
        self.last_day = MONDAY + dt.timedelta(days=days - 1)
        # Who was missed is booked again in the days after.
        self.end = dt.datetime.combine(self.last_day, dt.time(0), dt.UTC) + tail
        self.now, self.last_sweep = self.begin, self.begin
        self.events, self.order = [], count()
        self.played: dict = {}
        self.sent: list = []
        self.seen, self.refused = Counter(), Counter()
        self.ran, self.stood_still = [], dt.timedelta()

    def play(self, check) -> None:
        """Play it all; `check` looks at the product after every turn of the runner, standing or not."""
        self.desks = [self._desk(slug, *where) for slug, where in DESKS.items()]
        for _ in range(self.visits):
            self._plan_booking()
        outages = self._outages()
        at = self.begin
        while at < self.end:
            stands = any(since <= at < until for since, until in outages)
            self._at(at, self._stand_still if stands else self._run, check)
            at += self.tick
        for desk in self.desks:
            for hour in range(int((self.end - 2 * DAY - self.begin) / HOUR)):
                self._at(self.begin + hour * HOUR + 7 * MINUTE, self._see_to_misses, desk)
        while self.events:
            self.now, _, act, arguments = heapq.heappop(self.events)
            act(*arguments)

    # The job runner

    def _outages(self):
        """One a day on average, of up to six hours; the last days it runs, to catch up."""
        found, at = [], self.begin
        while at < self.end - 2 * DAY:
            at += self.random.random() * 2 * DAY
            length = 10 * MINUTE + self.random.random() * (6 * HOUR - 10 * MINUTE)
            found.append((at, at + length))
            at += length
        return [(since, until) for since, until in found if until < self.end - 2 * DAY]

    def _run(self, check):
        sweep(now=self.now)
        alarm(now=self.now)
        plan_reminders(now=self.now)
        before = len(mail.outbox)
        deliver_due(clock=lambda: self.now)
        self.last_sweep = self.now
        self.ran.append(self.now)
        self._note_sent(mail.outbox[before:])
        check(self)

    def _stand_still(self, check):
        self.stood_still += self.tick
        check(self)

    def _note_sent(self, mails):
        keys = defaultdict(list)
        for letter in mails:
            key, slug = letter.extra_headers["Message-ID"].strip("<>").split("@")
            keys[slug].append(key)
        for desk in self.desks:
            with tenant(desk.tenant):
                for message in Message.objects.filter(key__in=keys[desk.tenant.slug]).order_by("pk"):
                    self.sent.append((self.now, message, self.played[message.subject]))
                    wrong = wrong_about(message, self.played[message.subject], self.now)
                    assert not wrong, f"{message.kind} sent at {self.now}: {wrong}"

    # Making the desks

    def _desk(self, slug, zone, country, other_zone) -> Desk:
        row = Tenant.objects.create(
            slug=slug, name=slug.capitalize(), time_zone=zone, country=country, messages_from=self.begin - DAY
        )  # fmt: skip
        with tenant(row):
            desk = Desk(row, ZoneInfo(zone), _member(slug, Role.DISPATCHER), _member(slug, Role.MANAGER))
            desk.crew = [Technician.objects.create(name=f"Tech {n:02}") for n in range(self.technicians)]
            for number in range(self.customers):
                away = other_zone if number % 3 == 0 else ""
                desk.customers.append(_customer(slug, number, away) + (ZoneInfo(away or zone),))
        return desk

    # Booking

    def _plan_booking(self):
        desk = self.random.choice(self.desks)
        day = MONDAY + dt.timedelta(days=self.random.randrange(self.days))
        first = dt.datetime.combine(day, CLOCKS[0], desk.zone).astimezone(dt.UTC)
        at = self.begin + self.random.random() * (first - self.begin - 20 * MINUTE)
        self._at(at, self._book, desk, self.random.choice(desk.customers), day)

    def _book(self, desk, who, day):
        customer, site, contact, machine, zone = who
        by = self.random.choices([desk.dispatcher, desk.manager, None], [8, 1, 1])[0]
        for _ in range(30):
            start = dt.datetime.combine(day, self.random.choice(CLOCKS), desk.zone).astimezone(dt.UTC)
            if start < self.now:
                continue
            with tenant(desk.tenant):
                try:
                    visit = book_visit(
                        customer=customer, site=site, contact=contact, machines=[machine],
                        kind=Visit.Kind.TUNE_UP, problem="", technician=self.random.choice(desk.crew),
                        start=start, end=start + BLOCK, window_end=start + WINDOW, by=by, now=self.now,
                    )  # fmt: skip
                except SlotTaken:
                    self.refused["SlotTaken"] += 1
                    continue
                asked = self._must_be_asked(customer)
            played = Played(
                desk, visit, zone, start, self.now, by, asked, not asked or by == desk.manager,
                self.random.choices(list(BEHAVIOUR), list(BEHAVIOUR.values()))[0],
            )  # fmt: skip
            played.promise = "open" if played.approved else None
            assert visit.awaits_approval is not played.approved, (visit.number, asked)
            self.played[visit.public_id] = played
            self.seen["booked"] += 1
            self._plan_acts(played)
            if not played.approved:
                self._plan_word(played)
            return played
        return None

    def _must_be_asked(self, customer):
        """Two misses in 90 days, and nobody came since: read from the rows as facts."""
        rows = list(Visit.objects.filter(customer=customer).values_list("missed_at", "arrived_at"))
        misses = sorted(missed for missed, _ in rows if missed)
        if len(misses) < 2 or misses[-1] - misses[-2] > 90 * DAY or self.now - misses[-1] > 90 * DAY:
            return False
        return not any(arrived and not missed and arrived > misses[-1] for missed, arrived in rows)

    def _plan_word(self, played):
        """A supervisor approves, declines, or never looks."""
        word = self.random.choices(["approve", "decline", ""], [6, 2, 2])[0]
        at = self.now + self.random.random() * 3 * HOUR
        if word == "approve":
            self._at(at, self._approve, played)
        elif word:
            self._at(at, self._decline, played)

    def _approve(self, played):
        self._try(
            played,
            lambda visit: approve_visit(visit, by=played.desk.manager, now=self.now, version=visit.version),
        )
        if self.went:
            played.approved, played.told_at = True, self.now
            played.promise = "open" if played.window_end > self.now else None

    def _decline(self, played):
        self._try(
            played,
            lambda visit: decline_visit(
                visit, because="Another day", by=played.desk.manager, now=self.now, version=visit.version
            ),
        )
        if self.went:
            played.is_waiting, played.ended = False, Visit.State.CANCELLED_BY_US

    def _at(self, when, act, *arguments):
        heapq.heappush(self.events, (when, next(self.order), act, arguments))


def wrong_about(message, played, now) -> str:
    """Why a message should not have left at `now`, by what was played; empty: it is right."""
    if not played.approved:
        return "nobody approved the visit"
    if message.kind == report_letter.KIND:
        # About what was done, whenever that was planned.
        return "" if played.ended == Visit.State.DONE else f"the visit is {played.ended}"
    if message.subject_start != played.start:
        return f"it speaks of {message.subject_start}, the visit is at {played.start}"
    clock = now.astimezone(played.customer_zone).time()
    if message.kind in KEEPS_QUIET and not dt.time(8) <= clock < dt.time(21):
        return f"it is {clock} there"
    if message.kind in ("booked", "moved", "reminder") and not played.is_waiting:
        return f"the visit is {played.ended}"
    if message.kind == "reminder" and (played.out or now >= played.window_end):
        return "somebody is on the way, or should have been"
    return ""


def one_open_hour_after(instant, zone) -> dt.datetime:
    """Monday to Friday, 8:00 to 17:30 by the desk's clock; no holiday falls into these weeks."""
    left, day = HOUR, instant.astimezone(zone).date()
    while True:
        opens, closes = (
            dt.datetime.combine(day, clock, zone).astimezone(dt.UTC)
            for clock in (dt.time(8), dt.time(17, 30))
        )
        begin = max(opens, instant)
        if day.weekday() < 5 and begin < closes:
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        day += dt.timedelta(days=1)


def duties_of(kind) -> dict:
    """The duties of a kind at the open desk, by what they are about."""
    return {duty.subject: duty for duty in Duty.objects.filter(kind=kind).order_by("pk")}


def _member(slug, role) -> Membership:
    user = User.objects.create_user(f"{role}@{slug}.example", "a long password", name=f"{role} of {slug}")
    return Membership.objects.create(user=user, role=role)


def _customer(slug, number, zone) -> tuple:
    customer = Customer.objects.create(name=f"Customer {number}", number=f"C{number}", time_zone=zone)
    site = Site.objects.create(customer=customer, street=f"{number} High Street", city="Town")
    contact = Contact.objects.create(
        customer=customer, site=site, name="Pat", email=f"pat{number}@{slug}.example", is_main=True
    )
    machine = Equipment.objects.create(
        site=site, make="Corvane", model="TC-240", serial_number=f"{slug}{number}"
    )
    return customer, site, contact, machine
