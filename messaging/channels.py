"""The two ways out: mail over SMTP, texts over any HTTP provider that the settings describe."""

import http.client
import json
import re
import smtplib
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from messaging.attachments import Attachment
from messaging.models import Message

SECONDS_TO_ANSWER = 20


class NotSent(Exception):
    """It certainly did not go; it may go later (no connection, busy)."""


class Refused(Exception):
    """It certainly did not go and never will like this (no such address, wrong number)."""


class Unsure(Exception):
    """The connection broke while it went: it may have arrived."""


@dataclass(frozen=True)
class Outgoing:
    """One message as it leaves: all that a channel needs, with no row and no desk behind it."""

    key: str
    desk_slug: str
    sender_name: str
    reply_to: str
    address: str
    title: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def is_ready(channel: str) -> bool:
    """Whether messages of this channel can leave at all: texts need a provider in the settings."""
    return channel == Message.Channel.MAIL or bool(settings.SMS_URL)


def ready_channels() -> list[str]:
    """The channels that can be planned for."""
    return [channel for channel in Message.Channel.values if is_ready(channel)]


class Mail:
    """Mail over Django's backend, one connection for a batch. SMTP cannot be asked what it took."""

    can_be_asked = False

    def __init__(self):
        self._connection: BaseEmailBackend | None = None

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns its Message-ID, the same at every attempt. Raises NotSent, Refused, Unsure."""
        message_id = f"<{outgoing.key}@{outgoing.desk_slug}>"
        mail = EmailMessage(
            subject=one_line(outgoing.title),
            body=outgoing.text,
            from_email=sender(outgoing.sender_name),
            to=[one_line(outgoing.address)],
            reply_to=[outgoing.reply_to] if outgoing.reply_to else None,
            headers={
                "Message-ID": message_id,
                "X-Desk": outgoing.desk_slug,
                "Auto-Submitted": "auto-generated",
            },
            attachments=[
                (one_line(file.name), file.content, file.content_type) for file in outgoing.attachments
            ],
        )
        self._hand_over(mail)
        return message_id

    def close(self) -> None:
        """End the connection; the next mail opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _hand_over(self, mail):
        try:
            if self._connection is None:
                self._connection = get_connection()
                self._connection.open()
        except OSError as error:
            self._connection = None
            raise NotSent(f"The mail server does not answer: {said(error)}") from error
        try:
            self._connection.send_messages([mail])
        except ValueError as error:
            raise Refused(f"This is no mail address: {said(error)}") from error
        except smtplib.SMTPRecipientsRefused as error:
            self.close()
            code, words = next(iter(error.recipients.values()))
            raise _answer(code, words) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise _answer(error.smtp_code, error.smtp_error) from error
        except OSError as error:
            self._connection = None
            raise Unsure(f"The mail server fell silent: {said(error)}") from error


class Sms:
    """Texts over HTTP: SMS_URL, SMS_METHOD, SMS_HEADERS, SMS_BODY with {to} {text} {key} {desk}.

    With SMS_LOOKUP_URL the provider can be asked by key whether it took a message.
    """

    @property
    def can_be_asked(self) -> bool:
        """Whether the provider tells what it took."""
        return bool(settings.SMS_LOOKUP_URL)

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns the provider's id. Raises NotSent, Refused, Unsure."""
        values = _values(outgoing)
        headers = {"Content-Type": "application/json", **_filled(settings.SMS_HEADERS, values)}
        status, body = _request(
            settings.SMS_METHOD, _address(settings.SMS_URL, values), headers, _body(headers, values)
        )
        if status < 300:
            return _id_in(body)
        words = f"The provider answered {status}: {body[:150].decode(errors='replace')}"
        if status in (408, 425, 429, 503):
            raise NotSent(words)
        raise Refused(words) if status < 500 else Unsure(words)

    def ask(self, outgoing: Outgoing) -> str | None:
        """The provider's id of a message it took, None when it never did. Raises NotSent for no answer."""
        values = _values(outgoing)
        try:
            status, body = _request(
                "GET", _address(settings.SMS_LOOKUP_URL, values), _filled(settings.SMS_HEADERS, values), b""
            )
        except Unsure as error:
            raise NotSent(str(error)) from error
        if status == 404:
            return None
        if status < 300:
            # An answer that names no message (an empty list) knows of none.
            return _id_in(body) or None
        raise NotSent(f"The provider answered {status} when asked.")

    def close(self) -> None:
        """Every text has a connection of its own."""


def one_line(words: str) -> str:
    """Without line breaks, which would begin another header."""
    return " ".join(words.split())


def sender(name: str) -> str:
    """The desk's name before the address that all our mail comes from."""
    address = settings.DEFAULT_FROM_EMAIL
    if "<" in address:
        address = address[address.index("<") + 1 : address.rindex(">")]
    words = re.sub(r'[\\"<>\r\n]', " ", name)
    return f'"{one_line(words)}" <{address}>'


def said(error: Exception) -> str:
    """An error in a few words for a page."""
    return (str(error) or type(error).__name__)[:150]


def _answer(code, words):
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    reason = f"The mail server answered {code}: {text[:150]}"
    return Refused(reason) if code >= 500 else NotSent(reason)


def _values(outgoing):
    return {
        "to": outgoing.address,
        "text": outgoing.text,
        "key": outgoing.key,
        "desk": outgoing.desk_slug,
    }


def _filled(template, values):
    """The settings' words with the placeholders filled; the text's own braces stay as they are."""
    if isinstance(template, dict):
        return {name: _filled(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [_filled(part, values) for part in template]
    if isinstance(template, str):
        return re.sub(r"\{(to|text|key|desk)\}", lambda found: values[found[1]], template)
    return template


def _address(template, values):
    return _filled(template, {name: quote(value, safe="") for name, value in values.items()})


def _body(headers, values):
    if settings.SMS_METHOD.upper() == "GET":
        return b""
    filled = _filled(settings.SMS_BODY, values)
    if headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
        return urlencode(filled).encode()
    return json.dumps(filled).encode()


def _request(method, url, headers, body):
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS_TO_ANSWER)
    try:
        connection.connect()
    except OSError as error:
        raise NotSent(f"The provider for texts does not answer: {said(error)}") from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method.upper(), target, body=body or None, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unsure(f"The provider for texts fell silent: {said(error)}") from error
    finally:
        connection.close()


def _id_in(body):
    """The provider's id at SMS_ID_FIELD ("messages.0.id" goes down a list); empty when there is none."""
    try:
        found = json.loads(body)
        for step in settings.SMS_ID_FIELD.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(found)[:200]
