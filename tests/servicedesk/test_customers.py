"""The register of customers, and adding one in the flow of a call."""

import pytest
import time_machine

from customers.finding import customers_at_number, find
from customers.models import Contact, Customer, Site
from tenancy.scope import tenant


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    client.force_login(cast.north.dispatcher.user)
    with time_machine.travel(now, tick=False):
        yield cast.north


def add_many(desk, count):
    with tenant(desk.tenant):
        for n in range(count):
            customer = Customer.objects.create(name=f"Person {n:03}")
            Site.objects.create(customer=customer, city="Eastmouth")
            Contact.objects.create(customer=customer, phone=f"0161 555 {n:04}", is_main=True)


def names_in(answer):
    return [row["customer"].name for row in answer.context["rows"]]


def test_the_register_says_who_where_and_what_stands(desk, client):
    answer = client.get(desk.url("customers/"))
    assert names_in(answer) == ["Margaret Ellison"]
    assert "3 Quay Lane, Eastmouth EM4 2QL" in answer.text
    assert "Active until 16 Aug 2026" in answer.text


def test_the_register_is_paged_by_name_without_gap_or_repeat(desk, client):
    add_many(desk, 60)
    first = client.get(desk.url("customers/"))
    second = client.get(desk.url("customers/") + first.context["next_url"])
    assert names_in(first) == ["Margaret Ellison", *(f"Person {n:03}" for n in range(49))]
    assert names_in(second) == [f"Person {n:03}" for n in range(49, 60)]
    assert second.context["next_url"] == ""


@pytest.mark.parametrize("after", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_page_after_nobody_is_the_first(desk, client, after):
    assert names_in(client.get(desk.url(f"customers/?after={after}"))) == ["Margaret Ellison"]


def test_as_many_queries_for_one_customer_as_for_three(desk, client, django_assert_num_queries):
    client.get(desk.url("customers/"))
    with django_assert_num_queries(13):
        client.get(desk.url("customers/"))
    add_many(desk, 2)
    with django_assert_num_queries(13):
        client.get(desk.url("customers/"))


def test_a_new_caller_is_added_with_the_number_and_found_at_once(desk, client):
    form = client.get(desk.url("customers/new/?phone=07700+900+999"))
    assert 'value="07700 900 999"' in form.text
    answer = client.post(
        desk.url("customers/new/"),
        {"name": "Zoë Finch", "phone": "07700 900 999", "street": "9 Mill Row", "tel": "07700 900 999"},
    )
    with tenant(desk.tenant):
        (added,) = customers_at_number("07700900999", country="GB")
        assert (added.name, added.sites.get().street) == ("Zoë Finch", "9 Mill Row")
        assert [hit.customer for hit in find("mill row", country="GB").customers] == [added]
    assert answer["Location"] == desk.url(f"customers/{added.public_id}/?tel=07700+900+999&since=1772716020")


def test_a_number_we_know_is_asked_about_before_it_is_added_twice(desk, client):
    typed = {"name": "M. Ellison", "phone": "+44 7700 900 412"}
    answer = client.post(desk.url("customers/new/"), typed)
    assert answer.status_code == 409
    assert "We may know this person already" in answer.text
    assert desk.url(f"customers/{desk.customer.public_id}/") in answer.text
    assert 'value="M. Ellison"' in answer.text
    with tenant(desk.tenant):
        assert Customer.objects.count() == 1
    assert client.post(desk.url("customers/new/"), {**typed, "another": "1"}).status_code == 302
    with tenant(desk.tenant):
        assert Customer.objects.count() == 2


def test_a_mail_address_we_know_is_asked_about_as_well(desk, client):
    answer = client.post(desk.url("customers/new/"), {"name": "M", "email": "Margaret@HarbourLetter.example"})
    assert answer.status_code == 409


def test_without_a_name_nothing_is_added_and_what_was_typed_stays(desk, client):
    answer = client.post(desk.url("customers/new/"), {"name": " ", "street": "9 Mill Row"})
    assert answer.status_code == 422
    assert "Write the caller&#x27;s name." in answer.text
    assert 'value="9 Mill Row"' in answer.text
