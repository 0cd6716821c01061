"""Texts over any HTTP provider, described by its request: the installation's settings, or a desk's."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from django.conf import settings

from messaging.channels import NotSent, Outgoing, Refused, Unsure
from messaging.deadline import SECONDS_TO_ANSWER
from messaging.reaching import Ask, answer_to

PLACEHOLDER = re.compile(r"\{(to|text|key|desk|secret)\}")


@dataclass(frozen=True)
class Description:
    """How a provider takes a text: in each part {to} {text} {key} {desk} {secret} are filled in.

    With `lookup_url` it can be asked by key whether it took a message. `id_field` says where an
    answer holds the provider's id ("messages.0.id" goes down a list).
    """

    url: str
    method: str = "POST"
    headers: dict = field(default_factory=dict)
    body: dict | list = field(default_factory=dict)
    id_field: str = "id"
    lookup_url: str = ""
    secret: str = ""
    # The address came from a desk: it may not lie behind our own walls.
    guarded: bool = False
    seconds: float = SECONDS_TO_ANSWER


def of_the_installation() -> Description:
    """What SMS_URL and its companions say."""
    return Description(
        url=settings.SMS_URL,
        method=settings.SMS_METHOD,
        headers=settings.SMS_HEADERS,
        body=settings.SMS_BODY,
        id_field=settings.SMS_ID_FIELD,
        lookup_url=settings.SMS_LOOKUP_URL,
    )


class Sms:
    """Texts as a description says; each has a connection of its own."""

    def __init__(self, description: Description | None = None):
        self.description = description or of_the_installation()

    @property
    def can_be_asked(self) -> bool:
        """Whether the provider tells what it took."""
        return bool(self.description.lookup_url)

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns the provider's id. Raises NotSent, Refused, Unsure."""
        described, values = self.description, self._values(outgoing)
        if not described.url:
            raise Refused("No provider for text messages is set up.")
        headers = _filled(described.headers, values)
        if not _content_type(headers):
            headers["Content-Type"] = "application/json"
        status, body = self._answer(
            described.method, _address(described.url, values), headers, _body(described, headers, values)
        )
        if status < 300:
            return _id_in(body, described.id_field)
        words = f"The provider answered {status}: {body[:150].decode(errors='replace')}"
        if status in (408, 425, 429, 503):
            raise NotSent(words)
        raise Refused(words) if status < 500 else Unsure(words)

    def ask(self, outgoing: Outgoing) -> str | None:
        """The provider's id of a message it took, None when it never did. Raises NotSent for no answer."""
        described, values = self.description, self._values(outgoing)
        try:
            status, body = self._answer(
                "GET", _address(described.lookup_url, values), _filled(described.headers, values)
            )
        except Unsure as error:
            raise NotSent(str(error)) from error
        if status == 404:
            return None
        if status < 300:
            # An answer that names no message (an empty list) knows of none.
            return _id_in(body, described.id_field) or None
        raise NotSent(f"The provider answered {status} when asked.")

    def close(self) -> None:
        """Every text has a connection of its own."""

    def _answer(self, method, url, headers, body=b""):
        return answer_to(Ask(method, url, headers, body, self.description.guarded, self.description.seconds))

    def _values(self, outgoing):
        return {
            "to": outgoing.address,
            "text": outgoing.text,
            "key": outgoing.key,
            "desk": outgoing.desk_slug,
            "secret": self.description.secret,
        }


def is_form(headers: dict[str, str]) -> bool:
    """Whether a body goes as a form instead of JSON."""
    return _content_type(headers).startswith("application/x-www-form-urlencoded")


def _content_type(headers):
    """However the name is written: it is one line only."""
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")


def _filled(template, values):
    """The words with the placeholders filled; the text's own braces stay as they are."""
    if isinstance(template, dict):
        return {name: _filled(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [_filled(part, values) for part in template]
    if isinstance(template, str):
        return PLACEHOLDER.sub(lambda found: values[found[1]], template)
    return template


def _address(template, values):
    return _filled(template, {name: quote(value, safe="") for name, value in values.items()})


def _body(described, headers, values):
    if described.method.upper() == "GET":
        return b""
    filled = _filled(described.body, values)
    if is_form(headers):
        return urlencode(filled).encode()
    return json.dumps(filled).encode()


def _id_in(body, id_field):
    try:
        found = json.loads(body)
        for step in id_field.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return str(found)[:200]
