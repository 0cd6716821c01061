"""Pages of work types: list, enter, change, remove."""

import pytest

from tenancy.scope import tenant
from tests.reading import text
from visits.models import WorkType

LINE = {"visit_kind": "tune-up", "machine": "copier", "minutes": "45", "skills": "copier, laser", "crew": "2"}


@pytest.fixture
def north(cast):
    """Northgate's desk."""
    return cast.north


def enter(browser, desk, where="new", **changes):
    return browser.post(desk.url(f"settings/work-types/{where}/"), {**LINE, **changes})


def test_a_line_is_entered_changed_and_removed(manager, north):
    assert "every visit lasts 75 minutes" in text(manager.get(north.url("settings/work-types/")))
    assert enter(manager, north).status_code == 302
    assert "Tune-up on copier 45 copier, laser 2" in text(manager.get(north.url("settings/work-types/")))
    with tenant(north.tenant):
        line = WorkType.objects.get()
    page = manager.get(north.url(f"settings/work-types/{line.public_id}/"))
    assert 'value="copier, laser"' in page.content.decode()
    assert enter(manager, north, line.public_id, minutes="50", visit_kind="").status_code == 302
    assert "Any visit on copier 50" in text(manager.get(north.url("settings/work-types/")))
    manager.post(north.url(f"settings/work-types/{line.public_id}/remove/"))
    with tenant(north.tenant):
        assert not WorkType.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": "4"}, "Write the minutes: a whole number from 5 to 720."),
        ({"crew": ""}, "Write how many come: a whole number from 1 to 4."),
        ({"visit_kind": "party"}, "Choose a kind of visit."),
        ({"machine": "Copier"}, "There is a line for Tune-up on Copier already."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(manager, north, changes, words):
    enter(manager, north)
    answer = enter(manager, north, **changes)
    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="copier, laser"' in answer.content.decode()
    with tenant(north.tenant):
        assert WorkType.objects.count() == 1


def test_the_most_exact_line_stands_first(manager, north):
    enter(manager, north, machine="")
    enter(manager, north, visit_kind="", machine="")
    enter(manager, north)
    read = text(manager.get(north.url("settings/work-types/")))
    assert read.index("Tune-up on copier") < read.index("Tune-up on any") < read.index("Any visit on any")


def test_machines_of_the_desk_are_suggested(manager, north):
    html = manager.get(north.url("settings/work-types/new/")).content.decode()
    assert '<option value="TC-240">' in html


def test_it_is_for_managers(client, north):
    client.force_login(north.accounts.user)
    assert client.get(north.url("settings/work-types/")).status_code == 403
