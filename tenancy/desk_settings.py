"""What a manager says of the desk: place, hours, days off, visits, promises, messages.

Each part is saved for itself. Of two who change the same part at once the second is told.
"""

import datetime as dt
from collections.abc import Iterable
from hashlib import sha256

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from tenancy.calendars import DEFAULT_HOURS
from tenancy.models import BusinessHours, Closure, Tenant
from tenancy.models.desk import validate_zone
from tenancy.regions import countries, regions_of
from tenancy.weekly_hours import Span, checked_hours

# The parts of the page, and what each of them holds.
PLACE = ("name", "phone", "email", "time_zone", "country", "subdivision")
VISITS = ("visit_minutes", "window_minutes", "travel_minutes", "travel_kmh", "callout_price")
PROMISES = ("confirmation_minutes", "call_ahead_minutes", "missed_after_minutes")
REMINDERS = ("reminder_minutes",)
FOLLOW_UP = ("follow_up_days",)
WAITING = ("waiting_counts_working_time",)
MOST_REMINDERS = 6
# A day off further away is a slip of the pen.
FURTHEST = dt.timedelta(days=3660)


class ChangedMeanwhile(ValueError):
    """Somebody changed this part since the caller looked."""


class SettingRefused(ValueError):
    """A value that cannot be; `field` is the one it is about."""

    def __init__(self, field: str, words: str):
        super().__init__(words)
        self.field = field


def version_of(row: Model, part: Iterable[str]) -> str:
    """What a part of a row says, in a few letters: the same again as long as nobody changed it."""
    return _digest(str(getattr(row, name)) for name in part)


def version_of_hours() -> str:
    """The same of the desk's hours: one query."""
    return _digest(str(span) for span in hours_of_desk())


@transaction.atomic
def save_part(desk: Tenant, part: tuple[str, ...], *, seen: str, by, now: dt.datetime, **values) -> list[str]:
    """Change some fields of a part; the names of those that are different now.

    `seen` is the `version_of` the part that the caller looked at. Raises PermissionDenied,
    ChangedMeanwhile, and SettingRefused for a value that cannot be.
    """
    may_set(by)
    if unknown := set(values) - set(part):
        raise TypeError(f"No setting of this part: {', '.join(sorted(unknown))}")
    locked = Tenant.objects.select_for_update().get(pk=desk.pk)
    if version_of(locked, part) != seen:
        raise ChangedMeanwhile("Somebody changed this meanwhile. Look at it again before you save.")
    _check(locked, values)
    different = [name for name, value in values.items() if getattr(locked, name) != value]
    for name in different:
        setattr(locked, name, values[name])
    if different:
        locked.save(update_fields=different)
    return different


def hours_of_desk() -> list[Span]:
    """The desk's hours; never set, they are Monday to Friday 8:00 to 17:30. One query."""
    return sorted(BusinessHours.objects.values_list("weekday", "opens", "closes")) or list(DEFAULT_HOURS)


@transaction.atomic
def set_hours(desk: Tenant, spans: Iterable[Span], *, seen: str, by, now: dt.datetime) -> None:
    """The desk's hours from now on; a time due that was reckoned before stays.

    Raises PermissionDenied, ChangedMeanwhile, HoursRefused, and SettingRefused for a week without any hour.
    """
    may_set(by)
    ordered = checked_hours(spans)
    if not ordered:
        raise SettingRefused("hours", "Write the hours of at least one day: promises count in them.")
    Tenant.objects.select_for_update().get(pk=desk.pk)
    if version_of_hours() != seen:
        raise ChangedMeanwhile("Somebody changed the hours meanwhile. Look at them again before you save.")
    if ordered == hours_of_desk():
        return
    BusinessHours.objects.all().delete()
    BusinessHours.objects.bulk_create(
        BusinessHours(weekday=weekday, opens=opens, closes=closes) for weekday, opens, closes in ordered
    )


@transaction.atomic
def add_closure(*, day: dt.date, name: str, by, today: dt.date) -> Closure:
    """A day on which the desk does not work. Raises PermissionDenied and SettingRefused."""
    may_set(by)
    if not name.strip():
        raise SettingRefused("name", "Write why: “Stocktaking”.")
    if not today <= day <= today + FURTHEST:
        raise SettingRefused("day", "Choose a day to come, within ten years.")
    try:
        with transaction.atomic():
            return Closure.objects.create(day=day, name=name.strip()[:120])
    except IntegrityError:
        raise SettingRefused("day", "The desk is closed on that day already.") from None


@transaction.atomic
def remove_closure(closure: Closure, *, by) -> None:
    """The desk works on that day after all. Raises PermissionDenied."""
    may_set(by)
    closure.delete()


@transaction.atomic
def switch_messages(desk: Tenant, *, on: bool, by, now: dt.datetime) -> bool:
    """Let messages and alarms begin now, or stop them; whether that changed anything.

    Nothing that was due before they begin is sent or raised. Raises PermissionDenied.
    """
    may_set(by)
    locked = Tenant.objects.select_for_update().get(pk=desk.pk)
    if (locked.messages_from is not None) == on:
        return False
    locked.messages_from = now if on else None
    locked.save(update_fields=["messages_from"])
    return True


def may_set(by) -> None:
    """Raise PermissionDenied unless a manager asks."""
    if not by.has_role():
        raise PermissionDenied


def _check(desk: Tenant, values: dict) -> None:
    if "time_zone" in values:
        try:
            validate_zone(values["time_zone"])
        except ValidationError as refused:
            raise SettingRefused("time_zone", refused.messages[0]) from None
    country = values.get("country", desk.country)
    if country not in countries():
        raise SettingRefused("country", "Write the two letters of a country, like GB.")
    subdivision = values.get("subdivision", desk.subdivision)
    if "subdivision" in values and subdivision and subdivision not in regions_of(country):
        known = ", ".join(regions_of(country))
        words = f"Choose one of {known}, or none." if known else f"{country} has no regions of its own."
        raise SettingRefused("subdivision", words)
    reminders = values.get("reminder_minutes")
    if reminders is not None and len(reminders) > MOST_REMINDERS:
        raise SettingRefused("reminder_minutes", f"At most {MOST_REMINDERS} reminders: more wear people out.")
    if values.get("window_minutes") == 0:
        raise SettingRefused("window_minutes", "A window lasts at least a minute.")


def _digest(values: Iterable[str]) -> str:
    return sha256("\n".join(values).encode()).hexdigest()[:16]
