"""Slots against a slow oracle that knows the rules only, on calendars written by chance (R2.3).

Zones in which the clock changes, breaks, leave over midnight, public holidays of two regions, closures,
skills, crews, homes, ways, wishes, and visits that look for another place. A case is one request in one
world: its best slots, and all slots of a day. `PROOF=full` (make proof): 5,000 cases; `SEED` and
`CASES` try others.
"""

import datetime as dt
import os
import sys
from collections import Counter

import pytest
from django.db import transaction

from tenancy.calendars import calendar_of
from tenancy.scope import tenant
from tests.cast import make_desk
from tests.proofs.slots_oracle import Offer, Oracle, minutes_of, moment
from tests.proofs.slots_worlds import Rows, Writer
from visits.slots import Wanted, best_slots, slots_on

pytestmark = pytest.mark.proof

FULL = os.environ.get("PROOF") == "full"
SEED = int(os.environ.get("SEED", "20260305"))
CASES = int(os.environ.get("CASES", 5000 if FULL else 150))
# A person who waits sees how it goes.
PARTS = 10 if FULL else 1


def wanted(rows, request) -> Wanted:
    """The oracle's request as the product takes it."""
    return Wanted(
        desk=rows.desk,
        calendar=calendar_of(rows.desk),
        now=moment(request.now),
        customer=rows.customer,
        site=rows.at(request.point),
        machines=tuple(rows.machines[number] for number, _, _ in request.machines),
        kind=request.kind,
        with_tune_up=request.with_tune_up,
        due_at=request.due and moment(request.due),
        not_before=request.not_before and moment(request.not_before),
        moving=rows.visits[request.moving] if request.moving else None,
    )


def offers(slots):
    """The product's slots as the oracle writes them."""
    return [
        Offer(
            minutes_of(slot.start),
            minutes_of(slot.end),
            minutes_of(slot.window_end),
            slot.technician.name,
            tuple(technician.name for technician in slot.others),
            slot.is_preferred,
            slot.meets_promise,
        )
        for slot in slots
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_slots_are_those_of_the_rules(part, db, now, capsys):
    desk = make_desk("proof", now=now)
    counts, differences, seed = Counter(), [], SEED + part * 100_000
    while counts["cases"] < CASES // PARTS:
        seed += 1
        writer = Writer(seed)
        world = writer.world()
        with tenant(desk.tenant), transaction.atomic():
            rows = Rows(desk, world)
            for request in writer.requests(world):
                oracle, asked = Oracle(world, request), wanted(rows, request)
                day = oracle.days()[writer.chance.randrange(12)]
                for what, ours, theirs in (
                    ("best", offers(best_slots(asked)), oracle.best()),
                    (f"on {day}", offers(slots_on(asked, day)), oracle.on(day)),
                ):
                    counts["slots"] += len(theirs)
                    if ours != theirs:
                        differences.append(told(seed, what, request, ours, theirs))
                count(counts, world, request, oracle)
            transaction.set_rollback(True)
    said = (
        f"{counts['cases']} cases, {counts['slots']} slots compared; {counts['crew']} with a crew, "
        f"{counts['skills']} with skills, {counts['moving']} moving, {counts['places']} with a known place, "
        f"{counts['none']} where nobody is free; {len(differences)} differing"
    )
    with capsys.disabled():
        sys.stdout.write(f"\nSlots against the oracle, SEED={SEED + part * 100_000}: {said}\n")
    assert not differences, "\n".join(differences[:5])
    # Each of them happens, or little is proven.
    for what in ("crew", "skills", "moving", "places", "none"):
        assert counts[what] > counts["cases"] / 100, what


def count(counts, world, request, oracle):
    """What the case was about."""
    counts["cases"] += 1
    counts["crew"] += oracle.crew > 1
    counts["skills"] += bool(oracle.skills)
    counts["moving"] += request.moving is not None
    counts["places"] += request.point is not None
    counts["none"] += not oracle.best()


def told(seed, what, request, ours, theirs):
    """A difference, so that a person can follow."""
    apart = next(((a, b) for a, b in zip(ours, theirs, strict=False) if a != b), (len(ours), len(theirs)))
    now = dt.datetime.fromtimestamp(request.now * 60, tz=dt.UTC)
    said = f"SEED={seed - 1} CASES=1: {what}, asked {now} for {request}"
    return f"{said}\n  the product {apart[0]}\n  the rules {apart[1]}"
