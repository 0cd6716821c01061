import datetime as dt

import pytest

from customers.models import Equipment
from servicedesk.equipment_forms import ReadingForm
from tenancy.calendars import zone_of


@pytest.mark.parametrize(
    ("installed", "day", "errors"),
    [
        (None, "2000-01-01", []),
        (None, "1999-12-31", ["Choose a day from 1 Jan 2000 on."]),
        (dt.date(2024, 5, 6), "2024-05-06", []),
        (
            dt.date(2024, 5, 6),
            "2024-05-05",
            ["The machine was installed on 6 May 2024: choose no day before."],
        ),
        (dt.date(1, 5, 6), "0002-03-05", ["Choose a day from 1 Jan 2000 on."]),
    ],
)
def test_nobody_read_a_machine_before_it_was_installed(north, now, installed, day, errors):
    form = ReadingForm(
        {"kind": "pages", "value": "12", "read_on": day},
        machine=Equipment(installed_on=installed),
        today=now.date(),
        now=now,
        zone=zone_of(north.tenant),
    )
    assert form.errors.get("read_on", []) == errors
