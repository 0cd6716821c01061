"""The maker's warranty, told apart from the contract."""

import datetime as dt

import pytest

from customers.models import Equipment
from customers.warranty import warranty_in_words

UNTIL = dt.date(2027, 5, 3)


@pytest.mark.parametrize(
    ("until", "day", "words"),
    [
        (None, UNTIL, ""),
        (UNTIL, dt.date(2026, 1, 1), "Maker’s warranty until 3 May 2027"),
        (UNTIL, UNTIL, "Maker’s warranty until 3 May 2027"),
        (UNTIL, dt.date(2027, 5, 4), "Warranty ended 3 May 2027"),
    ],
)
def test_the_last_day_counts(until, day, words):
    assert warranty_in_words(Equipment(tenant_id=1, warranty_until=until), day=day) == words
