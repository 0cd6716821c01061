"""Changing a machine, retiring it and taking it back: each is one line, and of two the second is told."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from customers.machine_details import bring_back, change_machine, retire_machine, seen_of_machine
from customers.models import Equipment, Site
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused

AS_IT_IS = {
    "make": "Corvane",
    "model": "TC-240",
    "kind": "copier",
    "serial_number": "TC240-118-4471",
    "location": "",
    "installed_on": None,
    "warranty_until": None,
}


def change(north, now, *, seen=None, by=None, **values):
    machine = Equipment.objects.get(pk=north.copier.pk)
    said = {"site": north.site, **AS_IT_IS, **values}
    seen = seen_of_machine(machine) if seen is None else seen
    return change_machine(machine, seen=seen, by=by or north.dispatcher, now=now, **said)


def test_what_is_different_is_written_and_told_with_what_it_was(north, now):
    assert change(north, now, kind="", location=" 2nd  floor ", installed_on=dt.date(2024, 5, 3)) == [
        "kind",
        "location",
        "installed_on",
    ]
    kept = Equipment.objects.get(pk=north.copier.pk)
    assert (kept.kind, kept.location, kept.installed_on) == ("", "2nd floor", dt.date(2024, 5, 3))
    line = north.customer.timeline.get()
    assert (line.title, line.actor) == ("Corvane TC-240 copier changed", north.dispatcher)
    assert line.detail == (
        "What it is: nothing, was copier. Place there: 2nd floor, was nothing. "
        "Installed: 3 May 2024, was nothing."
    )
    assert change(north, now, kind="", location="2nd floor", installed_on=dt.date(2024, 5, 3)) == []
    assert north.customer.timeline.count() == 1


def test_of_two_who_change_it_the_second_is_told(north, now):
    seen = seen_of_machine(Equipment.objects.get(pk=north.copier.pk))
    change(north, now, seen=seen, location="2nd floor")
    with pytest.raises(ChangedMeanwhile):
        change(north, now, seen=seen, location="Cellar")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"make": "", "model": " ", "kind": "", "serial_number": ""}, "model"),
        ({"serial_number": "sf12 077 0923"}, "serial_number"),
        ({"installed_on": dt.date(2024, 5, 3), "warranty_until": dt.date(2024, 5, 2)}, "warranty_until"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(north, now, values, field):
    with pytest.raises(SettingRefused) as refused:
        change(north, now, **values)
    assert refused.value.field == field


def test_it_moves_among_the_places_of_its_customer_only(north, now):
    hall = Site.objects.create(customer=north.customer, name="The press hall")
    assert change(north, now, site=hall) == ["site"]
    with pytest.raises(SettingRefused):
        stranger = type(north.customer).objects.create(name="Somebody else")
        change(north, now, site=Site.objects.create(customer=stranger, name="Theirs"))


def test_it_retires_with_a_reason_once_and_may_come_back(north, now):
    with pytest.raises(SettingRefused):
        retire_machine(north.copier, because=" ", by=north.dispatcher, now=now)
    assert retire_machine(north.copier, because="Scrapped", by=north.dispatcher, now=now)
    assert not retire_machine(north.copier, because="Again", by=north.dispatcher, now=now)
    kept = Equipment.objects.get(pk=north.copier.pk)
    assert (kept.retired_on, kept.retired_because) == (now.date(), "Scrapped")
    assert bring_back(north.copier, by=north.manager, now=now)
    assert not bring_back(north.copier, by=north.manager, now=now)
    kept.refresh_from_db()
    assert (kept.retired_on, kept.retired_because) == (None, "")
    assert list(north.customer.timeline.order_by("pk").values_list("title", "detail")) == [
        ("Corvane TC-240 copier retired", "Scrapped"),
        ("Corvane TC-240 copier is looked after again", ""),
    ]


def test_technicians_change_no_machine(north, now):
    with pytest.raises(PermissionDenied):
        change(north, now, by=north.technician, location="Cellar")
    with pytest.raises(PermissionDenied):
        retire_machine(north.copier, because="Scrapped", by=north.technician, now=now)
    with pytest.raises(PermissionDenied):
        bring_back(north.copier, by=north.technician, now=now)
