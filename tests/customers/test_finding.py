"""One field finds the customer by whatever the caller says."""

import re

import pytest
from django.db import connections

from contracts.models import Contract
from customers.finding import (
    contacts_beginning,
    customers_at_number,
    find,
    rows_with_words,
    serials_beginning,
)
from customers.models import Contact, Customer, Equipment, SearchWord, Site
from customers.search_words import add_number, index_customer, index_customers, number_words
from tenancy.scope import tenant


@pytest.fixture
def desk(cast):
    """Northgate with its search words written; Southgate has the same customer."""
    for each in (cast.south, cast.north):
        with tenant(each.tenant):
            index_customer(each.customer)
            add_number(each.customer, SearchWord.Kind.CONTRACT, each.contract.number, each.contract.public_id)
    with tenant(cast.north.tenant):
        yield cast.north


def another(desk, name, phone="", street="", serial="", **fields):
    customer = Customer.objects.create(name=name, **fields)
    site = Site.objects.create(customer=customer, street=street)
    Contact.objects.create(customer=customer, site=site, name=name, phone=phone, is_main=True)
    if serial:
        Equipment.objects.create(site=site, model="TC-240", serial_number=serial)
    index_customer(customer)
    return customer


@pytest.mark.parametrize(
    "typed",
    [
        "07700 900412",
        "07700900412",
        "+44 7700 900 412",
        "0044 7700 900412",
        "447700900412",
        "7700900412",
        "(07700) 900-412",
        "07700 900",
        "900412",
        "0412",
    ],
)
def test_a_phone_number_is_found_however_it_is_written(desk, typed):
    found = find(typed, country="GB")
    assert [(hit.customer, hit.why, hit.matched) for hit in found.customers] == [
        (desk.customer, "phone", "07700 900412")
    ]


@pytest.mark.parametrize(
    "typed", ["margaret", "Ellis", "ellison margaret", "HARBOUR", "the harbour l", "Márgaret"]
)
def test_words_of_a_name_are_found_by_their_beginning(desk, typed):
    assert [(hit.customer, hit.why) for hit in find(typed, country="GB").customers] == [
        (desk.customer, "name")
    ]


@pytest.mark.parametrize("typed", ["quay lane", "eastmouth", "3 quay", "EM4 2QL", "em42ql"])
def test_words_of_an_address_are_found_and_the_address_is_said(desk, typed):
    assert [(hit.customer, hit.why, hit.matched) for hit in find(typed, country="GB").customers] == [
        (desk.customer, "address", "3 Quay Lane, Eastmouth EM4 2QL")
    ]


def test_every_typed_word_must_match(desk):
    assert find("margaret smith", country="GB").is_empty


@pytest.mark.parametrize("typed", ["TC240-118-4471", "tc240 118", "TC2401184471"])
def test_a_serial_number_is_found_without_its_dashes(desk, typed):
    found = find(typed, country="GB")
    assert [(hit.equipment, hit.why, hit.matched) for hit in found.equipment] == [
        (desk.copier, "serial", "TC240-118-4471")
    ]


@pytest.mark.parametrize("typed", ["N-20418", "n20418", "N 204", "20418"])
def test_a_contract_is_found_by_its_number(desk, typed):
    found = find(typed, country="GB")
    assert [(hit.subject, hit.matched) for hit in found.contracts] == [(desk.contract.public_id, "N-20418")]


def test_a_visit_is_found_by_its_number(desk):
    visit = desk.copier.public_id
    add_number(desk.customer, SearchWord.Kind.VISIT, "V-1000017", visit)
    assert [hit.subject for hit in find("v1000017", country="GB").visits] == [visit]
    assert [hit.subject for hit in find("1000017", country="GB").visits] == [visit]


def test_two_customers_at_one_number_are_both_named(desk):
    other = another(desk, "Tom Ellison", phone="+44 7700 900412")
    assert customers_at_number("07700 900412", country="GB") == [desk.customer, other]
    assert find("07700900412", country="GB").same_number == [desk.customer, other]


def test_a_part_of_a_number_is_no_exact_match(desk):
    assert find("07700 900", country="GB").same_number == []
    assert customers_at_number("900412", country="GB") == []


