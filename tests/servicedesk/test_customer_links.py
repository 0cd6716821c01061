"""A customer's open links on their details page: ended with a reason, made anew, by dispatchers only."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.links import find_link, make_link, make_links, revoke_links
from customers.models import CustomerLink
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.reading import text

DAY = dt.timedelta(days=1)


@pytest.fixture
def link(north, now):
    """Margaret's link to her visit, and its token; others of hers have ended."""
    visit = make_plain_visit(north, now=now, number="V-7")
    make_link(north.customer, "visit", north.site.public_id, now=now - 9 * DAY, expires_at=now)
    make_link(north.customer, "offer", north.copier.public_id, now=now, expires_at=None)
    revoke_links(north.copier.public_id, now=now)
    token = make_link(north.customer, "visit", visit.public_id, now=now, expires_at=now + 9 * DAY)
    return CustomerLink.objects.get(subject=visit.public_id), token


def details(desk):
    return desk.url(f"customers/{desk.customer.public_id}/details/")


def test_the_open_ones_stand_on_the_details_page_of_who_may_end_them(dispatcher, client, north, link):
    page = text(dispatcher.get(details(north)))
    listed = page.partition("Links they hold")[2]
    assert "Visit V-7" in listed
    assert "made 5 Mar 2026, 13:07, until 14 Mar 2026" in listed
    assert page.count("revoke, or make") == 1
    client.force_login(north.sales.user)
    assert "Links they hold" not in text(client.get(details(north)))
    assert client.get(north.url(f"links/{link[0].public_id}/")).status_code == 403


def test_one_is_ended_with_a_reason_and_opens_nothing_from_then_on(dispatcher, north, link, now):
    row, token = link
    address = north.url(f"links/{row.public_id}/")
    refused = dispatcher.post(address, {"because": " "})
    assert (refused.status_code, "Write why" in text(refused)) == (422, True)
    assert find_link(token, now=now).is_open
    assert dispatcher.post(address, {"because": "Sent to a wrong address"})["Location"] == details(north)
    row.refresh_from_db()
    assert (row.revoked_at, row.revoked_by, row.revoked_because) == (
        now,
        north.dispatcher,
        "Sent to a wrong address",
    )
    assert not find_link(token, now=now).is_open
    assert dispatcher.get(address).status_code == 404
    assert north.customer.timeline.get(title="Link ended: visit").detail == "Sent to a wrong address"


def test_all_links_to_a_thing_are_one_line_and_end_together(dispatcher, north, link, now):
    row, _ = link
    for n in (1, 2, 3):
        again = now + n * dt.timedelta(minutes=1)
        make_link(north.customer, "visit", row.subject, now=again, expires_at=now + 9 * DAY)
    make_link(north.customer, "follow_up", row.subject, now=now, expires_at=None)
    page = dispatcher.get(details(north))
    assert [(one.opens, one.purpose, one.copies) for one in page.context["links"].rows] == [
        ("V-7", "visit", 4),
        ("V-7", "follow_up", 1),
    ]
    assert "4 links, the newest made 5 Mar 2026, 13:10" in text(page)
    address = north.url(f"links/{row.public_id}/")
    assert "Revoke all 4 links" in text(dispatcher.get(address))
    dispatcher.post(address, {"because": "Sent to a wrong address"})
    still = CustomerLink.objects.filter(subject=row.subject, revoked_at__isnull=True)
    assert [one.purpose for one in still] == ["follow_up"]
    assert north.customer.timeline.get(title="4 links ended: visit").detail == "Sent to a wrong address"


def test_every_thing_is_reached_page_by_page_in_as_many_queries(dispatcher, north, now):
    def hold(count):
        CustomerLink.objects.all().delete()
        subjects = [uuid.UUID(int=n + 1) for n in range(count)]
        make_links([(north.customer, one) for one in subjects * 2], "visit", now=now, expires_at=None)
        return subjects

    counts = []
    for count in (1, 3):
        hold(count)
        with CaptureQueriesContext(connection) as asked:
            dispatcher.get(details(north))
        counts.append(len(asked))
    assert counts[0] == counts[1]
    subjects = hold(45)
    shown, address = [], details(north)
    while address:
        page = dispatcher.get(address)
        links = page.context["links"]
        shown.append([link.subject for link in links.rows])
        address = f"{details(north)}?links={links.older}" if links.older else ""
        assert (f"?links={links.older}#links" in page.text) == bool(links.older)
    assert [len(some) for some in shown] == [20, 20, 5]
    assert sum(shown, []) == subjects[::-1]


def test_a_new_one_opens_the_same_and_stands_on_its_page_only(dispatcher, north, link, now):
    row, token = link
    page = dispatcher.post(north.url(f"links/{row.public_id}/anew/"))
    address = text(page).partition("The new link ")[2].split()[0]
    made = find_link(address.rstrip("/").rpartition("/")[2], now=now).link
    assert (made.subject, made.purpose, made.expires_at) == (row.subject, row.purpose, row.expires_at)
    assert made != row
    assert find_link(token, now=now).is_open
    assert "no-store" in page["Cache-Control"]
    assert address not in dispatcher.get(details(north)).text


def test_another_desks_link_is_not_found(dispatcher, cast, north, now):
    with tenant(cast.south.tenant):
        make_link(cast.south.customer, "visit", cast.south.site.public_id, now=now, expires_at=None)
        theirs = CustomerLink.objects.get()
    assert dispatcher.get(north.url(f"links/{theirs.public_id}/")).status_code == 404
    assert dispatcher.post(north.url(f"links/{theirs.public_id}/anew/")).status_code == 404
