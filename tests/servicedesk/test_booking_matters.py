"""A booking and the matter it is about: it goes there by itself, and asks nothing that is known."""

import re

from cases.matters import open_case
from cases.models import Case
from tenancy.scope import tenant
from tests.servicedesk.booking_scene import HTMX, clock, desk, form, key, url, words
from visits.models import Visit

__all__ = ["clock", "desk"]


def test_a_fault_on_a_machine_with_an_open_case_goes_there_unless_somebody_says_otherwise(desk, client, now):
    with tenant(desk.tenant):
        case = open_case(
            customer=desk.customer, kind="fault", title="Bands", equipment=desk.copier, by=desk.sales, now=now
        )
    assert "Another matter than “Bands”" in client.get(url(desk), headers=HTMX).text
    client.post(url(desk), form(desk), headers=HTMX)
    client.post(url(desk), form(desk, another_matter="1", slot=key(desk.marek, 13, 30)), headers=HTMX)
    with tenant(desk.tenant):
        first, second = Visit.objects.order_by("pk")
        assert first.case == case
        assert second.case == Case.objects.exclude(pk=case.pk).get()
        assert list(case.interactions.values_list("summary", flat=True)) == ["Grey bands"]


def test_what_an_open_matter_says_is_not_asked_again(desk, client, now):
    with tenant(desk.tenant):
        about = {"title": "Jams", "words": "It jams on every envelope", "equipment": desk.sorter}
        open_case(customer=desk.customer, kind="fault", by=desk.sales, now=now, **about)
    page = words(client.get(url(desk), headers=HTMX))
    assert 'value="It jams on every envelope"' in page
    assert re.search(rf'value="{desk.sorter.public_id}" checked', page)
    assert not re.search(rf'value="{desk.copier.public_id}" checked', page)
    # What is emptied by hand stays empty, and what is ticked stays ticked.
    chosen = {"kind": "fault", "problem": "", "machine": str(desk.copier.public_id)}
    page = words(client.get(url(desk), chosen, headers=HTMX))
    assert "It jams on every envelope" not in page
    assert re.search(rf'value="{desk.copier.public_id}" checked', page)


def test_a_return_visit_joins_the_open_fault(desk, client):
    client.post(url(desk), form(desk), headers=HTMX)
    later = form(desk, kind="return visit", slot=key(desk.lou, 8, day=6))
    assert client.post(url(desk), later, headers=HTMX).status_code == 200
    with tenant(desk.tenant):
        assert {visit.case for visit in Visit.objects.all()} == {Case.objects.get()}
