"""New connections: how instants are read."""

import datetime as dt

import pytest
from django.db import DataError, connection
from psycopg.pq import Format

from tenancy.connecting import InstantLoader


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-05 13:07:00+00", dt.datetime(2026, 3, 5, 13, 7, tzinfo=dt.UTC)),
        ("2026-03-05 13:07:00.5+00", dt.datetime(2026, 3, 5, 13, 7, 0, 500_000, tzinfo=dt.UTC)),
        ("2026-03-05 13:07:00.000123+02:30", dt.datetime(2026, 3, 5, 10, 37, 0, 123, tzinfo=dt.UTC)),
        ("0001-01-01 00:00:00+00", dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
        ("9999-12-31 23:59:59.999999+00", dt.datetime.max.replace(tzinfo=dt.UTC)),
    ],
)
def test_an_instant_is_read_to_the_microsecond_in_utc(db, text, instant):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, tstzrange(%s, NULL)", [text, text])
        read, span = cursor.fetchone()
    assert (read, read.tzinfo, span.lower) == (instant, dt.UTC, instant)
    loader = connection.connection.adapters.get_loader(
        connection.connection.adapters.types["timestamptz"].oid, Format.TEXT
    )
    assert loader is InstantLoader


@pytest.mark.parametrize("text", ["10000-01-01 00:00:00+00", "0044-03-15 00:00:00+00 BC", "infinity"])
def test_what_python_has_no_instant_for_is_refused(db, text):
    with connection.cursor() as cursor, pytest.raises(DataError):
        cursor.execute("SELECT %s::timestamptz", [text])
        cursor.fetchone()
