"""Who else could come at the very time that was promised: in the place of who comes, or along (R4.6)."""

import datetime as dt
from collections.abc import Iterable

from tenancy.calendars import Calendar, local_day
from visits.free_time import FreeTime, team
from visits.models import Technician, Visit
from visits.preferences import wishes_for
from visits.travel import point_of
from visits.work_types import Work


def free_for(
    visit: Visit, *, calendar: Calendar, now: dt.datetime, skills: Iterable[str] = ()
) -> list[Technician]:
    """Whoever is not on the visit, may come and is free all through its block, the way included.

    Only those with all the `skills`. The preferred come first, then by name: six queries, however many
    they are.
    """
    start, end = visit.planned_start, visit.planned_end
    machines = [machine.equipment for machine in visit.machines.select_related("equipment")]
    wishes = wishes_for(visit.customer, visit.site, machines)
    held = set(visit.assignments.values_list("technician", flat=True))
    needed = Work(0, tuple(skills))
    able = [
        member
        for member in team()
        if member.technician.pk not in held
        and wishes.allows(member.technician)
        and not needed.missing(member.technician.skills)
    ]
    day = local_day(start, calendar.zone)
    free = FreeTime(able, calendar, [day], since=start, length=end - start, besides=[visit.pk])
    place = visit.site and point_of(visit.site.latitude, visit.site.longitude)
    found = [
        member.technician
        for member in able
        if (gap := free.gap_at(member.technician, start, end))
        and gap.takes(visit.tenant, place, start, end, now)
    ]
    return sorted(found, key=lambda technician: technician.pk not in wishes.preferred)
