"""An export of a program that knows nothing of the days that were given here (R6.6)."""

import datetime as dt

import pytest

from contracts.goodwill_extension import extend
from contracts.models import Contract
from tenancy.scope import tenant
from tests.imports.dealer import a_dealer, write
from tests.imports.dialects import GERMAN
from tests.imports.test_importing import berlin, bring, folder

__all__ = ["berlin", "folder"]
GIVEN = 14
DAYS = dt.timedelta(days=GIVEN)


@pytest.fixture
def longer(berlin, folder):
    """V-5006 came in until 20 October 2026, and goes on 14 days longer."""
    bring(folder, berlin)
    with tenant(berlin):
        contract = Contract.objects.get(number="V-5006")
        now = dt.datetime(2026, 10, 25, 9, tzinfo=dt.UTC)
        return extend(contract, days=GIVEN, because="Missed twice", by=None, now=now)


def told_again(berlin, folder, **row):
    """The export once more, V-5006 with another row; its standing terms and how many rows were kept."""
    dealer = a_dealer()
    dealer.tables["contracts"][5] |= row
    write(dealer, folder, GERMAN)
    report = bring(folder, berlin)
    with tenant(berlin):
        terms = Contract.objects.get(number="V-5006").terms.filter(taken_back_at=None).order_by("starts_on")
        found = list(terms.values_list("starts_on", "ends_on", "given_days"))
    return found, report.facts["contracts"]["V-5006"]["expect"]


def test_its_next_terms_come_after_the_days_as_long_as_they_are(longer, berlin, folder):
    first = (longer.starts_on, longer.ends_on, GIVEN)
    begins, ends = dt.date(2026, 10, 21), dt.date(2027, 10, 20)
    second = (begins + DAYS, ends + DAYS, 0)
    assert told_again(berlin, folder, start=begins, end=ends) == ([first, second], "active")
    begins, ends = dt.date(2027, 10, 21), dt.date(2028, 10, 20)
    third = (begins + DAYS, ends + DAYS, 0)
    assert told_again(berlin, folder, start=begins, end=ends)[0] == [first, second, third]


def test_its_old_end_takes_no_days_back(longer, berlin, folder):
    agreed = longer.ends_on - DAYS
    for end in (longer.ends_on, agreed):
        found, _ = told_again(berlin, folder, start=longer.starts_on, end=end)
        assert found == [(longer.starts_on, longer.ends_on, GIVEN)]
