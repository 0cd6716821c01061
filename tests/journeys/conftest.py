import datetime as dt

import pytest

from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.journeys.phone_browser import PhoneBrowser

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def visit(live_desk, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    desk = live_desk.cast.north
    with tenant(desk.tenant):
        Recommendation.objects.create(
            equipment=desk.sorter,
            finding="Move off the extension lead",
            severity=1,
            raised_at=now - 99 * HOUR,
        )
        return make_visit(desk, start=now.replace(hour=14, minute=0), technician=desk.lou)


@pytest.fixture
def phone(chromium, live_desk, visit, tmp_path):
    browser = PhoneBrowser(chromium, str(tmp_path / "browser"), live_desk, live_desk.cast.north.technician)
    yield browser
    browser.context.close()
    browser.signal.end()
    assert browser.faults == []
