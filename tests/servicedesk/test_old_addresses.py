"""Old links work: every page of a customer who was merged leads to the one they became (R7.3)."""

import pytest

from customers.merging import merge_customers, undo_merge
from customers.models import Customer
from tenancy.scope import tenant
from tests.architecture.test_routes import OF_DESK

pytestmark = pytest.mark.usefixtures("moment")

# Pages about one customer, as the product has them.
PAGES = [
    route.path.split("/<uuid:id>/")[1]
    for route in OF_DESK
    if "/customers/<uuid:id>/" in route.path and len(route.parameters) == 1
]


@pytest.fixture
def gone(north, now):
    gone = Customer.objects.create(name="M Ellison")
    gone.merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    return gone


def test_every_page_of_theirs_leads_to_the_same_page(north, manager, gone):
    assert len(PAGES) > 15
    for page in PAGES:
        address = north.url(f"customers/{gone.public_id}/{page}?back=/d/northgate/board/")
        answer = manager.get(address)
        if answer.status_code == 405:
            continue
        assert answer.status_code == 302, page
        became = address.replace(str(gone.public_id), str(north.customer.public_id))
        # The contract check and evidence know of it themselves.
        assert answer["Location"] in (became, became.partition("?")[0]), page


def test_a_call_that_goes_on_goes_along(north, dispatcher, gone):
    query = "?tel=07700900412&since=1772716020"
    answer = dispatcher.get(north.url(f"customers/{gone.public_id}/{query}"))
    assert answer["Location"] == north.url(f"customers/{north.customer.public_id}/{query}")


@pytest.mark.parametrize("written", [str, lambda id: str(id).upper(), lambda id: id.hex])
def test_a_promise_named_in_the_address_leads_on_however_the_id_is_written(north, dispatcher, gone, written):
    answer = dispatcher.get(north.url(f"promises/new/?customer={written(gone.public_id)}&back=%2Fd%2F"))
    assert answer["Location"] == north.url(f"promises/new/?customer={north.customer.public_id}&back=%2Fd%2F")


def test_parted_again_each_has_their_own_page(north, dispatcher, gone, now):
    undo_merge(gone.merge, by=north.dispatcher, now=now)
    assert dispatcher.get(north.url(f"customers/{gone.public_id}/details/")).status_code == 200


def test_what_is_sent_to_the_old_page_is_kept(north, dispatcher, gone):
    answer = dispatcher.post(north.url(f"customers/{gone.public_id}/note/"), {"text": "Rings on Mondays"})
    assert answer.status_code == 302
    assert [(line.kind, line.title) for line in gone.timeline.all()] == [("note", "Rings on Mondays")]


def test_nobody_is_led_to_another_desk_or_out_of_nothing(north, cast, dispatcher, now):
    with tenant(cast.south.tenant):
        theirs = Customer.objects.create(name="Gone")
        merge_customers(kept=cast.south.customer, gone=theirs, by=cast.south.dispatcher, now=now)
    for named in (theirs.public_id, "00000000-0000-0000-0000-000000000000"):
        assert dispatcher.get(north.url(f"customers/{named}/details/")).status_code == 404
        assert dispatcher.get(north.url(f"promises/new/?customer={named}")).status_code == 404
