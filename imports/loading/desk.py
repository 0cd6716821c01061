"""What every table's loading shares: the desk, the day on which all is judged, and where numbers lead."""

import datetime as dt
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import connection

from imports.report import Remark, Report, TableReport
from tenancy.calendars import UTC, day_bounds, instant_at, local_time
from tenancy.models import Tenant

# Rows written by one statement: large enough to be quick, small enough to show progress.
BATCH = 1000


@dataclass(frozen=True)
class Place:
    """Where a customer's number leads: primary keys of the customer, the site and the main contact."""

    customer: int
    site: int
    contact: int | None


@dataclass
class Desk:
    """A desk while an export comes in.

    `day` is the day on which everything is judged, `moment` the instant up to which things are
    over, `now` when the import runs. `say(table, done, of)` shows progress.
    """

    tenant: Tenant
    zone: ZoneInfo
    day: dt.date
    moment: dt.datetime
    now: dt.datetime
    report: Report
    say: Callable[[str, int, int], None]
    # Key of a customer's number → place; of a serial number → the machine's primary key.
    places: dict[str, Place] = field(default_factory=dict)
    machines: dict[str, int] = field(default_factory=dict)

    def instant(self, wall: dt.datetime | None) -> dt.datetime | None:
        """The instant of a wall time in the desk's zone; one that names its own offset keeps it."""
        if wall is None:
            return None
        return local_time(wall, UTC) if wall.tzinfo else instant_at(wall.date(), wall.time(), self.zone)

    def midday(self, day: dt.date) -> dt.datetime:
        """The instant for something of which only the day is told."""
        return instant_at(day, dt.time(12), self.zone)

    def table(self, name: str) -> TableReport:
        """The report of one table."""
        return self.report.tables[name]

    def warn(self, table: str, line: int, text: str) -> None:
        """Note what a person should look at; the row came in, or was here already."""
        self.table(table).warnings.append(Remark(table, table, line, text))


def moment_of(day: dt.date, *, zone: ZoneInfo, now: dt.datetime, is_given: bool) -> dt.datetime:
    """Up to when things are over: the end of a day that was asked for, else now."""
    return day_bounds(day, zone)[1] if is_given else now


def insert(rows: list, *, ignore_conflicts: bool = False) -> None:
    """Insert new rows of one model, batch by batch.

    Their public ids are made here: a default of the database among the values keeps Django from
    sending whole columns at once, which is twice as quick.
    """
    if not rows:
        return
    for row in rows:
        row.public_id = new_public_id()
    type(rows[0]).objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=ignore_conflicts)


def new_public_id() -> uuid.UUID:
    """A UUID of version 7, as the database makes them: by the clock, so that indexes stay compact."""
    milliseconds = time.time_ns() // 1_000_000
    noise = secrets.randbits(74)
    high, low = noise >> 62, noise & ((1 << 62) - 1)
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def in_batches(rows: list, size: int = BATCH):
    """Slices of a list, in order.

    Before each the database forgets its plans: triggers would go on scanning whole tables, as was
    best when those had few rows.
    """
    for start in range(0, len(rows), size):
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")
        yield rows[start : start + size]
