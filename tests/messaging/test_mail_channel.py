"""What mail says of a mail server's answers."""

import pytest
from django.core import mail

from messaging.attachments import Attachment
from messaging.channels import NotSent, Refused, Unsure
from messaging.mail_channel import Mail
from servicedesk.embedded import ports
from tests.messaging.fakes.mail_server import FakeMailServer
from tests.messaging.fakes.outgoing import OUTGOING, outgoing


@pytest.fixture
def smtp(settings):
    with FakeMailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def test_a_mail_goes_with_one_line_of_title_and_its_key_as_message_id():
    assert Mail().send(OUTGOING) == f"<{OUTGOING.key}@northgate>"
    assert mail.outbox[0].subject == "Your visit"


def test_what_one_click_stops_says_so_in_its_headers_and_at_its_end():
    Mail().send(outgoing(text="Hello.\n", unsubscribe_url="https://desk.example/no-more/x/"))
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe"] == "<https://desk.example/no-more/x/>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.outbox[0].body == "Hello.\n\nNo more mail of this sort: https://desk.example/no-more/x/\n"


def test_what_they_need_to_know_says_nothing_of_stopping():
    Mail().send(OUTGOING)
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers
    assert mail.outbox[0].body == OUTGOING.text


def test_answers_go_where_the_provider_reads_them_else_to_the_desk():
    Mail(replies_to="inbound@postmark.example").send(outgoing(reply_to="desk@northgate.example"))
    Mail().send(outgoing(reply_to="desk@northgate.example"))
    assert [letter.reply_to for letter in mail.outbox] == [
        ["inbound@postmark.example"],
        ["desk@northgate.example"],
    ]


def test_several_mails_share_one_connection(smtp):
    channel = Mail()
    assert channel.send(OUTGOING) == channel.send(OUTGOING)
    channel.close()
    assert (len(smtp.took), len(smtp.sessions)) == (2, 1)


def test_files_arrive_whole(smtp):
    file = Attachment("Offer.pdf", "application/pdf", b"%PDF-1.7")
    channel = Mail()
    channel.send(outgoing(attachments=(file,)))
    channel.close()
    (part,) = smtp.took[0].iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("Offer.pdf", b"%PDF-1.7")


@pytest.mark.parametrize(
    ("part", "answer", "error"),
    [
        ("recipient", "550 no such user", Refused),
        ("recipient", "451 come again", NotSent),
        ("data", "554 no", Refused),
        ("data", "421 too busy", NotSent),
        ("data", "silence", Unsure),
    ],
)
def test_what_the_mail_server_says_decides(smtp, part, answer, error):
    setattr(smtp, part, answer)
    channel = Mail()
    with pytest.raises(error):
        channel.send(OUTGOING)
    setattr(smtp, part, "250 OK")
    assert channel.send(OUTGOING)
    channel.close()


def test_a_mail_server_that_is_not_there_took_nothing(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", ports.first_free("127.0.0.1", 18225)
    with pytest.raises(NotSent):
        Mail().send(OUTGOING)


def test_an_address_that_is_none_is_refused(smtp):
    with pytest.raises(Refused):
        Mail().send(outgoing(address="nobody@@nowhere"))


def test_a_password_that_no_mail_server_can_be_told_is_refused(smtp, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "northgate", "pässword"
    with pytest.raises(Refused, match="cannot be told this name and password"):
        Mail().send(OUTGOING)


def test_a_mail_server_cannot_be_asked():
    assert not Mail.can_be_asked
    with pytest.raises(NotSent):
        Mail().ask(OUTGOING)
