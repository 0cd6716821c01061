"""The pages that stand beside a working day: sign-in, mailbox, duties, approvals, the renewal check."""

import datetime as dt

import pytest

from cases.duties import open_duty
from cases.models import Duty
from contracts.models import Contract
from contracts.renewal_check import check_now
from customers.links import make_link, revoke_links
from customers.models import CustomerLink
from tenancy.models import Role
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.cast import make_visit

pytestmark = pytest.mark.browser


@pytest.fixture
def addresses(live_desk, now):
    """Paths by who opens them; None is nobody."""
    north = live_desk.cast.north
    with tenant(north.tenant):
        visit = make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
        token = make_link(
            north.customer, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=None
        )
        revoke_links(visit.public_id, now=now)
        duty = open_duty(
            "probe",
            kind=Duty.Kind.CALL_CUSTOMER,
            title="Ring Margaret Ellison: they asked on their page",
            due_at=now + dt.timedelta(hours=1),
            now=now,
            owner_role=Role.DISPATCHER,
            customer=north.customer,
        )
        third = make_visit(
            north, start=now + dt.timedelta(days=3), technician=north.lou, approval_asked_at=now
        )
        owned = open_duty(
            "take over",
            kind=Duty.Kind.OWN_CASE,
            title="Take Margaret Ellison over: missed 2 times in 90 days",
            due_at=now + dt.timedelta(hours=1),
            now=now,
            owner_role=Role.MANAGER,
            customer=north.customer,
            subject=visit.public_id,
        )
        # Nobody to write to, and a contract that nobody can judge.
        north.customer.contacts.update(email="", phone="")
        north.contract.terms.update(starts_on=now.date(), ends_on=now.date() + dt.timedelta(days=20))
        Contract.objects.create(number="X-1", customer=north.customer, price=1, currency="GBP")
        check_now(north.tenant, by=north.sales, now=now)
        tell = Duty.objects.get(kind=Duty.Kind.RENEWAL_ENDS)
    desk = "/d/northgate/"
    return [
        (None, "/sign-in/"),
        (None, f"/v/{token}/"),
        (None, "/nothing-here/"),
        (Role.DISPATCHER, f"{desk}duties/{duty.public_id}/"),
        (Role.DISPATCHER, f"{desk}visits/{visit.public_id}/called/"),
        (Role.MANAGER, f"{desk}visits/{third.public_id}/approval/"),
        (Role.MANAGER, f"{desk}duties/{owned.public_id}/take-over/"),
        (Role.DISPATCHER, f"{desk}mailbox/"),
        (Role.SALES, f"{desk}renewals/check/"),
        (Role.SALES, f"{desk}renewals/duties/{tell.public_id}/"),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(live_desk, page_as, addresses, theme, width):
    found = {}
    for role, path in addresses:
        page = page_as(role, width=width, height=800, theme=theme)
        page.goto(live_desk.address + path)
        faults = faults_of(page)
        if faults:
            found[path] = faults
    assert found == {}
