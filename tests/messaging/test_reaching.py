"""Which machines a provider named by a desk may be."""

import socket

import pytest

from messaging import reaching
from messaging.channels import NotSent
from messaging.reaching import Ask, OutOfReach, answer_to, check_reachable
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


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
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


def test_the_installations_own_settings_may_lead_anywhere(settings):
    settings.DEVELOPMENT = False
    with Plain() as fake:
        assert answer_to(Ask("GET", fake.url, guarded=False)) == (200, b"{}")
        with pytest.raises(NotSent, match="behind our own walls"):
            answer_to(Ask("GET", fake.url))
