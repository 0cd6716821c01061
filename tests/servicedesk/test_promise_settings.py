"""A manager says what is usually promised, when owners are reminded, and who is away."""

import datetime as dt

import pytest

from cases.models import Leave, PromiseTemplate
from cases.promise_reminders import reminding
from cases.promise_templates import MOST, add_template, due_of, templates, usual_promises
from tenancy.calendars import calendar_of
from tenancy.desk_settings import SettingRefused
from tests.cast import a_promise

UTC = dt.UTC
FRIDAY_EVENING = dt.datetime(2026, 3, 6, 17, 30, tzinfo=UTC)


def url(desk, act=""):
    return desk.url(f"settings/usual-promises/{act}")


def test_an_hour_of_today_that_is_over_is_not_offered_and_a_weekend_is_skipped(north):
    usual = usual_promises(calendar=calendar_of(north.tenant), now=FRIDAY_EVENING)
    assert [(one.text, f"{one.due_at:%a %H:%M}") for one in usual] == [
        ("Ring back", "Fri 18:00"),
        ("Ring back", "Mon 10:00"),
        ("Send the price in writing", "Mon 17:00"),
    ]


def test_the_summer_clock_is_the_desks(north):
    before = dt.datetime(2026, 3, 27, 16, 0, tzinfo=UTC)
    monday = PromiseTemplate(text="x", days=1, clock=dt.time(10))
    due = due_of(monday, calendar=calendar_of(north.tenant), now=before)
    assert due == dt.datetime(2026, 3, 30, 9, 0, tzinfo=UTC)


def test_one_more_is_offered_and_the_first_ones_stay(manager, north):
    answer = manager.post(
        url(north, "add/"), {"text": "Send the form", "kind": "answer", "when": "1", "clock": "12:00"}
    )
    assert answer.url.endswith("#usual")
    assert [one.text for one in templates()][-1] == "Send the form"
    assert len(templates()) == 5
    manager.post(url(north, "remove/"), {"place": 0})
    assert [one.minutes for one in templates()] == [None] * 4
    for _ in range(4):
        manager.post(url(north, "remove/"), {"place": 0})
    assert [one.pk for one in templates()] == [None] * 4
    for place in ("7", "99", "x"):
        assert manager.post(url(north, "remove/"), {"place": place}).status_code == 422


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"text": "", "kind": "answer", "when": "minutes", "minutes": "30"}, "Write what is promised."),
        ({"text": "x", "kind": "answer", "when": "minutes"}, "Write the minutes."),
        ({"text": "x", "kind": "answer", "when": "1"}, "Write the time."),
        ({"text": "x", "kind": "what", "when": "1", "clock": "10:00"}, "Choose what kind it is."),
        ({"text": "Ring back", "kind": "call back", "when": "minutes", "minutes": "30"}, "this one already"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_kept(manager, north, typed, says):
    answer = manager.post(url(north, "add/"), typed)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert len(templates()) == 4


def test_so_many_are_enough(north):
    for number in range(MOST - 4):
        add_template(text=f"x{number}", kind="answer", minutes=30, by=north.manager)
    with pytest.raises(SettingRefused, match="enough"):
        add_template(text="one more", kind="answer", minutes=30, by=north.manager)


def test_when_owners_are_reminded(manager, north):
    assert manager.post(url(north, "reminding/"), {"minutes": "15, 60"}).status_code == 302
    assert reminding() == [60, 15]
    answer = manager.post(url(north, "reminding/"), {"minutes": "soon"})
    assert (answer.status_code, 'value="soon"' in answer.text) == (422, True)
    assert manager.post(url(north, "reminding/"), {"minutes": "0"}).status_code == 422
    assert reminding() == [60, 15]


def test_who_is_away_hands_on_and_comes_back(manager, north, now):
    promise = a_promise(north, now=now, due_at=now + dt.timedelta(hours=20))
    who = {"member": str(north.sales.public_id), "reason": "Ill"}
    manager.post(url(north, "away/"), {**who, "first": "2026-03-05", "last": "2026-03-06"})
    promise.refresh_from_db()
    assert promise.owner == north.manager
    leave = Leave.objects.get()
    assert leave.ends_at == dt.datetime(2026, 3, 7, tzinfo=UTC)
    assert "Jamie Mercer</b>, today 00:00 to Sat 7 Mar 00:00. Ill" in manager.get(url(north)).text
    manager.post(north.url(f"settings/leaves/{leave.public_id}/back/"))
    leave.refresh_from_db()
    assert leave.ends_at == now


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"first": "2026-03-06", "last": "2026-03-05"}, "It ends before it begins."),
        ({"first": "", "last": "2026-03-05"}, "Choose the first day."),
    ],
)
def test_an_absence_that_cannot_be_is_refused(manager, north, typed, says):
    answer = manager.post(url(north, "away/"), {"member": str(north.sales.public_id), **typed})
    assert (answer.status_code, says in answer.text) == (422, True)
    assert not Leave.objects.exists()


def test_only_managers_set_it(dispatcher, north):
    assert dispatcher.get(url(north)).status_code == 403
    for act in ("add/", "reminding/", "away/", "remove/"):
        assert dispatcher.post(url(north, act)).status_code == 403
