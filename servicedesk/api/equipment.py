"""Machines: added, changed, retired and taken back, their counters, their papers, and what covers them."""

from functools import partial

from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from contracts.cover import covers_of_equipment
from contracts.overlaps import explain
from customers.editing import MAY_CHANGE, may_change
from customers.machine_details import (
    add_machine,
    bring_back,
    change_machine,
    retire_machine,
    seen_of_machine,
    take_number,
)
from customers.meters import LowerThanBefore, record_reading
from customers.models import Equipment, MeterReading, Site
from customers.searchkeys import serial_key
from servicedesk.api.covers import AskedDay, CoverShown, asked_day
from servicedesk.api.errors import Conflict, code_of
from servicedesk.api.once import answered_once
from servicedesk.api.shown import Colleague, Row, Shown
from servicedesk.api.upserting import MADE, MOST_AT_ONCE, UNCHANGED, UPDATED, Outcomes, optional_but, taken
from servicedesk.api.views import Changed, Listed, Made, Resource, says
from servicedesk.equipment_forms import ReadingForm
from tenancy.calendars import local_day, zone_of
from tenancy.desk_settings import SettingRefused


class MachineShown(Shown):
    """One machine that we look after, or did."""

    customer = Row(source="site.customer", read_only=True)
    site = Row(read_only=True)
    make = serializers.CharField()
    model = serializers.CharField()
    kind = serializers.CharField(help_text="what it is: “copier”")
    serial_number = serializers.CharField()
    external_number = serializers.CharField(help_text="by which an older system knows it")
    location = serializers.CharField(help_text="where at the site")
    installed_on = serializers.DateField(allow_null=True)
    warranty_until = serializers.DateField(allow_null=True, help_text="the maker's; it is no cover")
    retired_on = serializers.DateField(allow_null=True)
    retired_because = serializers.CharField()


class ReadingShown(Shown):
    """What a counter showed."""

    kind = serializers.ChoiceField(choices=MeterReading.Kind.choices)
    value = serializers.DecimalField(12, 1)
    read_at = serializers.DateTimeField()
    read_by = Colleague(allow_null=True)
    visit = serializers.UUIDField(allow_null=True, help_text="the visit at which it was read")
    starts_anew = serializers.BooleanField(help_text="the counter was replaced before")
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="it was wrong, and counts no more")
    withdrawn_because = serializers.CharField()


class PaperShown(Shown):
    """A paper about a machine. Its file is opened on the machine's page."""

    title = serializers.CharField()
    content_type = serializers.CharField(source="file.content_type")
    added_at = serializers.DateTimeField()
    added_by = Colleague(allow_null=True)


class MachineCovers(serializers.Serializer):
    """The contracts about a machine on one day, the best first; none: visits are charged."""

    on = serializers.DateField()
    is_covered = serializers.BooleanField()
    explanation = serializers.CharField(help_text="where several cover at once: which counts for what")
    covers = CoverShown(many=True)


def _words(most: int, **extra) -> serializers.CharField:
    return serializers.CharField(max_length=most, required=False, allow_blank=True, default="", **extra)


def _day() -> serializers.DateField:
    return serializers.DateField(required=False, allow_null=True, default=None)


class MachineChanged(serializers.Serializer):
    """What may be changed of a machine. It stays at its customer's."""

    site = Row(Site, what="site")
    make = _words(80)
    model = _words(120)
    kind = _words(80)
    serial_number = _words(80)
    location = _words(120)
    installed_on = _day()
    warranty_until = _day()


class MachineMade(MachineChanged):
    """A machine that we look after from now on."""

    external_number = _words(40, help_text="by which an older system knows it")


class MachineUpserted(MachineMade):
    """A machine of an older system's, by the number there: made, or changed in what was sent.

    One that is here with the same serial number and without such a number is that machine. A new one stands
    at `site`, or at the only site of the customer whose number is `customer_number`.
    """

    external_number = serializers.CharField(max_length=40)
    customer_number = _words(40)

    def get_fields(self):
        return optional_but(super().get_fields(), "external_number")


class MachinesUpserted(serializers.Serializer):
    """Many of them; each is taken for itself."""

    equipment = MachineUpserted(many=True, allow_empty=False, max_length=MOST_AT_ONCE)


class Retired(serializers.Serializer):
    """Why we look after it no more."""

    because = serializers.CharField(max_length=200)


class TakenBack(serializers.Serializer):
    """Nothing more need be said."""


class CounterRead(serializers.Serializer):
    """What a counter shows: now, or on a day gone by."""

    kind = serializers.ChoiceField(choices=MeterReading.Kind.choices)
    value = serializers.DecimalField(12, 1, min_value=0)
    read_on = serializers.DateField(required=False, help_text="a day of the desk; left out: today")
    was_replaced = serializers.BooleanField(default=False, help_text="it may show less than before")


class MachineFilters(filters.FilterSet):
    """Which machines."""

    customer = filters.UUIDFilter(field_name="site__customer__public_id")
    site = filters.UUIDFilter(field_name="site__public_id")
    serial_number = filters.CharFilter(method="of_serial", max_length=80)
    external_number = filters.CharFilter(max_length=40)
    is_retired = filters.BooleanFilter(field_name="retired_on", lookup_expr="isnull", exclude=True)

    def of_serial(self, rows, name, serial):
        """However it is spaced and capitalised."""
        return rows.filter(serial_key=serial_key(serial))


