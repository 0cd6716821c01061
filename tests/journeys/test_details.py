"""Pages about a customer's details: by keyboard and without scripts, in both themes and on a phone."""

import pytest

from customers.models import Contact, Site
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import faults_of

pytestmark = pytest.mark.browser


@pytest.fixture
def addresses(live_desk, now):
    """Every page, of a customer with a long name and a stop of their own."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        Contact.objects.filter(pk=north.contact.pk).update(sms_stopped_at=now, mail_stopped_at=now)
        Contact.objects.create(customer=north.customer, name="Wilhelmina Featherstonehaugh-Cholmondeley")
        Site.objects.create(customer=north.customer, street="The Old Press Hall, Unit 14, North Quay Road")
    below = north.url(f"customers/{north.customer.public_id}/")
    people, sites = f"{below}contacts/", f"{below}sites/"
    return [
        f"{below}details/",
        f"{people}new/",
        f"{people}{north.contact.public_id}/",
        f"{sites}new/",
        f"{sites}{north.site.public_id}/",
    ]


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 320)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(live_desk, page_as, addresses, theme, width):
    page = page_as(Role.DISPATCHER, width=width, height=800, theme=theme)
    found = {}
    for path in addresses:
        page.goto(live_desk.address + path)
        for state in ("as it opens", "refused"):
            faults = faults_of(page)
            if faults:
                found[path, state] = faults
            page.locator("form[data-ctrl-enter]").evaluate("form => { form.noValidate = true; }")
            page.fill("#its-position" if "sites" in path else "#its-name", "")
            for field in ("street", "city", "postcode", "name", "phone", "email"):
                if page.locator(f"#its-{field}").count():
                    page.fill(f"#its-{field}", "")
            # Whole with its styles: a page that still loads has no colours to judge.
            with page.expect_navigation():
                page.click("[data-primary]")
    assert found == {}


def test_by_keyboard_alone_a_site_is_put_on_the_map(live_desk, page_as, addresses):
    page = page_as(Role.DISPATCHER)
    page.goto(live_desk.address + addresses[-1])
    page.focus("#its-position")
    page.keyboard.type("51.5237, -0.1585")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(live_desk.address + addresses[0])
    north = live_desk.cast.north
    with tenant(north.tenant):
        kept = Site.objects.get(pk=north.site.pk)
    assert (str(kept.latitude), str(kept.longitude)) == ("51.523700", "-0.158500")
