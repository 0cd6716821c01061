"""The wall time that a customer is told: their own clock, wherever the desk's stands (R4.8)."""

import datetime as dt
from zoneinfo import ZoneInfo

from customers.models import Customer
from tenancy.calendars import local_time, zone_named, zone_of


def told_zone(customer: Customer) -> ZoneInfo:
    """The zone in which a customer is told times: theirs, else the desk's."""
    return zone_named(customer.time_zone) if customer.time_zone else zone_of(customer.tenant)


def told(customer: Customer, start: dt.datetime, end: dt.datetime) -> dict:
    """What a visit keeps of a window from `start` to `end` (instants), as the customer's clock shows it."""
    zone = told_zone(customer)
    first = local_time(start, zone)
    return {
        "told_day": first.date(),
        "told_from": first.time(),
        "told_until": local_time(end, zone).time(),
    }