class Machines(Listed, Made, Changed, Resource):
    """Machines. A retired one stays with its history."""

    area = "equipment"
    shown_as, made_from, changed_from = MachineShown, MachineMade, MachineChanged
    filterset_class = MachineFilters

    @property
    def write_roles(self):
        """All staff add machines and read counters; the desk changes and retires."""
        return None if self.action in ("create", "add_reading") else MAY_CHANGE

    def rows(self):
        return Equipment.objects.select_related("site__customer__tenant")

    def make(self, values):
        return add_machine(**values)

    def change(self, row, values):
        _changed(row, values, **self.who())

    @action(detail=False, methods=["post"])
    @says(sent=MachinesUpserted, answered=Outcomes)
    def upsert(self, request):
        """Make or change up to 200 machines by their numbers. One that is refused holds up no other."""
        sent = self.read(MachinesUpserted)["equipment"]
        known = _by_number([values["external_number"] for values in sent])
        results = [
            taken(values["external_number"], partial(_take, known, values, **self.who())) for values in sent
        ]
        return Response({"results": results})

    @action(detail=True, methods=["post"])
    @says(sent=Retired)
    def retire(self, request, id):
        """We look after it no more, from today. What is booked or planned for it goes on."""
        retire_machine(self.get_object(), **self.read(Retired), **self.who())
        return self.answer(self.get_object())

    @action(detail=True, methods=["post"], url_path="take-back")
    @says(sent=TakenBack)
    def take_back(self, request, id):
        """We look after it after all."""
        bring_back(self.get_object(), **self.who())
        return self.answer(self.get_object())

    @action(detail=True, filter_backends=())
    @says(answered=ReadingShown(many=True))
    def readings(self, request, id):
        """What its counters showed, what was kept last first; also what was withdrawn."""
        rows = self.get_object().readings.select_related("read_by__user")
        return self._page(rows, ReadingShown)

    @readings.mapping.post
    @says(sent=CounterRead, answered=ReadingShown)
    @answered_once
    def add_reading(self, request, id):
        """Keep what a counter shows. Less than before is a 409, unless `was_replaced`."""
        machine, said, who = self.get_object(), self.read(CounterRead), self.who()
        zone = zone_of(request._request.tenant)
        today = local_day(who["now"], zone)
        form = ReadingForm(
            {"read_on": today, **said}, machine=machine, today=today, now=who["now"], zone=zone
        )
        if not form.is_valid():
            raise ValidationError(form.errors)
        said.pop("read_on", None)
        try:
            kept = record_reading(machine, read_at=form.read_at, **said, **who)
        except LowerThanBefore as refused:
            raise Conflict(str(refused), code_of(refused)) from None
        return Response(ReadingShown(kept, context=self.get_serializer_context()).data)

    @action(detail=True, filter_backends=())
    @says(answered=PaperShown(many=True))
    def documents(self, request, id):
        """Its papers, but for those that were removed."""
        rows = self.get_object().documents.filter(removed_at__isnull=True)
        return self._page(rows.select_related("file", "added_by__user"), PaperShown)

    @action(detail=True, filter_backends=(), pagination_class=None)
    @says(asked=AskedDay, answered=MachineCovers)
    def cover(self, request, id):
        """What covers it on a day, and why."""
        machine, day = self.get_object(), asked_day(request)
        covers = covers_of_equipment(machine, day)
        said = {
            "on": day,
            "is_covered": any(cover.is_covered for cover in covers),
            "explanation": explain(covers),
            "covers": covers,
        }
        return Response(MachineCovers(said).data)

    def _page(self, rows, shown_as):
        page = self.paginate_queryset(rows)
        shown = shown_as(page, many=True, only=self.only(), context=self.get_serializer_context())
        return self.get_paginated_response(shown.data)


def _changed(row, values, *, by, now) -> list[str]:
    stands = {name: getattr(row, name) for name in MachineChanged().fields}
    return change_machine(row, seen=seen_of_machine(row), **{**stands, **values}, by=by, now=now)


def _by_number(numbers) -> dict[str, Equipment]:
    rows = Equipment.objects.select_related("site__customer__tenant").filter(external_number__in=numbers)
    return {row.external_number: row for row in rows}


def _take(known, values, *, by, now) -> tuple[Equipment, str]:
    """One of many: the machine of that number, else the one of that serial number, else a new one."""
    may_change(by)
    said = dict(values)
    number, customer = said["external_number"], said.pop("customer_number", "")
    row = known.get(number) or _without_number(said.get("serial_number", ""))
    if row is None:
        site = said.get("site") or _only_site(customer)
        known[number] = made = add_machine(**{**said, "site": site})
        return made, MADE
    is_new_here = row.external_number != number
    if is_new_here:
        take_number(row, number, by=by)
        row.external_number = number
    del said["external_number"]
    differs = _changed(row, said, by=by, now=now)
    known[number] = row
    return row, UPDATED if is_new_here or differs else UNCHANGED


def _without_number(serial) -> Equipment | None:
    key = serial_key(serial)
    rows = Equipment.objects.select_related("site__customer__tenant").filter(external_number="")
    return rows.filter(serial_key=key).first() if key else None


def _only_site(number) -> Site:
    """Raises SettingRefused where there is no such customer, or not one site only."""
    if not number:
        raise SettingRefused("site", "Say where a new machine stands: `site` or `customer_number`.")
    sites = list(Site.objects.filter(customer__number=number, customer__merged_into=None)[:2])
    if len(sites) != 1:
        raise SettingRefused("customer_number", "No such customer has one site only: send `site`.")
    return sites[0]
