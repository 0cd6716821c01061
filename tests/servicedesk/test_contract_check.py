"""The contract check: the verdict before the phone, and what may be said (R1.8, design 4.4)."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from contracts.evidence import confirm_evidence, log_claim, log_evidence
from contracts.holds import set_hold
from contracts.models import Contract, ContractCheck, ContractTerm, RenewalEvidence
from customers.models import Customer
from tenancy.scope import tenant
from tests.reading import text
from tests.servicedesk.calls_scene import TODAY, add_customer, check_url, north, set_end
from visits.models import Assignment, Visit

pytestmark = pytest.mark.usefixtures("moment")

__all__ = ["north"]


def test_the_check_gives_the_verdict_before_the_phone(sales, north):
    body = sales.get(check_url(north)).content.decode()
    assert "Ended 1 Jan 2026, no payment found" in body
    assert body.index('aria-label="Verdict"') < body.index('href="tel:07700900412"')
    assert body.count("tel:") == 1


def test_opening_a_check_is_kept_and_the_next_caller_reads_it(client, sales, north, now):
    assert "not checked before" in text(sales.get(check_url(north)))
    with tenant(north.tenant):
        kept = ContractCheck.objects.get()
    assert (kept.contract_id, kept.by_id, kept.at) == (north.contract.pk, north.sales.pk, now)
    assert (kept.state, kept.sentence) == ("lapsed", "Ended 1 Jan 2026, no payment found")
    client.force_login(north.people["manager"].user)
    read = text(client.get(check_url(north)))
    assert "checked 5 Mar 2026 13:07, Jamie Mercer" in read
    assert "Checked by you at 13:07" in read


def test_in_review_accounts_are_asked_instead_of_the_customer(sales, north, now):
    with tenant(north.tenant):
        log_claim(contract=north.contract, by=north.dispatcher, now=now)
    answer = sales.get(check_url(north))
    body, read = answer.content.decode(), text(answer)
    assert "tel:" not in body
    assert body.count(f'action="{check_url(north)}ask/"') == 1
    assert "Renewal in review: customer's word of 5 March" in read
    assert "the next term is" not in read


def test_an_active_customer_hears_no_pitch(sales, north, now):
    with tenant(north.tenant):
        cheque = log_evidence(
            contract=north.contract, kind="cheque", dated_on=TODAY, by=north.accounts, now=now
        )
        confirm_evidence(cheque, by=north.accounts, now=now)
    read = text(sales.get(check_url(north)))
    assert "Active until 1 Jan 2027" in read
    assert "the next term is" not in read
    assert "Skip until" not in read
    assert "Not in the list: Active until 1 Jan 2027" in read


def test_a_customer_of_the_list_may_be_told_of_the_next_term(sales, north):
    assert "the next term is 2 Jan 2026 to 1 Jan 2027, £612.00." in text(sales.get(check_url(north)))


def test_the_next_term_that_is_told_of_is_as_long_as_the_last_extension(sales, north):
    with tenant(north.tenant):
        # Begun two years before that day, and gone on for a year.
        terms = ContractTerm.objects.filter(contract=north.contract)
        terms.update(starts_on=dt.date(2024, 1, 2), counts_from=dt.date(2025, 1, 2))
    assert "the next term is 2 Jan 2026 to 1 Jan 2027, £612.00." in text(sales.get(check_url(north)))


def test_a_hold_shows_its_reason_and_no_phone(sales, north, now):
    with tenant(north.tenant):
        set_hold(customer=north.customer, source="manager", reason="In court", by=north.manager, now=now)
    response = sales.get(check_url(north))
    assert "Do not sell. In court." in text(response)
    assert "Not in the list: Held: In court" in text(response)
    assert "tel:" not in response.content.decode()


def test_a_complaint_and_a_visit_today_stop_the_pitch(sales, north, now):
    with tenant(north.tenant):
        Case.objects.create(
            customer=north.customer,
            kind="complaint",
            title="Nobody came",
            opened_at=now - dt.timedelta(days=9),
        )
        visit = Visit.objects.create(
            number="V-1",
            number_key="V1",
            customer=north.customer,
            site=north.site,
            kind="fault",
            window_start=now + dt.timedelta(hours=1),
            window_end=now + dt.timedelta(hours=2),
            planned_start=dt.datetime(2026, 3, 5, 14, 0, tzinfo=dt.UTC),
            planned_end=dt.datetime(2026, 3, 5, 15, 0, tzinfo=dt.UTC),
            told_day=TODAY,
            told_from=dt.time(14),
            told_until=dt.time(15),
            booked_at=now,
            changed_at=now,
        )
        Assignment.objects.create(
            visit=visit, technician=north.lou, starts_at=visit.planned_start, ends_at=visit.planned_end
        )
    answer = sales.get(check_url(north))
    read = text(answer)
    assert "Manager first." in read
    assert "You may offer a new term." not in read
    assert "Make a renewal offer" not in read
    with tenant(north.tenant):
        Case.objects.update(kind=Case.Kind.QUESTION)
    without_complaint = text(sales.get(check_url(north)))
    assert "Not today: Lou visits today at 14:00." in without_complaint
    assert "You may offer a new term." not in without_complaint
    assert "Make a renewal offer" not in without_complaint
    assert (
        "Not today: a renewal or a new machine. A complaint is open (Nobody came): manager first. "
        "Lou visits today at 14:00." in read
    )
    assert "Complaint: Nobody came Nobody yet, since 24 February 9 days" in read
    assert "the next term is" not in read


def test_unused_visits_are_worth_saying(sales, north):
    with tenant(north.tenant):
        set_end(north, dt.date(2026, 3, 14))
    assert "2 visits are paid for and unused until 14 March." in text(sales.get(check_url(north)))


def test_an_old_status_stands_only_struck_through(sales, north, now):
    with tenant(north.tenant):
        set_end(north, dt.date(2026, 3, 14))
        Contract.objects.filter(pk=north.contract.pk).update(imported_status="expired", imported_at=now)
    body = sales.get(check_url(north)).content.decode()
    assert "<s>The old program said “expired”</s>" in body
    assert body.lower().count("expired") == 1


def test_keys_lead_to_the_neighbours(sales, north):
    with tenant(north.tenant):
        first = add_customer(north, "First", dt.date(2026, 3, 6))
        last = add_customer(north, "Last", dt.date(2024, 1, 1))
    body = sales.get(check_url(north)).content.decode()
    assert f'calls/{last.public_id}/" aria-keyshortcuts="j"' in body
    assert f'calls/{first.public_id}/" aria-keyshortcuts="k"' in body
    assert 'aria-keyshortcuts="p"' in body
    assert 'aria-keyshortcuts="x"' in body
    assert 'aria-keyshortcuts="c"' in body


def test_the_check_costs_the_same_beside_one_row_and_beside_more(sales, north):
    sales.get(check_url(north))
    with CaptureQueriesContext(connection) as one:
        sales.get(check_url(north))
    with tenant(north.tenant):
        for number in range(3):
            add_customer(north, f"Row{number}", dt.date(2026, 3, 20))
    with CaptureQueriesContext(connection) as more:
        sales.get(check_url(north))
    assert len(more) == len(one)


def test_a_customer_without_contract_has_a_page_and_no_check(sales, north):
    with tenant(north.tenant):
        bare = Customer.objects.create(name="New here")
    assert "No contract" in text(sales.get(check_url(north, bare)))
    with tenant(north.tenant):
        assert ContractCheck.objects.count() == 0


def test_a_merged_customer_leads_to_the_one_that_stands(sales, north):
    with tenant(north.tenant):
        double = Customer.objects.create(name="Margaret E.", merged_into=north.customer)
    answer = sales.get(check_url(north, double))
    assert (answer.status_code, answer.url) == (302, check_url(north))


def test_the_other_contract_can_be_chosen(sales, north):
    with tenant(north.tenant):
        other = Contract.objects.create(
            number="N-2", customer=north.customer, price=Decimal("1"), currency="GBP"
        )
        ContractTerm.objects.create(
            contract=other,
            starts_on=dt.date(2020, 1, 1),
            ends_on=dt.date(2020, 12, 31),
            price=1,
            created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        )
    read = sales.get(f"{check_url(north)}?contract={other.public_id}").content.decode()
    assert "<h2>Ended 31 Dec 2020, no payment found</h2>" in read


@pytest.mark.parametrize("kind", ["other desk", "random"])
def test_a_strangers_customer_is_not_found(cast, sales, north, kind):
    id = cast.south.customer.public_id if kind == "other desk" else uuid.uuid4()
    assert sales.get(north.url(f"calls/{id}/")).status_code == 404
    for action in ("promise", "lapse", "skip", "ask"):
        assert sales.post(north.url(f"calls/{id}/{action}/"), {}).status_code == 404


# The customer says it is renewed


def test_the_claim_is_one_button_and_takes_the_customer_off_the_list(sales, north):
    answer = sales.post(
        north.url(f"contracts/{north.contract.public_id}/claim/"), {"next": check_url(north)}, follow=True
    )
    read = text(answer)
    assert (
        "Claim logged. Accounts verify it by 17:30; Jamie Mercer rings back by Fri 09:00, either way." in read
    )
    assert "Not in the list: Renewal in review: customer's word of 5 March" in read
    assert "Customer says it is renewed" not in read
    with tenant(north.tenant):
        claim = RenewalEvidence.objects.get()
        assert (claim.kind, claim.state, claim.recorded_by) == ("customer's word", "waiting", north.sales)
        assert north.customer.holds.filter(released_at__isnull=True).count() == 1
    assert "The Harbour Letter" not in text(sales.get(north.url("calls/")))
