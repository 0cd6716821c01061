"""The mailbox of development: what is sent is caught, kept whole, and shown to its own desk only."""

import http.client
import json
import smtplib
from email.message import EmailMessage

import pytest

from messaging import mailbox
from messaging.attachments import Attachment
from messaging.channels import Outgoing
from messaging.mail_channel import Mail
from messaging.mailbox import Caught
from messaging.management.commands.mailbox import Catcher, CommandError
from messaging.sms_channel import Sms
from servicedesk.embedded import ports

KEY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(autouse=True)
def here(settings, tmp_path):
    settings.DEVELOPMENT, settings.MAILBOX_DIR = True, tmp_path / "mailbox"


@pytest.fixture
def catcher(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", ports.first_free("127.0.0.1", 18425)
    sms_port = ports.first_free("127.0.0.1", settings.EMAIL_PORT + 1)
    settings.SMS_URL = f"http://127.0.0.1:{sms_port}/"
    settings.SMS_LOOKUP_URL, settings.SMS_HEADERS = settings.SMS_URL + "{key}", {"X-Desk": "{desk}"}
    with Catcher() as catcher:
        yield catcher


def outgoing(desk="northgate", **values):
    return Outgoing(
        key=KEY,
        desk_slug=desk,
        sender_name="Northgate",
        reply_to="",
        address="margaret@harbourletter.example",
        title="Your visit, Zoë",
        text="Lou will be with you at 2 pm.\n",
        **values,
    )


def caught(number, **values):
    came = f"2026-03-05T13:{number:02}:00+00:00"
    return Caught(
        **{
            "channel": "sms",
            "to": "1",
            "sender": "",
            "title": "",
            "text": f"Text {number}",
            "came_at": came,
            **values,
        }
    )


def test_a_mail_is_caught_for_its_desk(catcher):
    channel = Mail()
    channel.send(outgoing())
    channel.close()
    (letter,) = mailbox.letters("northgate")
    assert (letter.channel, letter.to, letter.title, letter.text) == (
        "mail",
        "margaret@harbourletter.example",
        "Your visit, Zoë",
        "Lou will be with you at 2 pm.\n",
    )
    assert mailbox.letters("southgate") == []


def test_a_text_is_caught_and_can_be_asked_for_by_its_key(catcher):
    assert Sms().ask(outgoing()) is None
    name = Sms().send(outgoing())
    assert Sms().ask(outgoing()) == name
    assert mailbox.letter("northgate", name).text == "Lou will be with you at 2 pm.\n"


def test_what_names_no_desk_or_a_path_lies_apart(catcher, settings):
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as client:
        for desk in ("../../etc", ""):
            letter = EmailMessage()
            letter["From"], letter["To"], letter["X-Desk"] = "a@x.example", "b@x.example", desk
            letter.set_content("Text")
            client.send_message(letter)
    assert len(mailbox.letters("_")) == 2
    assert [folder.name for folder in settings.MAILBOX_DIR.iterdir()] == ["_"]


def test_what_is_no_text_is_refused(catcher, settings):
    port = int(settings.SMS_URL.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in ("no json", "[]", json.dumps({"to": "1"})):
        connection.request("POST", "/", body)
        assert connection.getresponse().read()
    assert mailbox.letters("_") == []
    connection.close()


def test_a_taken_port_is_said(catcher):
    with pytest.raises(CommandError, match="Nothing can be caught"):
        Catcher()


def test_the_ports_may_be_handed_over_as_sockets(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    mail, texts = ports.listen("127.0.0.1", 18525), ports.listen("127.0.0.1", 18625)
    settings.EMAIL_PORT = mail.getsockname()[1]
    settings.SMS_URL = f"http://127.0.0.1:{texts.getsockname()[1]}/"
    settings.SMS_LOOKUP_URL, settings.SMS_HEADERS = "", {"X-Desk": "{desk}"}
    with Catcher(mail.detach(), texts.detach()):
        channel = Mail()
        channel.send(outgoing())
        channel.close()
        Sms().send(outgoing())
    assert [letter.channel for letter in mailbox.letters("northgate")] == ["sms", "mail"]


def test_letters_come_newest_first_and_page_by_page():
    for number in (1, 3, 2):
        mailbox.keep(caught(number), desk_slug="northgate", key="")
    first = mailbox.letters("northgate", most=2)
    assert [letter.text for letter in first] == ["Text 3", "Text 2"]
    assert [letter.text for letter in mailbox.letters("northgate", before=first[-1].name)] == ["Text 1"]


def test_a_name_that_is_a_path_opens_nothing(tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    for name in ("../secret", "secret", "", "20260305T130100000000-" + "0" * 32):
        assert mailbox.letter("northgate", name) is None


def test_the_page_shows_this_desks_letters_and_text_as_text(cast, client):
    client.force_login(cast.north.people["dispatcher"].user)
    ours = mailbox.keep(caught(1, text="<script>x</script>"), desk_slug="northgate", key="")
    theirs = mailbox.keep(caught(2), desk_slug="southgate", key="")
    page = client.get(cast.north.url("mailbox/"))
    assert [letter.name for letter in page.context["rows"]] == [ours]
    whole = client.get(cast.north.url(f"mailbox/{ours}/")).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in whole
    assert "<script>x" not in whole
    assert client.get(cast.north.url(f"mailbox/{theirs}/")).status_code == 404


def test_outside_development_there_is_no_mailbox(cast, client, settings):
    settings.DEVELOPMENT = False
    client.force_login(cast.north.people["dispatcher"].user)
    name = mailbox.keep(caught(1), desk_slug="northgate", key="")
    assert client.get(cast.north.url("mailbox/")).status_code == 404
    assert client.get(cast.north.url(f"mailbox/{name}/")).status_code == 404


def test_files_that_come_with_a_mail_are_kept_byte_for_byte(catcher):
    pdf = Attachment("Offer Zoë.pdf", "application/pdf", bytes(range(256)) * 700)
    channel = Mail()
    channel.send(outgoing(attachments=(pdf, pdf)))
    channel.close()
    (letter,) = mailbox.letters("northgate")
    assert letter.text == "Lou will be with you at 2 pm.\n"
    said = {"name": "Offer Zoë.pdf", "content_type": "application/pdf", "size": 179_200}
    assert list(letter.attachments) == [said, said]
    assert mailbox.attachment("northgate", letter.name, 2) == pdf
    assert mailbox.attachment("northgate", letter.name, 3) is None
    assert mailbox.attachment("southgate", letter.name, 1) is None


def test_the_page_lists_a_letters_files_and_hands_them_out_for_saving(cast, client):
    client.force_login(cast.north.people["dispatcher"].user)
    page = Attachment("a.html", "text/html", b"<script>x</script>")
    ours = mailbox.keep(caught(1), desk_slug="northgate", key="", files=[page])
    theirs = mailbox.keep(caught(2), desk_slug="southgate", key="", files=[page])
    address = cast.north.url(f"mailbox/{ours}/attachments/1/")
    assert f'href="{address}"' in client.get(cast.north.url(f"mailbox/{ours}/")).content.decode()
    answer = client.get(address)
    assert answer.getvalue() == b"<script>x</script>"
    assert answer["Content-Disposition"] == 'attachment; filename="a.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    for path in (f"{ours}/attachments/2/", f"{ours}/attachments/x/", f"{theirs}/attachments/1/"):
        assert client.get(cast.north.url(f"mailbox/{path}")).status_code == 404
