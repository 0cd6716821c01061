"""What a manager sets of the desk: only a manager, only what can be, and nobody over somebody else."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from tenancy.calendars import calendar_of
from tenancy.desk_settings import (
    PLACE,
    PROMISES,
    REMINDERS,
    VISITS,
    ChangedMeanwhile,
    SettingRefused,
    add_closure,
    hours_of_desk,
    remove_closure,
    save_part,
    set_hours,
    switch_messages,
    version_of,
    version_of_hours,
)
from tenancy.models import BusinessHours, Closure, Tenant

TODAY = dt.date(2026, 3, 5)


def fresh(desk):
    return Tenant.objects.get(pk=desk.tenant.pk)


def save(desk, part, now, **values):
    seen = version_of(fresh(desk), part)
    return save_part(desk.tenant, part, seen=seen, by=desk.manager, now=now, **values)


def test_only_what_is_different_is_told_and_saved(north, now, cast):
    assert save(north, VISITS, now, visit_minutes=90, window_minutes=60) == ["visit_minutes"]
    assert fresh(north).visit_minutes == 90
    assert Tenant.objects.get(pk=cast.south.tenant.pk).visit_minutes == 75


def test_of_two_at_once_the_second_is_told(north, now):
    seen = version_of(fresh(north), PROMISES)
    save(north, PROMISES, now, call_ahead_minutes=45)
    with pytest.raises(ChangedMeanwhile):
        save_part(north.tenant, PROMISES, seen=seen, by=north.manager, now=now, call_ahead_minutes=20)
    assert fresh(north).call_ahead_minutes == 45
    # Another part is nobody's matter.
    save(north, VISITS, now, visit_minutes=60)


@pytest.mark.parametrize(
    ("part", "values", "field", "words"),
    [
        (PLACE, {"time_zone": "Europe/Nowhere"}, "time_zone", "is no time zone"),
        (PLACE, {"country": "XX"}, "country", "two letters of a country"),
        (PLACE, {"country": "GB", "subdivision": "BY"}, "subdivision", "Choose one of ENG, NIR, SCT, WLS"),
        (PLACE, {"country": "GI", "subdivision": "X"}, "subdivision", "GI has no regions"),
        (REMINDERS, {"reminder_minutes": list(range(1, 8))}, "reminder_minutes", "At most 6"),
        (VISITS, {"window_minutes": 0}, "window_minutes", "at least a minute"),
    ],
)
def test_what_cannot_be_names_its_field(north, now, part, values, field, words):
    with pytest.raises(SettingRefused, match=words) as refused:
        save(north, part, now, **values)
    assert refused.value.field == field


def test_everything_is_for_a_manager(north, now):
    seen = version_of(north.tenant, VISITS)
    for act in (
        lambda: save_part(north.tenant, VISITS, seen=seen, by=north.dispatcher, now=now, visit_minutes=5),
        lambda: set_hours(north.tenant, [], seen="", by=north.accounts, now=now),
        lambda: add_closure(day=TODAY, name="Fair", by=north.sales, today=TODAY),
        lambda: switch_messages(north.tenant, on=False, by=north.technician, now=now),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_hours_never_set_are_the_usual_ones_and_new_ones_count(north, now):
    assert len(hours_of_desk()) == 5
    spans = [(0, dt.time(8), dt.time(12)), (0, dt.time(13), dt.time(16))]
    set_hours(north.tenant, spans[::-1], seen=version_of_hours(), by=north.manager, now=now)
    assert hours_of_desk() == spans
    assert calendar_of(north.tenant).hours == tuple(spans)


def test_hours_that_somebody_changed_meanwhile_stay(north, now):
    seen = version_of_hours()
    set_hours(north.tenant, [(0, dt.time(8), dt.time(12))], seen=seen, by=north.manager, now=now)
    with pytest.raises(ChangedMeanwhile):
        set_hours(north.tenant, [(1, dt.time(8), dt.time(12))], seen=seen, by=north.manager, now=now)
    with pytest.raises(SettingRefused, match="at least one day"):
        set_hours(north.tenant, [], seen=version_of_hours(), by=north.manager, now=now)
    assert BusinessHours.objects.count() == 1


def test_a_day_off_is_one_to_come_and_entered_once(north):
    closure = add_closure(day=TODAY, name=" Fair ", by=north.manager, today=TODAY)
    assert closure.name == "Fair"
    assert calendar_of(north.tenant).is_closed(TODAY)
    for day, words in ((TODAY, "closed on that day"), (TODAY - dt.timedelta(1), "a day to come")):
        with pytest.raises(SettingRefused, match=words):
            add_closure(day=day, name="Fair", by=north.manager, today=TODAY)
    remove_closure(closure, by=north.manager)
    assert not Closure.objects.exists()


def test_messages_begin_when_they_are_switched_on(north, now):
    assert not switch_messages(north.tenant, on=True, by=north.manager, now=now)
    assert switch_messages(north.tenant, on=False, by=north.manager, now=now)
    assert fresh(north).messages_from is None
    assert switch_messages(north.tenant, on=True, by=north.manager, now=now)
    assert fresh(north).messages_from == now
