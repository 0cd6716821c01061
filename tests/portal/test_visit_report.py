"""The customer's page of a visit that is done: what was done, the signed sheet, what is open to answer."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.links import make_link, revoke_links
from customers.models import CustomerLink
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.reading import pdf_pages, text
from tests.visits.gate_scene import answer, finish, on_site_visit
from visits.gate import Report
from visits.models import Part, ServiceReport
from visits.work_left import LeftAnswer, give_up

pytestmark = pytest.mark.usefixtures("moment")

NOT_FIXED = Report(
    work_done="Opened it.\nCleaned the rollers.",
    fixed_first_time=False,
    not_fixed_because="The drum is worn",
    next_step="Fit the drum",
    parts_needed="Drum DR-9",
    signing="typed",
    signed_by="M. Ellison",
)


@pytest.fixture
def done(cast, now):
    """A token for Northgate's visit that is done, and the visit."""
    return finished(cast.north, now)


def finished(desk, now):
    with tenant(desk.tenant):
        roller = Part.objects.create(number="RO-1", name="Roller")
        visit = on_site_visit(desk, now)
        said = answer(desk.recommendation)
        finish(visit, now, desk.technician, said, report=NOT_FIXED, parts={roller: 2})
        return link_to(desk, visit, now), visit


def link_to(desk, visit, now):
    return make_link(
        desk.customer,
        CustomerLink.Purpose.VISIT,
        visit.public_id,
        now=now,
        expires_at=now + dt.timedelta(days=7),
    )


def test_the_page_says_what_was_done_and_is_left_and_asks_what_is_open(client, done):
    token, _ = done
    page = client.get(f"/v/{token}/")
    said = text(page)
    assert "Your visit is done" in said
    assert (
        "What was done Opened it. Cleaned the rollers. Not fixed yet: The drum is worn "
        "Still to do: Fit the drum (Drum DR-9). We come again for it. "
        "2 × Roller, nothing to pay Signed by M. Ellison. Your signed sheet (PDF)"
    ) in said
    assert "Replace the fuser unit" in said
    assert f'href="/v/{token}/report.pdf"' in page.text
    assert len(page.content) < 60_000


def test_what_was_left_and_is_done_says_at_which_visit(client, cast, done, now):
    token, visit = done
    with tenant(cast.north.tenant):
        later = on_site_visit(cast.north, now + dt.timedelta(days=1), number="V-2")
        left = (LeftAnswer(visit.work_left, is_done=True),)
        said = answer(cast.north.recommendation)
        finish(later, now + dt.timedelta(days=1), cast.north.technician, said, left=left)
    page = text(client.get(f"/v/{token}/"))
    assert "The drum is worn Left then: Fit the drum. Done at visit V-2 on 6 March 2026. 2 × Roller" in page
    assert "Still to do" not in page


def test_what_was_given_up_is_not_still_to_do(client, cast, done, now):
    token, visit = done
    with tenant(cast.north.tenant):
        give_up(visit.work_left, reason="They bought another", by=cast.north.dispatcher, now=now)
    page = text(client.get(f"/v/{token}/"))
    assert "Not fixed yet: The drum is worn 2 × Roller" in page


def test_the_sheet_has_the_same_bytes_for_the_customer_and_for_staff(client, cast, done, now):
    token, visit = done
    sheet = client.get(f"/v/{token}/report.pdf")
    assert (sheet.status_code, sheet["Content-Type"]) == (200, "application/pdf")
    assert sheet["Content-Disposition"] == f'inline; filename="Visit {visit.number}.pdf"'
    assert "Fit the drum" in pdf_pages(sheet.content)[0]
    for role in Role.values:
        client.force_login(cast.north.people[role].user)
        assert client.get(cast.north.url(f"visits/{visit.public_id}/report.pdf")).content == sheet.content
    client.force_login(cast.south.dispatcher.user)
    assert client.get(cast.south.url(f"visits/{visit.public_id}/report.pdf")).status_code == 404
    assert client.get(cast.north.url(f"visits/{visit.public_id}/report.pdf")).status_code == 404
    with tenant(cast.north.tenant):
        assert ServiceReport.objects.get().document.content.open("rb").read() == sheet.content


def test_a_visit_that_is_not_done_has_no_sheet(client, cast, now):
    with tenant(cast.north.tenant):
        visit = on_site_visit(cast.north, now)
        token = link_to(cast.north, visit, now)
    assert client.get(f"/v/{token}/report.pdf").status_code == 404
    assert "What was done" not in text(client.get(f"/v/{token}/"))
    client.force_login(cast.north.dispatcher.user)
    assert client.get(cast.north.url(f"visits/{visit.public_id}/report.pdf")).status_code == 404


def test_the_printed_sheet_is_the_report_and_before_it_the_visits_page(client, cast, done, now):
    north, (_, visit) = cast.north, done
    with tenant(north.tenant):
        other = on_site_visit(north, now + dt.timedelta(days=1), number="V-2")
    client.force_login(north.dispatcher.user)
    for one, leads_to in ((visit, "report.pdf"), (other, "")):
        answered = client.get(north.url(f"visits/{one.public_id}/sheet/"))
        assert answered["Location"] == north.url(f"visits/{one.public_id}/{leads_to}")
    client.force_login(cast.south.dispatcher.user)
    assert client.get(cast.south.url(f"visits/{visit.public_id}/sheet/")).status_code == 404


def test_an_ended_link_opens_no_sheet_and_nothing_is_posted_to_it(client, cast, done, now):
    token, visit = done
    assert client.post(f"/v/{token}/report.pdf").status_code == 405
    with tenant(cast.north.tenant):
        revoke_links(visit.public_id, now=now)
    gone = client.get(f"/v/{token}/report.pdf")
    assert (gone.status_code, "Margaret" in gone.text) == (410, False)
    assert client.get("/v/0123456789abcdefghijkl/report.pdf").status_code == 404


def test_as_many_queries_for_three_parts_as_for_one(client, cast, done, now):
    token, visit = done
    client.get(f"/v/{token}/")
    with CaptureQueriesContext(connection) as one:
        client.get(f"/v/{token}/")
    with tenant(cast.north.tenant):
        for number in range(2):
            visit.parts_used.create(part=Part.objects.create(number=f"X{number}", name="X"), quantity=1)
    with CaptureQueriesContext(connection) as three:
        assert text(client.get(f"/v/{token}/")).count(" × ") == 3
    assert len(three) == len(one)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_the_browser_on_a_small_phone(live_desk, page_as, now, theme):
    token, visit = finished(live_desk.cast.north, now)
    page = page_as("dispatcher", theme=theme, width=320)
    page.goto(live_desk.url(f"visits/{visit.public_id}/"))
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
    page.goto(page.url.split("/d/")[0] + f"/v/{token}/")
    assert [*axe_violations(page), sideways_scroll(page)] == [0]
