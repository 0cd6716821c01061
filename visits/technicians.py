"""Who comes: entering and changing technicians, and when each of them works (R2.3)."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from decimal import Decimal

from django.db import transaction

from customers.searchkeys import folded
from tenancy.calendars import calendar_of
from tenancy.constraints import told_as
from tenancy.desk_settings import SettingRefused, may_set
from tenancy.models import Tenant
from tenancy.regions import regions_of
from tenancy.weekly_hours import Span, checked_hours
from visits.calendar_feed import end_feed_of
from visits.lost_places import (
    LEFT,
    have_places_again,
    mind_hours,
    need_places,
    refuse_unless_known,
    visits_of,
)
from visits.models import Technician, Visit, WorkingHours

MOST_SKILLS = 20


@transaction.atomic
def save_technician(
    technician: Technician | None,
    *,
    name: str,
    phone: str,
    skills: Iterable[str],
    home_address: str,
    home_latitude: Decimal | None,
    home_longitude: Decimal | None,
    subdivision: str,
    is_active: bool,
    by,
    now: dt.datetime,
    known: Collection[uuid.UUID] = (),
) -> Technician:
    """Enter a technician (None), or change one. Visits of one who works here no more stay booked.

    For each of them a dispatcher owes another technician. `home_latitude` and `home_longitude` are
    degrees. Raises PermissionDenied, SettingRefused, and VisitsHit with the visits of one who leaves
    unless all of them are `known`.
    """
    may_set(by)
    was_active = technician is not None and _is_active(technician)
    technician = technician or Technician()
    name = " ".join(name.split())
    if not name:
        raise SettingRefused("name", "Write the name, as customers hear it.")
    _check_home(home_latitude, home_longitude)
    country = Tenant.objects.values_list("country", flat=True).get(pk=by.tenant_id)
    if subdivision and subdivision != technician.subdivision and subdivision not in regions_of(country):
        raise SettingRefused("subdivision", "Choose a region of the desk’s country, or none.")
    technician.name, technician.phone, technician.skills = name, phone.strip(), skill_list(skills)
    technician.home_address, technician.subdivision = home_address.strip(), subdivision
    technician.home_latitude, technician.home_longitude = home_latitude, home_longitude
    technician.is_active = is_active
    there_is = f"There is a {name} already. Tell them apart."
    with told_as(lambda: SettingRefused("name", there_is), constraint="technician_name_once"):
        technician.save()
    if was_active != is_active:
        _mind_visits(technician, by=by, now=now, known=known)
    return technician


def skill_list(written: Iterable[str]) -> list[str]:
    """Skills as written, each once however it is spelled. Raises SettingRefused for too many or long ones."""
    once: dict[str, str] = {}
    for skill in written:
        once.setdefault(folded(skill), " ".join(skill.split()))
    skills = [skill for key, skill in once.items() if key]
    if len(skills) > MOST_SKILLS or any(len(skill) > 60 for skill in skills):
        raise SettingRefused("skills", f"At most {MOST_SKILLS} skills of 60 characters each.")
    return skills


def known_skills() -> list[str]:
    """Every skill that a technician has, in order: one query."""
    written = Technician.objects.values_list("skills", flat=True)
    once = {folded(skill): skill for skills in written for skill in skills}
    return [once[key] for key in sorted(once)]


def own_hours(technician: Technician) -> list[Span]:
    """The technician's own hours; none at all: the desk's. One query."""
    return sorted(technician.working_hours.values_list("weekday", "starts", "ends"))


@transaction.atomic
def set_working_hours(
    technician: Technician, spans: Iterable[Span], *, by, now: dt.datetime, known: Collection[uuid.UUID] = ()
) -> list[Visit]:
    """The technician's own hours from now on; none: the desk's. What is booked stays booked.

    Which visits lose their place by it, and are owed another. Raises PermissionDenied, HoursRefused, and
    VisitsHit with the visits unless all of them are `known`.
    """
    may_set(by)
    ordered = checked_hours(spans)
    Technician.objects.select_for_update(of=("self",)).get(pk=technician.pk)
    before = own_hours(technician)
    if ordered == before:
        return []
    technician.working_hours.all().delete()
    WorkingHours.objects.bulk_create(
        WorkingHours(technician=technician, weekday=weekday, starts=starts, ends=ends)
        for weekday, starts, ends in ordered
    )
    calendar = calendar_of(by.tenant)
    was, becomes = ((calendar, tuple(hours)) for hours in (before, ordered))
    return mind_hours([technician], was, becomes, by=by, now=now, known=known)


def _is_active(technician) -> bool:
    """As it stands, held until the commit: whoever it was read by may have waited."""
    held = Technician.objects.select_for_update(of=("self",)).get(pk=technician.pk)
    return held.is_active


def _mind_visits(technician, *, by, now, known):
    stand, cause = visits_of(technician, now=now), (LEFT, technician.public_id)
    if technician.is_active:
        outcome = f"{technician.name} works here again"
        have_places_again(((cause, visit) for visit in stand), outcome=outcome, by=by, now=now)
        return
    refuse_unless_known(stand, known)
    end_feed_of(technician, by=by, now=now)
    why = f"{technician.name} works here no more"
    need_places(((cause, visit, why) for visit in stand), now=now)


def _check_home(latitude: Decimal | None, longitude: Decimal | None) -> None:
    if (latitude is None) != (longitude is None):
        raise SettingRefused("home_latitude", "Write both the latitude and the longitude, or neither.")
    if latitude is not None and not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise SettingRefused("home_latitude", "A latitude is from -90 to 90, a longitude from -180 to 180.")
