import datetime as dt
import threading
import uuid
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.models import Part, StockMove, VanStock
from visits.places import hold_visits
from visits.stock import (
    CountedMeanwhile,
    NotEnough,
    Place,
    StockRefused,
    count_part,
    disagreements,
    move_part,
    receive_part,
    take_back,
    takeable_back,
    to_count,
    use_in_visit,
)

SHELF = Place(name="Depot, shelf 14")


@pytest.fixture
def van(north):
    return Place(north.lou)


@pytest.fixture
def act(north, now):
    """Who does it, and when."""
    return {"by": north.dispatcher, "now": now}


def test_every_change_is_a_line_of_the_ledger(north, fuser, van, act, now):
    receive_part(fuser, 5, target=SHELF, reason="Delivery note 12", **act)
    move_part(fuser, 2, source=SHELF, target=van, **act)
    count_part(fuser, 1, place=van, seen=2, reason="One is broken", **act)
    use(make_plain_visit(north, now=now), north.lou, {fuser: 1}, act)
    assert lying(fuser) == {(None, SHELF.name): 3, (north.lou.pk, ""): 0}
    lines = StockMove.objects.order_by("pk").values_list("kind", "quantity", "reason")
    assert list(lines) == [
        ("received", 5, "Delivery note 12"),
        ("moved", 2, ""),
        ("counted", 1, "One is broken"),
        ("used", 1, ""),
    ]
    assert not disagreements().exists()


def test_nothing_leaves_where_nothing_lies(fuser, van, act):
    receive_part(fuser, 1, target=SHELF, **act)
    with pytest.raises(NotEnough, match="Depot, shelf 14: 1 left"):
        move_part(fuser, 2, source=SHELF, target=van, **act)
    with pytest.raises(NotEnough, match="Lou’s van: none left"):
        move_part(fuser, 1, source=van, target=SHELF, **act)
    assert StockMove.objects.count() == 1


@pytest.mark.parametrize("quantity", [0, -1, 10_000])
def test_a_quantity_is_a_quantity(fuser, act, quantity):
    with pytest.raises(StockRefused, match="from 1 to 9,999"):
        receive_part(fuser, quantity, target=SHELF, **act)


def test_a_part_is_not_moved_to_where_it_lies(fuser, act):
    with pytest.raises(StockRefused, match="lies there already"):
        move_part(fuser, 1, source=SHELF, target=Place(name="Depot, shelf 14"), **act)


def test_the_database_refuses_less_than_none_and_a_changed_line(fuser, act):
    line = receive_part(fuser, 1, target=SHELF, **act)
    with pytest.raises(IntegrityError, match="quantity"), transaction.atomic():
        VanStock.objects.update(quantity=-1)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        StockMove.objects.filter(pk=line.pk).update(quantity=9)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        line.delete()
    with pytest.raises(IntegrityError, match="stockmove_from_and_to"), transaction.atomic():
        StockMove.objects.create(part=fuser, kind="moved", quantity=1, target=line.target, at=act["now"])


def test_a_move_sent_twice_is_one(fuser, van, act):
    receive_part(fuser, 3, target=SHELF, **act)
    own = uuid.uuid4()
    first, again = (move_part(fuser, 1, source=SHELF, target=van, public_id=own, **act) for _ in range(2))
    assert first == again
    assert lying(fuser)[None, SHELF.name] == 2


def test_the_name_of_one_move_stands_for_no_other(north, fuser, van, act, now):
    """Another part, number, place or visit under a name that is known is refused, not answered with it."""
    drum, own = Part.objects.create(number="DR-1", name="Drum"), uuid.uuid4()
    for part in (fuser, drum):
        receive_part(part, 3, target=SHELF, **act)
    move_part(fuser, 1, source=SHELF, target=van, public_id=own, **act)
    other, visit = Place(name="Depot, shelf 2"), make_plain_visit(north, now=now)
    for part, quantity, source, target, at in (
        (drum, 1, SHELF, van, None),
        (fuser, 2, SHELF, van, None),
        (fuser, 1, other, van, None),
        (fuser, 1, SHELF, other, None),
        (fuser, 1, SHELF, van, visit),
    ):
        with pytest.raises(StockRefused, match="Something else was moved from this page"):
            move_part(part, quantity, source=source, target=target, visit=at, public_id=own, **act)
    assert StockMove.objects.filter(kind="moved").count() == 1


