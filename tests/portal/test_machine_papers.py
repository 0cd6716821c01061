"""Papers of a machine on its customer's pages: what staff say they may see, through their link, no other."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.documents import add_document, remove_document, show_document
from customers.links import make_link
from customers.models import Customer, CustomerLink, Equipment, EquipmentDocument, Site
from tenancy.scope import tenant
from tests.customers.test_documents import PDF, picture
from tests.portal.link_scenes import opened
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")
Purpose = CustomerLink.Purpose


def add(desk, now, *, title="Müller’s sheet", content=PDF, machine=None, is_for_customer=True):
    with tenant(desk.tenant):
        upload = SimpleUploadedFile("a.pdf", content)
        said = {"title": title, "is_for_customer": is_for_customer}
        return add_document(machine or desk.copier, upload, by=desk.technician, now=now, **said)


@pytest.fixture(params=[Purpose.VISIT, Purpose.RECOMMENDATION])
def link(cast, now, request):
    """A link whose page is about Northgate's copier, with one paper to see."""
    return opened(request.param, cast.north, now)


def test_they_are_named_with_their_size_and_taken_under_their_name(cast, client, link, now):
    north = cast.north
    paper, photo = add(north, now), add(north, now, title="Its plate", content=picture())
    add(north, now, title="Our notes", is_for_customer=False)
    page = client.get(link.at())
    size = f"{photo.file.size} bytes"
    assert (
        f"Papers about your equipment Its plate picture, {size} Müller’s sheet PDF, {len(PDF)} bytes "
        f"The manual PDF, {len(PDF)} bytes"
    ) in text(page)
    assert "Our notes" not in page.text
    sheet = client.get(link.at(f"papers/{paper.public_id}/"))
    assert (sheet.status_code, sheet.content) == (200, PDF)
    assert sheet["Content-Type"] == "application/octet-stream"
    assert sheet["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%BCller%E2%80%99s%20sheet.pdf"
    assert (sheet["X-Content-Type-Options"], "no-store" in sheet["Cache-Control"]) == ("nosniff", True)
    assert "sandbox" in sheet["Content-Security-Policy"]
    shown = client.get(link.at(f"papers/{photo.public_id}/"))
    assert (shown["Content-Type"], shown["Content-Disposition"]) == (
        "image/jpeg",
        'inline; filename="Its plate.jpg"',
    )
    assert client.post(link.at(f"papers/{paper.public_id}/")).status_code == 405


def test_what_is_removed_kept_back_or_of_another_machine_or_desk_is_gone(cast, client, link, now):
    north, south = cast.north, cast.south
    removed, kept_back = add(north, now), add(north, now)
    with tenant(north.tenant):
        sorter = Equipment.objects.create(site=north.site, model="Sorter")
        remove_document(removed, because="Old", by=north.dispatcher, now=now)
        show_document(kept_back, False, by=north.dispatcher, now=now)
    others = [add(north, now, machine=sorter), add(south, now)]
    for one in (removed, kept_back, *others):
        assert client.get(link.at(f"papers/{one.public_id}/")).status_code == 404
    assert text(client.get(link.at())).count(" PDF, ") == 1


def test_a_machine_that_was_sold_since_shows_its_papers_to_its_new_customer_only(cast, client, link, now):
    north = cast.north
    with tenant(north.tenant):
        paper = EquipmentDocument.objects.get()
        buyer = Customer.objects.create(name="Fennel & Rye")
        north.copier.site = Site.objects.create(customer=buyer, street="9 Mill Road")
        north.copier.save()
        token = make_link(
            buyer, Purpose.RECOMMENDATION, north.recommendation.public_id, now=now, expires_at=None
        )
    path = f"papers/{paper.public_id}/"
    assert client.get(link.at(path)).status_code == 404
    assert "The manual" not in client.get(link.at()).text
    assert client.get(link.at(path, token)).status_code == 200


def test_as_many_queries_for_three_papers_as_for_one(cast, client, link, now):
    client.get(link.at())
    with CaptureQueriesContext(connection) as one:
        client.get(link.at())
    add(cast.north, now)
    add(cast.north, now)
    with CaptureQueriesContext(connection) as three:
        assert text(client.get(link.at())).count(" PDF, ") == 3
    assert len(three) == len(one)
