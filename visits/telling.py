"""What a customer tells whoever comes, between booking and visit: on the brief, told once (R7.1).

It is kept as a contact with the customer, and as a line of the time line that belongs to the visit:
the brief reads those. Words for whoever comes are no contact about the matter: the case hears of them
by the visit's line only, so they open nothing again and bring no supervisor.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from cases.interactions import note_interaction
from cases.models import Interaction
from customers.models import TimelineEntry
from tenancy.models import Membership
from tenancy.prepared import Key, Prepared, PublicId
from visits.models import Visit
from visits.visit_lines import add_visit_line

STEP = "told "
MOST_TOLD = 5
LONGEST = 500


class CannotTell(ValueError):
    """Nobody would read it before the visit; the words are for the customer."""


@dataclass(frozen=True)
class Told:
    """What they said, and when."""

    words: str
    at: dt.datetime


def may_tell(visit: Visit) -> bool:
    """Whether somebody still comes, or is there."""
    return visit.state not in Visit.OVER_STATES


@transaction.atomic
def tell_who_comes(visit: Visit, words: str, *, by: Membership | None, now: dt.datetime) -> bool:
    """Keep what the customer says for whoever comes; whether it was new. The same words count once.

    `by` is the colleague who heard it, None where they wrote it on their page. Raises CannotTell for a
    visit that is over, or after five.
    """
    words = words.strip()[:LONGEST]
    visit = Visit.objects.select_for_update(of=("self",), no_key=True).get(pk=visit.pk)
    step = STEP + hashlib.sha256(" ".join(words.split()).casefold().encode()).hexdigest()[:32]
    if _lines(visit).filter(step=step).exists():
        return False
    if not may_tell(visit):
        raise CannotTell("This visit is over. Please ring us instead.")
    if _lines(visit).count() >= MOST_TOLD:
        raise CannotTell("You have told us five things already. For more, please ring us.")
    add_visit_line(
        visit,
        "The customer tells whoever comes",
        step=step,
        now=now,
        by=by,
        detail=words,
        kind=TimelineEntry.Kind.MESSAGE,
    )
    note_interaction(
        customer=visit.customer,
        contact=visit.contact,
        channel=Interaction.Channel.MESSAGE,
        summary=f"For visit {visit.number}: {words}",
        by=by,
        now=now,
        # Of it the visit's own line tells.
        tell_timeline=False,
    )
    return True


def told_before(visit: Visit) -> list[Told]:
    """What they said for whoever comes, the first first: one query."""
    rows = _TOLD.rows(customer=visit.customer_id, visit=visit.public_id)
    return [Told(words, at) for words, at in rows]


def told_about(visits: Iterable[Visit]) -> set[uuid.UUID]:
    """The public ids of those visits about which the customer told something: one query."""
    return set(_lines(*visits).values_list("subject", flat=True))


def _lines(*visits):
    return _told(
        customer__in={visit.customer_id for visit in visits},
        subject__in=[visit.public_id for visit in visits],
    )


def _told(**about):
    return TimelineEntry.objects.filter(kind=TimelineEntry.Kind.MESSAGE, step__startswith=STEP, **about)


_TOLD = Prepared(
    lambda customer, visit: (
        _told(customer=customer, subject=visit).order_by("at", "pk").values_list("detail", "at")
    ),
    customer=Key(),
    visit=PublicId(),
)
