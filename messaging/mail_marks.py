"""By what a mail says that a machine wrote it, and which of our mails it sends back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message

from messaging.models import DeliveryReport

What = DeliveryReport.What
Header = Callable[[str], str]

# Our own Message-ID: the message's key at the desk (see `messaging.mail_channel`).
_HEX = r"[0-9a-fA-F]"
OUR_ID = re.compile(rf"({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})@([a-z0-9-]{{1,60}})")
# Weak: people write such titles, too. Two weak marks make one.
_ABSENT = re.compile(
    r"^\s*(?:re:\s*|aw:\s*)?(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response)|"
    r"autoreply|i am (?:away|out)|on (?:holiday|vacation|leave)|abwesenheit|automatische antwort|"
    r"nicht im (?:büro|haus)|réponse automatique|absence du bureau|absent du bureau|automatisch antwoord|"
    r"afwezig|respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori sede|"
    r"resposta automática|ausência|automatiskt svar|frånvaro|automatisk svar|fravær|autosvar|"
    r"automatická odpověď|odpowiedź automatyczna|nieobecność|poissa|automaattinen vastaus)",
    re.IGNORECASE,
)
_MACHINES = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|noreply-.{0,40}|bounces?)@")
_DAEMONS = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon)@")
_FAILED_TITLE = re.compile(
    r"undeliver|delivery status|delivery.{0,20}fail|fail.{0,20}deliver|returned mail|mail delivery|"
    r"unzustellbar|non remis|onbestelbaar|no se pudo entregar|mancato recapito",
    re.IGNORECASE,
)
_ACTIONS = {
    "failed": What.BOUNCED,
    "delayed": What.ACCEPTED,
    "relayed": What.ACCEPTED,
    "expanded": What.ACCEPTED,
    "delivered": What.DELIVERED,
}


@dataclass(frozen=True)
class Returned:
    """What a mail server says became of a mail: `key` is ours, empty where it names none of ours."""

    what: str
    key: str
    address: str
    detail: str


def automatic_because(header: Header, title: str, sender: str, kind: str) -> str:
    """By which mark a machine wrote it; empty for a person's mail."""
    said = header("auto-submitted").lower().split(";")[0].strip()
    if said and said != "no":
        return f"Auto-Submitted: {said}"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponse", "x-vacation"):
        if header(name):
            return name
    precedence = header("precedence").lower().strip()
    if precedence in ("auto_reply", "bulk", "junk", "list"):
        return f"Precedence: {precedence}"
    if header("list-id") or header("list-unsubscribe"):
        return "List-Id"
    if header("return-path").replace(" ", "") == "<>":
        return "an empty Return-Path"
    if kind == "multipart/report":
        return "a report"
    weak = (
        bool(_ABSENT.match(title)),
        bool(header("x-auto-response-suppress")),
        bool(_MACHINES.match(sender)),
        bool(header("feedback-id") or header("x-campaign-id")),
    )
    return "two weak marks" if sum(weak) >= 2 else ""


def returned(mail: Message, header: Header, text: str) -> tuple[Returned, ...]:
    """What a mail server reports in a mail; nothing for any other mail."""
    reported = _reported(mail)
    sender = header("from").lower()
    named = re.search(r"[\w.+-]+@[\w.-]+", sender)
    is_daemon = bool(named and _DAEMONS.match(named.group()))
    failed = header("x-failed-recipients")
    if reported is None and not (failed or (is_daemon and _FAILED_TITLE.search(header("subject")))):
        return ()
    keys = _keys_within(mail, text)
    what, address, detail = reported or (What.BOUNCED, failed, "The mail server sent it back")
    if not keys:
        return (Returned(what, "", address, detail),)
    return tuple(Returned(what, key, address, detail) for key in keys)


def keys_in(words: str) -> list[str]:
    """The keys of our messages in ids, each once, in order."""
    return list(dict.fromkeys(found[0].lower() for found in OUR_ID.findall(words)))


def _reported(mail):
    """Decision, address and words of a delivery status; None where there is none."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        said = _fields(part)
        what = _ACTIONS.get(said.get("action", "").lower(), What.BOUNCED)
        address = (said.get("original-recipient") or said.get("final-recipient", "")).rpartition(";")[2]
        words = said.get("diagnostic-code", "").partition(";")[2] or said.get("status", "")
        return what, address.strip().lower(), " ".join(words.split())
    return None


def _fields(part):
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [part]
    text = "\n".join(str(block) if block is not part else str(payload) for block in blocks)
    unfolded = re.sub(r"\r?\n[ \t]+", " ", text)
    return {
        found[1].lower(): found[2].strip()
        for found in re.finditer(r"^([A-Za-z-]{3,40}):[ \t]*(.*)$", unfolded, re.MULTILINE)
    }


def _keys_within(mail, text):
    """Our messages' keys in the mail that is sent back: its head, or what is quoted of it."""
    for part in mail.walk():
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and payload:
            ids = [str(value) for name, value in payload[0].raw_items() if name.lower() == "message-id"]
            if keys := keys_in(" ".join(ids)):
                return keys
        elif kind == "text/rfc822-headers":
            content = part.get_payload(decode=True) or b""
            found = re.search(rb"^message-id:\s*(.{1,400})$", content, re.MULTILINE | re.IGNORECASE)
            if found and (keys := keys_in(found[1].decode("ascii", "replace"))):
                return keys
    return keys_in(text)[:1]
