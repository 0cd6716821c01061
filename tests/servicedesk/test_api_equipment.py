"""Machines for other programs: kept, read, and held against their contracts."""

import pytest

from tenancy.scope import tenant
from tests.servicedesk.api_scene import first_error, program


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


@pytest.fixture
def machine(call, cast):
    """One of Margaret Ellison's, added by the program: its address and itself."""
    with tenant(cast.north.tenant):
        site = cast.north.customer.sites.first()
    made = call("POST", "equipment/", {"site": str(site.public_id), "model": "TC-9", "serial_number": "A 1"})
    assert made.status_code == 201
    return f"equipment/{made.json()['id']}/", made


def test_a_machine_is_added_found_and_changed(call, cast, machine):
    path, made = machine
    said = made.json()
    assert (said["customer"], said["model"]) == (str(cast.north.customer.public_id), "TC-9")
    assert [row["id"] for row in call("GET", "equipment/?serial_number=a1").json()["results"]] == [said["id"]]
    changed = call("PATCH", path, {"location": "Cellar"}, If_Match=made["ETag"])
    assert (changed.status_code, changed.json()["location"], changed.json()["model"]) == (
        200,
        "Cellar",
        "TC-9",
    )
    assert call("PATCH", path, {"location": "Attic"}, If_Match=made["ETag"]).status_code == 412
    assert call("PATCH", path, {"location": "Attic"}).status_code == 428
    twice = call("POST", "equipment/", {"site": said["site"], "model": "X", "serial_number": "a-1"})
    assert first_error(twice) == (422, "invalid", "serial_number")
    assert first_error(call("POST", "equipment/", {"site": said["site"]})) == (422, "invalid", "model")


def upserted(call, *machines):
    """What became of each, with the field that was refused."""
    answer = call("POST", "equipment/upsert/", {"equipment": list(machines)})
    assert answer.status_code == 200
    return [
        (row["number"], row["outcome"], *(error["attr"] for error in row["errors"]))
        for row in answer.json()["results"]
    ]


def test_many_are_taken_over_by_their_numbers_each_for_itself(call, cast):
    with tenant(cast.north.tenant):
        site = str(cast.north.customer.sites.get().public_id)
    first = {"external_number": "E-1", "customer_number": "C1", "model": "TC-9", "serial_number": "A 1"}
    said = upserted(
        call,
        first,
        {"external_number": "E-2", "site": site},
        {"external_number": "E-1", "location": "Cellar"},
        {"external_number": "E-3", "model": "X"},
        {"external_number": "E-4", "model": "X", "customer_number": "C9"},
        {"external_number": "E-5", "model": "X", "site": site, "serial_number": "a1"},
        {"external_number": "E-6", "model": "X", "site": site},
    )
    assert said == [
        ("E-1", "made"),
        ("E-2", "refused", "model"),
        ("E-1", "changed"),
        ("E-3", "refused", "site"),
        ("E-4", "refused", "customer_number"),
        ("E-5", "refused", "serial_number"),
        ("E-6", "made"),
    ]
    assert upserted(call, first) == [("E-1", "unchanged")]
    (row,) = call("GET", "equipment/?external_number=E-1").json()["results"]
    assert (row["model"], row["location"], row["site"]) == ("TC-9", "Cellar", site)
    twice = call("POST", "equipment/", {"site": site, "model": "Y", "external_number": "E-6"})
    assert first_error(twice) == (422, "invalid", "external_number")


def test_a_machine_that_is_here_takes_its_number_by_its_serial_number(call, cast):
    serial = cast.north.copier.serial_number
    known = {"external_number": "E-1", "serial_number": serial.lower()}
    # The serial number is written as it was sent.
    assert upserted(call, known, known) == [("E-1", "changed"), ("E-1", "unchanged")]
    assert upserted(call, {"external_number": "E-2", "serial_number": serial, "customer_number": "C1"}) == [
        ("E-2", "refused", "serial_number")
    ]
    said = call("GET", f"equipment/{cast.north.copier.public_id}/").json()
    assert said["external_number"] == "E-1"


