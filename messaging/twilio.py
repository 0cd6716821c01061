"""Texts through Twilio's Messages resource.

Twilio has no idempotency key. Each text names an address for its reports that carries our key, so
that a report tells of a text whose answer we never heard; and the list of texts to a number can be
asked, where one is known again by its words and the time since which it can have gone.
"""

import base64
import hashlib
import hmac
import json
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from django.conf import settings

from customers.searchkeys import phone_digits
from messaging.channels import NotSent, Outgoing, Refused, Stopped, Unsure
from messaging.deadline import SECONDS_TO_ANSWER
from messaging.models import LINK
from messaging.reaching import Ask, answer_to

BUSY = (408, 425, 429, 503)
# "Attempt to send to unsubscribed recipient": they wrote STOP to this sender.
UNSUBSCRIBED = 21610
# How far back among the texts to one number.
LOOKED_AT = 50


class Twilio:
    """An account by its sid and auth token; texts go from a number or a messaging service."""

    can_be_asked = True

    def __init__(
        self,
        account: str,
        token: str,
        *,
        sent_from: str,
        country: str,
        reports_to: str = "",
        seconds: float = SECONDS_TO_ANSWER,
    ):
        self.account, self.token, self.sent_from = account, token, sent_from
        self.country, self.reports_to, self.seconds = country, reports_to, seconds

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns the sid. Raises NotSent, Refused, Stopped, Unsure."""
        by = "MessagingServiceSid" if self.sent_from.startswith("MG") else "From"
        values = {"To": self._number(outgoing.address), by: self.sent_from, "Body": outgoing.text}
        if self.reports_to:
            values["StatusCallback"] = f"{self.reports_to}?{urlencode({'key': outgoing.key})}"
        status, body = self._asked("POST", "", urlencode(values).encode())
        found = _read(body)
        if status < 300:
            return str(found.get("sid", ""))[:200]
        words = f"Twilio answered {status}: {str(found.get('message') or 'no reason')[:150]}"
        if found.get("code") == UNSUBSCRIBED:
            raise Stopped("They stopped texts: Twilio sends them none any more.")
        if status in BUSY:
            raise NotSent(words)
        raise Refused(words) if status < 500 else Unsure(words)

    def ask(self, outgoing: Outgoing) -> str | None:
        """The sid of the text with these words to this number; None when there is none. Raises NotSent."""
        wanted = urlencode({"To": self._number(outgoing.address), "PageSize": LOOKED_AT})
        try:
            status, body = self._asked("GET", f"?{wanted}")
        except Unsure as error:
            raise NotSent(str(error)) from error
        rows = _read(body).get("messages") if status == 200 else None
        if not isinstance(rows, list):
            raise NotSent(f"Twilio answered {status} when asked.")
        found = next((row for row in rows if _is(row, outgoing)), None)
        return None if found is None else str(found.get("sid", ""))

    def close(self) -> None:
        """Every text has a connection of its own."""

    def _number(self, written):
        """E.164, as Twilio wants it: a number typed without a country is one of the desk's."""
        digits = phone_digits(written, self.country)
        if not digits:
            raise Refused("This is no phone number.")
        return f"+{digits}"

    def _asked(self, method, query, body=b""):
        url = f"{settings.TWILIO_URL.rstrip('/')}/2010-04-01/Accounts/{self.account}/Messages.json{query}"
        name = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        headers = {"Authorization": f"Basic {name}", "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return answer_to(Ask(method, url, headers, body, seconds=self.seconds))


def signature(token: str, url: str, fields: dict[str, str]) -> str:
    """What Twilio writes into X-Twilio-Signature: the address, then each field's name and value, signed."""
    signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    # SHA-1 is Twilio's choice; as an HMAC it still holds.
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _is(row, outgoing):
    """Whether a listed text is this one: ours, not an earlier attempt, not older, with its words."""
    if not str(row.get("direction", "")).startswith("outbound") or row.get("sid") in outgoing.known_ids:
        return False
    try:
        is_older = parsedate_to_datetime(row["date_created"]) < outgoing.since.replace(microsecond=0)
    except (KeyError, TypeError, ValueError, AttributeError):
        is_older = False
    return not is_older and _says(str(row.get("body", "")), outgoing.text)


def _says(body, text):
    """Whether it went with these words, whatever link stood where LINK stands."""
    if LINK not in text:
        return body == text
    before, _, after = text.partition(LINK)
    return body.startswith(before) and body.endswith(after)


def _read(body):
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
