"""The key of a cause is the same in Python and in SQL."""

import datetime as dt

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.keys import key_of, moment

# PostgreSQL keeps no NUL in a text.
PART = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


def in_sql(*parts):
    with connection.cursor() as cursor:
        cursor.execute("SELECT message_key(VARIADIC %s::text[])", [[str(part) for part in parts]])
        return cursor.fetchone()[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(PART, min_size=1, max_size=6))
def test_sql_and_python_make_the_same_key(db, parts):
    assert in_sql(*parts) == key_of(*parts)


def test_parts_do_not_run_into_each_other():
    assert key_of("a", "bc") != key_of("ab", "c")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seconds=st.integers(0, 4_000_000_000), micros=st.integers(0, 999_999))
def test_sql_and_python_spell_a_moment_the_same(db, seconds, micros):
    instant = dt.datetime.fromtimestamp(seconds, dt.UTC) + dt.timedelta(microseconds=micros)
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM %s::timestamptz) * 1000000)::bigint", [instant])
        assert cursor.fetchone()[0] == moment(instant)