def test_a_merged_customer_is_not_found(desk):
    old = another(desk, "Margaret Ellison", phone="07700 900555", merged_into=desk.customer)
    assert [hit.customer for hit in find("margaret", country="GB").customers] == [desk.customer]
    assert find("07700 900555", country="GB").is_empty
    assert customers_at_number(old.contacts.get().phone, country="GB") == []


def test_at_most_eight_in_all_and_each_group_keeps_its_place(desk):
    for n in range(12):
        customer = another(desk, f"Twenty {n:02}", phone=f"02041 8{n:05}", serial=f"20418-{n:05}")
        contract = Contract.objects.create(number=f"20418{n:05}", customer=customer, price=1, currency="GBP")
        add_number(customer, SearchWord.Kind.CONTRACT, contract.number, contract.public_id)
    found = find("02041 8", country="GB")
    assert [len(g) for g in (found.customers, found.equipment, found.contracts)] == [8, 0, 0]
    found = find("20418", country="GB")
    assert [len(g) for g in (found.customers, found.equipment, found.contracts)] == [4, 2, 2]


@pytest.mark.parametrize("typed", ["", " ", "m", "+", "412"])
def test_too_little_finds_nothing(desk, typed):
    assert find(typed, country="GB").is_empty


def test_nothing_of_another_desk_is_found(cast, desk):
    with tenant(cast.south.tenant):
        assert [hit.customer for hit in find("900412", country="GB").customers] == [cast.south.customer]
    assert [hit.customer for hit in find("900412", country="GB").customers] == [desk.customer]


@pytest.mark.parametrize(("typed", "queries"), [("900412", 5), ("margaret", 6), ("TC240", 6)])
def test_as_many_queries_for_one_customer_as_for_three(desk, django_assert_num_queries, typed, queries):
    with django_assert_num_queries(queries - (typed == "TC240")):
        find(typed, country="GB")
    for n in range(2):
        another(desk, f"Margaret {n}", phone="07700 900412", serial=f"TC240-{n}")
    with django_assert_num_queries(queries - (typed == "TC240")):
        find(typed, country="GB")


def test_rewriting_a_customers_words_forgets_the_old_name(desk):
    desk.customer.name = "Zoë Finch"
    desk.customer.save()
    desk.contact.name = "Zoë Finch"
    desk.contact.save()
    index_customer(Customer.objects.get(pk=desk.customer.pk))
    assert find("margaret", country="GB").is_empty
    assert [hit.title for hit in find("zoe", country="GB").customers] == ["Zoë Finch"]


def test_a_number_is_typed_whole_or_by_its_digits():
    assert number_words("N-20418") == ["n20418", "20418"]
    assert number_words("A-12") == ["a12"]
    assert number_words("20418") == ["20418"]
    assert number_words("-") == []


@pytest.fixture
def crowded_desk(committed_cast):
    """Northgate with 4,000 customers, and a planner that knows how many there are."""
    desk = committed_cast.north
    with tenant(desk.tenant):
        customers = Customer.objects.bulk_create(
            [Customer(name=f"Person {n}", name_key=f"person {n}") for n in range(4000)]
        )
        contacts = [Contact(customer=c, phone=f"0161 {n:07}") for n, c in enumerate(customers)]
        for contact in contacts:
            contact.set_search_keys("GB")
        Contact.objects.bulk_create(contacts)
        index_customers([*customers, desk.customer])
    with connections["migrator"].cursor() as cursor:
        cursor.execute("ANALYZE customers_contact, customers_searchword, customers_customer")
    return desk


def test_searching_uses_the_indexes_under_row_level_security(crowded_desk):
    with tenant(crowded_desk.tenant):
        by_phone = Contact.objects.filter(contacts_beginning("07700 900", "GB")).explain()
        by_word = rows_with_words("margaret")[:8].explain()
    for column in ("phone_digits", "phone2_digits", "phone_reversed", "phone2_reversed"):
        assert re.search(rf"Index Cond: .*\(\({column}\)::text >= '", by_phone), by_phone
    assert "searchword_by_word" in by_word, by_word
    assert re.search(r"Index Cond: .*\(\(word\)::text >= 'margaret'", by_word), by_word


