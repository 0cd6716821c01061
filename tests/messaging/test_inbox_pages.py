"""The mailbox that a desk reads: set up by its manager, tried at once, its password never shown."""

import pytest

from messaging.inbox import read_desk
from messaging.models import Inbox, Reply
from tenancy.scope import tenant
from tests.messaging.fakes.imap_server import PASSWORD, USER, FakeMailbox
from tests.messaging.test_inbox import mail

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, client):
    client.force_login(cast.north.people["manager"].user)
    return cast.north


@pytest.fixture
def mailbox():
    with FakeMailbox() as fake:
        yield fake


def posted(mailbox, **values):
    place = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "user": USER}
    return {**place, "folder": "INBOX", "secret": PASSWORD, "seen": "", **values}


def test_it_is_set_up_tried_and_read_from_then_on(north, client, mailbox, now):
    mailbox.add(mail(1))
    url = north.url("settings/providers/inbox/")
    assert client.post(url, posted(mailbox)).status_code == 302
    page = client.get(north.url("settings/providers/")).content.decode()
    assert "Not read" not in page
    assert f"<b>{USER}</b>, INBOX at 127.0.0.1." in page
    for text in (page, client.get(url).content.decode()):
        assert PASSWORD not in text
    mailbox.add(mail(2))
    assert read_desk(north.tenant, now=now) == 1
    with tenant(north.tenant):
        assert Reply.objects.get().title == "Number 2"
        seen = Inbox.objects.get().changed_at.isoformat()
    kept = client.post(url, posted(mailbox, secret="", seen=seen))
    assert kept.status_code == 302
    assert read_desk(north.tenant, now=now) == 0
    assert client.post(north.url("settings/providers/inbox/remove/")).status_code == 302
    with tenant(north.tenant):
        assert (Inbox.objects.exists(), Reply.objects.count()) == (False, 1)


def test_a_wrong_password_is_said_where_it_is_set_and_on_the_messages_page(north, client, mailbox):
    client.post(north.url("settings/providers/inbox/"), posted(mailbox, secret="another"))
    for path in ("settings/providers/", "messages/"):
        text = client.get(north.url(path)).content.decode()
        assert "The mail server does not accept the name and password." in text
        assert "another" not in text


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host": "a b"}, "host"),
        ({"host": "192.0.2.1"}, "host"),
        ({"port": "x"}, "port"),
        ({"user": ""}, "user"),
        ({"folder": ""}, "folder"),
        ({"secret": ""}, "secret"),
        ({"security": "some"}, "security"),
    ],
)
def test_what_is_wrong_is_said_and_kept_as_typed(north, client, mailbox, values, field):
    refused = client.post(north.url("settings/providers/inbox/"), posted(mailbox, **values))
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [field])
    with tenant(north.tenant):
        assert not Inbox.objects.exists()


def test_of_two_who_change_it_the_second_is_told(north, client, mailbox):
    url = north.url("settings/providers/inbox/")
    assert [client.post(url, posted(mailbox)).status_code for _ in range(2)] == [302, 409]


@pytest.mark.parametrize("role", ["dispatcher", "technician", "sales", "accounts"])
def test_only_managers_may(cast, client, mailbox, role):
    client.force_login(cast.north.people[role].user)
    assert client.get(cast.north.url("settings/providers/inbox/")).status_code == 403
    assert client.post(cast.north.url("settings/providers/inbox/remove/")).status_code == 403
