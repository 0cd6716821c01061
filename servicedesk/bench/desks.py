"""A desk with its colleagues, hours and technicians, and when its visits are."""

import datetime as dt
import secrets
from dataclasses import dataclass, field
from functools import lru_cache

from django.contrib.auth.hashers import make_password

from servicedesk.bench.bulk import Bulk
from servicedesk.bench.names import person
from servicedesk.bench.signing import NOISY, PASSWORD, mail_of
from servicedesk.bench.sizes import VISITS_EACH
from tenancy.calendars import instant_at, zone_of
from tenancy.models import BusinessHours, Membership, Role, Tenant, User
from visits.models import Technician

ZONE_NAME = "Europe/London"
ZONE = zone_of(Tenant(time_zone=ZONE_NAME))
# Four visits a day for each technician; the noisy desk's board is the same at every size.
STARTS = (dt.time(8, 0), dt.time(10, 15), dt.time(12, 30), dt.time(14, 45))
TECHNICIANS, TECHNICIANS_OF_NOISY = 2, 50
# Of all visits, those that are over.
OVER = 9, 10
# The last visit of a day is over at 16:00: every day has room for one more.
HOURS = dt.time(8, 0), dt.time(19, 0)


@dataclass
class Desk:
    """What the rows of one desk name. `today` is the day the data was made."""

    id: int
    slug: str
    today: dt.date
    customers: int
    people: dict[str, int] = field(default_factory=dict)
    technicians: list[int] = field(default_factory=list)

    @property
    def visits_a_day(self) -> int:
        return len(STARTS) * len(self.technicians)

    def place_of(self, customer: int, turn: int) -> int:
        """Which of the desk's visits, oldest first, is this customer's so many-th: one in each stretch."""
        return turn * self.customers + customer * 7919 % self.customers

    def planned(self, place: int) -> tuple[dt.datetime, int]:
        """When the visit of that place is, and whose; today's come right after nine tenths of all."""
        days_past = self.customers * VISITS_EACH * OVER[0] // OVER[1] // self.visits_a_day
        day, turn = divmod(place, self.visits_a_day)
        start, technician = divmod(turn, len(self.technicians))
        return _at(self.today + dt.timedelta(days=day - days_past), start), self.technicians[technician]


@lru_cache(maxsize=10_000)
def _at(day: dt.date, start: int) -> dt.datetime:
    return instant_at(day, STARTS[start], ZONE)


def add_desk(bulk: Bulk, slug: str, customers: int, *, today: dt.date, now: dt.datetime) -> Desk:
    """One desk, with a colleague in each role and a sign-in for every technician."""
    tenant = bulk.add(
        Tenant,
        slug=slug,
        name=slug.capitalize(),
        time_zone=ZONE_NAME,
        country="GB",
        currency="GBP",
        phone="01632 960118",
        email=f"desk@{slug}.example",
        messages_from=now - dt.timedelta(days=3000),
        created_at=now - dt.timedelta(days=3000),
        callout_price=95,
    )
    desk = Desk(tenant, slug, today, customers)
    for role in Role.values:
        desk.people[role] = _colleague(bulk, desk, role, len(desk.people))
    for weekday in range(7):
        bulk.add(BusinessHours, tenant_id=tenant, weekday=weekday, opens=HOURS[0], closes=HOURS[1])
    for number in range(TECHNICIANS_OF_NOISY if slug == NOISY else TECHNICIANS):
        own = desk.people[Role.TECHNICIAN] if number == 0 else None
        desk.technicians.append(
            bulk.add(
                Technician,
                tenant_id=tenant,
                membership_id=own or _colleague(bulk, desk, Role.TECHNICIAN, 100 + number),
                name=f"{person(number)} {number}",
                skills=["copier", "printer"],
            )
        )
    return desk


def _colleague(bulk, desk, role, number):
    email = mail_of(role, desk.slug) if number < 100 else f"technician-{number}@{desk.slug}.example"
    user = bulk.add(User, email=email, password=_hashed(), name=person(number * 31 + 7))
    return bulk.add(Membership, tenant_id=desk.id, user_id=user, role=role)


@lru_cache(maxsize=1)
def _hashed() -> str:
    return make_password(PASSWORD, salt=secrets.token_hex(11))
