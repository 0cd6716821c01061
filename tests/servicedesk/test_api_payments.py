"""Payments for other programs: money in by the rule of bank files, once, and matched by hand."""

import datetime as dt

import pytest

from contracts.models import Payment
from tenancy.scope import tenant
from tests.servicedesk.api_scene import first_error, program
from tests.servicedesk.money_scene import last_end, pay, prepare

MONEY = {
    "number": "B-1",
    "paid_on": "2026-03-04",
    "amount": "612.00",
    "currency": "GBP",
    "payer": "The Harbour Letter",
    "contract": "n 20418",
}


@pytest.fixture
def call(cast, moment, now):
    """Bookkeeping, which acts as accounts, at a desk whose contract ends on 14 Mar 2026."""
    with tenant(cast.north.tenant):
        prepare(cast.north)
    return program(cast.north, now=now, acts_as=cast.north.accounts)


def test_money_that_names_a_contract_renews_it_once(call, cast):
    made = call("POST", "payments/", MONEY)
    said = made.json()
    assert (made.status_code, said["state"], said["has_renewed"]) == (201, "Renewed N-20418", True)
    assert said["contract"] == str(cast.north.contract.public_id)
    assert first_error(call("POST", "payments/", MONEY)) == (409, "known_before", None)
    assert call("POST", "payments/", MONEY | {"amount": "1.00"}).status_code == 409
    with tenant(cast.north.tenant):
        assert last_end(cast.north.contract) == dt.date(2027, 3, 14)
        assert Payment.objects.count() == 1
    assert (
        call("GET", "payments/?number=B-1").json()["results"][0]
        == call("GET", f"payments/{said['id']}/").json()
    )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"paid_on": "2026-03-06"}, "paid_on"),
        ({"paid_on": "0001-01-01"}, "paid_on"),
        ({"amount": "0.00"}, "amount"),
        ({"number": ""}, "number"),
        ({"currency": "pounds"}, "currency"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(call, cast, wrong, field):
    refused = first_error(call("POST", "payments/", MONEY | wrong))
    assert (refused[0], refused[2]) == (422, field)
    with tenant(cast.north.tenant):
        assert not Payment.objects.exists()


def test_other_money_waits_and_is_matched_by_hand(call, cast):
    waits = call("POST", "payments/", MONEY | {"contract": "", "amount": "300.00"})
    assert (waits.status_code, waits.json()["state"]) == (201, "Waiting")
    assert len(call("GET", "payments/?is_waiting=true").json()["results"]) == 1
    path = f"payments/{waits.json()['id']}/match/"
    to = {"contract": str(cast.north.contract.public_id)}
    assert first_error(call("POST", path, to)) == (428, "if_match_required", None)
    assert first_error(call("POST", path, to, If_Match=waits["ETag"])) == (422, "needs_reason", "all")
    why = to | {"because": "Agreed by telephone"}
    matched = call("POST", path, why, If_Match=waits["ETag"])
    assert (matched.status_code, matched.json()["state"]) == (200, "Renewed N-20418")
    assert call("POST", path, why, If_Match=waits["ETag"]).status_code == 412
    assert first_error(call("POST", path, why, If_Match="*")) == (409, "already_settled", None)


def test_only_accounts_and_only_at_home(call, cast, now):
    made = call("POST", "payments/", MONEY).json()
    dana = program(cast.north, now=now, acts_as=cast.north.dispatcher)
    assert first_error(dana("GET", "payments/")) == (403, "role", None)
    assert first_error(dana("POST", "payments/", MONEY)) == (403, "role", None)
    assert program(cast.south, now=now)("GET", f"payments/{made['id']}/").status_code == 404


def test_three_rows_cost_as_many_queries_as_one(call, cast, django_assert_max_num_queries):
    call("GET", "payments/")
    counts = []
    for number in range(3):
        with tenant(cast.north.tenant):
            pay(number=f"X{number}", customer=cast.north.customer)
        with django_assert_max_num_queries(40) as captured:
            assert len(call("GET", "payments/").json()["results"]) == number + 1
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
