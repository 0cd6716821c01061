"""Contracts for other programs: cover on a day, never a bare "expired", and evidence with its rule."""

import datetime as dt

import pytest

from cases.models import Duty, Promise
from contracts.allowance import grant_visits
from contracts.models import Entitlement, RenewalEvidence
from tenancy.scope import tenant
from tests.cast import make_contract
from tests.servicedesk.api_scene import first_error, program
from tests.servicedesk.money_scene import prepare


@pytest.fixture
def call(cast, moment, now):
    """A program at Northgate, whose contract ends on 14 Mar 2026."""
    with tenant(cast.north.tenant):
        prepare(cast.north)
    return program(cast.north, now=now)


@pytest.fixture
def path(cast):
    return f"contracts/{cast.north.contract.public_id}/"


def cover(call, path, day):
    said = call("GET", f"{path}?on={day}").json()["cover"]
    return said["state"], said["sentence"], said["is_covered"]


def test_cover_by_the_day(call, path):
    assert cover(call, path, "2026-03-05") == ("renewal due", "Ends in 9 days", True)
    state, sentence, covered = cover(call, path, "2026-12-01")
    assert (state, sentence, covered) == ("lapsed", "Ended 14 Mar 2026, no payment found", False)
    whole = call("GET", path)
    assert whole.json()["cover"]["on"] == "2026-03-05"
    assert whole.json()["cover"]["instruction"] == "Ask about the renewal."
    assert whole.json()["cover"]["reason"].startswith("Term 15 Mar 2025 to 14 Mar 2026; entered by ")
    assert whole.json()["do_not_sell"] == []
    (row,) = call("GET", "contracts/?on=2026-12-01").json()["results"]
    assert (row["id"], row["cover"]["state"]) == (whole.json()["id"], "lapsed")
    assert first_error(call("GET", f"{path}?on=x")) == (422, "invalid", "on")
    assert first_error(call("GET", "contracts/?on=0001-01-01")) == (422, "invalid", "on")


def test_filters(call, cast):
    with tenant(cast.north.tenant):
        number = cast.north.contract.number
    assert len(call("GET", f"contracts/?number={number.lower().replace('-', ' ')}").json()["results"]) == 1
    assert call("GET", "contracts/?number=none").json()["results"] == []
    of_customer = call("GET", f"contracts/?customer={cast.north.customer.public_id}&fields=number").json()
    assert of_customer["results"] == [{"number": number}]


def test_terms_and_what_is_left(call, cast, path, now):
    with tenant(cast.north.tenant):
        term = cast.north.contract.terms.get()
        Entitlement.objects.filter(term=term).delete()
        grant_visits([term], {term.pk: 4}, by=cast.north.manager, now=now)
    (row,) = call("GET", f"{path}terms/").json()["results"]
    assert (row["starts_on"], row["ends_on"], row["taken_back_at"]) == ("2025-03-15", "2026-03-14", None)
    (left,) = call("GET", f"{path}entitlements/").json()["results"]
    assert (left["term"], left["granted"], left["left"]) == (row["id"], "4.00", "4.00")


def test_evidence_puts_cover_in_review_and_holds_the_customer_back(call, cast, path, now):
    sent = {"kind": "cheque", "dated_on": "2026-03-04", "reference": "004417", "amount": "612.00"}
    logged = call("POST", f"{path}evidence/", sent, Idempotency_Key="one")
    assert (logged.status_code, logged.json()["state"]) == (200, "waiting")
    assert call("POST", f"{path}evidence/", sent, Idempotency_Key="one").json() == logged.json()
    said = call("GET", path).json()
    assert (said["cover"]["state"], said["cover"]["instruction"]) == (
        "renewal in review",
        "Ask accounts before calling.",
    )
    assert len(said["do_not_sell"]) == 1
    assert [row["id"] for row in call("GET", f"{path}evidence/").json()["results"]] == [logged.json()["id"]]
    with tenant(cast.north.tenant):
        assert Duty.objects.open().filter(subject=logged.json()["id"]).count() == 1
    late = call("POST", f"{path}evidence/", sent | {"dated_on": "2026-03-06"})
    assert first_error(late) == (422, "invalid", "dated_on")
    offer = call("POST", f"{path}evidence/", sent | {"kind": "accepted offer"})
    assert first_error(offer) == (422, "invalid_choice", "kind")


def test_said_twice_it_is_one_claim_with_one_call_back(call, cast, path):
    first = call("POST", f"{path}claim/", {"note": "Posted it on Monday"})
    assert (first.status_code, first.json()["kind"]) == (200, "customer's word")
    assert call("POST", f"{path}claim/", {}).json()["id"] == first.json()["id"]
    word = {"kind": "customer's word", "dated_on": "2026-03-05"}
    assert call("POST", f"{path}evidence/", word).json()["id"] == first.json()["id"]
    with tenant(cast.north.tenant):
        assert RenewalEvidence.objects.count() == 1
        assert Promise.objects.filter(subject=first.json()["id"]).count() == 1


def test_another_desks_contract_is_not_there(call, cast, path, now):
    south = program(cast.south, now=now)
    for act in ("", "terms/", "entitlements/", "evidence/"):
        assert south("GET", f"{path}{act}").status_code == 404
    assert south("POST", f"{path}claim/", {}).status_code == 404
    reads = program(cast.north, now=now, scopes=["contracts:read"])
    assert first_error(reads("POST", f"{path}claim/", {})) == (403, "scope", None)


def test_three_rows_cost_as_many_queries_as_one(call, cast, django_assert_max_num_queries):
    # The first call of a minute notes that the key was used.
    call("GET", "contracts/")
    counts = []
    for number in range(3):
        with django_assert_max_num_queries(40) as captured:
            assert len(call("GET", "contracts/").json()["results"]) == number + 1
        counts.append(len(captured))
        with tenant(cast.north.tenant):
            make_contract(cast.north.customer, number=f"N-9000{number}", ends_on=dt.date(2026, 9, 1))
    assert counts == [counts[0]] * 3
