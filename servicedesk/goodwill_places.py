"""Where goodwill is used: the contract or the visit, as choices and in words."""

import datetime as dt
import uuid

from cases.models import Goodwill
from contracts.goodwill_extension import contracts_to_extend
from contracts.goodwill_visits import contracts_for_goodwill
from contracts.models import Contract
from customers.models import Customer
from servicedesk.moments import date_word
from tenancy.addresses import desk_url
from tenancy.calendars import local_day, zone_of
from tenancy.models import Tenant
from visits.goodwill_visits import visits_for_goodwill
from visits.models import Visit

Place = Goodwill.Place


def places_for(customer: Customer, *, desk: Tenant, now: dt.datetime) -> list[tuple[str, str]]:
    """What goodwill may be used on, as value and words: contracts first, then visits. Three queries.

    A contract may have one more visit or be extended; one in grace can only be extended.
    """
    zone = zone_of(desk)
    today = local_day(now, zone)
    contracts = contracts_for_goodwill(customer, today)
    in_grace = [one for one in contracts_to_extend(customer, today) if one not in contracts]
    visits = visits_for_goodwill(customer, now=now)
    return [
        (f"{Place.CONTRACT}:{one.public_id}", f"Contract {one.number}{words}")
        for found, words in ((contracts, ""), (in_grace, ", in grace: to extend it"))
        for one in found
    ] + [
        (f"{Place.VISIT}:{one.public_id}", f"Visit {one.number}, {_when(one, zone, today)}") for one in visits
    ]


def place_in(value: str) -> tuple[str, uuid.UUID] | None:
    """The place that such a value means; None for none."""
    kind, _, public_id = value.partition(":")
    return (kind, uuid.UUID(public_id)) if public_id else None


def usual_place(customer: Customer, *, desk: Tenant, now: dt.datetime) -> tuple[str, uuid.UUID] | None:
    """Where a free visit goes that was proposed without a place: their contract, else the next visit."""
    contracts = contracts_for_goodwill(customer, local_day(now, zone_of(desk)))
    if contracts:
        return Place.CONTRACT, contracts[0].public_id
    coming = [v for v in visits_for_goodwill(customer, now=now) if v.state in Visit.WAITING_STATES]
    return (Place.VISIT, coming[-1].public_id) if coming else None


def places_in_words(rows: list[Goodwill], *, desk: Tenant) -> dict[uuid.UUID, tuple[str, str]]:
    """Words and address of the rows' places, by the place: two queries, however many rows."""
    wanted = {kind: [row.place for row in rows if row.place_kind == kind] for kind in Place.values}
    contracts = Contract.objects.filter(public_id__in=wanted[Place.CONTRACT])
    visits = Visit.objects.filter(public_id__in=wanted[Place.VISIT])
    return {
        one.public_id: (f"Contract {one.number}", desk_url(desk, "contract", id=one.public_id))
        for one in contracts
    } | {one.public_id: (f"Visit {one.number}", desk_url(desk, "visit", id=one.public_id)) for one in visits}


def _when(visit, zone, today):
    day = local_day(visit.planned_start, zone)
    return f"{'done' if visit.state == Visit.State.DONE else 'coming'} {date_word(day, today=today)}"
