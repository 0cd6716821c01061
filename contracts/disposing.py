"""What becomes of a paid visit that nobody uses: declined, carried over or forfeited (R3.1).

Each is an act with a person, a time and a reason; forfeiting is also what the daily round does when
a term and its grace are over. Never more than is left: decided under the entitlement's lock, and
refused by the database whatever this module thinks.
"""

import datetime as dt
import uuid

from django.db import transaction
from django.db.models import F, Q

from cases.duties import close_duties_about
from cases.models import Duty
from contracts.allowance import grant_of_carried, with_left
from contracts.covered import State
from contracts.models import AllowanceEntry, Contract, ContractTerm, Entitlement
from contracts.renewals import lock_contract
from contracts.wording import day_in_full
from customers.models import TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import local_day, zone_of
from tenancy.models import Membership, Tenant
from tenancy.prepared import Day, Written

Kind = AllowanceEntry.Kind
WORDS = {
    Kind.DECLINED: "The customer does not want",
    Kind.CARRIED_OVER: "Carried over to the next term:",
    Kind.FORFEITED: "Forfeited:",
}


class NothingLeft(ValueError):
    """Fewer visits are open than were asked for; the words say how many, and are fit to show."""


class NoReason(ValueError):
    """A visit is given up with a reason only."""


def open_visits(entitlement: Entitlement) -> int:
    """How many of its visits are neither disposed of nor booked, never below none: one query."""
    return max(0, int(with_left(Entitlement.objects.filter(pk=entitlement.pk)).get().left))


def hold_entitlement(entitlement: Entitlement) -> Entitlement:
    """The entitlement's row, held until the transaction ends; whoever takes of it waits here."""
    rows = Entitlement.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("term__contract__customer").get(pk=entitlement.pk)


@transaction.atomic
def decline_visit(
    entitlement: Entitlement,
    *,
    because: str,
    by: Membership,
    now: dt.datetime,
    visits: int = 1,
    seen: int | None = None,
) -> None:
    """The customer does not want so many of the granted visits.

    `seen` is how many were open as the caller saw it: the same act sent twice is done once. Raises
    NothingLeft and NoReason.
    """
    _dispose(entitlement, Kind.DECLINED, visits, seen, because=because, by=by, now=now)


@transaction.atomic
def forfeit(
    entitlement: Entitlement,
    *,
    because: str,
    by: Membership,
    now: dt.datetime,
    visits: int = 1,
    seen: int | None = None,
) -> None:
    """The visits are lost to the customer. See `decline_visit`."""
    _dispose(entitlement, Kind.FORFEITED, visits, seen, because=because, by=by, now=now)


@transaction.atomic
def carry_over(
    entitlement: Entitlement,
    *,
    because: str,
    by: Membership,
    now: dt.datetime,
    visits: int = 1,
    seen: int | None = None,
) -> None:
    """The next term grants these visits, too: at once if it stands, else when it is made.

    See `decline_visit`.
    """
    # The contract first, as everybody does who touches its terms.
    lock_contract(ContractTerm.objects.get(entitlements=entitlement).contract_id)
    entries = _dispose(entitlement, Kind.CARRIED_OVER, visits, seen, because=because, by=by, now=now)
    term = entries[0].entitlement.term
    following = term.contract.terms.filter(taken_back_at__isnull=True, starts_on__gt=term.ends_on)
    after = following.order_by("starts_on").first()
    if after is None:
        return
    granted, _ = Entitlement.objects.get_or_create(
        term=after, kind=Entitlement.Kind.VISITS, defaults={"quantity": 0}
    )
    Entitlement.objects.filter(pk=granted.pk).update(quantity=F("quantity") + visits)
    AllowanceEntry.objects.bulk_create(grant_of_carried(entry, granted, by=by, now=now) for entry in entries)


