"""The search field's page and fragment, and the way in for an incoming call."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.matters import open_case
from customers.models import Contact, Customer
from customers.search_words import index_customer
from tenancy.scope import tenant


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    with tenant(cast.north.tenant):
        index_customer(cast.north.customer)
    client.force_login(cast.north.dispatcher.user)
    with time_machine.travel(now, tick=False):
        yield cast.north


def add(desk, name, phone):
    with tenant(desk.tenant):
        customer = Customer.objects.create(name=name)
        Contact.objects.create(customer=customer, name=name, phone=phone, is_main=True)
        index_customer(customer)
    return customer


def caller(desk, customer, number):
    """Where an exact number leads, at 13:07 on 5 March 2026."""
    return desk.url(f"customers/{customer.public_id}/?tel={number}&since=1772716020")


@pytest.mark.parametrize("asked", ["q=07700900412", "tel=07700900412", "q=%2B447700900412"])
def test_one_exact_number_goes_straight_in(desk, client, asked):
    answer = client.get(desk.url(f"find/?{asked}"))
    assert answer.status_code == 302
    assert answer["Location"] == caller(desk, desk.customer, asked.split("=")[1])


def test_while_typing_the_result_leads_to_the_caller_with_the_call_begun(desk, client):
    answer = client.get(desk.url("find/?q=07700900412"), headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count("<a ") == 1
    assert caller(desk, desk.customer, "07700900412").replace("&", "&amp;") in answer.text


def test_a_part_of_a_number_leads_to_the_customer_without_a_call(desk, client):
    answer = client.get(desk.url("find/?q=900412"))
    assert desk.url(f"customers/{desk.customer.public_id}/") + '"' in answer.text
    assert "tel=" not in answer.text


def test_two_who_share_a_number_are_listed_and_none_is_guessed(desk, client):
    other = add(desk, "Tom Ellison", "+44 7700 900 412")
    for asked in ("q=07700900412", "tel=07700900412"):
        answer = client.get(desk.url(f"find/?{asked}"))
        assert answer.status_code == 200
        assert "2 people share this number" in answer.text
        for customer in (desk.customer, other):
            assert caller(desk, customer, "07700900412").replace("&", "&amp;") in answer.text


def test_an_unknown_number_is_offered_to_be_added(desk, client):
    answer = client.get(desk.url("find/?q=07700 900 999"))
    assert "No customer with 07700 900 999." in answer.text
    assert desk.url("customers/new/?phone=07700+900+999") in answer.text


def test_an_unknown_name_is_offered_as_a_name(desk, client):
    answer = client.get(desk.url("find/?q=zebra"))
    assert "Nothing is like “zebra”." in answer.text
    assert desk.url("customers/new/?name=zebra") in answer.text


def test_a_machine_is_found_with_the_reason(desk, client):
    answer = client.get(desk.url("find/?q=tc240"), headers={"HX-Request": "true"})
    assert desk.url(f"equipment/{desk.copier.public_id}/") in answer.text
    assert "serial <mark>TC240-118-4471</mark>, Margaret Ellison, The Harbour Letter" in answer.text


def test_what_was_typed_is_escaped(desk, client):
    answer = client.get(desk.url("find/?q=<script>x"))
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x" in answer.text


def test_a_technician_finds_on_the_technicians_page(desk, client):
    client.force_login(desk.technician.user)
    answer = client.get(desk.url("find/?q=harbour"))
    assert 'data-for="technician"' in answer.text
    assert "Margaret Ellison" in answer.text


@pytest.mark.parametrize("typed", ["07700900", "margaret"])
def test_as_many_queries_for_one_result_as_for_three(desk, client, typed):
    url = desk.url(f"find/?q={typed}")
    client.get(url, headers={"HX-Request": "true"})
    with CaptureQueriesContext(connection) as one:
        client.get(url, headers={"HX-Request": "true"})
    for n in range(2):
        add(desk, f"Margaret {n}", f"07700 900 50{n}")
    with CaptureQueriesContext(connection) as three:
        answer = client.get(url, headers={"HX-Request": "true"})
    assert answer.text.count("<a ") == 3
    # Session, person, desk, the scope's own, and six of the search at most.
    assert len(three) == len(one) <= 15


def test_a_case_is_found_by_its_number_and_opened_by_it(desk, client, now):
    with tenant(desk.tenant):
        case = open_case(
            customer=desk.customer, kind="fault", title="Grey bands", by=desk.dispatcher, now=now
        )
    found = client.get(desk.url("find/?q=c-1001"), headers={"HX-Request": "true"}).text
    assert "Cases" in found
    assert desk.url(f"cases/{case.public_id}/") in found
    page = client.get(desk.url(f"cases/{case.public_id}/")).text
    assert '<b class="num">C-1001</b>, fault of' in page
    assert "C-1001" in client.get(desk.url("cases/")).text
