"""A day whose order goes to and fro: two visits in another order save a way."""

import datetime as dt

from customers.models import Site
from tenancy.calendars import instant_at, zone_of
from tests.cast import make_plain_visit
from visits.models import Technician, TechnicianPreference

DAY = dt.date(2026, 3, 10)
HOME, NEAR, MIDDLE, FAR = 51.50, 51.55, 51.60, 51.65


def make_day_to_and_fro(desk, now):
    """Lou, who lives to the south, drives far, near and half way; Marek lives a long way off."""
    Technician.objects.filter(pk=desk.lou.pk).update(home_latitude=HOME, home_longitude=0)
    Technician.objects.filter(pk=desk.marek.pk).update(home_latitude=HOME - 1, home_longitude=0)
    TechnicianPreference.objects.all().delete()
    zone = zone_of(desk.tenant)
    for latitude, hour in ((FAR, 9), (NEAR, 11), (MIDDLE, 13)):
        make_plain_visit(
            desk,
            now=now,
            start=instant_at(DAY, dt.time(hour), zone),
            site=Site.objects.create(customer=desk.customer, latitude=latitude, longitude=0),
            window_start=instant_at(DAY, dt.time(8), zone),
            window_end=instant_at(DAY, dt.time(17, 30), zone),
            machines=[],
        )
