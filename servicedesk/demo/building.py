"""Builds the demo desks, and takes them away again."""

import datetime as dt
import random

from django.db import connections, transaction

from servicedesk.demo.day import add_day
from servicedesk.demo.goodwill import add_goodwill
from servicedesk.demo.names import NORTHGATE, SOUTHGATE, DeskNames
from servicedesk.demo.parts import add_parts
from servicedesk.demo.people import Built, add_contracts, add_customers, add_people
from servicedesk.demo.stories import add_stories
from servicedesk.demo.upkeep import add_upkeep
from tenancy.calendars import local_day, local_time, zone_of
from tenancy.models import Tenant
from tenancy.scope import tenant

DESKS = (NORTHGATE, SOUTHGATE)
SEED = 20_418
# Round the earth: at any moment it is about 13:00 in one of them.
ZONES = (
    "Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo", "Asia/Singapore", "Asia/Dhaka", "Asia/Kolkata",
    "Asia/Dubai", "Africa/Nairobi", "Europe/Athens", "Europe/Paris", "Europe/London", "Atlantic/Azores",
    "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu",
)  # fmt: skip


def zone_in_full_swing(now: dt.datetime) -> str:
    """The zone in which it is nearest to 13:07: the desks' day is in full swing whenever one looks."""

    def distance(name: str) -> float:
        local = local_time(now, zone_of(Tenant(time_zone=name)))
        return abs((local.hour - 13) * 60 + local.minute - 7)

    return min(ZONES, key=distance)


def build_desk(names: DeskNames, *, now: dt.datetime) -> Tenant:
    """One desk with its people, customers, contracts, stories and day."""
    desk = Tenant.objects.create(
        slug=names.slug,
        name=names.name,
        time_zone=zone_in_full_swing(now),
        country="GB",
        currency="GBP",
        phone=names.phone,
        email=f"desk@{names.slug}.example",
        callout_price=95,
        messages_from=now - dt.timedelta(hours=2),
    )
    chance = random.Random(SEED)
    with tenant(desk):
        built = Built(desk=desk, now=now, today=local_day(now, zone_of(desk)))
        add_people(built, names)
        add_customers(built, names, chance)
        add_contracts(built, chance)
        add_stories(built)
        add_goodwill(built)
        add_day(built)
        add_upkeep(built)
        add_parts(built)
    return desk


@transaction.atomic(using="migrator")
def remove_desk(desk: Tenant) -> None:
    """Take a demo desk away, whole. Only the owner of the schema can: what happened is never deleted."""
    with connections["migrator"].cursor() as cursor:
        cursor.execute(
            "SELECT format('%I', c.relname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE a.attname = 'tenant_id' AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT user_id FROM tenancy_membership WHERE tenant_id = %s", [desk.pk])
        users = [user for (user,) in cursor.fetchall()]
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [desk.pk])
        # Composite keys are checked at commit; a table cannot be altered while checks wait.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("DELETE FROM tenancy_tenant WHERE id = %s", [desk.pk])
        cursor.execute(
            "DELETE FROM tenancy_user u WHERE id = ANY(%s) "
            "AND NOT EXISTS (SELECT FROM tenancy_membership m WHERE m.user_id = u.id)",
            [users],
        )
