"""A customer's way in without an account: a long random token, of which we keep the hash only."""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery

from customers.changing import one_line
from customers.models import Customer, CustomerLink, TimelineEntry
from customers.timeline import add_line
from tenancy.desk_settings import SettingRefused
from tenancy.models import Membership
from tenancy.prepared import Key, Prepared
from tenancy.scope import tenant

TOKEN_LENGTH = 22


@dataclass(frozen=True)
class FoundLink:
    """What a token leads to: the desk to open, the link, and whether it still opens anything."""

    tenant_id: int
    link: CustomerLink
    is_open: bool


def make_link(
    customer: Customer,
    purpose: str,
    subject: uuid.UUID,
    *,
    now: dt.datetime,
    expires_at: dt.datetime | None,
) -> str:
    """A new token of 22 characters that opens the subject (a public id) for one purpose.

    It is shown once, here: the database keeps its hash. Without `expires_at` it has no end.
    """
    return make_links([(customer, subject)], purpose, now=now, expires_at=expires_at)[0]


def make_links(
    whose: Iterable[tuple[Customer, uuid.UUID]],
    purpose: str,
    *,
    now: dt.datetime,
    expires_at: dt.datetime | None,
) -> list[str]:
    """A new token for each subject of a customer's, in their order: one statement."""
    lasting = [(customer, subject, expires_at) for customer, subject in whose]
    return make_lasting_links(lasting, purpose, now=now)


def make_lasting_links(
    whose: Iterable[tuple[Customer, uuid.UUID, dt.datetime | None]], purpose: str, *, now: dt.datetime
) -> list[str]:
    """As `make_links`, where each has an end of its own."""
    tokens = {secrets.token_urlsafe(16): each for each in whose}
    CustomerLink.objects.bulk_create(
        CustomerLink(
            customer=customer,
            purpose=purpose,
            subject=subject,
            token_hash=hash_of(token),
            made_at=now,
            expires_at=expires_at,
        )
        for token, (customer, subject, expires_at) in tokens.items()
    )
    return list(tokens)


_LINK = Prepared(lambda link: CustomerLink.objects.select_related("customer").filter(pk=link), link=Key())


def find_link(token: str, *, now: dt.datetime) -> FoundLink | None:
    """The link behind a token, of whatever desk; None for one that never was.

    An expired or revoked one is found too, as not open: its page still names the desk's phone.
    """
    if len(token) != TOKEN_LENGTH:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, link_id FROM link_of_token(%s)", [hash_of(token)])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, link_id = found
    with tenant(tenant_id):
        (link,) = _LINK.rows(link=link_id)
    ended = link.revoked_at is not None or (link.expires_at is not None and link.expires_at <= now)
    return FoundLink(tenant_id, link, is_open=not ended)


def link_address(token: str) -> str:
    """The address of a customer's link."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/v/{token}/"


def revoke_links(*subjects: uuid.UUID, now: dt.datetime, purpose: str = "") -> int:
    """End every link to some things at once, or those for one purpose; how many were open."""
    links = CustomerLink.objects.filter(subject__in=subjects, revoked_at__isnull=True)
    return (links.filter(purpose=purpose) if purpose else links).update(revoked_at=now)


def open_links_of(customer: Customer, *, now: dt.datetime):
    """A customer's links that still open something, the newest first; labels stand with their machines."""
    is_open = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    rows = CustomerLink.objects.filter(is_open, customer=customer, revoked_at__isnull=True)
    return rows.exclude(purpose=CustomerLink.Purpose.LABEL).order_by("-made_at", "-pk")


def newest_open_links_of(customer: Customer, *, now: dt.datetime):
    """Of all open links to the same thing for the same purpose the newest, with their number as `copies`."""
    same = open_links_of(customer, now=now).filter(purpose=OuterRef("purpose"), subject=OuterRef("subject"))
    is_newer = Q(made_at__gt=OuterRef("made_at")) | Q(made_at=OuterRef("made_at"), pk__gt=OuterRef("pk"))
    counted = same.order_by().values("subject").annotate(copies=Count("pk")).values("copies")
    newest = open_links_of(customer, now=now).filter(~Exists(same.filter(is_newer)))
    return newest.annotate(copies=Subquery(counted))


def open_copies_of(link: CustomerLink, *, now: dt.datetime):
    """The customer's open links to what this one opens, for the same purpose, itself among them."""
    return open_links_of(link.customer, now=now).filter(purpose=link.purpose, subject=link.subject)


@transaction.atomic
def revoke_copies(link: CustomerLink, *, because: str, by: Membership, now: dt.datetime) -> int:
    """A colleague ends every open link to the same thing at once: each message made one; how many.

    Raises SettingRefused without a reason.
    """
    because = one_line(because)[:200]
    if not because:
        raise SettingRefused("because", "Write why: “Sent to a wrong address”.")
    copies = open_copies_of(link, now=now).order_by()
    ended = copies.update(revoked_at=now, revoked_by=by, revoked_because=because)
    if ended:
        _tell(link, "Link ended" if ended == 1 else f"{ended} links ended", because, by, now)
    return ended


@transaction.atomic
def make_anew(link: CustomerLink, *, by: Membership, now: dt.datetime) -> str:
    """Another address of what a link opens, for as long as that one; the old one stays as it is."""
    _tell(link, "Link made", "", by, now)
    token = make_link(link.customer, link.purpose, link.subject, now=now, expires_at=link.expires_at)
    return link_address(token)


def _tell(link, said, detail, by, now):
    title = f"{said}: {link.get_purpose_display().lower()}"
    add_line(link.customer, TimelineEntry.Kind.NOTE, title, at=now, detail=detail, actor=by)


def hash_of(token: str) -> str:
    """SHA-256 of a token, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
