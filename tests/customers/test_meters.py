"""Counters go forward; a replaced one is said, a wrong figure is withdrawn, and use is told by the month."""

import datetime as dt
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from customers.meters import (
    LowerThanBefore,
    Use,
    readings_of,
    record_reading,
    use_by_month,
    withdraw_reading,
)
from customers.models import MeterReading
from tenancy.desk_settings import SettingRefused
from tenancy.models import Tenant

Kind = MeterReading.Kind
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def read(north, now):
    """Record what the copier's pages counter showed so many days ago."""

    def record(value, *, days=0, **said):
        said = {"kind": Kind.PAGES, "by": north.technician, "now": now, **said}
        return record_reading(
            north.copier, value=Decimal(value), read_at=now - dt.timedelta(days=days), **said
        )

    return record


def test_a_reading_is_kept_and_told(north, read, now):
    reading = read("12345.5")
    assert (reading.value, reading.read_by, reading.starts_anew) == (
        Decimal("12345.5"),
        north.technician,
        False,
    )
    line = north.customer.timeline.get()
    assert (line.title, line.actor) == ("Pages: 12,345.5, Corvane TC-240 copier", north.technician)


def test_less_than_before_is_asked_about_and_may_be_a_new_counter(read):
    read("12000", days=30)
    with pytest.raises(LowerThanBefore) as asked:
        read("40")
    assert str(asked.value) == "That is less than 12,000 on 3 Feb 2026. Was the counter replaced?"
    assert read("40", was_replaced=True).starts_anew
    # Another counter of the machine knows nothing of it.
    assert not read("3", kind=Kind.HOURS).starts_anew


def test_saying_replaced_of_a_counter_that_goes_on_changes_nothing(read):
    read("12000", days=30)
    assert not read("12001", was_replaced=True).starts_anew


def test_a_reading_told_late_fits_between_those_beside_it(read):
    read("12000", days=30)
    read("14000")
    with pytest.raises(SettingRefused) as refused:
        read("15000", days=10)
    assert str(refused.value) == "On 5 Mar 2026 it showed 14,000, which is less."
    assert read("13000", days=10)


@pytest.mark.parametrize(
    ("value", "days", "field"), [("-1", 0, "value"), ("1", -1, "read_at"), ("1e12", 0, "value")]
)
def test_what_nobody_can_have_read_is_refused(read, value, days, field):
    with pytest.raises(SettingRefused) as refused:
        read(value, days=days)
    assert refused.value.field == field


def test_at_one_visit_a_counter_is_read_once_however_often_it_is_sent(read):
    visit = uuid.uuid4()
    first = read("12000", visit=visit)
    assert read("12000", visit=visit) == first
    with pytest.raises(SettingRefused):
        read("12500", visit=visit)
    assert MeterReading.objects.count() == 1


def test_a_wrong_figure_is_withdrawn_with_a_reason_and_counts_no_more(north, read, now):
    wrong = read("99000", days=2)
    with pytest.raises(SettingRefused):
        withdraw_reading(wrong, because=" ", by=north.dispatcher, now=now)
    assert withdraw_reading(wrong, because="A nine too many", by=north.dispatcher, now=now)
    assert not withdraw_reading(wrong, because="Again", by=north.dispatcher, now=now)
    assert not readings_of(north.copier).exists()
    assert not read("9900").starts_anew
    assert north.customer.timeline.filter(
        title="Reading withdrawn: Pages 99,000, Corvane TC-240 copier", detail="A nine too many"
    ).exists()


def test_what_follows_a_withdrawn_reading_is_told_anew(north, read, now):
    """50,000, then 10 on a new counter, then 500: without the 10, it is the 500 that starts anew."""
    read("50000", days=60)
    ten = read("10", days=30, was_replaced=True)
    later = read("500")
    withdraw_reading(ten, because="Of another machine", by=north.dispatcher, now=now)
    later.refresh_from_db()
    assert later.starts_anew
    assert use_by_month(readings_of(north.copier), LONDON, months=12) == []


def test_a_wrong_high_figure_withdrawn_leaves_one_counter(north, read, now):
    read("400", days=60)
    wrong = read("50000", days=30)
    later = read("500", was_replaced=True)
    withdraw_reading(wrong, because="Two noughts too many", by=north.dispatcher, now=now)
    later.refresh_from_db()
    assert not later.starts_anew
    uses = use_by_month(readings_of(north.copier), LONDON, months=12)
    assert [int(use.used) for use in uses] == [8, 47, 46]


def test_a_reading_told_late_may_be_the_new_counter_s_first(read):
    read("50000", days=60)
    later = read("500", was_replaced=True)
    assert read("10", days=30, was_replaced=True).starts_anew
    later.refresh_from_db()
    assert not later.starts_anew


def test_days_are_told_as_the_desk_counts_them(north, read, now):
    """13:07 in London is the next day in Auckland."""
    Tenant.objects.filter(pk=north.tenant.pk).update(time_zone="Pacific/Auckland")
    read("12000")
    with pytest.raises(LowerThanBefore) as asked:
        read("40")
    assert str(asked.value) == "That is less than 12,000 on 6 Mar 2026. Was the counter replaced?"
    with pytest.raises(SettingRefused) as refused:
        read("15000", days=10)
    assert str(refused.value) == "On 6 Mar 2026 it showed 12,000, which is less."


def test_the_database_keeps_no_debt_and_no_withdrawal_without_a_reason(north, read, now):
    reading = read("1")
    for wrong in ({"value": -1}, {"withdrawn_at": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            MeterReading.objects.filter(pk=reading.pk).update(**wrong)


def reading(day, value, **fields):
    """One that is not saved, read at midnight in London."""
    at = dt.datetime.combine(day, dt.time(0), tzinfo=LONDON)
    return MeterReading(tenant_id=1, value=Decimal(value), read_at=at, **fields)


def test_use_is_spread_over_the_months_between_readings():
    rows = [reading(dt.date(2026, 1, 1), 1000), reading(dt.date(2026, 3, 1), 1590)]
    assert use_by_month(rows, LONDON, months=12) == [
        Use(dt.date(2026, 2, 1), Decimal(280)),
        Use(dt.date(2026, 1, 1), Decimal(310)),
    ]
    assert [use.month.month for use in use_by_month(rows, LONDON, months=1)] == [2]


def test_a_replaced_counter_says_nothing_of_the_time_before():
    rows = [
        reading(dt.date(2026, 1, 1), 1000),
        reading(dt.date(2026, 2, 1), 40, starts_anew=True),
        reading(dt.date(2026, 3, 1), 68),
    ]
    assert use_by_month(rows, LONDON, months=12) == [Use(dt.date(2026, 2, 1), Decimal(28))]
    assert use_by_month(rows[:1], LONDON, months=12) == []


def test_use_is_never_less_than_nothing():
    rows = [reading(dt.date(2026, 1, 1), 50000), reading(dt.date(2026, 2, 1), 500)]
    assert use_by_month(rows, LONDON, months=12) == []


def test_the_change_of_the_clock_moves_nothing_into_another_month():
    rows = [reading(dt.date(2026, 3, 1), 0), reading(dt.date(2026, 4, 1), 743)]
    assert use_by_month(rows, LONDON, months=12) == [Use(dt.date(2026, 3, 1), Decimal(743))]
