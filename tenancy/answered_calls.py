"""A call that is sent twice is done once: what an `Idempotency-Key` was answered stands for a week."""

import datetime as dt
import hashlib
import json
import uuid
from typing import Any

from tenancy.models import AnsweredCall, Tenant
from tenancy.scope import tenant

KEPT_FOR = dt.timedelta(days=7)


class KeyReused(ValueError):
    """The same key came with another call: it is a mistake of the caller's, and nothing was done."""


def asked_hash(method: str, path: str, sent: Any) -> str:
    """What was asked, in a few letters; the order of the fields sent does not matter."""
    said = json.dumps([method, path, sent], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def claim(caller: uuid.UUID, key: str, asked: str, *, now: dt.datetime) -> AnsweredCall:
    """The row of this call, in the caller's transaction: with a `status` it was answered before.

    A call under way with the same key is waited for: it holds the row until it commits, and where it
    fails this one goes on in its place. Raises KeyReused.
    """
    row = None
    while row is None:
        # Gone in between is one of a week ago, which is forgotten just now.
        AnsweredCall.objects.bulk_create(
            [AnsweredCall(caller=caller, key=key, asked_hash=asked, at=now)], ignore_conflicts=True
        )
        row = AnsweredCall.objects.filter(caller=caller, key=key).first()
    if row.asked_hash != asked:
        raise KeyReused("This Idempotency-Key came before with another call. Use a new one.")
    return row


def keep_answer(row: AnsweredCall, *, status: int, headers: dict[str, str], body: Any) -> None:
    """Keep what the call was answered, in the transaction of what it did."""
    AnsweredCall.objects.filter(pk=row.pk).update(status=status, headers=headers, body=body)


def forget_old_everywhere(*, now: dt.datetime) -> int:
    """Forget the answers of a week ago at every desk; how many."""
    count = 0
    for desk in Tenant.objects.order_by("pk"):
        with tenant(desk):
            count += forget_old(now=now)
    return count


def forget_old(*, now: dt.datetime) -> int:
    """Forget the answers of a week ago at the active desk; how many."""
    return AnsweredCall.objects.filter(at__lt=now - KEPT_FOR).delete()[0]
