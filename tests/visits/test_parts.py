import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contracts.cover import covers_of_equipment
from contracts.models import Contract
from customers.models import Equipment
from tests.cast import make_plain_visit
from visits.models import Part, PartUse, VanStock
from visits.parts import (
    UnknownPart,
    is_covered,
    part_numbered,
    parts_in_van,
    parts_to_bring,
    supplies,
    use_parts,
)

DAY = dt.timedelta(days=1)


@pytest.fixture
def rollers(north):
    return Part.objects.create(number="RK-2", name="Roller kit")


def test_what_visits_to_this_model_usually_took_the_most_frequent_first(north, fuser, rollers, now):
    another = Equipment.objects.create(site=north.site, model="TC-240", serial_number="other")
    used(north, now - 200 * DAY, fuser, rollers, machines=[another])
    used(north, now - 100 * DAY, rollers)
    used(north, now - 50 * DAY, fuser, rollers)
    coming = make_plain_visit(north, now=now)
    assert [supply.part for supply in parts_to_bring(coming, north.lou, now=now)] == [rollers, fuser]


def test_once_is_no_habit_and_other_models_and_years_ago_do_not_count(north, fuser, rollers, now):
    used(north, now - 50 * DAY, fuser)
    for days in (60, 70):
        used(north, now - days * DAY, rollers, machines=[north.sorter])
        used(north, now - (1200 + days) * DAY, fuser)
    assert parts_to_bring(make_plain_visit(north, now=now), north.lou, now=now) == []


def test_where_a_part_lies(north, fuser, rollers):
    blade = Part.objects.create(number="CB-9", name="Cleaning blade")
    VanStock.objects.create(part=fuser, technician=north.lou, quantity=2)
    VanStock.objects.create(part=fuser, technician=north.marek, quantity=5)
    VanStock.objects.create(part=blade, place="depot shelf 14", quantity=1)
    found = supplies([fuser, blade, rollers], north.lou)
    assert [supply.where for supply in found] == [
        "2 on the van",
        "1, depot shelf 14",
        "None on the van or at the depot",
    ]
    assert [supply.is_at_depot_only for supply in found] == [False, True, False]


def test_what_lies_in_the_van(north, fuser, rollers):
    VanStock.objects.create(part=rollers, technician=north.lou, quantity=1)
    VanStock.objects.create(part=fuser, technician=north.lou, quantity=0)
    assert [supply.part for supply in parts_in_van(north.lou)] == [rollers]
    assert parts_in_van(None) == []


def test_a_part_is_found_by_its_number_however_it_is_written(north, fuser):
    assert part_numbered(" fu-240 ") == fuser
    with pytest.raises(UnknownPart, match="No part has the number “FU-9”"):
        part_numbered("FU-9")
    with pytest.raises(UnknownPart, match="No part has the number “FU-9”"):
        part_numbered("FU\0-9")


def test_using_takes_from_the_van_and_never_below_nought(north, fuser, rollers, now):
    van = VanStock.objects.create(part=fuser, technician=north.lou, quantity=1)
    visit = make_plain_visit(north, now=now)
    with transaction.atomic():
        use_parts(visit, north.lou, {fuser: 3, rollers: 1}, [], by=north.technician, now=now)
    van.refresh_from_db()
    assert van.quantity == 0
    assert set(PartUse.objects.values_list("part", "quantity")) == {(fuser.pk, 3), (rollers.pk, 1)}


@pytest.mark.parametrize(
    ("not_covered", "covered"), [("", True), ("Drums", True), ("Fusers, drums", False), ("rollers", True)]
)
def test_a_contract_pays_for_parts_that_it_does_not_leave_out(north, fuser, now, not_covered, covered):
    Contract.objects.update(not_covered=not_covered)
    assert is_covered(fuser, covers_of_equipment(north.copier, now.date())) is covered


def test_without_a_running_contract_no_part_is_covered(north, fuser, now):
    assert is_covered(fuser, covers_of_equipment(north.copier, now.date() + 400 * DAY)) is False
    assert is_covered(fuser, []) is False


def test_the_list_costs_the_same_for_one_part_and_three(north, fuser, rollers, now):
    coming = make_plain_visit(north, now=now)
    used(north, now - 50 * DAY, fuser)
    used(north, now - 60 * DAY, fuser)
    counts = [queries_for(coming, north, now)]
    blade = Part.objects.create(number="CB-9", name="Cleaning blade")
    used(north, now - 50 * DAY, rollers, blade)
    used(north, now - 60 * DAY, rollers, blade)
    counts.append(queries_for(coming, north, now))
    assert counts == [(1, 4), (3, 4)]


def queries_for(visit, desk, now):
    with CaptureQueriesContext(connection) as queries:
        found = parts_to_bring(visit, desk.lou, now=now)
    return len(found), len(queries)


def used(desk, at, *parts, **values):
    visit = make_plain_visit(
        desk,
        now=at,
        start=at,
        state="done",
        is_history=True,
        completed_at=at,
        completed_on=at.date(),
        **values,
    )
    for part in parts:
        PartUse.objects.create(visit=visit, part=part, quantity=1)
