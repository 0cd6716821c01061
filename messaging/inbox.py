"""Reading a desk's mailbox over IMAP: each mail once, in order, and nothing in it is changed.

How far we have read is written in the transaction that keeps the mail. After a crash the mail is
read again, and is the same one; two workers at once wait for each other at the row.
"""

import datetime as dt
import imaplib
import logging
import re
import ssl
from dataclasses import dataclass

from messaging.channels import said
from messaging.deadline import Deadline
from messaging.mail_in import take_mail
from messaging.mail_reading import date_of
from messaging.models import Inbox
from messaging.providers import SECRET
from messaging.reaching import connected
from messaging.secrets import SecretLost, closed, opened
from tenancy.models import Tenant
from tenancy.scope import tenant

log = logging.getLogger(__name__)
# Of one desk in one round: the others want their turn.
MOST_AT_ONCE = 200
SECONDS, SECONDS_TO_TRY = 120, 8
# A mail is read whole up to here; of a larger one its beginning, with what its words hold.
MOST_BYTES, BEGINNING = 40_000_000, 2_000_000
# Renumbered by its server, a mailbox is read again from so far back: what we have is known again.
LOOK_BACK = dt.timedelta(days=2)


class Unreadable(Exception):
    """The mailbox cannot be read now; the words say why, and hold no password."""


@dataclass(frozen=True)
class Found:
    """One mail of the mailbox: its UID, its bytes, when it came, and its size as the server says."""

    uid: int
    raw: bytes
    came_at: dt.datetime | None
    size: int


def read_all(*, now: dt.datetime) -> int:
    """Read every desk's mailbox; how many mails were taken in. A desk that fails stops no other."""
    taken = 0
    for desk in Tenant.objects.order_by("pk"):
        try:
            taken += read_desk(desk, now=now)
        except Exception:
            log.exception("The mailbox of desk %s was not read to its end", desk.slug)
    return taken


def read_desk(desk: Tenant, *, now: dt.datetime, seconds: float = SECONDS) -> int:
    """Take in what came since the last look; how many. What hinders it is written beside the mailbox.

    The first look takes nothing: what was in the mailbox before is history.
    """
    with tenant(desk):
        inbox = Inbox.objects.first()
    if inbox is None:
        return 0
    deadline, taken = Deadline(seconds), 0
    try:
        with deadline:
            line = _opened(inbox, deadline)
            try:
                validity, uids = _new_ones(line, inbox, now)
                if inbox.validity is None:
                    _keep_place(desk, inbox, validity, max(uids, default=0))
                    uids = []
                for uid in uids[:MOST_AT_ONCE]:
                    taken += _taken(desk, inbox, validity, _fetched(line, uid), now)
            finally:
                _closed(line)
    except (Unreadable, imaplib.IMAP4.error, OSError, ValueError) as error:
        reason = deadline.words() if deadline.is_over else str(error) if isinstance(error, Unreadable) else ""
        _failed(desk, inbox, reason or f"The mail server says: {said(error)}", now)
        return taken
    finally:
        deadline.close()
    with tenant(desk):
        Inbox.objects.filter(pk=inbox.pk).update(read_at=now, failed_at=None, failed_because="")
    return taken


def save_inbox(*, host: str, port: int, security: str, user: str, folder: str, secret: str, by, now) -> Inbox:
    """Keep which mailbox the active desk's mail comes into; an empty secret keeps the one there was.

    Another mailbox begins anew: what is in it already is history.
    """
    inbox = Inbox.objects.select_for_update().first()
    place = {"host": host, "port": port, "user": user, "folder": folder}
    values = {**place, "security": security, "changed_at": now, "changed_by": by}
    if secret:
        values["secret"] = closed({SECRET: secret})
    if inbox is None or any(getattr(inbox, name) != value for name, value in place.items()):
        values |= {"validity": None, "last_uid": None, "read_at": None}
    values |= {"failed_at": None, "failed_because": ""}
    saved, _ = Inbox.objects.update_or_create(pk=inbox.pk if inbox else None, defaults=values)
    return saved


def remove_inbox() -> bool:
    """Read the active desk's mailbox no more; whether there was one."""
    return bool(Inbox.objects.all().delete()[0])


class _Guarded(imaplib.IMAP4):
    """IMAP that connects to allowed addresses only, watched by a deadline."""

    def __init__(self, host: str, port: int, *, deadline: Deadline):
        self._deadline = deadline
        super().__init__(host, port, timeout=deadline.seconds)

    def _create_socket(self, timeout):
        return self._deadline.watch(connected((self.host, self.port), timeout))


