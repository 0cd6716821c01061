"""Mail through Postmark, by django-anymail. It can be asked by our key, which travels as metadata."""

import json
from urllib.parse import urlencode, urlsplit

import requests
from anymail.backends.postmark import EmailBackend
from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.conf import settings
from urllib3.exceptions import MaxRetryError

from messaging.channels import NotSent, Outgoing, Refused, Unsure, said
from messaging.deadline import SECONDS_TO_ANSWER, Deadline, WatchedAdapter
from messaging.mail_channel import letter
from messaging.reaching import Ask, answer_to, check_reachable

BUSY = (408, 425, 429, 503)
INACTIVE = 406


class Postmark:
    """A Postmark server by its token; one HTTP session for a batch."""

    can_be_asked = True

    def __init__(
        self,
        token: str,
        *,
        from_address: str,
        stream: str = "",
        replies_to: str = "",
        seconds: float = SECONDS_TO_ANSWER,
    ):
        self.token, self.from_address, self.stream = token, from_address, stream
        self.replies_to, self.seconds = replies_to, seconds
        self._deadline = Deadline(seconds)
        self._backend: EmailBackend | None = None

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns Postmark's MessageID. Raises NotSent, Refused, Unsure."""
        mail = letter(outgoing, from_address=self.from_address, replies_to=self.replies_to)
        # Without it Postmark puts a Message-ID of its own, and answers would name that.
        mail.extra_headers["X-PM-KeepID"] = "true"
        mail.metadata = {"key": outgoing.key}
        backend = self._opened()
        try:
            with self._deadline:
                backend.send_messages([mail])
        except (AnymailRecipientsRefused, AnymailInvalidAddress) as error:
            raise Refused(_refusal(error)) from error
        except AnymailError as error:
            # After trouble with the line the next mail has a session of its own.
            self.close()
            raise _judged(error, self._deadline) from error
        return str(mail.anymail_status.message_id or "")

    def ask(self, outgoing: Outgoing) -> str | None:
        """Postmark's id of the mail with our key; None when it took none. Raises NotSent."""
        wanted = urlencode({"count": len(outgoing.known_ids) + 1, "offset": 0, "metadata_key": outgoing.key})
        url = f"{settings.POSTMARK_URL.rstrip('/')}/messages/outbound?{wanted}"
        headers = {"Accept": "application/json", "X-Postmark-Server-Token": self.token}
        try:
            status, body = answer_to(Ask("GET", url, headers, seconds=self.seconds))
        except Unsure as error:
            raise NotSent(str(error)) from error
        try:
            found = json.loads(body)["Messages"] if status == 200 else None
        except (ValueError, KeyError, TypeError):
            found = None
        if found is None:
            raise NotSent(f"Postmark answered {status} when asked.")
        ids = (str(one["MessageID"]) for one in found)
        return next((one for one in ids if one not in outgoing.known_ids), None)

    def close(self) -> None:
        """End the session; the next mail opens another."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()
        self._deadline.close()

    def _opened(self):
        if self._backend is None:
            parts = urlsplit(settings.POSTMARK_URL)
            try:
                check_reachable(parts.hostname or "", parts.port or 443)
            except OSError as error:
                raise NotSent(f"Postmark does not answer: {said(error)}") from error
            self._backend = EmailBackend(
                server_token=self.token,
                message_stream=self.stream or None,
                api_url=settings.POSTMARK_URL,
                timeout=self.seconds,
            )
            self._backend.open()
            for scheme in ("https://", "http://"):
                self._backend.session.mount(scheme, WatchedAdapter(self._deadline))
        return self._backend


def _judged(error, deadline):
    """What an answer that is no success means for the message."""
    # Cut off, half an answer reads like a whole one.
    response = None if deadline.is_over else getattr(error, "response", None)
    if response is None:
        kind = NotSent if _never_connected(error) else Unsure
        why = deadline.words() if deadline.is_over else type(error.__cause__ or error).__name__
        return kind(f"Postmark does not answer: {why}")
    words = f"Postmark answered {response.status_code}: {_message(response)}"
    if response.status_code in BUSY:
        return NotSent(words)
    # An answer of success that cannot be read: it may have gone.
    return Refused(words) if 400 <= response.status_code < 500 else Unsure(words)


def _refusal(error):
    response = getattr(error, "response", None)
    if response is None:
        return "This is no mail address."
    try:
        is_inactive = response.json().get("ErrorCode") == INACTIVE
    except (ValueError, AttributeError):
        is_inactive = False
    if is_inactive:
        return "Postmark does not write to this address any more: mail to it bounced or was marked as spam."
    return f"Postmark answered {response.status_code}: {_message(response)}"


def _message(response):
    try:
        return str(response.json()["Message"])[:150]
    except (ValueError, KeyError, TypeError):
        return response.reason or "no reason"


def _never_connected(error):
    """Whether not a byte of the mail can have left."""
    cause = error.__cause__
    if isinstance(cause, requests.ConnectTimeout):
        return True
    inner = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(inner, MaxRetryError)
