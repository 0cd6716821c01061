"""What a visit takes: how long, which skills, how many technicians.

Read from the desk's work types, the most exact line first: kind of visit and model, kind of visit and
kind of machine, the model, the kind of machine, the kind of visit alone. Without any line a visit is as
long as the desk says, anybody can do it, and one technician comes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject

from customers.models import Equipment
from customers.searchkeys import folded
from tenancy.managers import ActiveTenant
from tenancy.models import Tenant
from tenancy.prepared import Prepared
from visits.models import WorkType


@dataclass(frozen=True)
class Work:
    """Minutes of the technician's block, the skills that are needed, and how many come."""

    minutes: int
    skills: tuple[str, ...] = ()
    crew: int = 1

    def missing(self, skills: Iterable[str]) -> tuple[str, ...]:
        """Which of the needed skills are not among those given, however either is written."""
        have = {folded(skill) for skill in skills}
        return tuple(skill for skill in self.skills if folded(skill) not in have)


def work_for(kind: str, machines: Iterable[Equipment]) -> Work:
    """What a visit of that kind to these machines takes, at the active desk: one query.

    Of several machines the longest work counts: they stand in one place, and what takes the time
    (arriving, opening, testing) is done once. Their skills are needed together, and the largest crew
    comes. `kind` may be empty: then only lines for any kind of visit count.
    """
    return works_for([(kind, tuple(machines))])[0]


def _known():
    row = JSONObject(kind="visit_kind", key="machine_key", minutes="minutes", skills="skills", crew="crew")
    lines = ArraySubquery(WorkType.objects.values(line=row))
    return Tenant.objects.filter(pk=ActiveTenant()).values_list("visit_minutes", lines)


_KNOWN = Prepared(_known)


def works_for(asked: list[tuple[str, Iterable[Equipment]]]) -> list[Work]:
    """The same for many visits, in their order: one query."""
    ((usual, known),) = _KNOWN.rows()
    by_place = {
        (line["kind"], line["key"]): Work(line["minutes"], tuple(line["skills"]), line["crew"])
        for line in known
    }
    return [_together(kind, machines, by_place, Work(usual)) for kind, machines in asked]


def _together(kind, machines, by_place, otherwise) -> Work:
    works = [_of_one(kind, machine, by_place, otherwise) for machine in machines]
    if not works:
        return by_place.get((kind, "")) or by_place.get(("", ""), otherwise)
    skills = {folded(skill): skill for work in works for skill in work.skills}
    return Work(
        minutes=max(work.minutes for work in works),
        skills=tuple(skills[key] for key in sorted(skills)),
        crew=max(work.crew for work in works),
    )


def _of_one(kind, machine, by_place, otherwise) -> Work:
    keys = [key for key in (folded(machine.model), folded(machine.kind)) if key]
    places = [(kind, key) for key in keys] if kind else []
    places += [("", key) for key in keys]
    # A line for any kind of visit and any machine is the desk's usual one.
    places += [(kind, ""), ("", "")]
    return next((by_place[place] for place in places if place in by_place), otherwise)
