"""Where providers report: who is let in, what is taken, and what is answered."""

import pytest
from django.test import Client

from messaging import hook_pages
from messaging.providers import remove_provider
from tenancy.scope import tenant
from tests.messaging.reporting import BOUNCE, DELIVERY, State, address, again, counts, post, sent

pytestmark = pytest.mark.usefixtures("moment")


@pytest.mark.parametrize("token", ["x", "A" * 43, "..%2f", "A" * 400])
def test_an_address_that_never_was_is_not_found(cast, client, token):
    assert client.post(f"/hooks/{token}/", b"{}", content_type="application/json").status_code == 404


def test_only_posts_are_taken_and_no_cookie_is_asked_for(north, now):
    from_outside = Client(enforce_csrf_checks=True)
    path = address(north, "postmark", now)
    assert post(from_outside, path, DELIVERY).status_code in (200, 503)
    for method in ("get", "put", "delete"):
        assert getattr(from_outside, method)(path).status_code == 405


def test_a_removed_providers_address_is_not_found(north, client, now):
    path = address(north, "postmark", now)
    assert post(client, path, {"RecordType": "Open"}).status_code == 200
    with tenant(north.tenant):
        remove_provider("mail")
    assert post(client, path, DELIVERY).status_code == 404


def test_what_may_be_a_moment_ahead_of_us_comes_again_and_what_is_not_ours_does_not(north, client, now):
    path = address(north, "postmark", now)
    ahead = post(client, path, DELIVERY)
    assert (ahead.status_code, ahead["Retry-After"]) == (503, "30")
    old = {**DELIVERY, "DeliveredAt": "2026-03-05T12:30:00Z"}
    assert post(client, path, old).status_code == 200
    another = {**DELIVERY, "Metadata": {"key": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"}}
    assert post(client, path, another).status_code == 200
    message = sent(north, now)
    assert post(client, path, DELIVERY).status_code == 200
    assert again(north, message).state == State.DELIVERED


@pytest.mark.parametrize("kind", ["postmark", "http"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]x", b"3", b'"words"', b"null", b"\xff\xfe", b'{"RecordType": "Bounce"}', b"[" * 100_000],
)
def test_what_cannot_be_read_is_refused_and_breaks_nothing(north, client, now, kind, body):
    path = address(north, kind, now)
    assert client.post(path, body, content_type="application/json").status_code in (400, 200)
    assert counts(north) == (0, 0)


def test_what_is_too_large_is_refused(north, client, now, monkeypatch):
    monkeypatch.setattr(hook_pages, "MOST_BYTES", 100)
    assert (
        post(client, address(north, "postmark", now), {**DELIVERY, "Details": "x" * 200}).status_code == 413
    )


def test_too_many_in_a_minute_are_sent_away_for_a_moment(north, client, now, monkeypatch):
    monkeypatch.setattr(hook_pages, "MOST_OF_A_PROVIDER", 2)
    path = address(north, "postmark", now)
    statuses = [post(client, path, {"RecordType": "Open"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_guessing_finds_nothing_and_keeps_nobody_out(north, client, now):
    """Behind a proxy all come from one machine: whoever guesses must not lock providers out."""
    path = address(north, "postmark", now)
    for number in range(70):
        assert client.post(f"/hooks/{number:043}/").status_code == 404
    assert post(client, path, {"RecordType": "Open"}).status_code == 200


def test_a_time_before_all_clocks_is_none(north, client, now):
    message = sent(north, now, channel="sms", provider_id="SM1")
    told = {"id": "SM1", "status": "delivered", "at": "0001-01-01T00:00:00+23:00"}
    assert post(client, address(north, "http", now), told).status_code == 400
    told = {**DELIVERY, "DeliveredAt": "0001-01-01T00:00:00+23:00", "Metadata": {"key": str(message.key)}}
    mail = sent(north, now)
    assert post(client, address(north, "postmark", now), told).status_code == 200
    assert (again(north, mail).state, again(north, mail).delivered_at) == (State.DELIVERED, now)


def test_another_desks_provider_says_nothing_about_our_message(cast, north, client, now):
    message = sent(north, now)
    path = address(cast.south, "postmark", now)
    told = {**BOUNCE, "Metadata": {"key": str(message.key)}}
    assert post(client, path, told).status_code == 200
    assert again(north, message).state == State.SENT
    assert counts(cast.south) == (0, 0)


def test_no_token_stands_in_the_log(north, client, now, capsys, at_level):
    at_level("INFO")
    path = address(north, "postmark", now)
    post(client, path, {"RecordType": "Open"})
    said = capsys.readouterr()
    token = path.rstrip("/").rsplit("/", 1)[1]
    assert token not in said.out + said.err
    assert "/hooks/…/" in said.out + said.err
