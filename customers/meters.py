"""What the counters of a machine show: read by somebody, at a visit or not, and how much it is used.

A counter goes forward. One that shows less than before was replaced or set back, and somebody says so;
or a figure is wrong, and is withdrawn with a reason. Nothing that was read is deleted.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from customers.changing import one_line
from customers.models import Equipment, MeterReading, TimelineEntry
from customers.timeline import add_line
from tenancy.calendars import instant_at, local_day, zone_of
from tenancy.desk_settings import SettingRefused
from tenancy.prepared import Among, Keys, Prepared

MOST = Decimal("99999999999.9")


class LowerThanBefore(SettingRefused):
    """A counter shows less than at an earlier reading, and nobody said that it was replaced."""

    def __init__(self, earlier: MeterReading):
        self.earlier = earlier
        words = f"That is less than {figure(earlier.value)} on {_day_of(earlier)}."
        super().__init__("value", f"{words} Was the counter replaced?")


@dataclass(frozen=True)
class Use:
    """How much a machine was used in a month: `used` is reckoned between readings."""

    month: dt.date
    used: Decimal


@dataclass(frozen=True)
class Counted:
    """What a counter of a machine shows now; `was_replaced`: less than before is right."""

    machine: Equipment
    kind: str
    value: Decimal
    was_replaced: bool = False


def figure(value: Decimal) -> str:
    """12,345 or 12,345.5."""
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.1f}"


def readings_of(machine: Equipment):
    """What counts of a machine's readings, as they were read."""
    return machine.readings.filter(withdrawn_at__isnull=True).order_by("read_at", "pk")


def last_readings_of(machines: Iterable[Equipment]) -> list[MeterReading]:
    """The newest reading of each counter of some machines: one query."""
    return _NEWEST.rows(machines=[machine.pk for machine in machines])


_NEWEST = Prepared(
    lambda machines: (
        MeterReading.objects.filter(Among("equipment", machines), withdrawn_at__isnull=True)
        .order_by("equipment", "kind", "-read_at", "-pk")
        .distinct("equipment", "kind")
    ),
    machines=Keys(),
)


@transaction.atomic
def record_reading(
    machine: Equipment,
    *,
    kind: str,
    value: Decimal,
    read_at: dt.datetime,
    by,
    now: dt.datetime,
    visit: uuid.UUID | None = None,
    was_replaced: bool = False,
) -> MeterReading:
    """Keep what a counter showed at an instant; `visit` is the public id of the visit it was read at.

    Sent twice for one visit it is kept once. Raises LowerThanBefore unless `was_replaced`, and
    SettingRefused for what cannot be.
    """
    _hold(machine)
    counted = readings_of(machine).filter(kind=kind)
    known = counted.filter(visit=visit).first() if visit else None
    if known is not None:
        return _same(known, value)
    if not 0 <= value <= MOST:
        raise SettingRefused("value", "Write what the counter shows: 0 or more.")
    if read_at > now:
        raise SettingRefused("read_at", "Nobody has read it yet: choose a time that has passed.")
    earlier = counted.filter(read_at__lte=read_at).last()
    starts_anew = earlier is not None and value < earlier.value
    if starts_anew and not was_replaced:
        raise LowerThanBefore(earlier)
    later = counted.filter(read_at__gt=read_at).first()
    if later is not None and later.value < value and not later.starts_anew:
        words = f"On {_day_of(later)} it showed {figure(later.value)}, which is less."
        raise SettingRefused("value", words)
    reading = MeterReading.objects.create(
        equipment=machine,
        kind=kind,
        value=value,
        read_at=read_at,
        read_by=by,
        visit=visit,
        starts_anew=starts_anew,
    )
    _reckon_next(reading)
    replaced = "The counter was replaced." if starts_anew else ""
    _tell(machine, f"{reading.get_kind_display()}: {figure(value)}, {machine}", replaced, by=by, now=now)
    return reading


@transaction.atomic
def withdraw_reading(reading: MeterReading, *, because: str, by, now: dt.datetime) -> bool:
    """It was wrong, and counts no more; whether that changed anything. Raises SettingRefused.

    Whether the counter was replaced before the next reading is told from what stands then.
    """
    because = one_line(because)[:200]
    if not because:
        raise SettingRefused("because", "Write what was wrong with it.")
    _hold(reading.equipment)
    standing = MeterReading.objects.filter(pk=reading.pk, withdrawn_at__isnull=True)
    if not standing.update(withdrawn_at=now, withdrawn_by=by, withdrawn_because=because):
        return False
    _reckon_next(reading)
    said = f"Reading withdrawn: {reading.get_kind_display()} {figure(reading.value)}, {reading.equipment}"
    _tell(reading.equipment, said, because, by=by, now=now)
    return True


def use_by_month(readings: Iterable[MeterReading], zone: ZoneInfo, *, months: int) -> list[Use]:
    """How much one counter went forward in each of the last months that are known, the newest first.

    `readings` are in order. What was used between two of them is spread evenly over the time between;
    a counter that was replaced in between, or shows less, says nothing of it. Months are the zone's.
    """
    used: dict[dt.date, Decimal] = defaultdict(Decimal)
    for first, second in pairwise(readings):
        span = (second.read_at - first.read_at).total_seconds()
        if second.starts_anew or second.value < first.value or span <= 0:
            continue
        for month, start, end in _months(first.read_at, second.read_at, zone):
            share = Decimal((end - start).total_seconds()) / Decimal(span)
            used[month] += (second.value - first.value) * share
    return [Use(month, used[month].quantize(Decimal(1))) for month in sorted(used, reverse=True)[:months]]


def _hold(machine):
    """Nobody else reads or withdraws of this machine until the commit."""
    Equipment.objects.select_for_update(of=("self",), no_key=True).get(pk=machine.pk)


def _reckon_next(reading):
    """Tell anew whether the counter was replaced before the reading that follows; the machine is held."""
    counted = readings_of(reading.equipment).filter(kind=reading.kind)
    same = Q(read_at=reading.read_at, pk__gt=reading.pk)
    later = counted.filter(Q(read_at__gt=reading.read_at) | same).first()
    if later is None:
        return
    same = Q(read_at=later.read_at, pk__lt=later.pk)
    earlier = counted.filter(Q(read_at__lt=later.read_at) | same).last()
    starts_anew = earlier is not None and later.value < earlier.value
    if starts_anew != later.starts_anew:
        MeterReading.objects.filter(pk=later.pk).update(starts_anew=starts_anew)


def _day_of(reading) -> str:
    """The day of the desk on which it was read: 3 Feb 2026."""
    day = local_day(reading.read_at, zone_of(reading.tenant))
    return f"{day.day} {day:%b %Y}"


def _months(since, until, zone):
    """Each month between two instants, with the part of it that lies between them."""
    month = local_day(since, zone).replace(day=1)
    while since < until:
        following = (month + dt.timedelta(days=32)).replace(day=1)
        end = min(until, instant_at(following, dt.time(0), zone))
        yield month, since, end
        month, since = following, end


def _same(known, value) -> MeterReading:
    if known.value != value:
        words = f"At this visit it was read already: {figure(known.value)}. Withdraw that first."
        raise SettingRefused("value", words)
    return known


def _tell(machine, said, detail, *, by, now) -> None:
    add_line(machine.site.customer, TimelineEntry.Kind.NOTE, said, at=now, detail=detail, actor=by)
