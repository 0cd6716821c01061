"""The mailbox read over IMAP: each mail once, after crashes too, and what hinders it is said."""

import pytest

from messaging import inbox
from messaging.inbox import read_all, read_desk, save_inbox
from messaging.models import Inbox, Reply
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.messaging.fakes.imap_server import PASSWORD, USER, FakeMailbox


@pytest.fixture
def mailbox():
    with FakeMailbox() as fake:
        yield fake


def connect(desk, mailbox, now, **values):
    with tenant(desk.tenant):
        place = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "user": USER}
        return save_inbox(
            **{**place, "folder": "INBOX", "secret": PASSWORD, "by": desk.manager, "now": now, **values}
        )


def mail(number, words="It stands still"):
    return (
        f"From: Margaret <margaret@harbourletter.example>\nMessage-ID: <m{number}@harbour.example>\n"
        f"Subject: Number {number}\n\n{words} {number}"
    ).encode()


def taken(desk):
    with tenant(desk.tenant):
        return list(Reply.objects.order_by("pk").values_list("title", flat=True))


def row(desk):
    with tenant(desk.tenant):
        return Inbox.objects.get()


def test_what_comes_after_the_first_look_is_taken_once_and_nothing_is_changed(cast, mailbox, now):
    desk = cast.north
    connect(desk, mailbox, now)
    mailbox.add(mail(1))
    assert read_desk(desk.tenant, now=now) == 0
    mailbox.add(mail(2))
    mailbox.add(mail(3))
    assert [read_desk(desk.tenant, now=now) for _ in range(2)] == [2, 0]
    assert taken(desk) == ["Number 2", "Number 3"]
    assert (row(desk).last_uid, row(desk).read_at, row(desk).failed_because) == (3, now, "")
    with tenant(desk.tenant):
        reply = Reply.objects.first()
        assert (reply.customer, reply.received_at.isoformat()) == (desk.customer, "2026-03-05T12:00:00+00:00")
    changing = {"STORE", "EXPUNGE", "SELECT", "DELETE", "COPY", "MOVE"}
    assert not [one for one in mailbox.commands if set(one.replace("UID ", "").split(" ")[:1]) & changing]


def test_a_line_that_breaks_loses_nothing_and_doubles_nothing(cast, mailbox, now):
    desk = cast.north
    connect(desk, mailbox, now)
    read_desk(desk.tenant, now=now)
    for number in range(1, 6):
        mailbox.add(mail(number))
    mailbox.cut_after = 2
    assert read_desk(desk.tenant, now=now) == 2
    assert row(desk).failed_at == now
    mailbox.cut_after = None
    assert read_desk(desk.tenant, now=now) == 3
    assert taken(desk) == [f"Number {number}" for number in range(1, 6)]
    assert row(desk).failed_at is None


def test_a_crash_before_the_commit_reads_the_mail_again(cast, mailbox, now, monkeypatch):
    desk = cast.north
    connect(desk, mailbox, now)
    read_desk(desk.tenant, now=now)
    mailbox.add(mail(1))
    with monkeypatch.context() as broken:
        broken.setattr(inbox, "take_mail", lambda *args, **values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            read_desk(desk.tenant, now=now)
    assert (taken(desk), row(desk).last_uid) == ([], 0)
    assert (read_all(now=now), taken(desk)) == (1, ["Number 1"])


def test_renumbered_by_its_server_it_is_read_again_and_each_mail_known_again(cast, mailbox, now):
    desk = cast.north
    connect(desk, mailbox, now)
    read_desk(desk.tenant, now=now)
    mailbox.add(mail(1))
    read_desk(desk.tenant, now=now)
    mailbox.renumber()
    mailbox.add(mail(2))
    read_desk(desk.tenant, now=now)
    assert taken(desk) == ["Number 1", "Number 2"]
    assert (row(desk).validity, row(desk).last_uid) == (2, 2)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"secret": "wrong"}, "The mail server does not accept the name and password."),
        ({"folder": "Elsewhere"}, "There is no folder “Elsewhere” in this mailbox."),
        ({"host": "192.0.2.1"}, "does not answer: In development nothing leaves this machine."),
    ],
)
def test_what_hinders_it_is_said_since_when_and_holds_no_password(cast, mailbox, now, values, words):
    desk = cast.north
    connect(desk, mailbox, now, **values)
    assert read_desk(desk.tenant, now=now) == 0
    found = row(desk)
    assert words in found.failed_because
    assert found.failed_at == now
    assert "wrong" not in found.failed_because
    assert PASSWORD not in found.secret


def test_a_mail_too_large_is_told_by_its_beginning(cast, mailbox, now, monkeypatch):
    monkeypatch.setattr(inbox, "MOST_BYTES", 2_000)
    monkeypatch.setattr(inbox, "BEGINNING", 400)
    desk = cast.north
    connect(desk, mailbox, now)
    read_desk(desk.tenant, now=now)
    mailbox.add(mail(1, words="It stands still. " + "x" * 3000))
    assert read_desk(desk.tenant, now=now) == 1
    with tenant(desk.tenant):
        text = Reply.objects.get().text
    assert text.startswith("It stands still.")
    assert text.endswith("(This mail has 0 MB. Its beginning was read; the mailbox has it whole.)")


def test_another_desks_mailbox_is_not_read_for_us(cast, mailbox, now):
    connect(cast.south, mailbox, now)
    read_all(now=now)
    mailbox.add(mail(1))
    assert read_all(now=now) == 1
    assert (taken(cast.north), taken(cast.south)) == ([], ["Number 1"])


def test_two_workers_at_once_take_each_mail_once(committed_cast, mailbox, now):
    desk = committed_cast.north
    connect(desk, mailbox, now)
    read_desk(desk.tenant, now=now)
    for number in range(1, 9):
        mailbox.add(mail(number))
    counts = at_once(*[lambda: read_desk(desk.tenant, now=now)] * 3)
    assert sum(counts) == 8
    assert sorted(taken(desk)) == [f"Number {number}" for number in range(1, 9)]