@transaction.atomic
def forfeit_ended(desk: Tenant, day: dt.date, *, now: dt.datetime) -> int:
    """Forfeit what is left of terms whose grace is over by `day`, in the desk's zone; how many visits.

    Not while the contract's renewal is in review, and only of terms that ended after the desk had
    switched on its messages: what was imported is history. Statements do not grow with the visits.
    """
    if desk.messages_from is None:
        return 0
    first, last = _ended_between(desk, day)
    unused = _UNUSED.rows(first=first, last=last)
    if not unused:
        return 0
    held = Entitlement.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=unused)
    list(held.order_by("pk").values_list("pk"))
    # Read again: what was booked while we waited for the rows is not lost.
    lost = list(_ended(desk, day, unused).filter(left__gt=0).select_related("term"))
    if not lost:
        return 0
    AllowanceEntry.objects.bulk_create(
        [
            AllowanceEntry(
                entitlement=entitlement,
                kind=Kind.FORFEITED,
                quantity=entitlement.left,
                at=now,
                reason=f"Not used until {day_in_full(_last_day(desk, entitlement.term))}, grace included",
                subject=uuid.uuid4(),
            )
            for entitlement in lost
        ],
        batch_size=1000,
    )
    Duty.objects.open().filter(
        kind=Duty.Kind.OFFER_VISIT, subject__in=[entitlement.public_id for entitlement in lost]
    ).update(closed_at=now, outcome="The term and its grace are over: forfeited")
    return int(sum(entitlement.left for entitlement in lost))


def _ended_between(desk, day) -> tuple[dt.date, dt.date]:
    """First and last day on which a term must have ended to be forfeited now."""
    # The midnight at which such a term ended lies after the switching on.
    first = local_day(desk.messages_from, zone_of(desk))
    return first, day - dt.timedelta(days=desk.grace_days + 1)


def _of_ended(first, last):
    return with_left(
        Entitlement.objects.filter(
            kind=Entitlement.Kind.VISITS,
            term__taken_back_at__isnull=True,
            term__ends_on__gte=first,
            term__ends_on__lte=last,
        )
    )


# Most rounds find none: then nothing else is asked.
_UNUSED = Written(
    lambda first, last: _of_ended(first, last).filter(left__gt=0).values_list("pk", flat=True),
    first=Day(),
    last=Day(),
)


def _ended(desk, day, unused):
    """Of some entitlements those of terms over with their grace, without the last ones in review."""
    in_review = Contract.objects.filter(terms__entitlements__in=unused).with_cover(day)
    in_review = in_review.filter(cover_state=State.IN_REVIEW, last_end__lt=day)
    is_last = Q(term__ends_on=F("term__contract__last_term_end"))
    ended = _of_ended(*_ended_between(desk, day)).filter(pk__in=unused)
    return ended.exclude(Q(term__contract__in=in_review.values("pk")) & is_last)


def _last_day(desk, term) -> dt.date:
    return term.ends_on + dt.timedelta(days=desk.grace_days)


def _dispose(entitlement, kind, visits, seen, *, because, by, now) -> list[AllowanceEntry]:
    because = because.strip()
    if not because:
        raise NoReason("Say why.")
    held = hold_entitlement(entitlement)
    left = open_visits(held)
    if not 0 < visits <= left or seen not in (None, left):
        raise NothingLeft(_how_many(left))
    entries = [
        AllowanceEntry(
            entitlement=held, kind=kind, quantity=1, at=now, by=by, reason=because[:200], subject=uuid.uuid4()
        )
        for _ in range(visits)
    ]
    AllowanceEntry.objects.bulk_create(entries)
    contract = held.term.contract
    count = "1 paid visit" if visits == 1 else f"{visits} paid visits"
    add_line(
        contract.customer,
        TimelineEntry.Kind.VISIT,
        f"{WORDS[kind]} {count} of contract {contract.number}",
        at=now,
        detail=because,
        actor=by,
        subject=entries[0].subject,
        step=str(kind),
    )
    if left == visits:
        said = f"{kind.label}: {because}"
        close_duties_about(held.public_id, Duty.Kind.OFFER_VISIT, by=by, now=now, outcome=said)
    return entries


def _how_many(left):
    if not left:
        return "No visit is open any more: it was booked or given up meanwhile."
    return f"{left} {'visit is' if left == 1 else 'visits are'} open by now. Look again."