def test_serial_numbers_are_looked_up_in_their_index(crowded_desk):
    with tenant(crowded_desk.tenant):
        Equipment.objects.bulk_create(
            Equipment(site=crowded_desk.site, make="Oskar", serial_number=f"Q{n}", serial_key=f"Q{n}")
            for n in range(4000)
        )
        with connections["migrator"].cursor() as cursor:
            cursor.execute("ANALYZE customers_equipment")
        plan = Equipment.objects.filter(serials_beginning("TC240")).explain()
    assert "equipment_serial_once" in plan, plan
    assert re.search(r"\(\(serial_key\)::text >= 'TC240'::text\)", plan), plan


@pytest.mark.parametrize("typed", ["7009", "0090041", "00 9004"])
def test_a_phone_number_is_found_by_digits_from_its_middle(desk, typed):
    found = find(typed, country="GB")
    assert [(hit.customer, hit.why, hit.matched) for hit in found.customers] == [
        (desk.customer, "phone", "07700 900412")
    ]


def test_a_whole_number_that_is_somebodys_is_looked_for_nowhere_else(desk, django_assert_num_queries):
    another(desk, "Tom Ellison", serial="X-07700900412")
    with django_assert_num_queries(3):
        found = find("07700 900412", country="GB")
    assert ([hit.customer for hit in found.customers], found.equipment) == ([desk.customer], [])
    # One that is nobody's is: it may be the middle of a serial number.
    assert [hit.matched for hit in find("7700900412", country="DE").equipment] == ["X-07700900412"]


def test_a_short_number_that_is_somebodys_may_be_part_of_another(desk):
    inside = another(desk, "Inside", phone="4471")
    found = find("4471", country="GB")
    assert [hit.customer for hit in found.customers] == [inside] == found.same_number
    assert [hit.equipment for hit in found.equipment] == [desk.copier]


@pytest.mark.parametrize("typed", ["118-4471", "1184", "4471"])
def test_a_serial_number_is_found_from_any_position(desk, typed):
    found = find(typed, country="GB")
    assert [(hit.equipment, hit.why) for hit in found.equipment] == [(desk.copier, "serial")]


def test_a_contract_is_found_by_the_end_of_its_number(desk):
    assert [hit.subject for hit in find("0418", country="GB").contracts] == [desk.contract.public_id]


def test_a_name_is_found_by_its_middle(desk):
    lighthouse = another(desk, "Lighthouse Print")
    assert [hit.customer for hit in find("house", country="GB").customers] == [lighthouse]


@pytest.mark.parametrize("typed", ["Elison", "margret ellisson", "Harbor Leter", "eastmoth"])
def test_a_name_with_a_letter_wrong_is_found_where_nothing_else_is(desk, typed):
    another(desk, "Sable Dental")
    assert [(hit.customer, hit.why) for hit in find(typed, country="GB").customers] == [
        (desk.customer, "spelled like")
    ]


def test_what_is_typed_is_no_pattern(desk):
    assert find("%%%%", country="GB").is_empty
    assert find("e_l_i_s", country="GB").is_empty


def test_the_middle_of_another_desks_numbers_is_not_found(cast, desk):
    with tenant(cast.south.tenant):
        another(cast.south, "Zephyr Quill", phone="07700 955123", serial="QQ-77123-X")
    for typed in ("55123", "77123", "ephyr", "Zefyr Quil"):
        assert find(typed, country="GB").is_empty, typed


def test_searching_from_any_position_uses_the_index(crowded_desk):
    """Among 40,000 words; of few the planner rightly reads them all."""
    desk = crowded_desk.tenant.pk
    with connections["migrator"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_searchword (tenant_id, customer_id, kind, word, shown)"
            " SELECT %s, %s, 'name', md5(n::text), '' FROM generate_series(1, 40000) n",
            [desk, crowded_desk.customer.pk],
        )
        cursor.execute("ANALYZE customers_searchword")
        inside = explained(cursor, "word LIKE '%%llisonm%%'", desk)
        # Reading them all is as quick among so few; that the index can answer is what counts.
        cursor.execute("SET enable_seqscan = off")
        alike = explained(cursor, "word %% 'elison'", desk)
        cursor.execute("RESET enable_seqscan")
    assert "searchword_anywhere" in inside, inside
    assert "searchword_anywhere" in alike, alike


def explained(cursor, condition, desk) -> str:
    cursor.execute(
        f"EXPLAIN SELECT id FROM customers_searchword WHERE tenant_id = %s AND {condition}", [desk]
    )
    return "\n".join(line for (line,) in cursor.fetchall())
