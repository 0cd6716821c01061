"""The round over all desks that sees to what was paid for or planned: nothing of it is forgotten (R3).

Safe to run at any time and twice: it asks what is due on the desk's present day and not there yet.
"""

import datetime as dt
import logging
from dataclasses import astuple, dataclass

from contracts.disposing import forfeit_ended
from recommendations.follow_ups import call_for_another_look, plan_follow_ups
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant
from visits.follow_up import ask_after_visits
from visits.nudges import plan_nudges
from visits.planned import generate_services, raise_alarms, raise_ended
from visits.work_left import call_for_returns

log = logging.getLogger(__name__)


@dataclass
class Round:
    """How many: visits forfeited, nudges planned, services made due, customers asked, duties opened."""

    forfeited: int = 0
    nudged: int = 0
    services: int = 0
    asked_again: int = 0
    asked_after: int = 0
    alarms: int = 0

    def total(self) -> int:
        """All of it together."""
        return sum(astuple(self))


def go_round(*, now: dt.datetime) -> Round:
    """See to every desk on its own present day."""
    found = Round()
    for desk in Tenant.objects.order_by("pk"):
        try:
            with tenant(desk):
                see_to(desk, now=now, found=found)
        except Exception:
            # One desk's fault is that desk's: the others have their round all the same.
            log.exception("The visits paid for at desk %s could not be seen to", desk.pk)
    return found


def see_to(desk: Tenant, *, now: dt.datetime, found: Round | None = None) -> Round:
    """The active desk's round. Alarms begin when its manager has switched its messages on."""
    found = Round() if found is None else found
    day, calendar = local_day(now, zone_of(desk)), calendar_of(desk)
    found.forfeited += forfeit_ended(desk, day, now=now)
    found.nudged += plan_nudges(desk, day, now=now, calendar=calendar)
    found.services += generate_services(desk, day, now=now, calendar=calendar)
    found.asked_again += plan_follow_ups(desk, day, now=now, calendar=calendar)
    found.asked_after += ask_after_visits(desk, now=now)
    found.alarms += call_for_another_look(desk, day, now=now, calendar=calendar)
    found.alarms += call_for_returns(now=now, calendar=calendar)
    if desk.messages_from is not None and desk.messages_from <= now:
        found.alarms += raise_alarms(desk, day, now=now, calendar=calendar)
        found.alarms += raise_ended(desk, day, now=now, calendar=calendar)
    return found
