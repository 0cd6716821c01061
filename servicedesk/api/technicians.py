"""Technicians: who comes, with what they can and when they work."""

from django.db.models import Prefetch
from django_filters import rest_framework as filters
from rest_framework import serializers

from servicedesk.api.shown import ByTheWall, Shown
from servicedesk.api.views import Listed, Resource
from visits.models import Technician, WorkingHours


class HoursShown(serializers.Serializer):
    """From when to when on one weekday, by the desk's clock."""

    weekday = serializers.IntegerField(help_text="Monday is 0")
    starts = ByTheWall()
    ends = ByTheWall()


class TechnicianShown(Shown):
    """A person with a van. Without hours of their own they work the desk's."""

    name = serializers.CharField()
    phone = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField(help_text="works here")
    working_hours = HoursShown(many=True)


class TechnicianFilters(filters.FilterSet):
    """Which technicians."""

    is_active = filters.BooleanFilter()


class Technicians(Listed, Resource):
    """Technicians; entering them and their hours is a manager's, on the desk's own pages."""

    area = "visits"
    shown_as = TechnicianShown
    filterset_class = TechnicianFilters

    def rows(self):
        hours = Prefetch("working_hours", WorkingHours.objects.order_by("weekday", "starts"))
        return Technician.objects.prefetch_related(hours)
