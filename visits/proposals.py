"""Times proposed to many at once, none of them twice: for lists that are worked through (R3)."""

import datetime as dt
from dataclasses import dataclass, replace

from visits.free_time import FreeTime, team
from visits.models import Assignment
from visits.preferences import Place, wishes_for_places
from visits.slots import Offers, Slot, Wanted
from visits.work_types import works_for

# To each of many.
PROPOSED = 2


@dataclass(frozen=True)
class Asked:
    """One of many for whom times are proposed: what is wanted, and the days that suit, the best first."""

    wanted: Wanted
    days: tuple[dt.date, ...]


def proposed_slots(asked: list[Asked]) -> list[list[Slot]]:
    """For each at most two, and no technician's time twice: whoever stands first is proposed first.

    The preferred technician's, else of the one who was there last, else the soonest with anybody.
    Everybody gets a first time before anybody a second one. Five queries, however many are asked for.
    """
    days = [day for one in asked for day in one.days]
    if not days:
        return [[] for _ in asked]
    works = works_for([(one.wanted.kind, one.wanted.machines) for one in asked])
    asked = [
        replace(one, wanted=replace(one.wanted, takes=work)) for one, work in zip(asked, works, strict=True)
    ]
    places = [_place_of(one.wanted) for one in asked]
    members, wished, last = team(), wishes_for_places(places), _there_last(places)
    free = FreeTime(
        members,
        asked[0].wanted.calendar,
        days,
        since=min(one.wanted.since for one in asked),
        length=min(one.wanted.length for one in asked),
    )
    offers = [Offers(one.wanted, wishes, members, free) for one, wishes in zip(asked, wished, strict=True)]
    found: list[list[Slot]] = [[] for _ in asked]
    for _ in range(PROPOSED):
        for one, place, theirs, mine in zip(asked, places, offers, found, strict=True):
            there_last = last.get((place.customer, place.site))
            slot = _next_proposal(one, theirs, there_last, mine)
            if slot is not None:
                mine.append(slot)
                for technician in slot.crew:
                    free.take(technician, slot.start, slot.end, one.wanted.place, one.wanted.customer.called)
    return found


def _next_proposal(asked, offers, there_last, mine) -> Slot | None:
    """The best time that is still free, and clear of the windows of those proposed to the same one."""
    for pk in (*offers.wishes.preferred, there_last):
        technician = next((lead for lead in offers.leads if lead.pk == pk), None)
        if technician is not None and (slot := _first_clear(asked, offers, technician, mine)):
            return slot
    firsts = (_first_clear(asked, offers, technician, mine) for technician in offers.leads)
    return min(filter(None, firsts), key=lambda slot: (slot.start, slot.technician.name), default=None)


def _first_clear(asked, offers, technician, mine) -> Slot | None:
    for day in asked.days:
        for gap in offers.free.on(technician, day):
            for slot in offers.within(gap):
                if all(slot.start >= other.window_end or slot.window_end <= other.start for other in mine):
                    return slot
    return None


def _place_of(wanted: Wanted) -> Place:
    machines = frozenset(machine.pk for machine in wanted.machines)
    return Place(wanted.customer.pk, wanted.site and wanted.site.pk, machines)


def _there_last(places) -> dict[tuple[int, int | None], int]:
    """Who did the last visit at each customer's site, as the technician's primary key: one query."""
    done = Assignment.objects.filter(
        visit__customer__in={place.customer for place in places}, visit__completed_at__isnull=False
    )
    last = done.order_by("visit__customer", "visit__site", "-visit__completed_at", "pk")
    rows = last.distinct("visit__customer", "visit__site")
    return {
        (customer, site): technician
        for customer, site, technician in rows.values_list("visit__customer", "visit__site", "technician")
    }
