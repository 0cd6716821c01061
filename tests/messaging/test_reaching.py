"""Which machines a provider named by a desk may be."""

import socket

import pytest

from messaging import reaching
from messaging.channels import NotSent, Refused
from messaging.reaching import UNWRITABLE, Ask, OutOfReach, answer_to, check_reachable
from tests.messaging.fakes.http_provider import FakeProvider

BEHIND_OUR_WALLS = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    # Ways from IPv6 into IPv4: compatible, translated (also by a network's own prefix), 6to4; and the old
    # site-local.
    "::127.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "2002:a00:1::1",
    "fec0::1",
]


class Plain(FakeProvider):
    """Answers everything."""

    def answer(self, asked):
        return 200, b"{}"


@pytest.mark.parametrize("address", BEHIND_OUR_WALLS)
def test_in_production_no_machine_behind_our_walls_is_reached(settings, address):
    settings.DEVELOPMENT = False
    with pytest.raises(OutOfReach):
        check_reachable(address, 443)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::1.1.1.1"])
def test_in_production_the_world_is_reached_and_in_development_it_is_not(settings, address):
    settings.DEVELOPMENT = False
    check_reachable(address, 443)
    settings.DEVELOPMENT = True
    with pytest.raises(OutOfReach, match="nothing leaves this machine"):
        check_reachable(address, 443)


def test_a_name_that_answers_with_a_machine_of_ours_is_refused(settings, monkeypatch):
    settings.DEVELOPMENT = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(reaching.socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(OutOfReach):
        check_reachable("innocent.example", 443)


def test_the_line_goes_to_the_address_that_was_looked_at(settings, monkeypatch):
    """A name that answers differently the second time gains nothing: it is asked once."""
    settings.DEVELOPMENT = False
    asked, reached = [], []

    def answer(host, port, **kwargs):
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1" if len(asked) == 1 else "10.0.0.7", port))
        ]

    def connect(address, *args):
        reached.append(address)
        raise OSError("not here")

    monkeypatch.setattr(reaching.socket, "getaddrinfo", answer)
    monkeypatch.setattr(reaching.socket, "create_connection", connect)
    with pytest.raises(NotSent):
        answer_to(Ask("POST", "http://innocent.example/"))
    assert (asked, reached) == (["innocent.example"], [("1.1.1.1", 80)])


def test_a_redirect_is_not_followed(settings):
    class Elsewhere(Plain):
        def answer(self, asked):
            return 302, b""

    with Elsewhere() as fake:
        assert answer_to(Ask("GET", fake.url)) == (302, b"")
        assert len(fake.asked) == 1


@pytest.mark.parametrize("host", ["smtp..example", "a" * 64 + ".example", "."])
def test_what_can_be_no_name_of_a_machine_is_out_of_reach(host):
    with pytest.raises(OutOfReach, match="no name of a machine"):
        check_reachable(host, 443)
    with pytest.raises(NotSent):
        answer_to(Ask("POST", f"https://{host}/"))


@pytest.mark.parametrize(
    "odd",
    [{"url": "/ä"}, {"url": "/two words"}, {"headers": {"a:b": "x"}}, {"headers": {"X": "two\nlines"}}]
    + [{"headers": {"X": "日本"}}],
)
def test_a_request_that_cannot_be_written_went_nowhere_and_repeats_nothing(odd):
    with Plain() as fake:
        url = fake.url.rstrip("/") + odd.pop("url", "/")
        with pytest.raises(Refused, match=f"^{UNWRITABLE}$"):
            answer_to(Ask("POST", url, **odd))
        assert fake.asked == []


def test_a_machine_of_many_addresses_has_no_more_time_than_one(settings, monkeypatch):
    """Else the message would be another worker's before this one is done with it."""
    settings.DEVELOPMENT = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"1.1.1.{number}", 80)) for number in range(9)]
    monkeypatch.setattr(reaching.socket, "getaddrinfo", lambda *args, **kwargs: found)
    now, given = [100.0], []

    def connect(address, timeout, source):
        given.append(timeout)
        now[0] += min(timeout, 19)
        raise OSError("silent")

    monkeypatch.setattr(reaching.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(reaching.socket, "create_connection", connect)
    with pytest.raises(OSError, match="silent"):
        reaching.connected(("many.example", 80), 20)
    assert given == [20, 1]


def test_the_installations_own_settings_may_lead_anywhere(settings):
    settings.DEVELOPMENT = False
    with Plain() as fake:
        assert answer_to(Ask("GET", fake.url, guarded=False)) == (200, b"{}")
        with pytest.raises(NotSent, match="behind our own walls"):
            answer_to(Ask("GET", fake.url))
