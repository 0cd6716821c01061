"""A customer's own "no more": STOP by text, one click in a mail. Only they themselves take it back.

Texts: never overruled, whatever the desk or a visit wants; a person rings instead. Mail: what they
need to know about a visit of theirs still goes, all else does not. It holds for the number or
address, also of a contact that is entered later.
"""

import datetime as dt
import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

from customers.models import Contact, TimelineEntry
from customers.searchkeys import folded, words
from customers.timeline import add_lines
from messaging.models import Message, OptOut
from messaging.whose import contacts_at, key_at

Channel = Message.Channel
SALT = "messaging.opting_out"
# The whole text, folded. "Cancel" and "end" are left out: they mean a visit, and a person must read them.
STOP_WORDS = frozenset(
    {
        *("stop", "stop all", "stopall", "stop please", "please stop", "stop sms", "stop texts", "quit"),
        *("unsubscribe", "optout", "opt out", "revoke"),
        *("stoppen", "stop aub", "afmelden", "uitschrijven"),
        *("stopp", "bitte stop", "bitte stopp", "abmelden", "abbestellen"),
        *("arret", "arreter", "arretez", "desabonner", "desinscrire", "desinscription"),
    }
)
START_WORDS = frozenset({"start", "unstop", "aanmelden", "anmelden", "reprendre"})
FIELDS = {Channel.SMS: "sms_stopped_at", Channel.MAIL: "mail_stopped_at"}
SAID = {
    (Channel.SMS, True): "They stopped texts",
    (Channel.SMS, False): "They want texts again",
    (Channel.MAIL, True): "They stopped mail that is not about a visit",
    (Channel.MAIL, False): "They want mail again",
}


def is_stop(text: str) -> bool:
    """Whether a text says nothing but stop, in English, Dutch, German or French."""
    return _all_of(text) in STOP_WORDS


def is_start(text: str) -> bool:
    """Whether a text says nothing but that they want texts again."""
    return _all_of(text) in START_WORDS


def has_said_no(contact: Contact, channel: str, *, about_visit: bool) -> bool:
    """Whether the contact's own word speaks against a message."""
    if channel == Channel.SMS:
        return contact.sms_stopped_at is not None
    return contact.mail_stopped_at is not None and not about_visit


def is_about_visit(message: Message) -> bool:
    """Whether it tells of a visit with its time: what they need to know."""
    return message.subject_start is not None


def stop_texts(address: str, *, now: dt.datetime) -> int:
    """No more texts to a number, whoever has it or will; how many contacts that changed."""
    return _stop(Channel.SMS, address, now)


def want_texts(address: str, *, now: dt.datetime) -> int:
    """Texts to a number again; how many contacts that changed."""
    return _want(Channel.SMS, address, now)


def stop_mail(address: str, *, now: dt.datetime) -> int:
    """No more mail of the sort one need not read to an address; how many contacts that changed."""
    return _stop(Channel.MAIL, address, now)


def want_mail(address: str, *, now: dt.datetime) -> int:
    """Mail to an address again; how many contacts that changed."""
    return _want(Channel.MAIL, address, now)


def address_for(message: Message) -> str:
    """Where one click stops mail like this one; empty for texts, colleagues, and what is about a visit."""
    if message.channel != Channel.MAIL or message.contact is None or is_about_visit(message):
        return ""
    token = signing.Signer(salt=SALT).sign(f"{message.tenant.slug}.{message.contact.public_id.hex}")
    return settings.PUBLIC_URL.rstrip("/") + reverse("no-more-mail", kwargs={"token": token})


def read_token(token: str) -> tuple[str, uuid.UUID] | None:
    """The desk's slug and the contact's public id in an address of ours; None for another's making."""
    try:
        slug, _, contact = signing.Signer(salt=SALT).unsign(token).rpartition(".")
        return slug, uuid.UUID(contact)
    except (signing.BadSignature, ValueError):
        return None


def _all_of(text):
    """Its words in one line; none where it also says something in other letters than ours."""
    has_others = any(sign.isalpha() and not sign.isascii() for sign in folded(text))
    return "" if has_others else " ".join(words(text))


def _stop(channel, address, now):
    """A trigger marks whoever gets the number or address later."""
    key = key_at(channel, address)
    if key:
        OptOut.objects.bulk_create([OptOut(channel=channel, key=key, stopped_at=now)], ignore_conflicts=True)
    return _set(contacts_at(channel, address), channel, stopped_at=now, now=now)


def _want(channel, address, now):
    OptOut.objects.filter(channel=channel, key=key_at(channel, address)).delete()
    return _set(contacts_at(channel, address), channel, stopped_at=None, now=now)


def _set(contacts, channel, *, stopped_at, now):
    field = FIELDS[channel]
    changed = list(
        contacts.filter(**{f"{field}__isnull": stopped_at is not None})
        .select_for_update(of=("self",))
        .select_related("customer")
    )
    Contact.objects.filter(pk__in=[contact.pk for contact in changed]).update(**{field: stopped_at})
    title = SAID[channel, stopped_at is not None]
    kind = TimelineEntry.Kind.MESSAGE if channel == Channel.SMS else TimelineEntry.Kind.MAIL
    add_lines(
        TimelineEntry(customer=contact.customer, kind=kind, title=title, detail=contact.name, at=now)
        for contact in changed
    )
    return len(changed)
