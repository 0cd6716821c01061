"""The page of renewal checks: what was found, whose it is, and a run at the press of a button (R1.11)."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Duty
from contracts.models import Contract, ContractTerm, Payment, RenewalCheck
from contracts.renewal_check import check_all, check_desk
from customers.models import Customer
from messaging.models import Message
from tenancy.scope import tenant
from tests.cast import make_contract
from tests.reading import text

pytestmark = pytest.mark.usefixtures("moment")

END = dt.date(2026, 3, 14)


@pytest.fixture
def north(cast):
    """Northgate, where a contract ends on 14 March and one has no term; Southgate's are alike."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            ContractTerm.objects.filter(pk=desk.term.pk).update(starts_on=dt.date(2025, 3, 15), ends_on=END)
            add_contract(f"X-{desk.tenant.slug}", desk.customer)
    return cast.north


def add_contract(number, customer, *, ends_on=None, owner=None):
    """A contract, with a term of a year when it has an end."""
    if ends_on is None:
        Contract.objects.create(number=number, customer=customer, price=1, currency="GBP", owner=owner)
    else:
        make_contract(customer, number=number, ends_on=ends_on, price=1, owner=owner)


def test_before_the_first_check_the_page_says_so(sales, north):
    read = text(sales.get(north.url("renewals/check/")))
    assert "No check was made yet" in read
    assert "Nothing waits" in read
    assert "Not checked yet." in text(sales.get(north.url("calls/")))


def test_check_now_looks_acts_and_says_what_came_of_it(sales, north, cast):
    answer = sales.post(north.url("renewals/check/now/"), follow=True)
    assert answer.redirect_chain == [(north.url("renewals/check/"), 302)]
    read = text(answer)
    assert "Checked 2 contracts: 1 notice planned, 1 duty opened." in read
    assert "today 13:07 Jamie Mercer 2 1 lapsed, 1 renewal due 1 without a term" in read
    assert "Contract X-northgate has no term Margaret Ellison, The Harbour Letter Accounts Fri 12:00" in read
    assert "southgate" not in read
    with tenant(north.tenant):
        assert Message.objects.count() == Duty.objects.count() == 1
        assert RenewalCheck.objects.get().asked_by == north.sales
    with tenant(cast.south.tenant):
        assert not RenewalCheck.objects.exists()
    again = sales.post(north.url("renewals/check/now/"), follow=True)
    assert "Checked 2 contracts: nothing new." in text(again)
    assert "Last checked today 13:07." in text(sales.get(north.url("calls/")))


def test_the_clocks_run_stands_beside_those_that_people_asked_for(sales, north, now):
    check_all(now=now - dt.timedelta(hours=13))
    sales.post(north.url("renewals/check/now/"))
    read = text(sales.get(north.url("renewals/check/")))
    assert read.index("today 13:07 Jamie Mercer") < read.index("today 00:07 The clock")


def test_each_duty_leads_to_where_it_is_done(client, north, now):
    with tenant(north.tenant):
        north.customer.contacts.update(email="", phone="")
        paid = Customer.objects.create(name="Paid somehow")
        add_contract("P-1", paid, ends_on=now.date())
        payment = Payment.objects.create(
            customer=paid, paid_on=now.date(), amount=612, currency="GBP", recorded_at=now
        )
        check_desk(north.tenant, now=now)
        no_term = Contract.objects.get(number="X-northgate")
        tell = Duty.objects.get(kind=Duty.Kind.RENEWAL_ENDS)
    addresses = {
        "accounts": {
            north.url(f"contracts/{no_term.public_id}/"),
            north.url(f"renewals/duties/{tell.public_id}/"),
            north.url(f"payments/{payment.public_id}/"),
        },
        "sales": {
            north.url(f"contracts/{no_term.public_id}/"),
            north.url(f"renewals/duties/{tell.public_id}/"),
            north.url(f"calls/{paid.public_id}/"),
        },
    }
    for role, expected in addresses.items():
        client.force_login(north.people[role].user)
        body = client.get(north.url("renewals/check/")).content.decode()
        assert set(re.findall(r'data-label="What"><a href="([^"]+)"', body)) == expected
        assert {client.get(address).status_code for address in expected} == {200}


