"""`manage.py cover`: each contract of a desk on a day."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from contracts.models import ContractTerm
from tenancy.scope import tenant


@pytest.fixture
def north(cast):
    """Northgate's contract from 15 Mar 2025 to 14 Mar 2026."""
    with tenant(cast.north.tenant):
        ContractTerm.objects.filter(pk=cast.north.term.pk).update(
            starts_on=dt.date(2025, 3, 15), ends_on=dt.date(2026, 3, 14)
        )
    return cast.north


def said(**options):
    out = StringIO()
    call_command("cover", stdout=out, **options)
    return out.getvalue()


def test_as_json_it_is_a_list_of_number_state_reason_and_end(north):
    assert json.loads(said(desk="northgate", on="2026-04-01", json=True)) == [
        {
            "number": "N-20418",
            "state": "in grace",
            "reason": "Term 15 Mar 2025 to 14 Mar 2026; no renewal, no money and no claim found since; "
            "entered by the desk, 17 Aug 2025 14:07; not checked before",
            "term_end": "2026-03-14",
        }
    ]


def test_in_words_it_is_a_line_for_each(north):
    assert said(desk="northgate", on="2025-06-01").startswith("N-20418  Active until 14 Mar 2026  (Term ")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"desk": "nowhere"}, "There is no desk “nowhere”."),
        ({"desk": "northgate", "on": "01.04.2026"}, "Write it as YYYY-MM-DD."),
    ],
)
def test_what_cannot_be_is_said(north, options, says):
    with pytest.raises(CommandError, match=says):
        said(**options)