def test_of_more_than_two_hundred_and_of_another_desk_nothing_is_taken(call, cast, now):
    many = [{"external_number": str(number), "model": "X", "customer_number": "C1"} for number in range(201)]
    assert call("POST", "equipment/upsert/", {"equipment": many}).status_code == 422
    with tenant(cast.south.tenant):
        theirs = str(cast.south.customer.sites.get().public_id)
    refused = call("POST", "equipment/upsert/", {"equipment": [{"external_number": "1", "site": theirs}]})
    assert first_error(refused) == (422, "unknown", "equipment.0.site")
    lou = program(cast.north, now=now, acts_as=cast.north.technician)
    assert first_error(lou("POST", "equipment/upsert/", {"equipment": many[:1]})) == (403, "role", None)


def test_retired_and_taken_back(call, machine):
    path, _ = machine
    retired = call("POST", f"{path}retire/", {"because": "Scrapped"}).json()
    assert (retired["retired_on"], retired["retired_because"]) == ("2026-03-05", "Scrapped")
    (row,) = call("GET", "equipment/?is_retired=true").json()["results"]
    assert row["id"] == retired["id"]
    assert call("POST", f"{path}take-back/", {}).json()["retired_on"] is None
    assert first_error(call("POST", f"{path}retire/", {"because": " "})) == (422, "blank", "because")


def test_a_counter_goes_forward_unless_it_was_replaced(call, machine):
    path, _ = machine
    at = f"{path}readings/"
    kept = call("POST", at, {"kind": "pages", "value": "500"}, Idempotency_Key="a")
    assert (kept.status_code, kept.json()["value"], kept.json()["read_at"]) == (
        200,
        "500.0",
        "2026-03-05T13:07:00Z",
    )
    again = call("POST", at, {"kind": "pages", "value": "500"}, Idempotency_Key="a")
    assert again.json() == kept.json()
    less = {"kind": "pages", "value": "20"}
    assert first_error(call("POST", at, less)) == (409, "lower_than_before", None)
    assert call("POST", at, less | {"was_replaced": True}).json()["starts_anew"] is True
    late = less | {"read_on": "2026-03-06"}
    assert first_error(call("POST", at, late)) == (422, "invalid", "read_on")
    assert [row["value"] for row in call("GET", at).json()["results"]] == ["20.0", "500.0"]
    assert call("GET", f"{path}documents/").json()["results"] == []


def test_cover_of_a_machine_on_a_day(call, cast):
    path = f"equipment/{cast.north.copier.public_id}/cover/"
    said = call("GET", f"{path}?on=2026-03-05").json()
    assert (said["on"], said["is_covered"]) == ("2026-03-05", True)
    (cover,) = said["covers"]
    assert cover["sentence"].startswith("Active until ")
    assert cover["instruction"] == "Don't pitch a renewal."
    assert cover["reason"].startswith("Term ")
    assert call("GET", path).json() == said
    long_ago = call("GET", f"{path}?on=1990-01-01").json()
    assert long_ago["is_covered"] is False
    assert first_error(call("GET", f"{path}?on=soon")) == (422, "invalid", "on")
    assert first_error(call("GET", f"{path}?on=9999-12-31")) == (422, "invalid", "on")


def test_who_may_and_whose(call, cast, machine, now):
    path, _ = machine
    lou = program(cast.north, now=now, acts_as=cast.north.technician)
    assert lou("POST", f"{path}readings/", {"kind": "hours", "value": "7"}).status_code == 200
    assert first_error(lou("POST", f"{path}retire/", {"because": "x"})) == (403, "role", None)
    south = program(cast.south, now=now)
    for act in ("", "cover/", "readings/", "documents/"):
        assert south("GET", f"{path}{act}").status_code == 404


@pytest.mark.parametrize("path", ["equipment/", "equipment/{id}/readings/"])
def test_three_rows_cost_as_many_queries_as_one(call, cast, machine, path, django_assert_max_num_queries):
    path = path.format(id=machine[1].json()["id"])
    counts = []
    for number in range(3):
        sent = {"site": machine[1].json()["site"], "model": f"N{number}"}
        call("POST", "equipment/", sent)
        call("POST", f"{machine[0]}readings/", {"kind": "pages", "value": number})
        with django_assert_max_num_queries(40) as captured:
            assert call("GET", path).status_code == 200
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
