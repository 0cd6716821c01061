"""Two histories in one time line, and each line with whom it tells of once they are parted again (R7.3)."""

import datetime as dt

import pytest

from contracts.evidence import log_evidence
from contracts.models import RenewalEvidence
from customers.adding import add_customer
from customers.merging import merge_customers, owned_by_customers, undo_merge
from customers.models import Customer, TimelineEntry
from customers.timeline import Asked, add_line, lines_of
from recommendations.lifecycle import raise_recommendation
from tenancy.calendars import zone_of
from tests.cast import make_contract, make_visit
from tests.told import told
from visits.outcomes import Whose, cancel_visit

HOUR = dt.timedelta(hours=1)
Kind = TimelineEntry.Kind


@pytest.fixture
def gone(north, now):
    """The same customer once more, with a place, a machine, a contract, a visit and a call of their own."""
    gone = add_customer(name="M Ellison", company="", phone="07700 900499", by=None, now=now - 9 * HOUR)
    gone.contract = make_contract(gone, number="N-777", ends_on=now.date() + dt.timedelta(days=40))
    site = gone.sites.create(street="1 Quay", city="Eastmouth")
    gone.machine = site.equipment.create(kind="copier", make="Corvane", model="B-1", serial_number="B-1")
    gone.visit = make_visit(
        north, start=now + 30 * HOUR, customer=gone, site=site, contact=None, machines=(), number="V-77"
    )
    add_line(gone, Kind.CALL, "Rang us first", at=now - 8 * HOUR)
    add_line(north.customer, Kind.CALL, "Rang us", at=now - 7 * HOUR)
    return gone


def of(customer):
    return [title for _, title, _, _ in told(customer)]


def test_both_histories_are_one_and_each_goes_back_to_its_own(north, gone, now):
    before = told(north.customer), told(gone)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    lines = lines_of(north.customer, Asked(), zone=zone_of(north.tenant)).order_by("at", "pk")
    assert [line.title for line in lines] == [
        "Added as a new customer",
        "Rang us first",
        "Rang us",
        "Merged with M Ellison",
    ]
    undo_merge(merge, by=north.dispatcher, now=now + HOUR)
    parted = ("merge", "Parted from {}: not the same customer", "", "Dana Whitlock")
    assert told(gone) == [*before[1], (*parted[:1], parted[1].format(north.customer.called), *parted[2:])]
    assert told(north.customer) == [
        *before[0],
        ("merge", "Merged with M Ellison", "", "Dana Whitlock"),
        (*parted[:1], parted[1].format("M Ellison"), *parted[2:]),
    ]


def test_what_was_told_since_goes_with_what_it_tells_of(north, gone, now):
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    gone.visit.refresh_from_db()
    cancel_visit(
        gone.visit, whose=Whose.CUSTOMER, because="Away", by=north.dispatcher, now=now,
        version=gone.visit.version,
    )  # fmt: skip
    gone.contract.refresh_from_db()
    log_evidence(
        contract=gone.contract, kind=RenewalEvidence.Kind.MAIL, dated_on=now.date(), by=north.sales, now=now
    )
    raise_recommendation(
        equipment=gone.machine, finding="A new belt", severity=2, by=north.technician, now=now
    )
    raise_recommendation(
        equipment=north.copier, finding="A new drum", severity=2, by=north.technician, now=now
    )
    add_line(north.customer, Kind.NOTE, "Rings on Mondays", at=now)
    undo_merge(merge, by=north.dispatcher, now=now + HOUR)
    since = of(gone)[2:]
    assert since[0] == "Visit V-77 cancelled by the customer"
    assert since[1].startswith("Renewal evidence logged: ")
    parted = f"Parted from {north.customer.called}: not the same customer"
    assert since[2:] == ["Recommended: A new belt", parted]
    assert of(north.customer)[1:] == [
        "Merged with M Ellison",
        "Recommended: A new drum",
        "Rings on Mondays",
        "Parted from M Ellison: not the same customer",
    ]


def test_every_table_that_hangs_on_a_customer_is_known():
    """What a line may tell of has an owner: else its lines would stay behind when two are parted."""
    owned = {model._meta.label for model, _ in owned_by_customers()}
    assert owned >= {
        "cases.Case",
        "cases.Duty",
        "cases.Goodwill",
        "cases.Interaction",
        "cases.Promise",
        "contracts.AllowanceEntry",
        "contracts.Cancellation",
        "contracts.ContractTerm",
        "contracts.Payment",
        "contracts.Renewal",
        "contracts.RenewalEvidence",
        "contracts.RenewalOffer",
        "messaging.Message",
        "messaging.Reply",
        "recommendations.Recommendation",
        "visits.MaintenancePlan",
        "visits.Visit",
    }
    assert all(way.endswith("customer") for _, way in owned_by_customers())
    assert Customer not in {model for model, _ in owned_by_customers()}
