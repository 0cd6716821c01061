"""Customers, contacts, sites and finding, for other programs."""

import datetime as dt
from urllib.parse import quote

import pytest

from customers.models import Contact, Customer, Site
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.servicedesk.api_scene import program
from visits.models import Visit


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


def test_one_customer_whole(call, cast):
    with tenant(cast.north.tenant):
        contact, site = Contact.objects.get(), Site.objects.first()
    said = call("GET", f"customers/{cast.north.customer.public_id}/").json()
    assert said["name"] == "Margaret Ellison"
    assert said["contacts"][0]["id"] == str(contact.public_id)
    assert said["contacts"][0]["customer"] == said["id"]
    assert {one["id"] for one in said["sites"]} >= {str(site.public_id)}
    assert said["sites"][0]["street"] == site.street


def queries(call, path, count):
    with count() as captured:
        assert call("GET", path).status_code == 200
    return len(captured)


@pytest.fixture
def count(django_assert_max_num_queries):
    return lambda: django_assert_max_num_queries(40)


@pytest.mark.parametrize("path", ["customers/", "contacts/", "sites/", "find/?q=quay"])
def test_three_rows_cost_as_many_queries_as_one(call, count, path):
    counts = []
    for number in range(3):
        made = {"name": f"Quay {number}", "street": "2 Quay Lane", "phone": f"0170090010{number}"}
        assert call("POST", "customers/", made).status_code == 201
        counts.append(queries(call, path, count))
    assert counts == [counts[0]] * 3


def test_a_list_is_read_on_both_ways(call):
    for number in range(4):
        call("POST", "customers/", {"name": f"Customer {number}", "number": f"N-{number}"})
    pages, path = [], "customers/?page_size=2&fields=name"
    while path:
        page = call("GET", path.partition("/api/v1/")[2] or path).json()
        pages.append([row["name"] for row in page["results"]])
        path, previous = page["next"], page["previous"]
    assert pages == [["Customer 3", "Customer 2"], ["Customer 1", "Customer 0"], ["Margaret Ellison"]]
    before = call("GET", previous.partition("/api/v1/")[2]).json()
    assert [row["name"] for row in before["results"]] == pages[1]


def test_filters(call):
    call("POST", "customers/", {"name": "Ada", "number": "A-1"})

    def named(query):
        return [row["name"] for row in call("GET", f"customers/?{query}").json()["results"]]

    assert named("number=A-1") == ["Ada"]
    assert named("number=A-1&made_since=2026-03-05T13:07:01Z") == []
    assert named("number=A-1&made_since=2026-03-05T13:07:00Z") == ["Ada"]
    assert call("GET", "customers/?made_since=x").status_code == 422
    of_ada = call("GET", "customers/?number=A-1").json()["results"][0]["id"]
    assert len(call("GET", f"contacts/?customer={of_ada}").json()["results"]) == 1


def test_a_new_customer_has_a_contact_and_a_place_and_is_found(call):
    sent = {
        "name": "Ada Byron",
        "company": "Engines",
        "number": "A-1",
        "phone": "01632 960999",
        "email": "ada@engines.example",
        "street": "4 Mill Road",
        "postcode": "AB1 2CD",
        "notes": "Rings twice",
        "language": "de",
    }
    made = call("POST", "customers/", sent)
    assert made.status_code == 201
    said = made.json()
    assert (said["notes"], said["language"], said["number"]) == ("Rings twice", "de", "A-1")
    assert (said["contacts"][0]["phone"], said["contacts"][0]["is_main"]) == ("01632 960999", True)
    assert said["sites"][0]["street"] == "4 Mill Road"
    assert made["Location"].endswith(f"/api/v1/customers/{said['id']}/")
    found = call("GET", "find/?tel=%2B441632960999").json()["results"]
    assert [(row["id"], row["matched_by"], row["start_with"]) for row in found] == [
        (said["id"], "phone", None)
    ]
    assert found[0]["page"].endswith(f"/customers/{said['id']}/")
    taken = call("POST", "customers/", {"name": "Bob", "number": "A-1"})
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, "number_taken")


def test_what_to_say_first_comes_with_who_rings(call, cast, now):
    with tenant(cast.north.tenant):
        make_missed_visit(cast.north, now)
        phone = Contact.objects.get().phone
    (row,) = call("GET", f"find/?tel={quote(phone)}").json()["results"]
    assert row["start_with"].startswith("We missed a visit ")
    assert call("GET", "find/").status_code == 422
    assert call("GET", "find/?q=nobody+at+all").json() == {"results": []}


def make_missed_visit(desk, now):
    visit = make_plain_visit(desk, now=now, start=now - dt.timedelta(hours=5))
    Visit.objects.filter(pk=visit.pk).update(state="missed", missed_at=now - dt.timedelta(hours=3))