def test_a_move_is_taken_back_once(north, fuser, van, act, now):
    visit = make_plain_visit(north, now=now)
    receive_part(fuser, 3, target=SHELF, **act)
    move = move_part(fuser, 2, source=SHELF, target=van, visit=visit, **act)
    assert list(takeable_back(visit)) == [move]
    back, again = take_back(move, **act), take_back(move, **act)
    assert back == again
    assert lying(fuser) == {(None, SHELF.name): 3, (north.lou.pk, ""): 0}
    assert not takeable_back(visit)
    with pytest.raises(StockRefused, match="Only a move"):
        take_back(back, **act)


def test_what_was_used_meanwhile_is_not_taken_back(north, fuser, van, act, now):
    receive_part(fuser, 1, target=SHELF, **act)
    move = move_part(fuser, 1, source=SHELF, target=van, **act)
    use(make_plain_visit(north, now=now), north.lou, {fuser: 1}, act)
    with pytest.raises(NotEnough, match="Lou’s van: none left"):
        take_back(move, **act)


def test_a_van_counted_short_at_a_visit_is_to_be_counted(north, fuser, van, act, now):
    visit = make_plain_visit(north, now=now)
    receive_part(fuser, 1, target=van, **act)
    use(visit, north.lou, {fuser: 3}, act)
    (shelf,) = to_count()
    assert (shelf.part, shelf.technician, shelf.quantity, shelf.to_count_since) == (fuser, north.lou, 0, now)
    lines = StockMove.objects.filter(visit=visit).order_by("pk").values_list("kind", "quantity")
    assert list(lines) == [("short", 2), ("used", 3)]
    assert not disagreements().exists()
    # Nothing lies there, as the books say: counting it settles the matter without a line.
    assert count_part(fuser, 0, place=van, seen=0, reason="", **act) is None
    assert not to_count()


def test_a_part_that_never_was_in_the_van_is_to_be_counted_too(north, fuser, van, act, now):
    blade = Part.objects.create(number="CB-9", name="Cleaning blade")
    receive_part(fuser, 1, target=van, **act)
    use(make_plain_visit(north, now=now), north.lou, {blade: 1}, act)
    assert [shelf.part for shelf in to_count()] == [blade]


def test_of_a_van_without_any_stock_nothing_is_written(north, fuser, act, now):
    receive_part(fuser, 1, target=SHELF, **act)
    use(make_plain_visit(north, now=now), north.lou, {fuser: 1}, act)
    assert StockMove.objects.count() == 1
    assert not to_count()


def test_a_count_that_others_overtook_is_refused(fuser, van, act):
    receive_part(fuser, 2, target=van, **act)
    with pytest.raises(CountedMeanwhile, match="Lou’s van: 2 by now, not 5"):
        count_part(fuser, 1, place=van, seen=5, reason="Counted", **act)
    with pytest.raises(StockRefused, match="Say why"):
        count_part(fuser, 1, place=van, seen=2, reason=" ", **act)
    with pytest.raises(StockRefused, match="from 0"):
        count_part(fuser, -1, place=van, seen=2, reason="Counted", **act)


def test_another_desk_s_stock_stays_its_own(cast, north, fuser, act):
    receive_part(fuser, 2, target=SHELF, **act)
    with tenant(cast.south.tenant):
        assert not VanStock.objects.exists()
        assert not StockMove.objects.exists()


