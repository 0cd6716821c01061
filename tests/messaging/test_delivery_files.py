"""The files of a message leave with it."""

import pytest
from django.core import mail

from messaging.attachments import attached
from messaging.delivery import deliver_due
from tenancy.files import store_file
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.messaging.delivering import Answering, State, again, answering, planned


def stored(desk, now):
    with tenant(desk.tenant):
        return store_file(
            content=b"%PDF-1.7",
            kind=StoredFile.Kind.DOCUMENT,
            name="Offer.pdf",
            content_type="application/pdf",
            by=None,
            now=now,
        )


@pytest.mark.parametrize("edited", [{}, {"edited_by": "Dana"}])
def test_the_files_of_a_message_go_with_it_whoever_wrote_the_words(north, clock, edited):
    planned(north, clock.now, fields={**attached([stored(north, clock.now)]), **edited}, text="Mine")
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert [tuple(file) for file in mail.outbox[0].attachments] == [
        ("Offer.pdf", b"%PDF-1.7", "application/pdf")
    ]


def test_a_text_carries_no_files(north, clock, settings, monkeypatch):
    settings.SMS_URL = "http://127.0.0.1:9/"
    took = []

    class Texts(Answering):
        def send(self, outgoing):
            took.append(outgoing.attachments)
            return super().send(outgoing)

    answering(monkeypatch, Texts())
    planned(north, clock.now, channel="sms", fields=attached([stored(north, clock.now)]))
    assert deliver_due(clock=clock) == {State.SENT: 1}
    assert took == [()]


def test_another_desks_file_never_goes_and_makes_no_link(cast, north, clock, answers):
    message = planned(north, clock.now, fields=attached([stored(cast.south, clock.now)]))
    assert deliver_due(clock=clock) == {State.FAILED: 1}
    assert (mail.outbox, answers.links) == ([], [])
    assert again(north, message).reason == (
        "The message could not be written: A file that goes with it is not there"
    )
