"""Saying what a kind of visit takes."""

import pytest
from django.core.exceptions import PermissionDenied

from tenancy.desk_settings import SettingRefused
from visits.models import WorkType
from visits.work_type_settings import in_words, remove_work_type, save_work_type
from visits.work_types import work_for

LINE = {"visit_kind": "tune-up", "machine": "Copier", "minutes": 45, "skills": ["copier"], "crew": 2}


def save(desk, now, line=None, **changes):
    return save_work_type(line, by=desk.manager, now=now, **{**LINE, **changes})


def test_a_line_counts_for_its_machine_and_can_be_changed_and_removed(north, now):
    line = save(north, now)
    assert in_words(line) == "Tune-up on Copier"
    work = work_for("tune-up", [north.copier])
    assert (work.minutes, work.skills, work.crew) == (45, ("copier",), 2)
    save(north, now, line, minutes=50, machine="", visit_kind="")
    assert (in_words(line), work_for("fault", [north.sorter]).minutes) == ("Any visit on any machine", 50)
    remove_work_type(line, by=north.manager)
    assert work_for("fault", [north.sorter]).minutes == 75


@pytest.mark.parametrize(
    ("changes", "field"), [({"minutes": 4}, "minutes"), ({"minutes": 721}, "minutes"), ({"crew": 5}, "crew")]
)
def test_what_cannot_be_names_its_field(north, now, changes, field):
    with pytest.raises(SettingRefused) as refused:
        save(north, now, **changes)
    assert refused.value.field == field


def test_a_line_stands_once_however_its_machine_is_spelled(north, now):
    save(north, now)
    with pytest.raises(SettingRefused, match="a line for Tune-up on COPIER already"):
        save(north, now, machine="COPIER")
    assert WorkType.objects.count() == 1


def test_it_is_for_a_manager(north, now):
    with pytest.raises(PermissionDenied):
        save_work_type(None, by=north.dispatcher, now=now, **LINE)
    with pytest.raises(PermissionDenied):
        remove_work_type(save(north, now), by=north.accounts)
