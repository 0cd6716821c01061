"""Instants as programs send them: with any offset, in years that a calendar and the database know."""

import datetime as dt

from django import forms
from django.utils import timezone
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework import serializers

from servicedesk.booking_choices import FARTHEST
from tenancy.calendars import local_time

# What a desk could mean. Near the ends of the calendar an instant is none in another zone.
EARLIEST, LATEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)


class _Instant(IsoDateTimeField):
    def clean(self, value):
        at = super().clean(value)
        if at is None:
            return None
        if not EARLIEST <= at <= LATEST:
            raise forms.ValidationError("Choose an instant between 1900 and 2200.", code="invalid")
        return local_time(at, dt.UTC)


class InstantFilter(filters.IsoDateTimeFilter):
    """Rows by an instant; one that no desk could mean is refused."""

    field_class = _Instant


class Moment(serializers.DateTimeField):
    """An instant near enough to be planned or promised."""

    default_error_messages = {"far": "Choose a time within the next years."}

    def to_internal_value(self, value):
        at = super().to_internal_value(value)
        # Before it is counted in UTC: the last hours of the last year are none there.
        if abs(at - timezone.now()) > FARTHEST:
            self.fail("far")
        return local_time(at, dt.UTC)
