"""A better order for a day: less driving, with every window, skill and promise kept (R2.3, R2.6, R4.1).

Only a proposal until somebody applies it. What stays where it is: visits under way or begun, crews,
who was called ahead or is to be called by now, and what has no technician. A confirmed visit keeps its
technician, and every visit begins within the window that its customer was told, and by when an answer
was promised.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

from tenancy.calendars import Calendar
from tenancy.models import Membership, Tenant
from visits.day_on_the_road import DayOnTheRoad, Driving
from visits.day_orders import best_orders
from visits.models import Rearrangement, Technician, Visit
from visits.places import VisitChanged
from visits.rearranging import rearrange
from visits.relocating import Change


@dataclass(frozen=True)
class NewPlace:
    """Where one visit would stand instead; instants are UTC."""

    visit: Visit
    old_technician: Technician
    technician: Technician
    start: dt.datetime

    @property
    def is_new_person(self) -> bool:
        """Whether the customer hears another name."""
        return self.technician != self.old_technician


@dataclass(frozen=True)
class BetterOrder:
    """A proposal for one day; without `places` the day stands in its best order already."""

    day: dt.date
    places: tuple[NewPlace, ...]
    before: Driving
    after: Driving

    @property
    def minutes_saved(self) -> int:
        """Less driving, in minutes."""
        return self.before.minutes - self.after.minutes

    @property
    def metres_saved(self) -> int:
        """Less road, in metres; of ways that could be measured."""
        return self.before.metres - self.after.metres

    @property
    def key(self) -> str:
        """The same for the same proposal about visits that nobody changed: what a form posts back."""
        said = [
            f"{one.visit.public_id} {one.visit.version} {one.technician.public_id} {one.start.isoformat()}"
            for one in self.places
        ]
        return hashlib.sha256("\n".join([str(self.day), *said]).encode()).hexdigest()[:32]


def better_order(
    desk: Tenant, day: dt.date, *, calendar: Calendar, now: dt.datetime, technician: Technician | None = None
) -> BetterOrder:
    """The order of a day with the least driving, for one technician or for all: six queries.

    The same day, asked twice at the same moment, is answered the same.
    """
    plan = DayOnTheRoad(desk, day, calendar, now=now, technician=technician)
    before = plan.driving(plan.stands)
    # Where a day cannot be driven as it stands, it is left to a person; the others still gain.
    lanes = [pk for pk in plan.lanes if plan.timed(pk, plan.stands[pk]) is not None]
    # A pause has no place: first as if it cost no way, then as if it cost the usual one.
    for after_pause in (0, desk.travel_minutes):
        orders = best_orders(
            [plan.van(pk) for pk in lanes], plan.stops(lanes), plan.way, after_pause=after_pause
        )
        if orders is None:
            continue
        orders = {pk: [*plan.begun(pk), *keys] for pk, keys in orders.items()}
        places = _places(plan, orders)
        if places is None:
            continue
        after = plan.driving({**plan.stands, **orders})
        if places and after.minutes < before.minutes:
            return BetterOrder(day, places, before, after)
    return BetterOrder(day, (), before, before)


def apply_better_order(
    order: BetterOrder, *, key: str, reason: str, by: Membership, now: dt.datetime
) -> Rearrangement:
    """Put the visits where the proposal says, all or none; undone like any move.

    `key` is that of the proposal which the person saw. Customers hear of another person, not of
    another minute: every window stays as it was told.
    Raises VisitChanged when the day is another one by now, and what a move raises.
    """
    if order.key != key or not order.places:
        raise VisitChanged("The day has changed meanwhile. Look at the proposal again.")
    changes = [
        Change(
            visit=place.visit,
            version=place.visit.version,
            technicians=(place.technician,),
            start=place.start,
            length=place.visit.planned_end - place.visit.planned_start,
            tell=place.is_new_person,
            keeps_window=True,
        )
        for place in order.places
    ]
    return rearrange(
        Rearrangement.Kind.ORDER,
        changes,
        reason=reason,
        by=by,
        now=now,
        minutes_saved=order.minutes_saved,
        metres_saved=order.metres_saved,
    )


def _places(plan, orders) -> tuple[NewPlace, ...] | None:
    """What would change; None when the orders do not keep all times after all."""
    found = []
    for pk, keys in orders.items():
        starts = plan.timed(pk, keys)
        if starts is None:
            return None
        for key, start in starts.items():
            block = plan.blocks[key]
            if block.may_move and (block.lane != pk or start != block.visit.planned_start):
                found.append(
                    NewPlace(block.visit, plan.lanes[block.lane].technician, plan.lanes[pk].technician, start)
                )
    return tuple(sorted(found, key=lambda place: (place.technician.name, place.start)))
