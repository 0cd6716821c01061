"""A call with the same key is done once, and what it was answered stands for a week."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Customer
from tenancy.answered_calls import KeyReused, asked_hash, claim, forget_old_everywhere, keep_answer
from tenancy.models import AnsweredCall
from tenancy.scope import tenant

DAY = dt.timedelta(days=1)
SENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), SENT, max_size=4))
def test_the_order_of_fields_says_nothing_and_everything_else_does(sent):
    same = dict(reversed(sent.items()))
    assert asked_hash("POST", "/a/", sent) == asked_hash("POST", "/a/", same)
    for other in (("PUT", "/a/", sent), ("POST", "/b/", sent), ("POST", "/a/", {**sent, "one more": 1})):
        assert asked_hash(*other) != asked_hash("POST", "/a/", sent)


def test_answered_once_it_is_answered_so_again(north, now):
    first = claim(north.dispatcher.public_id, "a", "h", now=now)
    assert first.status is None
    keep_answer(first, status=201, headers={"Location": "/x/"}, body={"id": 1})
    again = claim(north.dispatcher.public_id, "a", "h", now=now + DAY)
    assert (again.pk, again.status, again.headers, again.body) == (
        first.pk,
        201,
        {"Location": "/x/"},
        {"id": 1},
    )
    assert claim(north.sales.public_id, "a", "h", now=now).status is None


def test_one_key_for_two_calls_is_a_mistake(north, now):
    claim(north.dispatcher.public_id, "a", "h", now=now)
    with pytest.raises(KeyReused, match="another call"):
        claim(north.dispatcher.public_id, "a", "other", now=now)


def test_three_at_once_do_it_once_and_hear_the_same(committed_cast, now):
    north, together = committed_cast.north, Barrier(3)

    def call(_):
        try:
            together.wait(timeout=20)
            with tenant(north.tenant):
                row = claim(north.dispatcher.public_id, "a", "h", now=now)
                if row.status is not None:
                    return row.body
                made = Customer.objects.create(name="Only one")
                body = {"id": str(made.public_id)}
                keep_answer(row, status=201, headers={}, body=body)
                return body
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(call, range(3)))
    with tenant(north.tenant):
        made = Customer.objects.get(name="Only one")
    assert answers == [{"id": str(made.public_id)}] * 3


def test_after_one_that_failed_the_next_does_it(committed_cast, now):
    north = committed_cast.north
    with pytest.raises(RuntimeError), tenant(north.tenant):
        claim(north.dispatcher.public_id, "a", "h", now=now)
        raise RuntimeError
    with tenant(north.tenant):
        assert claim(north.dispatcher.public_id, "a", "h", now=now).status is None


def test_after_a_week_it_is_forgotten(cast, north, now):
    claim(north.dispatcher.public_id, "old", "h", now=now)
    claim(north.dispatcher.public_id, "young", "h", now=now + DAY)
    with tenant(cast.south.tenant):
        claim(cast.south.dispatcher.public_id, "old", "h", now=now)
    assert forget_old_everywhere(now=now + 7 * DAY) == 0
    assert forget_old_everywhere(now=now + 7 * DAY + dt.timedelta(microseconds=1)) == 2
    assert AnsweredCall.objects.get().key == "young"
