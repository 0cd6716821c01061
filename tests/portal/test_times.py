"""Another time, chosen on the customer's page: what the page says then, and of a time that has passed."""

import datetime as dt

import pytest

from portal.times import free_times, take_time
from tenancy.scope import tenant
from tests.portal.visit_states import page_in
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")


def moved_panel(client, path):
    return "Your visit is moved." in text(client.get(path))


def test_the_panel_says_the_new_time_and_stands_after_each_move(client, cast, now):
    path, visit = page_in("waiting", cast.north, now)
    assert not moved_panel(client, path)
    slot = client.get(f"{path}change/").context["offers"][0]["key"]
    assert client.post(f"{path}change/", {"slot": slot}).status_code == 302
    assert (
        "Lou is coming today between 1:30 and 2:30 pm Your visit is moved. "
        "Lou will be with you today between 1:30 and 2:30 pm. The old time is free again."
    ) in text(client.get(path))
    with tenant(cast.north.tenant):
        visit.refresh_from_db()
        again = next(each for each in free_times(visit, now=now) if each.key != slot)
        take_time(visit, again, now=now)
    assert moved_panel(client, path)


def test_the_panel_is_gone_when_the_new_window_is_over(client, cast, now, moment):
    path, visit = page_in("moved", cast.north, now)
    assert moved_panel(client, path)
    moment.move_to(visit.window_end - dt.timedelta(seconds=1), tick=False)
    assert moved_panel(client, path)
    moment.move_to(visit.window_end, tick=False)
    assert not moved_panel(client, path)


def test_a_time_that_has_passed_since_the_page_was_opened_is_a_conflict_with_others(
    client, cast, now, moment
):
    path, visit = page_in("waiting", cast.north, now)
    with tenant(cast.north.tenant):
        first = min(free_times(visit, now=now), key=lambda each: each.start)
        others = len(free_times(visit, now=now))
    assert others > 1
    moment.move_to(first.start + dt.timedelta(minutes=1), tick=False)
    answer = client.post(f"{path}change/", {"slot": first.key})
    assert answer.status_code == 409
    assert "Somebody has just taken that time. These are free." in text(answer)
    keys = [each["key"] for each in answer.context["offers"]]
    assert keys and first.key not in keys
    with tenant(cast.north.tenant):
        start, version = visit.planned_start, visit.version
        visit.refresh_from_db()
        assert (visit.planned_start, visit.version) == (start, version)
    assert client.post(f"{path}change/", {"slot": keys[0]}).status_code == 302
