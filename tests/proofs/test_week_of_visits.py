"""A week of visits while the job runner stands still at random: promises end, misses have owners (R4).

At every turn no visit sits in the past unseen by the last sweep, and nothing goes to anybody who
must not hear it; afterwards every promise has ended as it was played, and every miss has its duty.
`PROOF=full` (make proof): 1,000 visits over three desks and seven days, the clock of one put forward.
"""

import datetime as dt
import os
import sys
import time
from collections import Counter, defaultdict

import pytest

from cases.models import Duty, Promise
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.proofs.week_of_visits import ALLOWED, Week, duties_of, one_open_hour_after
from tests.proofs.week_people import DAY, MINUTE
from visits.models import Visit

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
SIZE = (
    {
        "visits": 1000,
        "days": 7,
        "lead": 8 * DAY,
        "tail": 7 * DAY,
        "technicians": 14,
        "customers": 90,
        "tick": 5 * MINUTE,
    }
    if FULL
    else {
        "visits": 60,
        "days": 2,
        "lead": DAY,
        "tail": 5 * DAY,
        "technicians": 3,
        "customers": 6,
        "tick": 20 * MINUTE,
    }
)
WAITING = ("booked", "confirmed", "on the way")


@pytest.fixture(autouse=True)
def only_mail(settings):
    """One channel: each message is one mail."""
    settings.SMS_URL = ""


def check_now(week):
    """What must hold at every moment, the runner running or not."""
    for desk in week.desks:
        with tenant(desk.tenant):
            past = Visit.objects.filter(state__in=WAITING, window_end__lte=week.last_sweep)
            assert not past.filter(window_end__lte=week.last_sweep - ALLOWED).exists(), week.now
            assert not past.filter(late_at__isnull=True).exists(), week.now
            untold = [key for key, one in week.played.items() if one.desk is desk and not one.approved]
            if untold:
                assert not Message.objects.filter(subject__in=untold).exists(), week.now


def expected_state(played):
    """How the visit ended by what was played: who was never seen and never cancelled was missed."""
    return played.ended or Visit.State.MISSED


def is_missed(played):
    """Whether a miss must stand: somebody said so, or nobody had arrived half an hour after the window."""
    if played.said_missed:
        return True
    if played.ended in (Visit.State.CANCELLED_BY_US, Visit.State.CANCELLED_BY_CUSTOMER):
        return False
    return played.arrived_at is None or played.arrived_at >= played.window_end + ALLOWED


def could_be_told(week, played):
    """Whether the runner ran once between the undo time and the visit, by day where the customer is."""
    begin, end = played.told_at + 3 * MINUTE, played.start - MINUTE
    return any(
        begin <= at < end and dt.time(8) <= at.astimezone(played.customer_zone).time() < dt.time(21)
        for at in week.ran
    )


def check_visits(week, desk, tally):
    """Every visit is over, as it was played, with the promise that was made for it."""
    for played in week.played.values():
        if played.desk is not desk:
            continue
        visit = Visit.objects.get(pk=played.visit.pk)
        assert visit.state == expected_state(played), (visit.number, played)
        assert (visit.missed_at is not None) is is_missed(played), (visit.number, played)
        tally[str(visit.state)] += 1
        promises = Promise.objects.filter(of_visit__visit=visit)
        assert not promises.filter(state="open").exists(), (visit.number, played)
        window = promises.filter(kind="window").order_by("-pk").first()
        expected = "broken" if played.promise == "open" else played.promise
        assert (window and window.state) == expected, (visit.number, played, window and window.evidence)
        for state in promises.values_list("state", flat=True):
            tally[f"promise {state}"] += 1


def check_broken(desk, tally):
    """What the clock broke stays so, whatever was undone or restored after."""
    for promise in Promise.objects.prefetch_related("history"):
        seen = sorted(promise.history.all(), key=lambda event: event.pgh_id)
        is_broken = False
        for event in seen:
            assert not is_broken or event.state == "broken", (promise.text, promise.evidence)
            is_broken = event.state == "broken" and event.settled_at > event.due_at
        tally["broken by the clock"] += is_broken


def check_duties(desk, tally):
    """Every miss has its duty to rebook; from the second on a manager owns the customer."""
    rebook, owned = duties_of(Duty.Kind.REBOOK), Duty.objects.filter(kind=Duty.Kind.OWN_CASE)
    misses = defaultdict(int)
    for visit in Visit.objects.filter(missed_at__isnull=False):
        misses[visit.customer_id] += 1
        duty = rebook[visit.public_id]
        assert (duty.owner_id, duty.owner_role) == (visit.booked_by_id, Role.DISPATCHER)
        assert duty.due_at == one_open_hour_after(visit.missed_at, desk.zone), visit.number
    assert len(rebook) == sum(misses.values())
    expected = {customer: number - 1 for customer, number in misses.items() if number > 1}
    assert Counter(owned.values_list("customer_id", flat=True)) == Counter(expected)
    assert set(owned.values_list("owner", flat=True)) <= {desk.manager.pk}
    tally["second misses"] += owned.count()


def check_messages(week):
    """No reminder twice, at most one of each step for one start; whoever could be told was told."""
    keys = Counter((message.tenant_id, message.key) for _, message, _ in week.sent)
    assert max(keys.values()) == 1
    steps, told = Counter(), set()
    for _, message, _ in week.sent:
        told.add((message.subject, message.subject_start))
        if message.kind == "reminder":
            steps[message.subject, message.subject_start, message.useless_after] += 1
    assert max(steps.values()) == 1
    untold = [
        played.visit.number
        for subject, played in week.played.items()
        if played.approved
        and played.arrived_at is None
        and expected_state(played) == Visit.State.MISSED
        and could_be_told(week, played)
        and (subject, played.start) not in told
    ]
    assert untold == []


def test_a_week_of_visits_while_the_runner_stands_still_at_random(committed, capsys):
    began = time.perf_counter()
    week = Week(seed=20260323, **SIZE)
    week.play(check_now)
    tally = Counter()
    for desk in week.desks:
        with tenant(desk.tenant):
            check_visits(week, desk, tally)
            check_broken(desk, tally)
            check_duties(desk, tally)
    check_messages(week)
    kinds = Counter(message.kind for _, message, _ in week.sent)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{week.seen['booked']} visits at {len(week.desks)} desks, {week.seen['moved']} moved "
            f"({week.seen['moves undone']} undone), {week.seen['restored']} restored, "
            f"{len(week.ran)} turns of the runner, {week.stood_still} of standstill: "
            f"{dict(sorted(tally.items()))}; messages {dict(sorted(kinds.items()))}; "
            f"refused {dict(sorted(week.refused.items()))}; {time.perf_counter() - began:.0f} s\n"
        )
    assert week.seen["booked"] >= SIZE["visits"] * 0.95
    assert min(tally["missed by us"], tally["second misses"], kinds["reminder"]) > 0
