"""A dealer's export: every open recommendation stands in the next brief at its site (R5.3)."""

import datetime as dt
import sys

import pytest
from django.utils.html import escape

from recommendations.models import Recommendation
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import visit_of
from tests.imports.harbour_scene import NOW, ON, harbour_desk, needs_harbour, somebody
from tests.imports.harbour_scene import truth as truth_of_harbour
from visits.models import Visit, VisitEquipment

pytestmark = needs_harbour


@pytest.fixture
def harbour(db, time_machine):
    """The dealer's desk with its export in it, and a dispatcher."""
    time_machine.move_to(NOW, tick=False)
    desk, _ = harbour_desk()
    return desk, somebody(desk, Role.DISPATCHER)


def test_every_open_recommendation_shows_in_the_next_brief_at_its_site(harbour, client, capsys):
    desk, user = harbour
    truth = truth_of_harbour()["open_recommendations"]
    client.force_login(user)
    with tenant(desk):
        rows = Recommendation.objects.open(ON).select_related("equipment__site__customer")
        by_site = {}
        for row in rows:
            by_site.setdefault(row.equipment.site, []).append(row)
        briefs = {site: next_visit(site) for site in by_site}
        booked = {site: book(site, found[0]) for site, found in by_site.items() if briefs[site] is None}
    shown, missing = 0, []
    for site, found in by_site.items():
        visit = briefs[site] or booked[site]
        page = client.get(f"/d/{desk.slug}/today/{visit.public_id}/").content.decode()
        for row in found:
            if escape(row.finding) in page and page.count(escape(row.finding)) >= told(found, row):
                shown += 1
            else:
                missing.append((visit.number, row.finding))
    with capsys.disabled():
        sys.stdout.write(
            f"\nHarbour: {truth} open recommendations in the truth, {shown} shown in the briefs of "
            f"{len(by_site)} sites ({len(booked)} visits booked), missing = {len(missing)}\n"
        )
    assert missing == []
    assert shown == truth


def next_visit(site):
    return Visit.objects.waiting().filter(site=site, planned_start__gt=NOW).order_by("planned_start").first()


def told(found, row) -> int:
    """How often these words are to stand in the brief: two machines may have the same finding."""
    return sum(row.finding in other.finding for other in found)


def book(site, recommendation):
    """A visit at the site next week; who comes is not what this is about."""
    visit = visit_of(
        number=f"H-{site.pk}",
        start=NOW + dt.timedelta(days=7),
        zone=dt.UTC,
        customer=site.customer,
        site=site,
        booked_at=NOW,
    )
    visit.save(force_insert=True)
    VisitEquipment.objects.create(visit=visit, equipment=recommendation.equipment)
    return visit
