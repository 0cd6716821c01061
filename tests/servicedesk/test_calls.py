"""The call list and the contract check (R1.7, R1.8, design 4.4)."""

import datetime as dt
import re
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.duties import open_duty
from cases.models import Case, Duty, Interaction, Promise
from contracts.evidence import confirm_evidence, log_claim, log_evidence
from contracts.holds import set_hold
from contracts.models import CallSkip, Contract, ContractCheck, ContractTerm, Payment, RenewalEvidence
from contracts.verifying import ask_to_judge
from customers.models import Contact, Customer
from servicedesk.call_forms import usual_times
from tenancy.calendars import Calendar, calendar_of, zone_of
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.reading import text
from visits.models import Assignment, Visit

pytestmark = pytest.mark.usefixtures("moment")

TODAY = dt.date(2026, 3, 5)


@pytest.fixture
def north(cast):
    """Northgate's desk; its contract ended on 1 January 2026, the other desk's as well."""
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            set_end(desk, dt.date(2026, 1, 1))
    return cast.north


def set_end(desk, ends_on):
    ContractTerm.objects.filter(contract=desk.contract).update(
        starts_on=ends_on - dt.timedelta(days=364), ends_on=ends_on
    )


def add_customer(desk, name, ends_on):
    customer = Customer.objects.create(name=name)
    Contact.objects.create(customer=customer, name=name, phone="07700 900999", is_main=True)
    contract = Contract.objects.create(
        number=f"K-{name}", customer=customer, price=Decimal("100"), currency="GBP", visits_per_term=1
    )
    ContractTerm.objects.create(
        contract=contract,
        starts_on=ends_on - dt.timedelta(days=364),
        ends_on=ends_on,
        price=contract.price,
        created_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    return customer


def check_url(desk, customer=None):
    return desk.url(f"calls/{(customer or desk.customer).public_id}/")


def post(browser, desk, action, **data):
    return browser.post(f"{check_url(desk)}{action}/", {"contract": str(desk.contract.public_id), **data})


# The list


def test_the_list_names_who_may_be_called_and_counts_who_is_held_back(sales, north, now):
    with tenant(north.tenant):
        add_customer(north, "Active", dt.date(2027, 1, 1))
        claimed = add_customer(north, "Claimed", dt.date(2026, 1, 1))
        log_claim(contract=claimed.contracts.get(), by=north.sales, now=now)
    read = text(sales.get(north.url("calls/")))
    assert "The Harbour Letter N-20418 Ended 1 Jan 2026, no payment found" in read
    assert "2 held back: 1 active, 1 in review." in read
    assert "Claimed" not in read
    assert "Renewal due 0" in read
    assert "Lapsed 1" in read


def test_who_is_held_back_can_be_read_with_the_reason(sales, north, now):
    with tenant(north.tenant):
        held = add_customer(north, "Held", dt.date(2026, 1, 1))
        set_hold(customer=held, source="manager", reason="In court", by=north.manager, now=now)
    read = text(sales.get(north.url("calls/?show=held")))
    assert "Held K-Held Ended 1 Jan 2026, no payment found In court" in read
    assert "The Harbour Letter" not in read
    assert "Nobody is held back here" in text(sales.get(north.url("calls/?show=held&state=review")))


def test_a_state_narrows_the_list(sales, north):
    with tenant(north.tenant):
        add_customer(north, "Due", dt.date(2026, 3, 20))
    read = text(sales.get(north.url("calls/?state=due")))
    assert "Ends in 15 days" in read
    assert "The Harbour Letter" not in read


def test_an_empty_list_says_why(sales, north):
    with tenant(north.tenant):
        set_end(north, dt.date(2027, 1, 1))
    assert "Nobody to call: every contract is active, in review or held back" in text(
        sales.get(north.url("calls/"))
    )


def test_the_list_is_paged_by_key(sales, north, monkeypatch):
    monkeypatch.setattr("servicedesk.calls.PAGE", 2)
    with tenant(north.tenant):
        for number in range(4):
            add_customer(north, f"Row{number}", dt.date(2026, 3, 20))
    seen, address = [], north.url("calls/")
    while address:
        body = sales.get(address).content.decode()
        seen += re.findall(r'<th scope="row"[^>]*><a[^>]*>([^<]+)<', body)
        following = re.search(r'href="\?([^"]*after=[^"]*)"', body)
        address = north.url(f"calls/?{following[1].replace('&amp;', '&')}") if following else None
    assert sorted(seen[:4]) == ["Row0", "Row1", "Row2", "Row3"]
    assert seen[4:] == ["The Harbour Letter"]


def test_the_list_costs_the_same_for_one_row_and_for_more(sales, north):
    sales.get(north.url("calls/"))
    with CaptureQueriesContext(connection) as one:
        sales.get(north.url("calls/"))
    with tenant(north.tenant):
        for number in range(3):
            add_customer(north, f"Row{number}", dt.date(2026, 3, 20))
    with CaptureQueriesContext(connection) as more:
        sales.get(north.url("calls/"))
    assert len(more) == len(one)


def test_accounts_read_what_waits_for_them(client, north, now):
    with tenant(north.tenant):
        claim = log_claim(contract=north.contract, by=north.sales, now=now)
    client.force_login(north.people["accounts"].user)
    body = client.get(north.url("calls/"))
    assert "Verify the renewal of N-20418: The customer's word of 5 Mar 2026" in text(body).replace(
        "&#x27;", "'"
    )
    assert f"contracts/{north.contract.public_id}/evidence/{claim.public_id}/" in body.content.decode()


def test_accounts_read_which_money_is_unmatched_and_who_asks(client, north, now):
    with tenant(north.tenant):
        payment = Payment.objects.create(
            customer=north.customer,
            paid_on=TODAY,
            amount=Decimal("612"),
            currency="GBP",
            recorded_at=now,
        )
        open_duty(
            "unmatched money",
            payment.public_id,
            kind=Duty.Kind.MATCH_PAYMENT,
            title="Match £612.00",
            due_at=now - dt.timedelta(hours=1),
            now=now - dt.timedelta(days=1),
            owner_role="accounts",
            customer=north.customer,
            subject=payment.public_id,
        )
        ask_to_judge(contract=north.contract, calendar=calendar_of(north.tenant), by=north.sales, now=now)
    client.force_login(north.people["accounts"].user)
    body = client.get(north.url("calls/")).content.decode()
    assert f'<a href="{north.url(f"payments/{payment.public_id}/")}">Match £612.00</a>' in body
    contract = north.url(f"contracts/{north.contract.public_id}/")
    assert f'<a href="{contract}">Is N-20418 renewed? Jamie Mercer asks</a>' in body
    assert body.index("Match £612.00") < body.index("Is N-20418 renewed?")


@pytest.mark.parametrize("role", ["technician", "dispatcher"])
def test_the_call_list_is_for_sales(client, north, role):
    client.force_login(north.people[role].user)
    assert client.get(north.url("calls/")).status_code == 403
    assert client.get(check_url(north)).status_code == 403


# The contract check


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


# Promises


def test_a_promise_is_logged_with_its_time(sales, north, now):
    answer = post(sales, north, "promise", what="Ring back with a price", by="today")
    assert answer.status_code == 302
    with tenant(north.tenant):
        promise = Promise.objects.get()
    assert (promise.text, promise.kind) == ("Ring back with a price", "call back")
    assert promise.owner_id == north.sales.pk
    assert promise.due_at == dt.datetime(2026, 3, 5, 15, 0, tzinfo=dt.UTC)
    assert "Ring back with a price Jamie Mercer, made 5 March 15:00" in text(sales.get(check_url(north)))


def test_a_picked_time_is_the_desks_own(sales, north):
    post(sales, north, "promise", what="Ring", by="pick", day="2026-07-01", clock="09:30")
    with tenant(north.tenant):
        assert Promise.objects.get().due_at == dt.datetime(2026, 7, 1, 8, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"what": "", "by": "30"}, "Write what you promised."),
        ({"what": "Ring", "by": ""}, "Choose by when."),
        ({"what": "Ring", "by": "pick"}, "Give the day and the time."),
        (
            {"what": "Ring", "by": "pick", "day": "2026-03-04", "clock": "10:00"},
            "A promise is for a time to come.",
        ),
    ],
)
def test_a_promise_that_lacks_something_is_not_logged(sales, north, data, words):
    answer = post(sales, north, "promise", **data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert f'value="{data["what"]}"' in answer.content.decode() or not data["what"]
    with tenant(north.tenant):
        assert Promise.objects.count() == 0


def test_a_promise_ends_with_what_came_of_it(sales, north, now):
    post(sales, north, "promise", what="Ring", by="30")
    with tenant(north.tenant):
        promise = Promise.objects.get()
    address = f"{check_url(north)}promises/{promise.public_id}/kept/"
    assert sales.post(address, {"outcome": ""}).status_code == 422
    assert sales.post(address, {"outcome": "Told the price"}).status_code == 302
    with tenant(north.tenant):
        promise.refresh_from_db()
    assert (promise.state, promise.evidence) == ("kept", "Told the price")


def test_what_a_visit_promises_is_not_settled_by_hand(sales, north, now):
    with tenant(north.tenant):
        make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
        promises = list(Promise.objects.open())
    assert {promise.kind for promise in promises} == set(Promise.OF_VISITS)
    page = sales.get(check_url(north)).content.decode()
    for promise in promises:
        address = f"{check_url(north)}promises/{promise.public_id}/kept/"
        assert address not in page
        assert sales.post(address, {"outcome": "They were there"}).status_code == 404
    with tenant(north.tenant):
        assert Promise.objects.open().count() == 3


@pytest.mark.parametrize(
    ("moment", "offered"),
    [
        ((2026, 3, 5, 13, 7), ["In 30 min", "Today 15:00", "Tomorrow 10:00"]),
        ((2026, 3, 5, 15, 0), ["In 30 min", "Tomorrow 10:00"]),
        ((2026, 3, 6, 9, 0), ["In 30 min", "Today 15:00", "Monday 10:00"]),
    ],
)
def test_only_times_to_come_are_offered(north, moment, offered):
    now = dt.datetime(*moment, tzinfo=dt.UTC)
    calendar = Calendar(zone=zone_of(north.tenant))
    assert [words for _, words, _ in usual_times(now, calendar)] == offered


# Lapse calls, skips, questions


def test_a_lapse_call_is_logged(sales, north):
    answer = post(sales, north, "lapse", summary="Thinks about it", again_on="2026-04-01")
    assert answer.status_code == 302
    with tenant(north.tenant):
        assert Interaction.objects.get().summary == "Thinks about it"
        assert CallSkip.objects.get().until == dt.date(2026, 4, 1)
    read = text(sales.get(check_url(north)))
    assert "Not in the list: Put off until 1 April: Thinks about it" in read
    assert "5 Mar Called about N-20418, which has lapsed Thinks about it" in read


def test_a_lapse_call_is_refused_when_money_came_in_meanwhile(sales, north, now):
    sales.get(check_url(north))
    with tenant(north.tenant):
        log_claim(contract=north.contract, by=north.dispatcher, now=now)
    answer = post(sales, north, "lapse", summary="Offered a new term")
    assert answer.status_code == 409
    read = text(answer)
    assert "Not logged Renewal in review: customer's word of 5 March" in read
    assert "Not in the list:" in read
    assert "/lapse/" not in re.sub(r'action="[^"]*"', "", answer.content.decode())
    with tenant(north.tenant):
        assert Interaction.objects.count() == 0
        assert [check.state for check in ContractCheck.objects.order_by("pk")] == [
            "lapsed",
            "renewal in review",
        ]


def test_a_lapse_call_keeps_what_was_typed(sales, north):
    answer = post(sales, north, "lapse", summary="Thinks about it", again_on="2026-03-05")
    assert answer.status_code == 422
    assert "Choose a day after today." in text(answer)
    assert ">Thinks about it</textarea>" in answer.content.decode()


def test_a_contract_of_somebody_else_takes_no_lapse_call(sales, north):
    with tenant(north.tenant):
        other = add_customer(north, "Other", dt.date(2026, 1, 1)).contracts.get()
    answer = post(sales, north, "lapse", summary="Hello", contract=str(other.public_id))
    assert answer.status_code == 404


def test_skipping_leads_to_the_next_row(sales, north):
    with tenant(north.tenant):
        last = add_customer(north, "Last", dt.date(2024, 1, 1))
    answer = post(sales, north, "skip", until="2026-05-04", reason="Buys through the county")
    assert (answer.status_code, answer.url) == (302, check_url(north, last))
    read = text(sales.get(north.url("calls/?show=held")))
    assert "Put off until 4 May: Buys through the county" in read


@pytest.mark.parametrize(
    ("until", "reason", "words"),
    [
        ("2026-03-05", "Later", "Choose a day after today."),
        ("", "Later", "Choose until when."),
        ("2026-04-01", "", "Write why."),
    ],
)
def test_a_skip_needs_a_day_to_come_and_a_reason(sales, north, until, reason, words):
    answer = post(sales, north, "skip", until=until, reason=reason)
    assert answer.status_code == 422
    assert words in text(answer)
    with tenant(north.tenant):
        assert CallSkip.objects.count() == 0


def test_accounts_are_asked_once_a_day(sales, north):
    for _ in range(2):
        assert post(sales, north, "ask").status_code == 302
    with tenant(north.tenant):
        duty = Duty.objects.get()
    assert (duty.kind, duty.owner_role, duty.subject) == (
        "judge contract",
        "accounts",
        north.contract.public_id,
    )
    assert duty.title == "Is N-20418 renewed? Jamie Mercer asks"
    assert duty.due_at == dt.datetime(2026, 3, 5, 17, 30, tzinfo=dt.UTC)
