import datetime as dt

import pytest

from tenancy.scope import tenant
from tests.cast import make_visit
from visits.models import Part

# Friday 6 March 2026, 14:00 in London, the day after the tests' moment.
TOMORROW_AT_TWO = dt.datetime(2026, 3, 6, 14, 0, tzinfo=dt.UTC)


@pytest.fixture
def north(cast):
    """Northgate's scope is open; Southgate has the same visit, that could leak."""
    with tenant(cast.south.tenant):
        make_visit(cast.south, start=TOMORROW_AT_TWO, technician=cast.south.lou)
    with tenant(cast.north.tenant):
        yield cast.north


@pytest.fixture
def visit(north):
    """Lou's, tomorrow at two, an hour and a quarter."""
    return make_visit(north, start=TOMORROW_AT_TWO, technician=north.lou)


@pytest.fixture
def lou(north):
    """Who goes: Northgate's technician, as a member of the desk."""
    return north.technician


@pytest.fixture
def only_mail(settings):
    """One channel, so that figures are those of the visits."""
    settings.SMS_URL = ""


@pytest.fixture
def fuser(north):
    return Part.objects.create(number="FU-240", name="Fuser unit")
