"""Two histories in one time line, and each line with whom it tells of once they are parted again (R7.3)."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.asked_calls import ask_for_call
from cases.interactions import note_interaction
from cases.models import Promise
from contracts.evidence import log_evidence
from contracts.models import RenewalEvidence
from customers.adding import add_customer
from customers.links import make_link
from customers.merging import merge_customers, owned_by_customers, undo_merge
from customers.models import Contact, Customer, CustomerLink, SearchWord, TimelineEntry
from customers.search_words import add_number
from customers.timeline import Asked, add_line, lines_of
from recommendations.lifecycle import raise_recommendation
from tenancy.calendars import zone_of
from tests.cast import a_case, make_contract, make_plain_visit, make_visit
from tests.customers.test_merging import money_of
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


def made_since(desk, owner, things, now) -> dict:
    """One row of each kind, made with the one who is both, about the things of one of them."""
    site, machine, contract, visit, contact = things
    make_link(owner, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=None)
    duty = ask_for_call(owner, visit.public_id, about="the visit", due_at=now + HOUR, now=now)
    case = a_case(desk, "Paper jam", now, customer=owner, equipment=machine)
    tune_up = {"start": now + 60 * HOUR, "customer": owner, "machines": (), "contact": None}
    word = f"{contract.number}-2"
    add_number(owner, SearchWord.Kind.CONTRACT, word, contract.public_id)
    return {
        "link": CustomerLink.objects.get(subject=visit.public_id),
        "call": duty,
        "promise": Promise.objects.get(subject=duty.public_id),
        "case": case,
        "word of a person": note_interaction(
            customer=owner, contact=contact, channel="message", summary="Gate 4711", by=None, now=now
        ),
        "word of a case": note_interaction(
            customer=owner, case=case, channel="call", summary="It jams", by=desk.dispatcher, now=now
        ),
        "visit": make_visit(desk, number=f"{visit.number}-2", site=site, **tune_up),
        "contact": Contact.objects.create(customer=owner, site=site, name="New"),
        "money": money_of(owner, now, contract=contract, matched_at=now),
        "number": SearchWord.objects.filter(subject=contract.public_id, shown=word).latest("pk"),
    }


def test_what_was_made_since_goes_with_what_it_is_about(north, gone, now):
    ours = make_plain_visit(north, now=now, number="V-7")
    person = Contact.objects.create(customer=gone, name="M Ellison")
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    kept = Customer.objects.get(pk=north.customer.pk)
    theirs = made_since(north, kept, (gone.visit.site, gone.machine, gone.contract, gone.visit, person), now)
    things = (north.site, north.copier, north.contract, ours, north.contact)
    stay = made_since(north, kept, things, now + HOUR)
    stay["visit with their contact"] = make_visit(
        north, start=now + 90 * HOUR, contact=person, machines=(), number="V-9"
    )
    stay["general money"] = money_of(kept, now)
    undo_merge(merge, by=north.dispatcher, now=now + 2 * HOUR)
    for rows, owner in ((theirs, gone), (stay, kept)):
        for row in rows.values():
            row.refresh_from_db()
        assert {kind: row.customer for kind, row in rows.items()} == dict.fromkeys(rows, owner)


def test_what_was_so_before_the_merge_stays_so(north, gone, now):
    """Their customer paid for another's contract: that was no fault of the merge."""
    paid = money_of(north.customer, now, contract=gone.contract, matched_at=now)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    undo_merge(merge, by=north.dispatcher, now=now + HOUR)
    paid.refresh_from_db()
    assert paid.customer == north.customer


def test_a_main_contact_made_since_at_their_site_is_one_of_theirs(north, gone, now):
    main = Contact.objects.get(customer=gone, is_main=True)
    merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    Contact.objects.filter(customer=north.customer).update(is_main=False)
    new = Contact.objects.create(customer=north.customer, site=gone.visit.site, name="New", is_main=True)
    undo_merge(merge, by=north.dispatcher, now=now + HOUR)
    new.refresh_from_db()
    assert (new.customer, new.is_main) == (gone, False)
    assert Contact.objects.get(customer=gone, is_main=True) == main


def test_parting_takes_as_many_statements_for_ten_links_as_for_one(north, gone, now):
    make_link(gone, "visit", gone.visit.public_id, now=now, expires_at=None)
    counts = []
    for links in (1, 10):
        merge = merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
        for _ in range(links):
            make_link(north.customer, "visit", gone.visit.public_id, now=now, expires_at=None)
        with CaptureQueriesContext(connection) as asked:
            undo_merge(merge, by=north.dispatcher, now=now)
        counts.append(len(asked))
    assert CustomerLink.objects.filter(customer=gone).count() == 12
    assert counts[0] == counts[1]


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
