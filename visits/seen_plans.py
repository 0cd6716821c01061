"""What a technician goes by at one visit: as a phone showed it, and as it is when its actions come in.

All that changes what one does there is compared: day and time, window, who goes, where, whom to ask for,
which machines, and whether anybody is to come at all. A page that a phone kept before all of this was
told leaves the rest out, and what it does not tell is not compared.
"""

import datetime as dt
from dataclasses import dataclass

from tenancy.calendars import local_time
from visits.models import Visit

State = Visit.State
CANCELLED = (State.CANCELLED_BY_US, State.CANCELLED_BY_CUSTOMER)
# What is told of a visit beside start and people, in the order in which it is said.
FACTS = ("window", "place", "contact", "machines", "cancelled")


@dataclass(frozen=True)
class Plan:
    """One visit as somebody saw it at `as_of`. None: the page did not tell it."""

    start: dt.datetime
    crew: tuple[str, ...]
    as_of: dt.datetime
    # "14:00 to 15:00" as the customer was told.
    window: str | None = None
    place: str | None = None
    # Name and phone of the person there; empty for none.
    contact: str | None = None
    # Names and serial numbers.
    machines: tuple[str, ...] | None = None
    # "Cancelled by us"; empty while somebody is to come.
    cancelled: str | None = None

    def is_as(self, other: "Plan") -> bool:
        """Whether nothing changed that a technician goes by; when it was looked at is not compared."""
        return (self.start, self.crew) == (other.start, other.crew) and not self._changed(other)

    def in_words(self, zone, other: "Plan") -> str:
        """ "Thursday 5 March, 14:00, Lou Baptiste", and whatever else is not as in the other one."""
        at = local_time(self.start, zone)
        said = [f"{at:%A} {at.day} {at:%B}, {at:%H:%M}, {' and '.join(self.crew) or 'nobody yet'}"]
        return ". ".join([*said, *filter(None, map(self._say, self._changed(other)))])

    def _changed(self, other) -> list[str]:
        pairs = ((fact, getattr(self, fact), getattr(other, fact)) for fact in FACTS)
        return [fact for fact, mine, theirs in pairs if None not in (mine, theirs) and mine != theirs]

    def _say(self, fact) -> str:
        told = getattr(self, fact)
        if fact == "window":
            return f"Window {told}"
        if fact == "contact":
            return f"Ask for {told}" if told else "Nobody to ask for"
        if fact == "machines":
            return ", ".join(told) or "No machine"
        return told


def plan_of(visit: Visit, *, now: dt.datetime) -> Plan:
    """The visit as it is; reads its site, contact, people and machines."""
    contact = visit.contact
    machines = sorted(
        " ".join(filter(None, (one.equipment.name, one.equipment.serial_number)))
        for one in visit.machines.all()
    )
    return Plan(
        start=visit.planned_start,
        crew=tuple(sorted(assignment.technician.name for assignment in visit.assignments.all())),
        as_of=now,
        window=f"{visit.told_from:%H:%M} to {visit.told_until:%H:%M}",
        place=str(visit.site),
        contact=", ".join(filter(None, (contact.name, contact.phone))) if contact else "",
        machines=tuple(machines),
        cancelled=visit.get_state_display() if visit.state in CANCELLED else "",
    )
