"""A desk's own providers: through whom its mail and texts leave instead of the installation's way."""

import datetime as dt
import secrets as dice
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.urls import reverse

from customers.links import hash_of
from messaging.channels import NotSent, Outgoing, Refused, Stopped, Unsure, Way
from messaging.deadline import SECONDS_TO_ANSWER, Deadline
from messaging.keys import key_of, moment
from messaging.mail_channel import Mail
from messaging.models import Message, Provider
from messaging.postmark import Postmark
from messaging.reaching import GuardedBackend
from messaging.secrets import SecretLost, closed, opened
from messaging.sms_channel import Description, Sms
from messaging.twilio import Twilio
from tenancy.models import Tenant
from tenancy.prepared import Prepared, Words

Kind = Provider.Kind
Channel = Message.Channel
# Names in what is closed: what the provider knows us by, and the token of the address it reports to.
SECRET, HOOK = "secret", "hook"
# A person waits for a test.
SECONDS_TO_TEST = 8
TOKEN_LENGTH = 43
# So much of a secret's beginning at the end of an answer is no chance.
SHORTEST_CUT = 4


class Ways:
    """The ways out of a batch: each desk's own is made once, with one connection, and closed at its end."""

    def __init__(self):
        self._of_desks: dict[tuple[int, str], Way] = {}
        self._shared: dict[str, Way] = {}

    def of(self, desk: Tenant, channel: str) -> Way:
        """How this desk's messages leave; the desk is open."""
        key = (desk.pk, channel)
        if key not in self._of_desks:
            provider = provider_of(channel)
            self._of_desks[key] = self._installation(channel) if provider is None else way_of(provider, desk)
        return self._of_desks[key]

    def close(self) -> None:
        """End every connection."""
        for way in self._of_desks.values():
            way.close()

    def _installation(self, channel):
        if channel not in self._shared:
            self._shared[channel] = of_the_installation(channel)
        return self._shared[channel]


def of_the_installation(channel: str) -> Way:
    """The way that the installation's settings describe."""
    return Mail() if channel == Channel.MAIL else Sms()


def installation_sends(channel: str) -> bool:
    """Whether the installation's settings send messages of a channel."""
    return channel == Channel.MAIL or bool(settings.SMS_URL)


def provider_of(channel: str) -> Provider | None:
    """The active desk's own provider of a channel."""
    return next(iter(_PROVIDER.rows(channel=channel)), None)


_PROVIDER = Prepared(lambda channel: Provider.objects.filter(channel=channel), channel=Words())


def way_of(provider: Provider, desk: Tenant, *, seconds: float = SECONDS_TO_ANSWER) -> Way:
    """How messages leave through a provider; one whose secret is lost refuses them all."""
    try:
        known = opened(provider.secret)
    except SecretLost as error:
        return Lost(str(error))
    return Discreet(MAKERS[provider.kind](provider.settings, known, desk, seconds), known.get(SECRET, ""))


def save_provider(channel: str, *, kind: str, values: dict, secret: str, by, now: dt.datetime) -> Provider:
    """Keep how a desk sends over a channel; an empty secret keeps the one there was.

    A provider of another kind begins with a new address for its reports.
    """
    provider = Provider.objects.select_for_update().filter(channel=channel).first()
    known = _known(provider) if provider is not None and provider.kind == kind else {}
    if secret:
        known[SECRET] = secret
    known.setdefault(HOOK, dice.token_urlsafe(32))
    provider, _ = Provider.objects.update_or_create(
        channel=channel,
        defaults={
            "kind": kind,
            "settings": values,
            "secret": closed(known),
            "hook_hash": hash_of(known[HOOK]),
            "changed_at": now,
            "changed_by": by,
            "tested_at": None,
            "test_failed_because": "",
        },
    )
    return provider


def has_secret(provider: Provider | None) -> bool:
    """Whether a secret is kept and can still be read."""
    return provider is not None and bool(_known(provider).get(SECRET))


def remove_provider(channel: str) -> bool:
    """Send the installation's way again; whether there was another."""
    return bool(Provider.objects.filter(channel=channel).delete()[0])


def reports_address(provider: Provider) -> str:
    """Where the provider reports to and hands answers over; empty when its secret is lost."""
    token = _known(provider).get(HOOK, "")
    return _hook_address(token) if token else ""


def provider_of_token(token: str) -> tuple[int, int] | None:
    """Desk and key of the provider that reports at an address, of whatever desk; None for no such one."""
    if len(token) != TOKEN_LENGTH:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, provider_id FROM provider_of_hook(%s)", [hash_of(token)])
        return cursor.fetchone()


def secret_of(provider: Provider) -> str:
    """What the provider signs its reports with. Raises SecretLost."""
    return opened(provider.secret).get(SECRET, "")


