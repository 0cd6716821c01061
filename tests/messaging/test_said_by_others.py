"""What any other provider tells in our own form."""

import pytest

from messaging.models import Reply
from tenancy.scope import tenant
from tests.messaging.reporting import address, again, counts, post, sent

pytestmark = pytest.mark.usefixtures("moment")


@pytest.mark.parametrize("nameless", [{"id": None}, {"id": ""}, {"id": "  "}, {}])
def test_what_names_nothing_is_refused_before_it_is_taken_for_another(north, client, now, nameless):
    path = address(north, "http", now)
    assert post(client, path, {"from": "+447700900412", "text": "Four?", **nameless}).status_code == 400
    assert post(client, path, {"status": "delivered", "key": None, **nameless}).status_code == 400
    assert counts(north) == (0, 0)


def test_half_a_sign_is_kept_as_a_question_mark(north, client, now):
    """A provider that cuts a text in two may cut a smiley in two."""
    path = address(north, "http", now)
    body = b'{"from": "+447700900412", "id": "1", "text": "Four? \\ud83d"}'
    assert client.post(path, body, content_type="application/json").status_code == 200
    with tenant(north.tenant):
        assert Reply.objects.get().text == "Four? ?"


def test_any_other_provider_tells_it_in_our_own_form(north, client, now):
    message = sent(north, now, channel="sms", provider_id="t-1")
    path = address(north, "http", now)
    told = [
        {"id": "t-1", "status": "sent"},
        {
            "key": str(message.key),
            "status": "undelivered",
            "reason": "No such number",
            "at": "2026-03-05T13:06:00Z",
        },
        {"from": "07700 900412", "text": "Yes", "id": "in-1", "answers": "t-1"},
    ]
    for _ in range(2):
        assert post(client, path, told).status_code == 200
    assert again(north, message).reason == "Not delivered: No such number"
    assert counts(north) == (2, 1)
    assert post(client, path, {"id": "t-2", "status": "delivered"}).status_code == 503
    for wrong in ({"id": "t-1", "status": "vanished"}, {"status": "sent"}, [{}] * 501):
        assert post(client, path, wrong).status_code == 400
