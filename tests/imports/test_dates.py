"""Days and times as programs write them."""

import datetime as dt

import pytest

from imports.dates import DMY, MDY, SERIAL, YMD, Moment, is_nothing, leading, parse_day, parse_moment, tally


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("11/20/2026", MDY, dt.date(2026, 11, 20)),
        ("20.11.2026", DMY, dt.date(2026, 11, 20)),
        ("1.2.26", DMY, dt.date(2026, 2, 1)),
        ("2026-11-20", MDY, dt.date(2026, 11, 20)),
        ("26/11/20", YMD, dt.date(2026, 11, 20)),
        ("20261120", DMY, dt.date(2026, 11, 20)),
        ("20 Nov 2026", MDY, dt.date(2026, 11, 20)),
        ("20. März 2026", MDY, dt.date(2026, 3, 20)),
        ("20 août 2026", MDY, dt.date(2026, 8, 20)),
        ("20 de enero de 2026", MDY, dt.date(2026, 1, 20)),
        ("Nov 20, 2026", DMY, dt.date(2026, 11, 20)),
        ("Fr., 20.11.2026", DMY, dt.date(2026, 11, 20)),
        ("46346", SERIAL, dt.date(2026, 11, 20)),
        ("05-31-51", MDY, dt.date(1951, 5, 31)),
        ("05-31-50", MDY, dt.date(2050, 5, 31)),
    ],
)
def test_day_is_read_under_its_order(text, order, day):
    assert parse_day(text, order) == day


@pytest.mark.parametrize(
    "text",
    ["13/45/2026", "31/31/2026", "2026-02-30", "??", "02/30/2026", "11/20/0026", "46346", "soon", "12"],
)
def test_what_is_no_day_is_none(text):
    assert parse_day(text, MDY) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("11/20/2026 14:30", Moment(dt.date(2026, 11, 20), dt.time(14, 30))),
        ("11/20/2026 2:30 PM", Moment(dt.date(2026, 11, 20), dt.time(14, 30))),
        ("11/20/2026 12:05 a.m.", Moment(dt.date(2026, 11, 20), dt.time(0, 5))),
        ("2026-11-20T14:30:15.25Z", Moment(dt.date(2026, 11, 20), dt.time(14, 30, 15), dt.UTC)),
        ("20 Nov 2026, 14.30 Uhr", Moment(dt.date(2026, 11, 20), dt.time(14, 30))),
        ("14h30", Moment(None, dt.time(14, 30))),
        ("11/20/2026", Moment(dt.date(2026, 11, 20), None)),
    ],
)
def test_moment_is_a_day_a_time_or_both(text, moment):
    assert parse_moment(text, MDY) == moment


@pytest.mark.parametrize("text", ["11/20/2026 25:00", "11/20/2026 13:00 PM", "32:00"])
def test_time_that_no_clock_shows_is_none(text):
    assert parse_moment(text, MDY) is None


@pytest.mark.parametrize("text", ["", " - ", "n/a", "00/00/0000", "0000-00-00 00:00:00"])
def test_cells_that_say_no_date_are_nothing(text):
    assert is_nothing(text)


def test_order_under_which_most_are_days_leads():
    assert leading(tally(["01/02/2026", "03/13/2026", "31/31/2026", "04/05/2026 10:00"])) == MDY
    assert leading(tally(["01.02.2026", "13.03.2026"])) == DMY
    assert leading(tally(["51-01-31", "26-02-15"])) == YMD


def test_dates_that_read_both_ways_or_one_way_only_lead_nowhere():
    assert leading(tally(["01/02/2026", "03/04/2026"])) is None
    assert leading(tally(["2026-01-31", "31 Jan 2026", ""])) is None
