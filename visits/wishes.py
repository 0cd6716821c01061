"""Saying which technician is preferred, required or excluded somewhere (R2.3).

How it counts is in `preferences`.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction

from customers.models import Customer, Equipment, Site
from tenancy.desk_settings import SettingRefused
from tenancy.models import Role
from visits.models import Technician, TechnicianPreference

# Who may say what a customer wants; a manager may do all.
MAY_WISH = (Role.DISPATCHER,)


@transaction.atomic
def say_wish(
    technician: Technician, level: str, *, place: Customer | Site | Equipment, by, now: dt.datetime
) -> TechnicianPreference:
    """What counts of a technician at a customer, a site or a machine; said again, the last word counts.

    Raises PermissionDenied, and SettingRefused where everybody else is shut out but nobody could come.
    """
    if not by.has_role(*MAY_WISH):
        raise PermissionDenied
    named = {type(place).__name__.lower(): place}
    if level == TechnicianPreference.Level.REQUIRED and not technician.is_active:
        raise SettingRefused("technician", f"{technician.name} works here no more: nobody could come.")
    wish, _ = TechnicianPreference.objects.update_or_create(
        technician=technician,
        **{name: named.get(name) for name in ("customer", "site", "equipment")},
        defaults={"level": level},
    )
    return wish


@transaction.atomic
def forget_wish(wish: TechnicianPreference, *, by) -> None:
    """Nothing is said of that technician there any more. Raises PermissionDenied."""
    if not by.has_role(*MAY_WISH):
        raise PermissionDenied
    wish.delete()
