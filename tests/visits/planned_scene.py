"""A plan of maintenance, and the rounds that make its services due."""

import datetime as dt

from contracts.models import ContractTerm
from tenancy.calendars import calendar_of
from tests.cast import make_plain_visit
from visits.maintenance import book_service, follow_visit, make_plan
from visits.models import MaintenancePlan, Visit
from visits.planned import generate_services, raise_alarms, raise_ended

Date = dt.date
DAY = dt.timedelta(days=1)
# The cast's moment is Thursday 5 March 2026; its term ends on 16 August 2026.
TODAY = Date(2026, 3, 5)


def plan_for(north, now, **fields):
    values = {
        "customer": north.customer,
        "site": north.site,
        "equipment": north.copier,
        "title": "Quarterly tune-up",
        "counts_from": "calendar",
        "every": 1,
        "unit": "months",
        "starts_on": TODAY,
    }
    return make_plan(MaintenancePlan(**values | fields), by=north.dispatcher, now=now)


def add_next_term(north, now):
    """The term that follows the one that ends on 16 August 2026."""
    ContractTerm.objects.create(
        contract=north.contract,
        starts_on=Date(2026, 8, 17),
        ends_on=Date(2027, 8, 16),
        price=1,
        created_at=now,
    )


def at(day):
    return dt.datetime.combine(day, dt.time(9), dt.UTC)


def generate(north, day=TODAY):
    desk = north.tenant
    return generate_services(desk, day, now=at(day), calendar=calendar_of(desk))


def alarm(north, day=TODAY):
    return raise_alarms(north.tenant, day, now=at(day), calendar=calendar_of(north.tenant))


def ended(north, day=TODAY):
    return raise_ended(north.tenant, day, now=at(day), calendar=calendar_of(north.tenant))


def services(plan, *fields):
    return list(plan.services.order_by("due_on").values_list(*fields or ["due_on"], flat=len(fields) < 2))


def done(plan_service, north, day):
    visit = make_plain_visit(north, now=at(day), number=f"V-{day:%y%m%d}", machines=[])
    visit.assignments.all().delete()
    book_service(plan_service, visit, by=None, now=at(day))
    Visit.objects.filter(pk=visit.pk).update(state="done", completed_at=at(day), completed_on=day)
    visit.refresh_from_db()
    follow_visit(visit, by=None, now=at(day))
    return visit