class _GuardedOverTls(_Guarded):
    """The same, encrypted from the first byte."""

    def _create_socket(self, timeout):
        return ssl.create_default_context().wrap_socket(
            super()._create_socket(timeout), server_hostname=self.host
        )


def _opened(inbox, deadline):
    try:
        password = opened(inbox.secret).get(SECRET, "")
    except SecretLost as error:
        raise Unreadable(str(error)) from None
    try:
        kind = _GuardedOverTls if inbox.security == "tls" else _Guarded
        line = kind(inbox.host, inbox.port, deadline=deadline)
        if inbox.security == "starttls":
            line.starttls(ssl_context=ssl.create_default_context())
    except OSError as error:
        raise Unreadable(f"The mail server does not answer: {said(error)}") from error
    try:
        line.login(inbox.user, password)
    except (imaplib.IMAP4.error, ValueError):
        # The server's words might repeat what it was told.
        _closed(line)
        raise Unreadable("The mail server does not accept the name and password.") from None
    answer, _ = line.select(_quoted(inbox.folder), readonly=True)
    if answer != "OK":
        _closed(line)
        raise Unreadable(f"There is no folder “{inbox.folder}” in this mailbox.")
    return line


def _new_ones(line, inbox, now):
    """The folder's UIDVALIDITY, and the UIDs that we have not read, in order."""
    validity = int((line.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)
    if inbox.validity is None:
        return validity, _searched(line, "ALL")
    if inbox.validity == validity:
        first = inbox.last_uid + 1
        # "n:*" names the last mail, too, where none is as new as n.
        return validity, [uid for uid in _searched(line, f"UID {first}:*") if uid >= first]
    since = (inbox.read_at or now) - LOOK_BACK
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return validity, _searched(line, f"SINCE {since.day}-{months[since.month - 1]}-{since.year}")


def _searched(line, what):
    answer, found = line.uid("SEARCH", what)
    if answer != "OK":
        raise Unreadable("The mail server does not say what is in the mailbox.")
    return sorted(int(uid) for part in found if part for uid in part.split())


def _fetched(line, uid) -> Found | None:
    """One mail; None for one that was taken away meanwhile."""
    answer, said_of = line.uid("FETCH", str(uid), "(RFC822.SIZE INTERNALDATE)")
    head = b" ".join(part if isinstance(part, bytes) else b" ".join(part) for part in said_of if part)
    sized = re.search(rb"RFC822\.SIZE (\d+)", head)
    if answer != "OK" or sized is None:
        return None
    size = int(sized[1])
    most = BEGINNING if size > MOST_BYTES else MOST_BYTES
    answer, parts = line.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{most}>)")
    raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
    if answer != "OK" or raw is None:
        return None
    return Found(uid, raw, _came_at(head), size)


def _came_at(head) -> dt.datetime | None:
    """When the mail server took it."""
    found = re.search(rb'INTERNALDATE "([^"]{20,40})"', head)
    return date_of(found[1].decode("ascii", "replace").replace("-", " ", 2)) if found else None


def _taken(desk, inbox, validity, found, now) -> int:
    """Keep a mail and how far we are, in one transaction; 0 when another worker was here before."""
    with tenant(desk):
        held = Inbox.objects.select_for_update().filter(pk=inbox.pk).first()
        if held is None or found is None:
            return 0
        if held.validity == validity and held.last_uid >= found.uid:
            return 0
        take_mail(found.raw, now=now, came_at=found.came_at, whole_size=found.size)
        Inbox.objects.filter(pk=held.pk).update(validity=validity, last_uid=found.uid)
    return 1


def _keep_place(desk, inbox, validity, last_uid):
    with tenant(desk):
        Inbox.objects.filter(pk=inbox.pk, validity__isnull=True).update(validity=validity, last_uid=last_uid)


def _failed(desk, inbox, reason, now):
    with tenant(desk):
        rows = Inbox.objects.filter(pk=inbox.pk)
        rows.filter(failed_at__isnull=True).update(failed_at=now, failed_because=reason[:300])
        rows.update(failed_because=reason[:300])


def _closed(line):
    try:
        line.logout()
    except (imaplib.IMAP4.error, OSError):
        # It is gone already.
        line.shutdown()


def _quoted(folder):
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
