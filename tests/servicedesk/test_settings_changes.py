"""The latest changes of the settings: one for each Save, by whom, the latest first."""

import datetime as dt

from servicedesk.settings_changes import SHOWN, latest_changes
from tenancy.models import Closure
from tenancy.scope import tenant
from tests.reading import text


def test_each_save_is_one_change_with_its_person(client, cast):
    north = cast.north
    client.force_login(north.manager.user)
    seen = client.get(north.url("settings/")).context["hours_seen"]
    hours = {
        f"day{day}_{end}": clock for day in range(5) for end, clock in (("from", "08:00"), ("until", "16:00"))
    }
    client.post(north.url("settings/hours/"), {**hours, "seen": seen})
    with tenant(north.tenant):
        latest = latest_changes()[0]
    assert (latest.what, latest.by) == ("Business hours", "Robin Vale")
    assert "Robin Vale: Business hours" in text(client.get(north.url("settings/")))


def test_only_the_latest_of_this_desk_are_shown(cast):
    with tenant(cast.south.tenant):
        Closure.objects.create(day=dt.date(2026, 3, 6), name="Fair")
    with tenant(cast.north.tenant):
        assert "Days off" not in {change.what for change in latest_changes()}
        assert len(latest_changes()) <= SHOWN
