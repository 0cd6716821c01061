"""Recommendations that customers answer or do not, for 90 days: asked again on exact days, once, and never
after an answer (R5.6).

Raised, answered and put off by chance at every hour; the round runs each hour, and what is due leaves
through the real outbox. When each customer must have heard is worked out here from the rule's words
alone. `PROOF=full` (make proof): 1,000 recommendations.
"""

import datetime as dt
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.core import mail

from cases.models import Duty
from customers.models import Customer, Equipment, Site
from messaging.delivery import deliver_due
from messaging.models import Message
from recommendations import lifecycle
from recommendations.follow_ups import plan_follow_ups
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of, instant_at, local_day, zone_of
from tenancy.scope import tenant

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
SEED = int(os.environ.get("SEED", "20260305"))
RECOMMENDATIONS = 1000 if FULL else 6
DAYS = 90
# Begins in winter: the clock is put forward on the 29 March within.
FIRST = dt.date(2026, 2, 2)
DAY, HOUR, NINE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.time(9)


@dataclass
class Life:
    """What happens to one recommendation, as it was thrown: hours since the first midnight (UTC)."""

    raised: int
    severity: int
    answered: int | None
    put_off: tuple[int, dt.date] | None
    row: Recommendation | None = None
    heard: list[dt.datetime] = field(default_factory=list)

    def expected(self, zone) -> list[dt.date]:
        """On which days the customer must hear of it: by the rule, read day by day."""
        steps = (1, 3, 7) if self.severity >= 3 else (7, 30, 60)
        days = []
        since, quiet_until = local_day(at(self.raised), zone), None
        for number in range(DAYS + 1):
            day = FIRST + number * DAY
            nine = hour_of(instant_at(day, NINE, zone))
            if self.put_off and nine > self.put_off[0] and quiet_until is None:
                since = quiet_until = self.put_off[1]
            is_answered = self.answered is not None and self.answered <= nine
            if is_answered or nine <= self.raised or (quiet_until and day < quiet_until):
                continue
            if (day - since).days in steps:
                days.append(day)
        return days


def at(hour) -> dt.datetime:
    return dt.datetime.combine(FIRST, dt.time(0), tzinfo=dt.UTC) + hour * HOUR


def hour_of(instant) -> int:
    return (instant - at(0)) // HOUR


def lives(chance, zone):
    for _ in range(RECOMMENDATIONS):
        raised = chance.randrange(0, 40 * 24)
        answered = raised + chance.randrange(1, 80 * 24) if chance.random() < 0.5 else None
        put_off = None
        if chance.random() < 0.3:
            when = raised + chance.randrange(1, 20 * 24)
            until = local_day(at(when), zone) + chance.randrange(1, 30) * DAY
            # Put off is an answer of its own: none that was given before it.
            if answered is None or answered > when:
                put_off = when, until
        yield Life(raised, chance.choice((1, 2, 3, 4)), answered, put_off)


def test_everybody_is_asked_again_on_exact_days_once_and_never_after_an_answer(cast, settings, capsys):
    settings.SMS_URL = ""
    chance, desk = random.Random(SEED), cast.north
    with tenant(desk.tenant):
        Recommendation.objects.update(state="invalid")
        desk.tenant.messages_from = at(0)
        desk.tenant.save(update_fields=["messages_from"])
        zone, calendar = zone_of(desk.tenant), calendar_of(desk.tenant)
        machines = make_machines(desk)
        played = list(lives(chance, zone))
        by_row = play(played, machines, desk, zone, calendar)
        assert not Duty.objects.filter(kind=Duty.Kind.CALL_CUSTOMER).exists()
        sent = Message.objects.filter(kind="recommendation", state="sent").order_by("sent_at")
        for message in sent:
            by_row[message.subject].heard.append(message.sent_at)
    differing, told = [], Counter()
    for life in played:
        nines = [instant_at(day, NINE, zone) for day in life.expected(zone)]
        nines = [nine for nine in nines if nine <= at(DAYS * 24)]
        told["asked"] += len(nines)
        if life.heard != nines:
            differing.append((life.raised, life.severity, life.answered, life.put_off, life.heard, nines))
    with capsys.disabled():
        answered = sum(life.answered is not None for life in played)
        put_off = sum(life.put_off is not None for life in played)
        sys.stdout.write(
            f"\nFollow-ups, SEED={SEED}: {len(played)} recommendations, {answered} answered, {put_off} put "
            f"off, {DAYS} days; {told['asked']} messages due, {len(mail.outbox)} mails left, "
            f"{len(differing)} differing\n"
        )
    assert differing == []
    assert len(mail.outbox) == told["asked"] > RECOMMENDATIONS


def make_machines(desk):
    """One for each, at customers of their own, so that a mail is one recommendation's."""
    machines = []
    for number in range(RECOMMENDATIONS):
        customer = Customer.objects.create(name=f"Customer {number}")
        customer.contacts.create(name="Ann", email=f"c{number}@customers.example", is_main=True, by_mail=True)
        site = Site.objects.create(customer=customer, name="Here")
        machines.append(Equipment.objects.create(site=site, kind="copier", serial_number=f"S-{number}"))
    return machines


def play(played, machines, desk, zone, calendar):
    """Hour by hour: what happens, then the round, then what is due leaves."""
    events = {}
    for life, machine in zip(played, machines, strict=True):
        events.setdefault(life.raised, []).append(("raise", life, machine))
        if life.put_off:
            events.setdefault(life.put_off[0], []).append(("put off", life, machine))
        if life.answered is not None:
            events.setdefault(life.answered, []).append(("answer", life, machine))
    by_row = {}
    for hour in range(DAYS * 24 + 1):
        now = at(hour)
        for what, life, machine in events.get(hour, ()):
            happen(what, life, machine, desk, now)
            by_row[life.row.public_id] = life
        plan_follow_ups(desk.tenant, local_day(now, zone), now=now, calendar=calendar)
        deliver_due(clock=lambda now=now: now)
    return by_row


def happen(what, life, machine, desk, now):
    if what == "raise":
        life.row = lifecycle.raise_recommendation(
            equipment=machine, finding="New rollers", severity=life.severity, by=desk.technician, now=now
        )
    elif what == "put off":
        lifecycle.defer(life.row, until=life.put_off[1], by=None, now=now, reason="Later", by_customer=True)
    else:
        lifecycle.accept(life.row, by=None, now=now, by_customer=True)
