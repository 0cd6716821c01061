"""A mail that comes in, from whatever way: what it is, whose it is, and that it is kept once (R7.1).

Nothing here answers: what a machine wrote, or we ourselves, opens no duty and gets no answer.
"""

import datetime as dt
import hashlib
import logging
from dataclasses import replace

from django.db import OperationalError, transaction

from messaging.mail_marks import Returned
from messaging.mail_reading import Mail, clean, read_mail
from messaging.models import Message, Reply
from messaging.replies import AUTOMATIC, Incoming, take_reply
from messaging.reports import Report, take_report
from messaging.whose import Traces, is_colleague
from tenancy.models import Tenant
from tenancy.scope import current_tenant_id

log = logging.getLogger(__name__)
Channel = Message.Channel
OUR_OWN = "One of our own mails came back to us"
# Lines at the end of a mail in which a telephone number is the writer's own.
LAST_LINES = 8


def take_mail(
    raw: bytes,
    *,
    now: dt.datetime,
    came_at: dt.datetime | None = None,
    named: str = "",
    mark: str = "",
    whole_size: int = 0,
) -> Reply | None:
    """Take one mail in as it came; its reply, or None when it told what became of mails of ours.

    `named` is what the way in calls it, for one without a Message-ID; `mark` the key of ours that
    stood in the address it came to; `whole_size` how many bytes it has where `raw` is its beginning
    alone. The same mail twice is once. Raises what the database says of itself (OperationalError):
    then it is to come again.
    """
    try:
        with transaction.atomic():
            return _take(read_mail(raw), raw, now, came_at, named, mark, whole_size)
    except OperationalError:
        raise
    except Exception:
        # One mail that trips us must not stand in the way of all that come after it.
        log.exception("A mail of %s bytes is kept as it came", len(raw))
        return take_reply(_as_it_came(raw, came_at), now=now)


def _take(mail: Mail, raw, now, came_at, named, mark, whole_size) -> Reply | None:
    if whole_size > len(raw):
        mail = _without_files(mail, whole_size)
    if mail.returned and _all_reported(mail, now):
        return None
    return take_reply(_incoming(mail, raw, named=named, mark=mark, came_at=came_at), now=now)


def _without_files(mail: Mail, size: int) -> Mail:
    """Of a mail that is too large its beginning was read: what it holds is whole in the mailbox only."""
    because = "The mail is too large to be read whole: the file is in the mailbox."
    files = tuple(replace(one, content=b"", not_kept_because=because) for one in mail.files)
    note = f"(This mail has {size / 1_000_000:.0f} MB. Its beginning was read; the mailbox has it whole.)"
    return replace(mail, files=files, text=f"{mail.text}\n\n{note}")


def _as_it_came(raw, came_at) -> Incoming:
    return Incoming(
        channel=Channel.MAIL,
        provider_id=f"sha256:{hashlib.sha256(raw).hexdigest()}",
        address="(nobody)",
        text="(This mail cannot be taken apart. Open the whole mail.)",
        traces=Traces(),
        original=raw,
        came_at=came_at,
    )


def _all_reported(mail: Mail, now) -> bool:
    """Whether each mail that came back is one of ours, and is told so."""
    reported = [_reported(mail, one, now) for one in mail.returned]
    return all(reported)


def _reported(mail: Mail, returned: Returned, now) -> bool:
    if not returned.key:
        return False
    report = Report(
        report_id=f"mail {mail.mail_id[:150]} {returned.key}",
        what=returned.what,
        at=min(mail.sent_at or now, now),
        key=returned.key,
        address=returned.address,
        detail=clean(returned.detail),
    )
    return take_report(report, channel=Channel.MAIL, now=now)


def _incoming(mail: Mail, raw, *, named, mark, came_at) -> Incoming:
    traces = _traces(mail, mark)
    is_own = _is_our_own(mail)
    # A mail server that says of an unknown mail that it did not arrive is heard by a person.
    is_automatic = bool(mail.automatic_because) and not mail.returned and not _is_persons(mail, traces)
    outcome = OUR_OWN if is_own else AUTOMATIC if is_automatic else ""
    return Incoming(
        channel=Channel.MAIL,
        provider_id=_identity(mail, raw, named),
        address=mail.sender or "(nobody)",
        text=mail.text or "(no words)",
        is_automatic=bool(outcome),
        outcome=outcome,
        title=mail.title,
        rest=mail.rest,
        mail_id=mail.mail_id,
        traces=traces,
        files=mail.files,
        original=raw,
        came_at=came_at,
    )


def _traces(mail: Mail, mark) -> Traces:
    keys = [_mark_in(f"+{mark}@"), *(_mark_in(address) for address in mail.recipients)]
    named = (tuple(f"{key}@mark" for key in keys if key), mail.in_reply_to, mail.references)
    if mail.returned:
        return Traces(named, tuple(one.address for one in mail.returned if one.address))
    if is_colleague(mail.sender) or mail.sender == _desk().email.lower():
        # A colleague hands on what a customer wrote, or a form of ours what somebody filled in.
        return Traces(named, tuple(one for one in (mail.forwarded_from, mail.reply_to) if one))
    last = "\n".join([line for line in mail.text.splitlines() if line.strip()][-LAST_LINES:])
    addresses = tuple(dict.fromkeys(one for one in (mail.sender, mail.reply_to) if one))
    return Traces(named, addresses, mail.signature or last)


def _mark_in(address):
    """The key in "service+0195…@northgate.example", as an id is written; empty for none."""
    tag = address.partition("@")[0].rpartition("+")[2]
    if len(tag) != 32 or any(one not in "0123456789abcdef" for one in tag):
        return ""
    return f"{tag[:8]}-{tag[8:12]}-{tag[12:16]}-{tag[16:20]}-{tag[20:]}"


def _is_persons(mail: Mail, traces: Traces) -> bool:
    """Somebody answers us through a list: the list has marked it, and a person wrote it."""
    is_of_a_list = mail.automatic_because == "List-Id" or mail.automatic_because == "Precedence: list"
    return is_of_a_list and any(traces.named)


def _is_our_own(mail: Mail) -> bool:
    if mail.desk_mark and mail.desk_mark == _desk().slug:
        return True
    key, _, slug = mail.mail_id.partition("@")
    return slug == _desk().slug and bool(_mark_in(f"+{key.replace('-', '').lower()}@"))


def _identity(mail: Mail, raw, named) -> str:
    """What tells it from others, whichever way it comes: its Message-ID, else when it was written.

    Some programs give one Message-ID twice: who says what counts with it.
    """
    when = mail.sent_at.isoformat() if mail.sent_at else named
    if not (mail.mail_id or when):
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    said = "\n".join((mail.sender, mail.title, " ".join(mail.text.split())[:2000]))
    digest = hashlib.sha256(said.encode()).hexdigest()
    return f"{(mail.mail_id or when)[:150]} {digest[:32]}"


def _desk() -> Tenant:
    return Tenant.objects.get(pk=current_tenant_id())
