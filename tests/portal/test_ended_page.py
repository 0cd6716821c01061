"""A link that has ended: the number, being rung where it only ran out, and nothing else; and guessers."""

import datetime as dt

import pytest
from django.core.cache import cache

from cases.models import Duty, Promise
from customers.links import revoke_links
from customers.models import CustomerLink
from portal.guessing import MOST, client_address, network_of
from portal.ringing import NOBODY_RINGS, TOO_LATE, times_to_ring
from tenancy.models import Closure
from tenancy.scope import tenant
from tests.portal.link_scenes import opened
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")
Purpose = CustomerLink.Purpose
DAY = dt.timedelta(days=1)


@pytest.fixture
def link(cast, now):
    return opened(Purpose.VISIT, cast.north, now)


def asked(cast):
    with tenant(cast.north.tenant):
        return [
            (duty.title, duty.detail) for duty in Duty.objects.filter(kind=Duty.Kind.CALL_CUSTOMER)
        ], Promise.objects.filter(kind=Promise.Kind.CALL_BACK).count()


def test_one_that_ran_out_says_nothing_and_still_rings_them_once(client, cast, link, moment, now):
    moment.move_to(now + 10 * DAY, tick=False)
    page = client.get(link.at())
    assert page.status_code == 410
    assert "01632 960 118" in text(page)
    assert "Margaret" not in page.text and "Lou" not in page.text
    for _ in range(2):
        answer = client.post(link.at("call-me/"))
        assert (answer.status_code, "We will ring you" in text(answer)) == (410, True)
    assert asked(cast) == (
        [
            (
                "Ring Margaret Ellison: they asked on their page",
                "About a link of theirs that has ended",
            )
        ],
        1,
    )


def test_one_that_ran_out_rings_them_when_they_choose(client, cast, link, moment, now):
    moment.move_to(now + 10 * DAY, tick=False)
    with tenant(cast.north.tenant):
        chosen = times_to_ring(cast.north.customer, now=now + 10 * DAY)[-1]
    gone = client.post(link.at("call-me/"), {"when": "20260301T0900Z"})
    assert (gone.status_code, TOO_LATE in text(gone), chosen.words in text(gone)) == (410, True, True)
    assert asked(cast) == ([], 0)
    assert f"We will ring you {chosen.expects}" in text(
        client.post(link.at("call-me/"), {"when": chosen.key})
    )
    with tenant(cast.north.tenant):
        assert Duty.objects.get(kind=Duty.Kind.CALL_CUSTOMER).due_at == chosen.due_at


@pytest.mark.parametrize(("path", "sent", "days"), [("call-me/", {}, 10), ("change/", {"slot": "ring"}, 0)])
def test_a_desk_that_is_closed_for_a_year_promises_no_call(client, cast, link, moment, now, path, sent, days):
    with tenant(cast.north.tenant):
        Closure.objects.bulk_create(Closure(day=now.date() + n * DAY) for n in range(-1, 400))
    moment.move_to(now + days * DAY, tick=False)
    answer = client.post(link.at(path), sent)
    assert (answer.status_code, NOBODY_RINGS in text(answer)) == (410 if days else 409, True)
    assert "Please ring me" not in text(answer)
    assert asked(cast) == ([], 0)


def test_one_that_was_taken_back_rings_nobody(client, cast, link, moment, now):
    with tenant(cast.north.tenant):
        revoke_links(link.subject, now=now)
    moment.move_to(now + 10 * DAY, tick=False)
    answer = client.post(link.at("call-me/"))
    assert (answer.status_code, "Please ring me" in answer.text) == (410, False)
    assert asked(cast) == ([], 0)


def test_who_tries_many_waits_and_who_has_a_link_never_does(client, link):
    statuses = [client.get(f"/v/{number:022}/").status_code for number in range(MOST + 2)]
    assert statuses == [404] * MOST + [429] * 2
    refused = client.get(f"/v/{'B' * 22}/")
    assert refused["Retry-After"] == "600"
    assert "so we answer slowly for 10 minutes" in text(refused)
    assert client.get(link.at()).status_code == 200
    assert client.post(link.at("confirm/")).status_code == 302
    # From elsewhere nobody waits.
    assert client.get(f"/v/{'B' * 22}/", REMOTE_ADDR="198.51.100.7").status_code == 404
    cache.clear()
    assert client.get(f"/v/{'B' * 22}/").status_code == 404


@pytest.mark.parametrize(
    ("count", "told", "is_at"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "", "10.0.0.1"),
    ],
)
def test_who_asks_is_beyond_our_proxies_whatever_they_wrote_themselves(rf, settings, count, told, is_at):
    settings.PROXY_COUNT = count
    headers = {"HTTP_X_FORWARDED_FOR": told} if told else {}
    assert client_address(rf.get("/", REMOTE_ADDR="10.0.0.1", **headers)) == is_at


def test_a_guesser_is_one_address_or_one_network_of_the_long_ones():
    assert network_of("203.0.113.9") == network_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert (
        network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::1")
    )
    assert network_of("not an address") == network_of("") == "unknown"
