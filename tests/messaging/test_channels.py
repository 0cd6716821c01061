"""What the channels say of a mail server's or provider's answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from django.core import mail

from messaging.channels import Mail, NotSent, Outgoing, Refused, Sms, Unsure, sender
from servicedesk.embedded import ports

OUTGOING = Outgoing(
    key="01234567-89ab-cdef-0123-456789abcdef",
    desk_slug="northgate",
    sender_name="Northgate",
    reply_to="",
    address="margaret@harbourletter.example",
    title="Your\nvisit",
    text="See {text} & {link}",
)


class Server:
    """Answers SMTP as told."""

    def __init__(self):
        self.recipient, self.data = "250 OK", "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server, session, envelope):
        if self.data == "silence":
            server.transport.abort()
        return self.data


@pytest.fixture
def smtp(settings):
    server = Server()
    port = ports.first_free("127.0.0.1", 18125)
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield server
    controller.stop()


class Provider(BaseHTTPRequestHandler):
    """Answers HTTP as told and remembers what it was asked."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, answer = self.server.answer
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self):
        self.headers.add_header("Content-Length", "0") if "Content-Length" not in self.headers else None
        self.do_POST()

    def log_message(self, *args):
        pass


@pytest.fixture
def provider(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.asked, server.answer = [], (201, b'{"messages": [{"id": 7}]}')
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/send/{{desk}}"
    settings.SMS_LOOKUP_URL = f"http://127.0.0.1:{server.server_port}/sent/{{key}}"
    settings.SMS_METHOD, settings.SMS_ID_FIELD = "POST", "messages.0.id"
    settings.SMS_HEADERS = {"Idempotency-Key": "{key}"}
    settings.SMS_BODY = {"to": ["{to}"], "text": "{text}", "ref": "{key}"}
    yield server
    server.shutdown()
    server.server_close()


def test_a_mail_goes_with_one_line_of_title_and_its_key_as_message_id():
    assert Mail().send(OUTGOING) == f"<{OUTGOING.key}@northgate>"
    assert mail.outbox[0].subject == "Your visit"


def test_a_name_cannot_break_out_of_the_sender(settings):
    settings.DEFAULT_FROM_EMAIL = "Desk <service@desk.example>"
    assert sender('North"gate\r\nBcc: x <y>') == '"North gate Bcc: x y" <service@desk.example>'


def test_several_mails_share_one_connection(smtp):
    channel = Mail()
    assert channel.send(OUTGOING) == channel.send(OUTGOING)
    channel.close()


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
        Mail().send(Outgoing(**{**vars(OUTGOING), "address": "nobody@@nowhere"}))


def test_a_text_is_posted_as_the_settings_describe(provider):
    assert Sms().send(OUTGOING) == "7"
    method, path, headers, body = provider.asked[0]
    assert (method, path, headers["Idempotency-Key"]) == ("POST", "/send/northgate", OUTGOING.key)
    assert json.loads(body) == {"to": [OUTGOING.address], "text": "See {text} & {link}", "ref": OUTGOING.key}


def test_a_provider_may_want_a_form_or_an_address(provider, settings):
    settings.SMS_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
    settings.SMS_BODY = {"text": "{text}"}
    Sms().send(OUTGOING)
    settings.SMS_METHOD, settings.SMS_URL = "GET", settings.SMS_URL + "?text={text}"
    Sms().send(OUTGOING)
    assert provider.asked[0][3] == "text=See+%7Btext%7D+%26+%7Blink%7D"
    assert provider.asked[1][:2] == ("GET", "/send/northgate?text=See%20%7Btext%7D%20%26%20%7Blink%7D")


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Refused), (401, Refused), (429, NotSent), (503, NotSent), (500, Unsure), (None, Unsure)],
)
def test_what_the_provider_says_decides(provider, status, error):
    provider.answer = (status, b"{}")
    with pytest.raises(error):
        Sms().send(OUTGOING)


def test_an_answer_without_an_id_is_taken_all_the_same(provider):
    provider.answer = (200, b"OK")
    assert Sms().send(OUTGOING) == ""


def test_a_provider_that_is_not_there_took_nothing(settings):
    settings.SMS_URL = f"http://127.0.0.1:{ports.first_free('127.0.0.1', 18325)}/"
    with pytest.raises(NotSent):
        Sms().send(OUTGOING)


def test_the_provider_is_asked_by_key(provider, settings):
    assert Sms().ask(OUTGOING) == "7"
    assert provider.asked[0][:2] == ("GET", f"/sent/{OUTGOING.key}")
    for answer in ((404, b""), (200, b'{"messages": []}')):
        provider.answer = answer
        assert Sms().ask(OUTGOING) is None
    provider.answer = (None, b"")
    with pytest.raises(NotSent):
        Sms().ask(OUTGOING)
    settings.SMS_LOOKUP_URL = ""
    assert not Sms().can_be_asked
