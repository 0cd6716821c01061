"""Which machines a provider named by a desk may be: never ones behind our own walls.

The name is resolved here and the connection goes to the very address that was looked at, so that
a name cannot answer twice differently. In development it is the other way round: nothing leaves
the machine.
"""

import http.client
import ipaddress
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from messaging.channels import NotSent, Refused, Unsure, said
from messaging.deadline import SECONDS_TO_ANSWER, Deadline

# An answer says what became of one message; more than this is none.
MOST_BYTES = 200_000
UNWRITABLE = "The request cannot be written: look at its address and headers."
# Where machines of the world have their IPv6 addresses; and where a network without IPv4 puts those.
WORLD = ipaddress.IPv6Network("2000::/3")
TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class OutOfReach(OSError):
    """A machine that may not be written to from here."""


@dataclass(frozen=True)
class Ask:
    """One HTTP request to a provider, `seconds` in all. `guarded`: the address came from a desk."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    guarded: bool = True
    seconds: float = SECONDS_TO_ANSWER


def check_reachable(host: str, port: int) -> None:
    """Raise OutOfReach for a host that may not be written to, OSError for one that has no address."""
    _allowed(host, port)


def connected(address: tuple[str, int], timeout: float | None = None, source_address=None) -> socket.socket:
    """A connection to an allowed address of a host, all tried in `timeout`. Raises OutOfReach, OSError."""
    failure: OSError | None = None
    ends_at = None if timeout is None else time.monotonic() + timeout
    for allowed in _allowed(*address):
        left = None if ends_at is None else ends_at - time.monotonic()
        if left is not None and left <= 0:
            break
        try:
            connection = socket.create_connection(allowed, left, source_address)
            connection.settimeout(timeout)
            return connection
        except OSError as error:
            failure = error
    raise failure or OSError("It has no address.")


def answer_to(ask: Ask) -> tuple[int, bytes]:
    """Status and body; redirects are not followed.

    Raises NotSent before a byte left, Refused for a request that cannot be written, else Unsure.
    """
    deadline = Deadline(ask.seconds)
    try:
        with deadline:
            return _answered(ask, deadline)
    finally:
        deadline.close()


def _answered(ask, deadline):
    connect = connected if ask.guarded else socket.create_connection
    try:
        parts = urlsplit(ask.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=ask.seconds)
        # Python's own place for another way to connect; TLS still checks the name.
        connection._create_connection = lambda *args: deadline.watch(connect(*args))
        connection.connect()
    except OSError as error:
        raise NotSent(f"The provider does not answer: {_why(error, deadline)}") from error
    except (ValueError, http.client.InvalidURL):
        raise Refused(UNWRITABLE) from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        try:
            connection.request(ask.method.upper(), target, body=ask.body or None, headers=ask.headers)
        except (ValueError, http.client.InvalidURL):
            # Python's words would repeat the header, and with it the secret.
            raise Refused(UNWRITABLE) from None
        answer = connection.getresponse()
        status, body = answer.status, answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise Unsure(f"The provider fell silent: {_why(error, deadline)}") from error
    finally:
        connection.close()
    if deadline.is_over:
        # Cut off, half an answer reads like a whole one.
        raise Unsure(f"The provider fell silent: {deadline.words()}")
    return status, body


def _why(error, deadline):
    return deadline.words() if deadline.is_over else said(error)


class GuardedSmtp(smtplib.SMTP):
    """SMTP that connects to allowed addresses only, watched by a deadline."""

    def __init__(self, *args, deadline: Deadline, **values):
        self.deadline = deadline
        super().__init__(*args, **values)

    def _get_socket(self, host, port, timeout):
        return self.deadline.watch(connected((host, port), timeout, self.source_address))


class GuardedSmtpOverTls(smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""

    def __init__(self, *args, deadline: Deadline, **values):
        self.deadline = deadline
        super().__init__(*args, **values)

    def _get_socket(self, host, port, timeout):
        plain = self.deadline.watch(connected((host, port), timeout, self.source_address))
        return self.context.wrap_socket(plain, server_hostname=self._host)


class GuardedBackend(EmailBackend):
    """Django's SMTP backend to a mail server that a desk has named; certificates are checked."""

    def __init__(self, *args, deadline: Deadline, **values):
        self.deadline = deadline
        super().__init__(*args, timeout=deadline.seconds, **values)

    @property
    def connection_class(self):
        """The guarded kinds of connection."""
        return partial(GuardedSmtpOverTls if self.use_ssl else GuardedSmtp, deadline=self.deadline)

    @property
    def ssl_context(self):
        """Names and certificates are checked: the password goes over this."""
        return ssl.create_default_context()


def _allowed(host, port):
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OutOfReach("This is no name of a machine.") from None
    addresses = [address[4][:2] for address in found]
    allowed = [address for address in addresses if _may_be_reached(str(address[0]))]
    if not allowed:
        raise OutOfReach(
            "In development nothing leaves this machine."
            if settings.DEVELOPMENT
            else "This address lies behind our own walls."
        )
    return allowed


def _may_be_reached(address):
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        if number in TRANSLATED:
            number = ipaddress.IPv4Address(int(number) & 0xFFFF_FFFF)
        elif number.ipv4_mapped:
            number = number.ipv4_mapped
        elif not number.is_loopback and (number not in WORLD or number.sixtofour):
            return False
    return number.is_loopback if settings.DEVELOPMENT else number.is_global and not number.is_multicast