def test_contacts_and_sites_are_added_and_changed(call, cast):
    customer = str(cast.north.customer.public_id)
    site = call(
        "POST", "sites/", {"customer": customer, "street": "9 Dock", "latitude": "51.5", "longitude": "-0.1"}
    )
    assert site.status_code == 201
    contact = call("POST", "contacts/", {"customer": customer, "name": "Sam", "site": site.json()["id"]})
    assert contact.status_code == 201
    path = f"contacts/{contact.json()['id']}/"
    changed = call("PATCH", path, {"phone": "01632 960222", "site": None}, If_Match=contact["ETag"])
    assert (changed.status_code, changed.json()["phone"], changed.json()["site"]) == (
        200,
        "01632 960222",
        None,
    )
    assert changed.json()["name"] == "Sam"
    path = f"sites/{site.json()['id']}/"
    moved = call("PATCH", path, {"city": "Hull"}, If_Match="*").json()
    assert (moved["city"], moved["latitude"]) == ("Hull", 51.5)
    refused = call("PATCH", path, {"latitude": None}, If_Match="*")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (422, "latitude")
    with tenant(cast.south.tenant):
        other = str(Site.objects.first().public_id)
    assert call("POST", "contacts/", {"customer": customer, "name": "X", "site": other}).status_code == 422


def test_many_are_taken_over_by_their_numbers_each_for_itself(call, cast):
    sent = {
        "customers": [
            {"number": "A-1", "name": "Ada", "phone": "01632 960999"},
            {"number": "A-2", "name": "Bob", "time_zone": "Mars"},
            {"number": "A-1", "name": "Ada", "company": "Engines"},
        ]
    }
    first = call("POST", "customers/upsert/", sent).json()["results"]
    assert [(row["number"], row["outcome"]) for row in first] == [
        ("A-1", "made"),
        ("A-2", "refused"),
        ("A-1", "changed"),
    ]
    assert [error["attr"] for error in first[1]["errors"]] == ["time_zone"]
    sent["customers"] = sent["customers"][2:]
    assert call("POST", "customers/upsert/", sent).json()["results"] == [
        {"number": "A-1", "id": first[0]["id"], "outcome": "unchanged", "errors": []}
    ]
    with tenant(cast.north.tenant):
        assert Customer.objects.get(number="A-1").company == "Engines"
        assert not Customer.objects.filter(number="A-2").exists()
    many = {"customers": [{"number": str(number), "name": "X"} for number in range(201)]}
    assert call("POST", "customers/upsert/", many).status_code == 422


def test_a_bulk_call_writes_only_what_was_sent(call, cast):
    def taken(**values):
        sent = {"customers": [{"number": "A-1", "name": "Ada", **values}]}
        return call("POST", "customers/upsert/", sent).json()["results"][0]

    made = taken(notes="Dog", language="de", phone="01632 960999", street="4 Mill Road")
    assert made["outcome"] == "made"
    assert taken()["outcome"] == "unchanged"
    assert taken(phone="01632 960111", street="5 Mill Road", email="a@b.example")["outcome"] == "changed"
    said = call("GET", f"customers/{made['id']}/").json()
    assert (said["notes"], said["language"]) == ("Dog", "de")
    assert [(one["phone"], one["email"]) for one in said["contacts"]] == [("01632 960111", "a@b.example")]
    assert [one["street"] for one in said["sites"]] == ["5 Mill Road"]
    call("POST", "sites/", {"customer": made["id"], "street": "9 Dock"})
    refused = taken(street="6 Mill Road", notes="Cat")
    assert (refused["outcome"], refused["errors"][0]["attr"]) == ("refused", "street")
    assert call("GET", f"customers/{made['id']}/").json()["notes"] == "Dog"


def test_one_that_was_merged_is_there_no_more_and_its_number_leads_on(call, cast):
    gone = call("POST", "customers/", {"name": "Ada", "number": "A-1"}).json()["id"]
    with tenant(cast.north.tenant):
        Customer.objects.filter(public_id=gone).update(merged_into=cast.north.customer)
    for path, sent in (
        ("contacts/", {"name": "X"}),
        ("sites/", {"street": "X"}),
        ("cases/", {"kind": "fault", "title": "X"}),
        ("promises/", {"kind": "answer", "text": "X", "due_at": "2026-03-06T09:00:00Z"}),
    ):
        refused = call("POST", path, {"customer": gone, **sent})
        assert (path, refused.status_code, refused.json()["errors"][0]["attr"]) == (path, 422, "customer")
    sent = {"customers": [{"number": "A-1", "name": "Margaret Ellison", "notes": "Dog"}]}
    (row,) = call("POST", "customers/upsert/", sent).json()["results"]
    assert (row["id"], row["outcome"]) == (str(cast.north.customer.public_id), "changed")
