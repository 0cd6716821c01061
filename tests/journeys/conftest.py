import datetime as dt

import pytest

from cases.interactions import note_interaction
from cases.matters import open_case
from recommendations.models import Recommendation
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.journeys.phone_browser import PhoneBrowser

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def matter_of(live_desk, now):
    """Open a matter of Northgate's client of ten years, with each contact on it: days ago, channel, words."""

    def open_matter(*contacts, **about):
        desk = live_desk.cast.north
        told = {"customer": desk.customer, "by": desk.sales}
        with tenant(desk.tenant):
            since = now - contacts[0][0] * DAY
            case = open_case(equipment=desk.copier, now=since, **about, **{**told, "by": desk.dispatcher})
            for days, channel, words in contacts:
                note_interaction(case=case, channel=channel, summary=words, now=now - days * DAY, **told)
        return case

    return open_matter


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
