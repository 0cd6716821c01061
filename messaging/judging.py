"""Whether a claimed message goes now, later or never, and what it says: decided on the truth of now."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from messaging import by_hand
from messaging.attachments import read_attachments
from messaging.channels import Outgoing
from messaging.kinds import LINK, Kind, UnknownKind, kind_of, maker_of_links
from messaging.models import Message
from messaging.opting_out import has_said_no, is_about_visit
from messaging.outbox import is_allowed
from tenancy.calendars import end_of_quiet_hours, zone_named, zone_of

State = Message.State
# How long after each attempt that failed the next may begin; after the last one a person sees it.
BACK_OFF = (
    dt.timedelta(minutes=1),
    dt.timedelta(minutes=4),
    dt.timedelta(minutes=15),
    dt.timedelta(hours=1),
)
MOST_ATTEMPTS = len(BACK_OFF) + 1


@dataclass(frozen=True)
class Decision:
    """Exactly one of: an end (state, reason), a later time, or what leaves now.

    `title` and `text` are what we keep: with LINK in the place of the link, in `language` (empty when
    a person wrote them).
    """

    state: str = ""
    reason: str = ""
    send_after: dt.datetime | None = None
    outgoing: Outgoing | None = None
    title: str = ""
    text: str = ""
    language: str = ""


def judge(message: Message, *, now: dt.datetime) -> Decision:
    """Decide on one message, with its desk open. One in doubt that should not go is uncertain."""
    try:
        kind = kind_of(message)
    except UnknownKind as error:
        return Decision(State.FAILED, str(error))
    against = _against(message, kind, now)
    if against is None:
        return _quiet(message, kind, now) or _written(message, kind, now)
    if message.state == State.SENDING:
        return Decision(State.UNCERTAIN, f"It may have gone before we knew: {against.reason}")
    if by_hand.is_by_hand(message) and not by_hand.says_it_otherwise(message):
        # Whoever wrote it hears that it did not go.
        return against if against.state == State.MISSED else Decision(State.FAILED, against.reason)
    return against


def recipient_zone(message: Message) -> ZoneInfo:
    """The wall clock of whom it is written to: the customer's, else the desk's."""
    if message.customer is not None and message.customer.time_zone:
        return zone_named(message.customer.time_zone)
    return zone_of(message.tenant)


def address_of(message: Message) -> str:
    """Where it goes as of now; empty when there is no such address any more."""
    if message.colleague is not None:
        return message.colleague.user.email if message.channel == Message.Channel.MAIL else ""
    return message.contact.email if message.channel == Message.Channel.MAIL else message.contact.phone


def _against(message, kind: Kind, now):
    """Why it must not go, as the end of it; None when nothing speaks against it."""
    starts = message.tenant.messages_from
    if starts is None or message.send_after < starts:
        return Decision(State.SKIPPED, "It was due before the desk's messages were switched on.")
    because = kind.why_not(message, now=now)
    if because:
        return Decision(State.CANCELLED, because)
    if message.useless_after is not None and now >= message.useless_after:
        useless = kind.useless(message, now=now)
        return Decision(State.MISSED if useless.is_fault else State.SKIPPED, useless.reason)
    stopped = _stopped(message, kind)
    if stopped is not None:
        return stopped
    if not address_of(message):
        what = "mail address" if message.channel == Message.Channel.MAIL else "phone number"
        return Decision(State.FAILED, f"There is no {what} any more.")
    return None


def _stopped(message, kind: Kind):
    """The customer's own stop holds; the desk's note gives way to a visit under way."""
    contact, matters = message.contact, is_about_visit(message) or kind.overrules_stop(message)
    if contact is None:
        return None
    if has_said_no(contact, message.channel, about_visit=is_about_visit(message)):
        # They must hear of a visit: when nothing else tells them, somebody rings (R4.9).
        if matters and not _told_otherwise(message):
            return Decision(State.FAILED, "They stopped texts: ring them.")
        return Decision(State.SKIPPED, "They want no messages of this sort any more.")
    if not is_allowed(contact, message.channel) and not kind.overrules_stop(message):
        return Decision(State.SKIPPED, "They want no messages of this sort any more.")
    return None


def _told_otherwise(message):
    """Whether the same is told them over the other channel, and nothing is known to have gone wrong."""
    same = Message.objects.filter(
        kind=message.kind,
        contact=message.contact,
        subject=message.subject,
        subject_start=message.subject_start,
        state__in=[State.PLANNED, State.SENDING, State.SENT, State.DELIVERED],
    )
    return same.exclude(channel=message.channel).exists()


def _quiet(message, kind: Kind, now):
    desk = message.tenant
    until = end_of_quiet_hours(
        now, zone=recipient_zone(message), quiet_from=desk.quiet_from, quiet_until=desk.quiet_until
    )
    if until <= now or kind.may_disturb(message, quiet_until=until):
        return None
    return Decision(send_after=until)


def _written(message, kind: Kind, now):
    """A person's words before ours; the link is made last and kept nowhere."""
    if by_hand.EDITED_BY in message.fields:
        title, text, language = message.title, message.text, ""
    else:
        letter = kind.write(message, now=now)
        title, text, language = letter.title, letter.text, letter.language
    attachments = read_attachments(message, now=now)
    link = ""
    if LINK in text:
        # With those of others it is made once all are judged.
        link = LINK if maker_of_links(message) else kind.make_link(message, now=now)
    outgoing = Outgoing(
        key=str(message.key),
        desk_slug=message.tenant.slug,
        sender_name=message.tenant.name,
        reply_to=message.tenant.email,
        address=address_of(message),
        title=title,
        text=text.replace(LINK, link),
        attachments=attachments,
    )
    return Decision(outgoing=outgoing, title=title, text=text, language=language)
