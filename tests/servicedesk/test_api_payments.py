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


def waiting(call, **fields):
    """The path of a payment that waits, and its edition."""
    made = call("POST", "payments/", MONEY | {"contract": ""} | fields)
    assert (made.status_code, made.json()["state"]) == (201, "Waiting")
    return f"payments/{made.json()['id']}/", made["ETag"]


def test_waiting_money_is_split_and_its_parts_are_listed(call, cast):
    path, edition = waiting(call, amount="700.00", contract="N-0000")
    contract = str(cast.north.contract.public_id)
    parts = {
        "parts": [{"amount": "612.00", "contract": contract}, {"amount": "80.00"}],
        "because": "By letter",
    }
    assert first_error(call("POST", path + "split/", parts)) == (428, "if_match_required", None)
    assert first_error(call("POST", path + "split/", parts, If_Match=edition)) == (422, "cannot_match", "all")
    parts["parts"][1]["amount"] = "88.00"
    done = call("POST", path + "split/", parts, If_Match=edition)
    assert (done.status_code, done.json()["state"]) == (200, "Taken apart")
    found = call("GET", f"payments/?part_of={done.json()['id']}").json()["results"]
    assert sorted((part["amount"], part["state"]) for part in found) == [
        ("612.00", "Renewed N-20418"),
        ("88.00", "Waiting"),
    ]
    assert first_error(call("POST", path + "split/", parts, If_Match="*")) == (409, "already_settled", None)
    one = {"parts": [{"amount": "88.00"}]}
    assert first_error(call("POST", path + "split/", one, If_Match="*"))[::2] == (422, "parts.all")


def test_a_part_renews_no_term_that_the_caller_did_not_see(call, cast):
    path, edition = waiting(call, amount="700.00", contract="N-0000")
    with tenant(cast.north.tenant):
        seen = cast.north.contract.terms.get()
    part = {"amount": "612.00", "contract": str(cast.north.contract.public_id), "after": str(seen.public_id)}
    parts = {"parts": [part, {"amount": "88.00"}], "because": "By letter"}
    assert call("POST", "payments/", MONEY | {"number": "B-2"}).json()["has_renewed"]
    answer = call("POST", path + "split/", parts, If_Match=edition)
    assert first_error(answer) == (409, "already_renewed", None)
    with tenant(cast.north.tenant):
        assert last_end(cast.north.contract) == dt.date(2027, 3, 14)


def test_money_for_something_else_is_set_aside_and_taken_up_again(call):
    path, edition = waiting(call)
    refused = call("POST", path + "set-aside/", {"because": ""}, If_Match=edition)
    assert first_error(refused) == (422, "blank", "because")
    aside = call("POST", path + "set-aside/", {"because": "A part"}, If_Match=edition)
    assert (aside.status_code, aside.json()["state"]) == (200, "Set aside")
    again = call("POST", path + "take-up-again/", {"because": "No, it was not"}, If_Match=aside["ETag"])
    assert (again.status_code, again.json()["state"]) == (200, "Waiting")
    assert again.json()["part_of"] == aside.json()["id"]
    assert first_error(call("POST", path + "take-up-again/", {"because": "Once more"}, If_Match="*")) == (
        409, "already_settled", None,
    )  # fmt: skip


def test_money_that_went_back_puts_its_renewal_in_review(call, cast):
    made = call("POST", "payments/", MONEY)
    path = f"payments/{made.json()['id']}/give-back/"
    back = {"returned_on": "2026-03-05", "kind": "returned", "because": "Not honoured"}
    tomorrow = back | {"returned_on": "2026-03-06"}
    assert first_error(call("POST", path, tomorrow, If_Match=made["ETag"])) == (422, "cannot_match", "all")
    gone = call("POST", path, back, If_Match=made["ETag"])
    assert (gone.status_code, gone.json()["returned_on"]) == (200, "2026-03-05")
    with tenant(cast.north.tenant):
        assert last_end(cast.north.contract) == dt.date(2026, 3, 14)
    shown = call("GET", f"contracts/{cast.north.contract.public_id}/").json()
    assert shown["cover"]["state"] == "renewal in review"
    assert first_error(call("POST", path, back, If_Match="*")) == (409, "already_settled", None)


def test_a_part_of_it_goes_back(call):
    path, edition = waiting(call)
    back = {"returned_on": "2026-03-05", "amount": "12.00", "because": "Too much"}
    gone = call("POST", path + "give-back/", back, If_Match=edition).json()
    assert (gone["amount"], gone["returned_on"]) == ("12.00", "2026-03-05")
    rest = [row["amount"] for row in call("GET", "payments/?is_waiting=true").json()["results"]]
    assert rest == ["600.00"]


@pytest.mark.parametrize("act", ["split", "set-aside", "take-up-again", "give-back"])
def test_acts_on_money_are_accounts_own_and_stay_at_home(call, cast, now, act):
    path, _ = waiting(call)
    dana = program(cast.north, now=now, acts_as=cast.north.dispatcher)
    assert first_error(dana("POST", f"{path}{act}/", {}, If_Match="*")) == (403, "role", None)
    assert program(cast.south, now=now)("POST", f"{path}{act}/", {}, If_Match="*").status_code == 404


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