# What two people and their visits do to two parts in three places, as numbers.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "move", "count", "use", "back"]),
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(0, 4),
    ),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_agrees_with_the_shelves_whatever_is_done(north, act, now, steps):
    with transaction.atomic():
        parts = [Part.objects.create(number=f"P-{n}-{uuid.uuid4()}", name="Part") for n in range(2)]
        places = [Place(north.lou), Place(north.marek), SHELF]
        visit = make_plain_visit(north, now=now, number=f"V-{uuid.uuid4()}"[:40])
        model = {}
        for what, p, a, b, quantity in steps:
            part, here, there = parts[p], places[a], places[b]
            before = model.get((p, a), 0)
            try:
                if what == "receive":
                    receive_part(part, quantity, target=here, **act)
                    model[p, a] = before + quantity
                elif what == "move":
                    move_part(part, quantity, source=here, target=there, **act)
                    model[p, a] = before - quantity
                    model[p, b] = model.get((p, b), 0) + quantity
                elif what == "count":
                    count_part(part, quantity, place=here, seen=before, reason="Counted", **act)
                    model[p, a] = quantity
                elif what == "use" and quantity and here.technician and any(k[1] == a for k in model):
                    use_in_visit(visit, here.technician, {part: quantity}, **act)
                    model[p, a] = max(0, before - quantity)
                elif what == "back":
                    last = StockMove.objects.filter(kind="moved", undoes=None, undone_by=None).last()
                    if last is not None:
                        take_back(last, **act)
                        ends = [
                            places.index(Place(e.technician, e.place)) for e in (last.source, last.target)
                        ]
                        number = parts.index(last.part)
                        model[number, ends[0]] = model.get((number, ends[0]), 0) + last.quantity
                        model[number, ends[1]] -= last.quantity
            except StockRefused:
                pass
        found = {
            (parts.index(row.part), places.index(Place(row.technician, row.place))): row.quantity
            for row in VanStock.objects.filter(part__in=parts).select_related("part", "technician")
        }
        assert {key: n for key, n in found.items() if n} == {key: n for key, n in model.items() if n}
        assert not disagreements().exists()
        transaction.set_rollback(True)


def test_eight_who_reach_for_the_last_parts_at_once(committed_cast, now):
    """Real threads: never below none, nothing from nowhere, no circle of waiting."""
    desk = committed_cast.north
    with tenant(desk.tenant):
        parts = [Part.objects.create(number=f"P-{n}", name="Part") for n in range(2)]
        act = {"by": desk.dispatcher, "now": now}
        for part in parts:
            receive_part(part, 3, target=SHELF, **act)
            receive_part(part, 1, target=Place(desk.lou), **act)
        visits = [
            make_plain_visit(desk, now=now, number=f"V-race-{n}", start=now + dt.timedelta(hours=2 * n))
            for n in range(4)
        ]
    ready, faults, refused = threading.Barrier(8), [], []

    def work(number):
        try:
            ready.wait(timeout=30)
            for turn in range(6):
                # In both orders, so that a circle could form.
                first, second = parts if number % 2 else reversed(parts)
                with tenant(desk.tenant), transaction.atomic():
                    attempt(number, turn, first, second)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    def attempt(number, turn, first, second):
        try:
            if number < 4:
                use(visits[number], desk.lou, {first: 1, second: 1}, act)
            elif number % 2:
                move_part(first, 1, source=SHELF, target=Place(desk.lou), visit=visits[turn % 4], **act)
            else:
                move_part(first, 1, source=Place(desk.lou), target=SHELF, **act)
        except NotEnough as no:
            refused.append(no)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with tenant(desk.tenant):
        assert not disagreements().exists()
        moves = StockMove.objects.values_list("kind").annotate(total=Sum("quantity"))
        totals = dict(moves.order_by())
        assert totals["used"] == 4 * 6 * 2
        lies = VanStock.objects.aggregate(total=Sum("quantity"))["total"]
        assert lies == totals["received"] + totals.get("short", 0) - totals["used"]
        assert totals.get("moved", 0) + len(refused) == 4 * 6


def test_nobody_else_writes_the_stock():
    root = Path(__file__).parents[2]
    apps = ("imports", "portal", "servicedesk", "visits")
    writers = {
        path.relative_to(root).as_posix()
        for app in apps
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts
        and any(
            f"{model}{verb}" in path.read_text() for model in ("VanStock", "StockMove") for verb in WRITES
        )
    }
    assert writers == {"visits/stock.py"}


WRITES = ("(part", "(\n", ".objects.create", ".objects.bulk_create", ".objects.update")


def use(visit, technician, used, act):
    """As finishing does: the visit is held."""
    with transaction.atomic():
        hold_visits([visit.pk])
        use_in_visit(visit, technician, used, **act)


def lying(part):
    rows = VanStock.objects.filter(part=part)
    return {(row.technician_id, row.place): row.quantity for row in rows}
