import datetime as dt
import itertools
import uuid
from fractions import Fraction

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.models import Equipment
from tests.cast import make_plain_visit
from visits import usual_parts
from visits.models import Part, PartUse
from visits.usual_parts import usual_parts_each

DAY = dt.timedelta(days=1)


@pytest.fixture
def spring(north):
    return Part.objects.create(number="FS-1", name="Feed tray spring")


def test_the_same_fault_weighs_more_and_says_why(north, fuser, spring, now):
    for day in range(6):
        used(north, now - (10 + day) * DAY, *[fuser] * (day < 4), problem="Streaks on paper")
    for day in range(14):
        used(north, now - (30 + day) * DAY, spring, problem="Jams")
    assert bring(north, now, problem="It is streaky again") == [
        ("FU-240", "Used at 4 of 6 visits for “streaky”"),
        ("FS-1", "Used at 14 of 20 visits to this model"),
    ]
    assert bring(north, now, problem="Paper jammed")[0] == (
        "FS-1",
        "Used at 14 of 20 visits for “jammed” or “paper”",
    )


def test_a_fault_that_nobody_had_falls_back_to_the_model(north, fuser, now):
    for day in range(3):
        used(north, now - (10 + day) * DAY, fuser, problem="Streaks")
    assert bring(north, now, problem="Smells of smoke") == [("FU-240", "Used at 3 of 3 visits to this model")]


def test_without_words_the_kind_of_visit_tells(north, fuser, spring, now):
    for day in range(2):
        used(north, now - (10 + day) * DAY, spring, kind="tune-up", problem="")
    for day in range(4):
        used(north, now - (20 + day) * DAY, fuser, problem="Streaks")
    assert bring(north, now, kind="tune-up", problem="") == [
        ("FS-1", "Used at 2 of 2 tune-ups"),
        ("FU-240", "Used at 4 of 6 visits to this model"),
    ]


def test_another_kind_of_visit_is_not_the_same_fault(north, fuser, now):
    for day in range(3):
        used(north, now - (10 + day) * DAY, fuser, kind="tune-up", problem="Streaks")
    assert bring(north, now, problem="Streaks") == [("FU-240", "Used at 3 of 3 visits to this model")]


def test_a_part_that_one_visit_in_fifty_took_is_not_brought(north, fuser, spring, now):
    for day in range(50):
        used(north, now - (10 + day) * DAY, spring, *[fuser] * (day < 2), problem="Streaks")
    assert [number for number, _ in bring(north, now, problem="Smoke")] == ["FS-1"]


def test_what_is_not_done_or_too_old_does_not_count(north, fuser, now):
    used(north, now - 10 * DAY, fuser, problem="Streaks")
    used(north, now - 1200 * DAY, fuser, problem="Streaks")
    over = {"state": "no access", "completed_at": None, "completed_on": None}
    used(north, now - 11 * DAY, fuser, problem="Streaks", **over)
    assert bring(north, now, problem="Streaks") == []


def test_of_very_many_visits_the_last_are_read(north, fuser, spring, now, monkeypatch):
    monkeypatch.setattr(usual_parts, "VISITS", 3)
    for day in range(4):
        used(north, now - (100 + day) * DAY, fuser, problem="Streaks")
    for day in range(3):
        used(north, now - (10 + day) * DAY, spring, problem="Streaks")
    assert bring(north, now, problem="Streaks") == [("FS-1", "Used at 3 of 3 visits for “streaks”")]


def test_of_very_many_machines_the_newest_are_read(north, fuser, now, monkeypatch):
    monkeypatch.setattr(usual_parts, "MACHINES", 1)
    used(north, now - 10 * DAY, fuser, problem="Streaks")
    used(north, now - 11 * DAY, fuser, problem="Streaks")
    Equipment.objects.create(site=north.site, model="TC-240", serial_number="newer")
    assert bring(north, now, problem="Streaks") == []