def send_test(channel: str, *, desk: Tenant, to: str, now: dt.datetime) -> str:
    """Send a test now, through what this desk sends with; what was answered, in words, empty when taken.

    The answer is kept with the provider, if the desk has one of its own.
    """
    provider = provider_of(channel)
    way = (
        of_the_installation(channel) if provider is None else way_of(provider, desk, seconds=SECONDS_TO_TEST)
    )
    try:
        way.send(_test(channel, desk, to, now))
        failure = ""
    except (NotSent, Refused, Unsure) as error:
        failure = str(error)[:300] or "It was not taken."
    finally:
        way.close()
    if provider is not None:
        Provider.objects.filter(pk=provider.pk, changed_at=provider.changed_at).update(
            tested_at=now, test_failed_because=failure
        )
    return failure


class Discreet:
    """A way whose errors never say the secret, whatever a provider's answer repeats."""

    def __init__(self, way: Way, secret: str):
        self.way, self.secret = way, secret

    @property
    def can_be_asked(self) -> bool:
        """As the way says."""
        return self.way.can_be_asked

    def send(self, outgoing: Outgoing) -> str:
        """As the way does. Raises NotSent, Refused, Stopped, Unsure."""
        return self._said(self.way.send, outgoing)

    def ask(self, outgoing: Outgoing) -> str | None:
        """As the way does. Raises NotSent."""
        return self._said(self.way.ask, outgoing)

    def close(self) -> None:
        """As the way does."""
        self.way.close()

    def _said(self, act, outgoing):
        try:
            return act(outgoing)
        except (NotSent, Stopped, Refused, Unsure) as error:
            told = str(error)
            for written in {self.secret, quote(self.secret, safe="")} - {""}:
                told = _without(told, written)
            if told == str(error):
                raise
            raise type(error)(told) from None


def _without(told, secret):
    """The words without the secret, also where they were cut within it."""
    told = told.replace(secret, "…")
    cut = next((n for n in range(len(secret) - 1, SHORTEST_CUT - 1, -1) if told.endswith(secret[:n])), 0)
    return f"{told[:-cut]}…" if cut else told


class Lost:
    """A provider whose secret nobody can read: messages fail where a person sees them."""

    can_be_asked = False

    def __init__(self, reason: str):
        self.reason = reason

    def send(self, outgoing: Outgoing) -> str:
        """Never. Raises Refused."""
        raise Refused(self.reason)

    def ask(self, outgoing: Outgoing) -> str | None:
        """Never. Raises NotSent."""
        raise NotSent(self.reason)

    def close(self) -> None:
        """Nothing is open."""


def _smtp(values, known, desk, seconds):
    security, deadline = values["security"], Deadline(seconds)

    def connect():
        return GuardedBackend(
            host=values["host"],
            port=values["port"],
            username=values["user"],
            password=known.get(SECRET, ""),
            use_tls=security == "starttls",
            use_ssl=security == "tls",
            deadline=deadline,
        )

    return Mail(
        connect,
        from_address=values["from_address"],
        replies_to=values.get("replies_to", ""),
        deadline=deadline,
    )


def _postmark(values, known, desk, seconds):
    return Postmark(
        known.get(SECRET, ""),
        from_address=values["from_address"],
        stream=values.get("stream", ""),
        replies_to=values.get("replies_to", ""),
        seconds=seconds,
    )


def _twilio(values, known, desk, seconds):
    return Twilio(
        values["account"],
        known.get(SECRET, ""),
        sent_from=values["sent_from"],
        country=desk.country,
        reports_to=_hook_address(known[HOOK]),
        seconds=seconds,
    )


def _http(values, known, desk, seconds):
    return Sms(
        Description(
            url=values["url"],
            method=values["method"],
            headers=values["headers"],
            body=values["body"],
            id_field=values["id_field"],
            lookup_url=values["lookup_url"],
            secret=known.get(SECRET, ""),
            guarded=True,
            seconds=seconds,
        )
    )


MAKERS = {Kind.SMTP: _smtp, Kind.POSTMARK: _postmark, Kind.TWILIO: _twilio, Kind.HTTP: _http}


def _known(provider):
    try:
        return opened(provider.secret)
    except SecretLost:
        return {}


def _hook_address(token):
    return settings.PUBLIC_URL.rstrip("/") + reverse("hook", kwargs={"token": token})


def _test(channel, desk, to, now):
    return Outgoing(
        key=str(key_of("test of a provider", desk.slug, channel, moment(now))),
        desk_slug=desk.slug,
        sender_name=desk.name,
        reply_to=desk.email,
        address=to,
        title=f"A test from {desk.name}",
        text=f"{desk.name}: this is a test. Messages to customers leave this way.",
    )
