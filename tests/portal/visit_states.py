"""A customer's visit in each state that its page knows, with a link to each."""

import datetime as dt
from collections.abc import Callable

from customers.links import make_link
from customers.models import CustomerLink
from portal.times import free_times, take_time
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.portal.test_visit_report import finished
from visits.models import Visit
from visits.outcomes import nobody_came

HOURS = dt.timedelta(hours=1)


def waiting(desk, now, **said) -> Visit:
    """Two days ahead with Lou, unless said otherwise."""
    start = now.replace(minute=0) + said.pop("ahead", 49) * HOURS
    number = f"S-{Visit.objects.count()}"
    return make_visit(desk, start=start, technician=desk.lou, number=number, **said)


def confirmed(desk, now) -> Visit:
    return waiting(desk, now, state=Visit.State.CONFIRMED)


def moved(desk, now) -> Visit:
    """They chose the first free time."""
    visit = waiting(desk, now)
    return take_time(visit, free_times(visit, now=now)[0], now=now)


def on_the_way(desk, now) -> Visit:
    return waiting(
        desk, now, ahead=1, state=Visit.State.ON_THE_WAY, on_the_way_at=now, expected_at=now + HOURS
    )


def window_over(desk, now) -> Visit:
    return waiting(desk, now, ahead=-3)


def missed(desk, now) -> Visit:
    """Nobody came, as they say."""
    visit = window_over(desk, now)
    nobody_came(visit, by=None, now=now)
    return visit


def done(desk, now) -> Visit:
    return finished(desk, now)[1]


STATES: dict[str, Callable[..., Visit]] = {
    "waiting": waiting,
    "confirmed": confirmed,
    "moved": moved,
    "on the way": on_the_way,
    "window over": window_over,
    "missed": missed,
    "done": done,
}


def page_in(state: str, desk, now) -> tuple[str, Visit]:
    """(address of its page, the visit) in a state."""
    with tenant(desk.tenant):
        visit = STATES[state](desk, now)
        token = make_link(
            desk.customer, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=now + 200 * HOURS
        )
    return f"/v/{token}/", visit
