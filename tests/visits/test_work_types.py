"""What a visit takes is read from the most exact line of the desk's work types."""

import pytest

from customers.searchkeys import folded
from tenancy.scope import tenant
from visits.models import WorkType
from visits.work_types import Work, work_for, works_for


@pytest.fixture
def desk(cast):
    with tenant(cast.south.tenant):
        # The look-alike's lines count for nobody else.
        line("", "", 200)
    with tenant(cast.north.tenant):
        yield cast.north


def line(kind, machine, minutes, skills=(), crew=1):
    return WorkType.objects.create(
        visit_kind=kind,
        machine=machine,
        machine_key=folded(machine),
        minutes=minutes,
        skills=list(skills),
        crew=crew,
    )


def test_without_a_line_a_visit_is_as_long_as_the_desk_says(desk):
    assert work_for("fault", [desk.copier]) == Work(75, (), 1)
    assert work_for("fault", []) == Work(75, (), 1)
    assert work_for("", [desk.copier]) == Work(75, (), 1)


def test_the_most_exact_line_counts(desk):
    """Written from the least exact to the most: each is taken until a more exact one stands."""
    lines = [
        ("", ""),
        ("fault", ""),
        ("", "Copier"),
        ("", "tc-240"),
        ("fault", "COPIER"),
        ("fault", "TC-240"),
    ]
    for minutes, (kind, machine) in enumerate(lines, start=20):
        line(kind, machine, minutes)
        assert work_for("fault", [desk.copier]).minutes == minutes
    assert work_for("install", [desk.copier]).minutes == 23
    assert work_for("install", [desk.sorter]).minutes == 20
    assert work_for("fault", [desk.sorter]).minutes == 21
    assert work_for("fault", []).minutes == 21
    assert work_for("install", []).minutes == 20
    assert work_for("", [desk.copier]).minutes == 23


def test_of_several_machines_the_longest_work_all_skills_and_the_largest_crew_count(desk):
    line("fault", "TC-240", 90, ["Ricoh", "colour"], crew=1)
    line("fault", "SF-12", 40, ["ricoh", "paper"], crew=2)
    work = work_for("fault", [desk.copier, desk.sorter])
    assert (work.minutes, work.crew) == (90, 2)
    assert [skill.lower() for skill in work.skills] == ["colour", "paper", "ricoh"]
    assert work.missing(["RICOH", " paper"]) == ("colour",)
    assert Work(10).missing([]) == ()


def test_many_are_read_in_one_query(desk, django_assert_num_queries):
    line("install", "TC-240", 180, crew=2)
    with django_assert_num_queries(1):
        found = works_for([("install", [desk.copier]), ("fault", [desk.copier]), ("install", [])])
    assert [(work.minutes, work.crew) for work in found] == [(180, 2), (75, 1), (75, 1)]
