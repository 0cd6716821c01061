"""What was paid for gets used: maintenance plans, one of them with a service that nobody has booked."""

import datetime as dt

from servicedesk.demo.people import Built
from tenancy.models import Role
from visits.daily_round import see_to
from visits.maintenance import make_plan, suspend_plan
from visits.models import MaintenancePlan

CountsFrom, Unit = MaintenancePlan.CountsFrom, MaintenancePlan.Unit
DAY = dt.timedelta(days=1)


def add_upkeep(built: Built) -> None:
    """One plan by the calendar that alarms, one from the last completion, one that is suspended."""
    dispatcher, made_at = built.people[Role.DISPATCHER], built.days_ago(1, 11)
    _plan(built, "care", "Quarterly tune-up", every=3, unit=Unit.MONTHS, starts_in=5)
    _plan(
        built, "tallis", "Clean and grease", every=6, unit=Unit.WEEKS, starts_in=20,
        counts_from=CountsFrom.COMPLETION,
    )  # fmt: skip
    paused = _plan(built, "hotel", "Monthly check", every=1, unit=Unit.MONTHS, starts_in=12, weekdays=[0, 3])
    suspend_plan(
        paused, from_day=built.today, resumes_on=built.today + 45 * DAY, because="The lobby is rebuilt",
        by=dispatcher, now=made_at,
    )  # fmt: skip
    see_to(built.desk, now=built.now)


def _plan(built, key, title, *, every, unit, starts_in, counts_from=CountsFrom.CALENDAR, weekdays=()):
    return make_plan(
        MaintenancePlan(
            customer=built.customers[key],
            site=built.sites[key],
            equipment=built.machines[key][0],
            contract=built.contracts.get(key),
            title=title,
            counts_from=counts_from,
            every=every,
            unit=unit,
            weekdays=list(weekdays),
            starts_on=built.today + starts_in * DAY,
        ),
        by=built.people[Role.DISPATCHER],
        now=built.days_ago(1, 11),
    )