def test_who_was_told_by_telephone_is_closed_with_what_came_of_it(sales, north, now):
    with tenant(north.tenant):
        north.customer.contacts.update(email="", phone="")
        check_desk(north.tenant, now=now)
        duty = Duty.objects.get(kind=Duty.Kind.RENEWAL_ENDS)
    address = north.url(f"renewals/duties/{duty.public_id}/")
    assert "Tell Margaret Ellison that N-20418 ends 14 Mar 2026" in text(sales.get(address))
    refused = sales.post(address, {"outcome": " "})
    assert refused.status_code == 422
    assert "Say what came of it" in text(refused)
    done = sales.post(address, {"outcome": "Rang her son, she renews"})
    assert done["Location"] == north.url("renewals/check/")
    with tenant(north.tenant):
        duty.refresh_from_db()
        assert (duty.closed_by, duty.outcome) == (north.sales, "Rang her son, she renews")


def test_a_desk_whose_messages_are_off_is_told_that_nothing_is_queued(sales, north):
    north.tenant.messages_from = None
    north.tenant.save()
    answer = sales.post(north.url("renewals/check/now/"), follow=True)
    assert "This desk’s messages are switched off: the check counts, but tells nobody" in text(answer)
    assert "1 without a term" in text(answer)
    with tenant(north.tenant):
        assert not Duty.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [("sales", 200), ("accounts", 200), ("manager", 200), ("dispatcher", 403), ("technician", 403)],
)
def test_it_is_for_who_has_to_do_with_renewals(client, north, role, status):
    client.force_login(north.people[role].user)
    assert client.get(north.url("renewals/check/")).status_code == status
    asked = client.post(north.url("renewals/check/now/")).status_code
    assert asked == (302 if status == 200 else 403)


def test_looking_changes_nothing_and_asking_needs_the_button(sales, north):
    assert sales.get(north.url("renewals/check/now/")).status_code == 405
    sales.get(north.url("renewals/check/"))
    with tenant(north.tenant):
        assert not RenewalCheck.objects.exists()


def test_it_is_paged_by_key(sales, north, now, monkeypatch):
    monkeypatch.setattr("servicedesk.renewal_checks.PAGE", 2)
    with tenant(north.tenant):
        # Two of the same moment: the one made later comes first.
        RenewalCheck.objects.bulk_create(
            RenewalCheck(
                day=now.date(), asked_by=north.sales, started_at=at, finished_at=at, looked_at=number
            )
            for number, at in enumerate(
                [now, now, now, now - dt.timedelta(days=1), now - dt.timedelta(days=2)]
            )
        )
    seen, address = [], north.url("renewals/check/")
    while address:
        body = sales.get(address).content.decode()
        seen.append([int(count) for count in re.findall(r'data-label="Contracts" class="n">(\d+)<', body)])
        following = re.search(r'href="\?(after=[^"]*)"', body)
        address = north.url(f"renewals/check/?{following[1]}") if following else None
    assert seen == [[2, 1], [0, 3], [4]]
    for odd in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        assert "From the front" in text(sales.get(north.url(f"renewals/check/?after={odd}")))


def test_it_costs_the_same_for_one_row_and_for_more(sales, north, now):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert sales.get(north.url("renewals/check/")).status_code == 200
        return len(found)

    sales.post(north.url("renewals/check/now/"))
    one = queries()
    with tenant(north.tenant):
        for number in range(3):
            add_contract(f"Y-{number}", north.customer, owner=north.sales)
        check_desk(north.tenant, now=now)
    assert queries() == one
