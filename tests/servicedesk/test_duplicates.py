"""Customers who may be one: proposed pairs, merging by hand, keeping apart, parting again."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.adding import add_customer
from customers.models import Customer, CustomerMerge, DuplicateProposal
from customers.search_words import index_customer
from tenancy.scope import tenant


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    client.force_login(cast.north.dispatcher.user)
    with tenant(cast.north.tenant):
        index_customer(cast.north.customer)
    with time_machine.travel(now, tick=False):
        yield cast.north


def another(desk, now, name="M Ellison", phone="07700 900412"):
    with tenant(desk.tenant):
        return add_customer(name=name, phone=phone, by=desk.dispatcher, now=now)


def propose(desk, now, other):
    with tenant(desk.tenant):
        return DuplicateProposal.objects.create(
            first=desk.customer, second=other, reason="Same phone number", proposed_at=now
        )


def standing(desk):
    with tenant(desk.tenant):
        return sorted(Customer.objects.standing().values_list("name", flat=True))


def test_a_pair_stands_side_by_side_and_is_merged_into_the_chosen_one(desk, client, now):
    other = another(desk, now)
    pair = propose(desk, now, other)
    page = client.get(desk.url("customers/duplicates/"))
    assert [(p["first"].name, p["second"].name) for p in page.context["pairs"]] == [
        ("Margaret Ellison", "M Ellison")
    ]
    answer = client.post(desk.url(f"customers/duplicates/{pair.public_id}/merge/"), {"keep": "first"})
    assert answer.headers["Location"] == desk.url(f"customers/{desk.customer.public_id}/")
    assert standing(desk) == ["Margaret Ellison"]
    old = client.get(desk.url(f"customers/{other.public_id}/"))
    assert old.headers["Location"] == desk.url(f"customers/{desk.customer.public_id}/")


def test_the_other_one_can_be_kept(desk, client, now):
    pair = propose(desk, now, another(desk, now))
    client.post(desk.url(f"customers/duplicates/{pair.public_id}/merge/"), {"keep": "second"})
    assert standing(desk) == ["M Ellison"]


def test_whom_to_keep_must_be_chosen(desk, client, now):
    pair = propose(desk, now, another(desk, now))
    answer = client.post(desk.url(f"customers/duplicates/{pair.public_id}/merge/"), {})
    assert answer.status_code == 422
    assert "Choose which of the two to keep." in answer.text
    assert len(standing(desk)) == 2


def test_two_who_are_two_are_not_proposed_again(desk, client, now):
    pair = propose(desk, now, another(desk, now))
    client.post(desk.url(f"customers/duplicates/{pair.public_id}/apart/"))
    page = client.get(desk.url("customers/duplicates/"))
    assert page.context["pairs"] == []
    assert "No two customers share" in page.text


def test_a_merge_is_parted_and_a_second_time_refused(desk, client, now):
    pair = propose(desk, now, another(desk, now))
    client.post(desk.url(f"customers/duplicates/{pair.public_id}/merge/"), {"keep": "first"})
    with tenant(desk.tenant):
        merge = CustomerMerge.objects.get()
    url = desk.url(f"customers/merges/{merge.public_id}/part/")
    client.post(url)
    assert standing(desk) == ["M Ellison", "Margaret Ellison"]
    again = client.post(url)
    assert again.status_code == 409
    assert "Somebody parted them already." in again.text


def test_any_two_are_merged_by_hand(desk, client, now):
    other = another(desk, now, name="Ellison and Sons", phone="0161 555 0001")
    url = desk.url(f"customers/{desk.customer.public_id}/same-as/")
    page = client.get(url, {"q": "ellison"})
    assert [row.name for row in page.context["others"]] == ["Ellison and Sons"]
    client.post(url, {"other": str(other.public_id), "keep": "this"})
    assert standing(desk) == ["Margaret Ellison"]


@pytest.mark.parametrize("other", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_merging_with_nobody_is_a_stranger(desk, client, other):
    answer = client.post(desk.url(f"customers/{desk.customer.public_id}/same-as/"), {"other": other})
    assert answer.status_code == 404


def test_the_caller_screen_says_who_may_be_the_same(desk, client, now):
    other = another(desk, now)
    propose(desk, now, other)
    page = client.get(desk.url(f"customers/{desk.customer.public_id}/"))
    assert [one.name for one in page.context["same_as"]] == ["M Ellison"]
    assert "May be the same as" in page.text


def test_a_technician_may_not(desk, client):
    client.force_login(desk.technician.user)
    assert client.get(desk.url("customers/duplicates/")).status_code == 403


def test_as_many_queries_for_one_pair_as_for_three(desk, client, now):
    url = desk.url("customers/duplicates/")
    propose(desk, now, another(desk, now))
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for n in range(2):
        propose(desk, now, another(desk, now, name=f"Person {n}"))
    with CaptureQueriesContext(connection) as three:
        answer = client.get(url)
    assert len(answer.context["pairs"]) == 3
    assert len(three) == len(one)


def test_pairs_are_paged_without_gap_or_repeat(desk, client, now):
    for n in range(28):
        propose(desk, now, another(desk, now, name=f"Person {n:02}"))
    first = client.get(desk.url("customers/duplicates/"))
    second = client.get(desk.url("customers/duplicates/"), {"after": first.context["after"]})
    names = [pair["second"].name for page in (first, second) for pair in page.context["pairs"]]
    assert names == [f"Person {n:02}" for n in range(28)]
    assert second.context["after"] == ""
