"""Why a slot is offered, and why somebody is not: in words that a booker can say on the phone (R2.3)."""

import datetime as dt
from dataclasses import dataclass

from tenancy.calendars import local_day, local_time
from tenancy.prepared import Among, Instant, Keys, Prepared
from visits.models import Absence, Technician
from visits.slots import Offers, Slot, Wanted, best_of, offers_ahead


@dataclass(frozen=True)
class Reason:
    """Why a technician is not among the slots offered: "no Ricoh skill", "full until Thu 12 Mar"."""

    technician: Technician
    words: str


def why_this(slot: Slot, wanted: Wanted, *, is_soonest: bool = False) -> tuple[str, ...]:
    """What speaks for a slot besides who it is: "soonest", "Ricoh skill", "12 min from Quay Press"."""
    said = ["soonest"] if is_soonest else []
    if wanted.work.skills:
        said.append(_skills(wanted.work.skills))
    if slot.way is not None:
        said.append(f"{slot.way.minutes} min from {slot.way_from or 'home'}")
    return tuple(said)


def why_not(wanted: Wanted) -> list[Reason]:
    """Who is left out of the best slots, and why; whoever is offered is not among them."""
    offers = offers_ahead(wanted)
    return left_out(offers, best_of(offers))


def left_out(offers: Offers, slots: list[Slot]) -> list[Reason]:
    """The same for offers that have been read, the preferred technicians first: one query more."""
    shown = {technician.pk for slot in slots for technician in slot.crew}
    begins = {member.technician.pk: offers.free.begins(member.technician) for member in offers.members}
    away = _away(begins)
    return [
        Reason(member.technician, _words(offers, member.technician, begins, away))
        for member in offers.members
        if member.technician.pk not in shown
    ]


def looked_for(wanted: Wanted) -> str:
    """ "75 min, 2 technicians, Ricoh skill": what everybody was measured by."""
    crew = f"{wanted.work.crew} technicians" if wanted.work.crew > 1 else ""
    skills = _skills(wanted.work.skills) if wanted.work.skills else ""
    return ", ".join(filter(None, (f"{round(wanted.length.total_seconds() / 60)} min", crew, skills)))


def _words(offers, technician, begins, away) -> str:
    wanted, wishes, days = offers.wanted, offers.wishes, len(offers.free.days)
    within = f"within {days} days" if days > 1 else "that day"
    zone = wanted.calendar.zone
    if technician.pk in wishes.excluded:
        return "not to be sent here"
    if wishes.required and technician.pk not in wishes.required:
        names = [m.technician.first_name for m in offers.members if m.technician.pk in wishes.required]
        return f"only {' or '.join(names)} may come here" if names else "somebody else must come here"
    missing = wanted.work.missing(technician.skills)
    if missing and wanted.work.crew == 1:
        return f"no {_skills(missing)}"
    begin = begins[technician.pk]
    if begin is None:
        return f"does not work {within}"
    if technician.pk in away:
        return f"away until {_until(away[technician.pk], wanted)}"
    first = next(offers.of(technician), None)
    if first is None:
        is_alone = wanted.work.crew > 1 and next(offers.free.of(technician), None) is not None
        return f"nobody to come along {within}" if is_alone else f"nothing free {within}"
    if local_day(first.start, zone) > local_day(begin, zone):
        return f"full until {_until(first.start, wanted)}"
    return f"first free at {local_time(first.start, zone):%H:%M}"


def _away(begins) -> dict[int, dt.datetime]:
    """Until when those are away whose working time begins while they are."""
    known = {pk: begin for pk, begin in begins.items() if begin is not None}
    until: dict[int, dt.datetime] = {}
    if not known:
        return until
    for pk, starts, ends in _ABSENT.rows(technicians=list(known), since=min(known.values())):
        # One that follows without a gap goes on with it.
        if starts <= until.get(pk, known[pk]) < ends:
            until[pk] = ends
    return until


_ABSENT = Prepared(
    lambda technicians, since: (
        Absence.objects.filter(Among("technician", technicians), ends_at__gt=since)
        .order_by("starts_at")
        .values_list("technician_id", "starts_at", "ends_at")
    ),
    technicians=Keys(),
    since=Instant(),
)


def _until(instant, wanted) -> str:
    zone = wanted.calendar.zone
    wall = local_time(instant, zone)
    is_today = wall.date() == local_day(wanted.now, zone)
    return f"{wall:%H:%M}" if is_today else f"{wall:%a} {wall.day} {wall:%b}"


def _skills(skills) -> str:
    """ "Ricoh skill", "Ricoh and colour skills": as the desk writes them."""
    return f"{' and '.join(skills)} skill{'s' if len(skills) > 1 else ''}"
