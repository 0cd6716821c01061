"""Several messages of a desk, read and judged at once moments before they leave, with few statements.

Only what is plain is judged here: waiting, and nothing speaks against its going now, or once the quiet
hours are over. All else, and what changed meanwhile, is left to `messaging.delivery` to look at alone.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from messaging import faults, kinds, opting_out, reports
from messaging.judging import MOST_ATTEMPTS, Decision, judge
from messaging.kinds import LINK
from messaging.models import Message
from messaging.outbox import FAULTY_STATES
from messaging.told_customers import tell_left
from tenancy.models import Tenant
from tenancy.prepared import Among, Instant, Key, Keys, Prepared, Statement
from tenancy.scope import current_tenant_id

State = Message.State

_MESSAGES = Prepared(
    lambda keys, leased: Message.objects.filter(
        Among("pk", keys), leased_until=leased, state=State.PLANNED, attempts__lt=MOST_ATTEMPTS
    ).select_related("customer", "contact", "colleague__user"),
    keys=Keys(),
    leased=Instant(),
)
_DESK = Prepared(lambda desk: Tenant.objects.filter(pk=desk), desk=Key())
# Who holds one may be about to change it: it is looked at alone. Waiting for it with the others in hand
# could be waiting for somebody who waits for one of those.
_PUT_OFF = Statement(
    """
    WITH held AS (
        SELECT m.id, put_off.until FROM messaging_message m
        JOIN unnest(%(messages)s, %(untils)s) AS put_off (id, until) ON put_off.id = m.id
        WHERE m.tenant_id = %(desk)s AND m.leased_until = %(leased)s AND m.state = 'planned'
        FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE messaging_message m SET send_after = held.until, leased_until = NULL
    FROM held WHERE m.tenant_id = %(desk)s AND m.id = held.id
    RETURNING m.id
    """,
    {
        "messages": "bigint[]",
        "untils": "timestamptz[]",
        "desk": "bigint",
        "leased": "timestamptz",
    },
)
# Whoever changes a waiting message takes its lease away; who says "no more" changes the contact.
_BEGIN = Statement(
    """
    UPDATE messaging_message SET state = 'sending', attempts = attempts + 1, leased_until = %(until)s,
        address = %(address)s, title = %(title)s, text = %(text)s, language = %(language)s
    WHERE tenant_id = %(desk)s AND id = %(message)s AND leased_until = %(leased)s AND state = 'planned'
      AND NOT EXISTS (
        SELECT FROM customers_contact c
        WHERE c.tenant_id = %(desk)s AND c.id = %(contact)s AND
            (c.by_mail, c.by_sms, c.mail_stopped_at, c.sms_stopped_at, c.email, c.phone)
            IS DISTINCT FROM (%(by_mail)s, %(by_sms)s, %(no_mail)s, %(no_sms)s, %(email)s, %(phone)s)
      )
    RETURNING attempts
    """,
    {
        "until": "timestamptz",
        "address": "text",
        "title": "text",
        "text": "text",
        "language": "text",
        "desk": "bigint",
        "message": "bigint",
        "leased": "timestamptz",
        "contact": "bigint",
        "by_mail": "boolean",
        "by_sms": "boolean",
        "no_mail": "timestamptz",
        "no_sms": "timestamptz",
        "email": "text",
        "phone": "text",
    },
)
_END = Statement(
    """
    UPDATE messaging_message SET state = 'sent', sent_at = %(at)s, provider_id = %(provider)s,
        reason = '', leased_until = NULL
    WHERE tenant_id = %(desk)s AND id = %(message)s AND leased_until = %(leased)s
    RETURNING id
    """,
    {
        "at": "timestamptz",
        "provider": "text",
        "desk": "bigint",
        "message": "bigint",
        "leased": "timestamptz",
    },
)


def judged(
    keys: Iterable[int], leased_until: dt.datetime, *, now: dt.datetime
) -> list[tuple[Message, Decision]]:
    """Those of the active desk's claimed messages that can leave, with what leaves now, or when they may."""
    (desk,) = _DESK.rows(desk=current_tenant_id())
    messages = _MESSAGES.rows(keys=list(keys), leased=leased_until)
    for message in messages:
        message.tenant = desk
        if message.customer is not None:
            message.customer.tenant = desk
    kinds.read_ahead(messages, now=now)
    decisions = [(message, judge(message, now=now)) for message in messages]
    leaving = [(message, decision) for message, decision in decisions if decision.outgoing is not None]
    links = _links([message for message, decision in leaving if LINK in decision.outgoing.text], now)
    return [
        *((message, decision) for message, decision in decisions if decision.send_after is not None),
        *((message, _whole(message, decision, links.get(message.pk, ""))) for message, decision in leaving),
    ]


def _links(messages, now) -> dict[int, str]:
    wanted = defaultdict(list)
    for message in messages:
        wanted[kinds.maker_of_links(message)].append(message)
    return {
        message.pk: link
        for make, theirs in wanted.items()
        for message, link in zip(theirs, make(theirs, now=now), strict=True)
    }


def _whole(message, decision, link) -> Decision:
    outgoing = replace(
        decision.outgoing,
        text=decision.outgoing.text.replace(LINK, link),
        unsubscribe_url=opting_out.address_for(message),
    )
    return replace(decision, outgoing=outgoing)


def put_off(later: dict[int, dt.datetime], leased_until: dt.datetime) -> set[int]:
    """Let claimed messages (by primary key) wait until an instant each; those of them that now do.

    One statement, however many there are. Not those that somebody holds, or took over meanwhile.
    """
    if not later:
        return set()
    rows = _PUT_OFF.rows(
        messages=list(later),
        untils=list(later.values()),
        desk=current_tenant_id(),
        leased=leased_until,
    )
    return {pk for (pk,) in rows}


def begin(message: Message, decision: Decision, *, until: dt.datetime) -> bool:
    """Mark it as being sent, unless it, its contact or what it is about changed since it was judged."""
    if not kinds.still_stands(message):
        return False
    contact = message.contact
    values = {
        "until": until,
        "address": decision.outgoing.address,
        "title": decision.title[:200],
        "text": decision.text,
        "language": decision.language,
        "desk": message.tenant_id,
        "message": message.pk,
        "leased": message.leased_until,
        "contact": message.contact_id,
        "by_mail": contact and contact.by_mail,
        "by_sms": contact and contact.by_sms,
        "no_mail": contact and contact.mail_stopped_at,
        "no_sms": contact and contact.sms_stopped_at,
        "email": contact and contact.email,
        "phone": contact and contact.phone,
    }
    rows = _BEGIN.rows(**values)
    if not rows:
        return False
    message.state, message.attempts, message.leased_until = State.SENDING, rows[0][0], until
    message.address, message.title, message.text = values["address"], values["title"], values["text"]
    message.language = values["language"]
    return True


def end(message: Message, *, provider_id: str, at: dt.datetime) -> bool:
    """Mark it as sent, if this worker still holds it, with what follows."""
    values = {"desk": message.tenant_id, "message": message.pk, "leased": message.leased_until}
    if not _END.rows(at=at, provider=provider_id, **values):
        return False
    message.state, message.sent_at, message.reason = State.SENT, at, ""
    message.provider_id, message.leased_until = provider_id, None
    follow(message, now=at)
    return True


def follow(message: Message, *, now: dt.datetime) -> None:
    """What follows the end of an attempt, in the transaction in which it is marked."""
    if message.state in FAULTY_STATES:
        faults.report(message, now=now)
    else:
        tell_left(message, now=now)
    # What its provider reported while it was on its way.
    reports.apply_reports(message, now=now)
    if message.state == State.SENT:
        kinds.tell_sent(message, now=now)
