"""The list of a machine's papers: whether the customer sees one is ticked, and switched."""

import pytest

from customers.models import EquipmentDocument
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.test_equipment_pages import upload, url

pytestmark = pytest.mark.usefixtures("moment")


def test_whether_the_customer_sees_a_paper_is_ticked_and_switched(dispatcher, north):
    address = url(north, "documents/")
    assert dispatcher.post(address, {"file": upload(), "title": "Ours"}).status_code == 302
    sent = {"file": upload(), "title": "Theirs", "is_for_customer": "on"}
    assert dispatcher.post(address, sent).status_code == 302
    page = dispatcher.get(address)
    assert text(page).count("; the customer sees it") == 1
    with tenant(north.tenant):
        ours, theirs = EquipmentDocument.objects.order_by("pk")
        assert (ours.is_for_customer, theirs.is_for_customer) == (False, True)
    for shown in ("yes", "yes", ""):
        answer = dispatcher.post(f"{address}{ours.public_id}/show/", {"shown": shown})
        assert (answer.status_code, answer.url) == (302, address)
        with tenant(north.tenant):
            ours.refresh_from_db()
            assert ours.is_for_customer == (shown == "yes")
