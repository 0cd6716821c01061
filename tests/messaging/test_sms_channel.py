"""What texts over any HTTP provider say of its answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from messaging.channels import NotSent, Refused, Unsure
from messaging.sms_channel import Description, Sms
from servicedesk.embedded import ports
from tests.messaging.fakes.outgoing import OUTGOING


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


def test_a_desks_own_provider_is_given_its_secret_and_its_address_is_watched(provider, settings):
    described = Description(
        url=settings.SMS_URL,
        headers={"Authorization": "Bearer {secret}"},
        body={"to": "{to}", "text": "{text}"},
        id_field="messages.0.id",
        secret="s3cret",
        guarded=True,
    )
    assert Sms(described).send(OUTGOING) == "7"
    assert provider.asked[0][2]["Authorization"] == "Bearer s3cret"
    settings.DEVELOPMENT = False
    with pytest.raises(NotSent, match="behind our own walls"):
        Sms(described).send(OUTGOING)
    assert len(provider.asked) == 1


def test_without_a_provider_a_text_is_refused(settings):
    settings.SMS_URL = ""
    with pytest.raises(Refused):
        Sms().send(OUTGOING)