def test_three_visits_cost_as_many_queries_as_one(north, fuser, spring, now):
    for day in range(3):
        used(north, now - (10 + day) * DAY, fuser, problem="Streaks")
        used(north, now - (20 + day) * DAY, spring, problem="Jams", machines=[north.sorter])
    coming = [
        make_plain_visit(north, now=now, start=now + hours * dt.timedelta(hours=2), machines=machines)
        for hours, machines in enumerate([[north.copier], [north.sorter], [north.copier, north.sorter]])
    ]
    counts = []
    for visits in (coming[:1], coming):
        with CaptureQueriesContext(connection) as queries:
            found = usual_parts_each(visits, now=now)
        counts.append(len(queries))
    assert counts == [3, 3]
    assert [len(found[visit.pk]) for visit in coming] == [1, 1, 2]


WORDS = {"streaks": "streak", "streaky": "streak", "jams": "jam", "jammed": "jam", "smoke": "smok"}
PROBLEMS = st.lists(st.sampled_from(sorted(WORDS)), max_size=3)
KINDS = st.sampled_from(["fault", "tune-up"])
PAST = st.lists(
    st.tuples(KINDS, PROBLEMS, st.sets(st.integers(0, 2)), st.sampled_from([(0,), (1,), (0, 1)])), max_size=12
)


@given(past=PAST, kind=KINDS, problem=PROBLEMS, machines=st.sampled_from([(0,), (0, 1)]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_counting_by_hand_says(north, now, past, kind, problem, machines):
    with transaction.atomic():
        owned = [north.copier, north.sorter]
        parts = [Part.objects.create(number=f"P-{n}", name="Part") for n in range(3)]
        for day, (its_kind, words, taken, its_machines) in enumerate(past):
            used(
                north, now - (10 + day) * DAY, *(parts[n] for n in sorted(taken)), kind=its_kind,
                problem=" ".join(words), machines=[owned[n] for n in its_machines],
            )  # fmt: skip
        coming = make_plain_visit(
            north, now=now, kind=kind, problem=" ".join(problem), machines=[owned[n] for n in machines]
        )
        found = {each.part.number: each.chance for each in usual_parts_each([coming], now=now)[coming.pk]}
        expected = {}
        for machine, n in itertools.product(machines, range(3)):
            chance = chance_by_hand([one for one in past if machine in one[3]], kind, problem, n)
            if chance is not None and chance >= Fraction(1, 20):
                expected[f"P-{n}"] = max(chance, expected.get(f"P-{n}", Fraction(0)))
        assert found == expected
        assert list(found) == sorted(found, key=lambda number: (-found[number], number))
        transaction.set_rollback(True)


def chance_by_hand(past, kind, problem, part):
    """The share of the same fault's visits, two of all the model's visits drawn in; None: not usual."""
    if sum(part in taken for _, _, taken, _ in past) < 2:
        return None
    wanted = {WORDS[word] for word in problem}
    alike = [
        taken
        for its_kind, words, taken, _ in past
        if its_kind == kind and (not wanted or wanted & {WORDS[word] for word in words})
    ]
    of_model = Fraction(sum(part in taken for _, _, taken, _ in past), len(past))
    return (sum(part in taken for taken in alike) + 2 * of_model) / (len(alike) + 2)


def bring(desk, now, **fields):
    coming = make_plain_visit(desk, now=now, number=f"V-{uuid.uuid4()}"[:40], **fields)
    found = usual_parts_each([coming], now=now)[coming.pk]
    coming.assignments.all().delete()
    return [(each.part.number, each.why) for each in found]


def used(desk, at, *parts, **fields):
    """A visit of the past to the copier that took these parts."""
    values = {"state": "done", "is_history": True, "completed_at": at, "completed_on": at.date()} | fields
    visit = make_plain_visit(desk, now=at, start=at, number=f"V-{uuid.uuid4()}"[:40], **values)
    PartUse.objects.bulk_create(PartUse(visit=visit, part=part, quantity=1) for part in parts)
    return visit
