"""Visits for tests, made as rows: what booking checks is not what these tests are about."""

import datetime as dt

from tenancy.calendars import local_time, zone_of
from visits.models import Assignment, Technician, Visit, VisitEquipment


def make_visit(
    desk,
    *,
    now: dt.datetime,
    start: dt.datetime | None = None,
    technician: Technician | None = None,
    machines=None,
    **values,
) -> Visit:
    """A visit of the desk's customer; 50 hours ahead with Lou at the copier unless said otherwise."""
    start = start or (now + dt.timedelta(hours=50)).replace(minute=0)
    told = local_time(start, zone_of(desk.tenant))
    number = f"V-{Visit.objects.count() + 1}"
    visit = Visit.objects.create(
        **{
            "number": number,
            "number_key": number.lower().replace("-", ""),
            "customer": desk.customer,
            "site": desk.site,
            "contact": desk.contact,
            "kind": Visit.Kind.FAULT,
            "problem": "Streaks on every page",
            "window_start": start,
            "window_end": start + dt.timedelta(hours=1),
            "planned_start": start,
            "planned_end": start + dt.timedelta(minutes=75),
            "told_day": told.date(),
            "told_from": told.time(),
            "told_until": (told + dt.timedelta(hours=1)).time(),
            "booked_at": now - dt.timedelta(days=30),
            "changed_at": now - dt.timedelta(days=30),
            **values,
        }
    )
    Assignment.objects.create(
        visit=visit,
        technician=technician or desk.lou,
        starts_at=visit.planned_start,
        ends_at=visit.planned_end,
    )
    for machine in [desk.copier] if machines is None else machines:
        VisitEquipment.objects.create(visit=visit, equipment=machine)
    return visit
