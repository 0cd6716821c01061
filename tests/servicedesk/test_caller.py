"""The caller screen: the truth about a customer in a fixed number of queries, and what is noted there."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Interaction, Promise
from contracts.evidence import log_evidence
from contracts.models import Contract, ContractTerm
from customers.models import Contact, Customer, Equipment, Hold, Site, TimelineEntry
from customers.timeline import add_line
from recommendations.models import Recommendation
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import a_case, a_promise, make_visit
from visits.booking import book_visit
from visits.models import Technician

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    client.force_login(cast.north.dispatcher.user)
    with time_machine.travel(now, tick=False):
        yield cast.north


def url(desk, path="", customer=None):
    return desk.url(f"customers/{(customer or desk.customer).public_id}/{path}")


def words(answer):
    """The page's words on one line."""
    return " ".join(answer.text.split())


def test_who_calls_stands_first_with_tenure_and_preference(desk, client):
    answer = client.get(url(desk, "?tel=07700900412"))
    assert "On the phone with Margaret Ellison" in answer.text
    assert "matched on 07700900412" in answer.text
    assert "Customer for 10 years" in answer.text
    assert "Prefers <b>Lou Baptiste</b>" in answer.text
    assert "3 Quay Lane, Eastmouth EM4 2QL, Side door" in answer.text


def test_a_term_that_was_taken_back_adds_nothing_to_the_tenure(desk, client, now):
    with tenant(desk.tenant):
        Customer.objects.filter(pk=desk.customer.pk).update(customer_since=None)
        ContractTerm.objects.create(
            contract=desk.contract,
            starts_on=dt.date(2010, 3, 5),
            ends_on=dt.date(2011, 3, 4),
            price=1,
            created_at=now,
            taken_back_at=now,
        )
    assert "Customer since August 2025" in client.get(url(desk)).text


def test_the_screen_is_in_the_designs_order(desk, client, now):
    with tenant(desk.tenant):
        a_case(desk, "Nobody came", now, kind="complaint")
    page = client.get(url(desk, "?call=1")).text
    order = [
        "On the phone with",
        "<h1>Margaret Ellison",
        "Start with this",
        "Active until 16 Aug 2026",
        "Response promise",
        "1 open recommendation",
        "Promises and complaints",
        ">Equipment</span>",
        ">History</h2>",
    ]
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_the_verdict_says_what_is_left_and_when_a_call_now_is_due(desk, client):
    page = words(client.get(url(desk)))
    assert "4 working hours" in page
    # 13:07 and four open hours.
    assert "Call now, due by 17:07" in page
    assert "0 of 2 used" in page
    assert "2 unused, ends 16 Aug" in page


def test_without_a_contract_the_price_is_said(desk, client):
    with tenant(desk.tenant):
        stranger = Customer.objects.create(name="Zoë Finch")
    assert "Visits are charged." in client.get(url(desk, customer=stranger)).text
    Tenant.objects.filter(pk=desk.tenant.pk).update(callout_price=Decimal("95.00"))
    page = words(client.get(url(desk, customer=stranger)))
    assert "No contract" in page
    assert "Visits are charged: £95." in page
    assert "Nothing open: no recommendations, promises or complaints." in page


def test_a_renewal_in_review_says_to_ask_accounts(desk, client, now):
    with tenant(desk.tenant):
        ContractTerm.objects.update(ends_on=now.date() + dt.timedelta(days=3))
        log_evidence(contract=desk.contract, kind="cheque", dated_on=now.date(), by=desk.dispatcher, now=now)
    page = words(client.get(url(desk)))
    assert "renewal in review: cheque of 5 March" in page
    assert "Unclear, ask accounts." in page
    assert 'data-tone="warn"' in page


def test_a_hold_and_every_open_matter_are_seen(desk, client, now):
    with tenant(desk.tenant):
        Hold.objects.create(customer=desk.customer, reason="Renewal being checked", source="x", set_at=now)
        a_promise(desk, now=now)
    page = words(client.get(url(desk)))
    assert "Do not sell.</b> Renewal being checked" in page
    assert 'data-state="due"' in page
    assert "today 14:07" in page


def test_a_year_of_weekly_visits_is_counted_not_read_out(desk, client, now):
    with tenant(desk.tenant):
        for n in range(15):
            make_visit(desk, start=now + dt.timedelta(days=1 + 7 * n), number=f"V-9{n:02}")
    said = words(client.get(url(desk)))
    assert re.findall(r"Visit (V-9\d\d)", said) == [f"V-9{n:02}" for n in range(12)]
    assert "3 more visits booked after these." in said
    assert "15 open" in said


def test_an_overdue_promise_says_by_how_much(desk, client, now):
    with tenant(desk.tenant):
        a_promise(desk, now=now - 3 * HOUR)
    assert "2 h late" in client.get(url(desk)).text


def test_what_was_checked_over_a_year_ago_wants_a_nod(desk, client, now):
    assert "Still right?" not in client.get(url(desk)).text
    with tenant(desk.tenant):
        Site.objects.update(verified_on=dt.date(2024, 3, 1))
    assert "3 Quay Lane, Eastmouth EM4 2QL: Side door" in client.get(url(desk)).text
    answer = client.post(url(desk, "nod/"), {"tel": "07700900412", "since": "1772716020"})
    assert answer["Location"] == url(desk, "?tel=07700900412&since=1772716020")
    with tenant(desk.tenant):
        assert (Site.objects.get().verified_on, Contact.objects.get().verified_on) == (now.date(),) * 2
    assert "Still right?" not in client.get(url(desk)).text


def test_of_a_merged_customer_the_one_they_became_is_shown(desk, client):
    with tenant(desk.tenant):
        old = Customer.objects.create(name="M Ellison", merged_into=desk.customer)
    assert client.get(url(desk, customer=old))["Location"] == url(desk)


def test_long_names_are_shown_whole(desk, client):
    name = "Wolfeschlegelsteinhausenbergerdorff " * 5
    with tenant(desk.tenant):
        customer = Customer.objects.create(name=name.strip())
    assert f"<h1>{name.strip()}</h1>" in client.get(url(desk, customer=customer)).text


def test_history_is_newest_first_by_pages_and_by_kind(desk, client, now):
    with tenant(desk.tenant):
        for n in range(15):
            kind = TimelineEntry.Kind.CALL if n % 3 == 0 else TimelineEntry.Kind.VISIT
            add_line(desk.customer, kind, f"Event {n:02}", at=now - n * HOUR)

    def titles(answer):
        return [row["entry"].title for row in answer.context["history"]]

    first = client.get(url(desk))
    assert titles(first) == [f"Event {n:02}" for n in range(12)]
    older = client.get(url(desk, f"?before={first.context['history_older']}"))
    assert titles(older) == ["Event 12", "Event 13", "Event 14"]
    calls = client.get(url(desk, "?history=calls"), headers={"HX-Request": "true"})
    assert "<html" not in calls.text
    assert titles(calls) == ["Event 00", "Event 03", "Event 06", "Event 09", "Event 12"]


@pytest.mark.parametrize(
    "query", ["?before=x", "?before=1-2-3", "?history=x", "?call=1&since=x", "?tel=1&since=9"]
)
def test_a_query_that_means_nothing_is_as_if_it_were_not_there(desk, client, query):
    assert client.get(url(desk, query)).status_code == 200


def test_the_same_queries_for_one_row_of_each_kind_as_for_three(desk, client, now):
    def grow(n):
        with tenant(desk.tenant):
            site = Site.objects.create(customer=desk.customer, street=f"{n} Side Street")
            Contact.objects.create(customer=desk.customer, name=f"Colleague {n}", phone=f"0770090050{n}")
            machine = Equipment.objects.create(site=site, model=f"Model {n}", serial_number=f"S{n}")
            Recommendation.objects.create(
                equipment=machine,
                finding=f"Finding {n}",
                severity=2,
                raised_at=now,
                raised_by=desk.technician,
            )
            Contract.objects.create(number=f"X{n}", customer=desk.customer, price=1, currency="GBP")
            a_promise(desk, now=now, text=f"Promise {n}")
            a_case(desk, f"C{n}", now, kind="complaint")
            Hold.objects.create(customer=desk.customer, reason="x", source=f"{n}", set_at=now)
            technician = Technician.objects.create(name=f"Extra {n}")
            book_visit(
                customer=desk.customer,
                site=site,
                contact=desk.contact,
                machines=[machine],
                kind="fault",
                problem="",
                technician=technician,
                start=now + HOUR,
                end=now + 2 * HOUR,
                window_end=now + 2 * HOUR,
                by=desk.dispatcher,
                now=now,
            )

    grow(0)
    client.get(url(desk))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url(desk, "?call=1"))
    grow(1)
    grow(2)
    with CaptureQueriesContext(connection) as three:
        client.get(url(desk, "?call=1"))
    assert len(three) == len(one)
    assert len(one) <= 40


def test_a_promises_time_is_the_desks_wall_clock(desk, client):
    data = {"usual": "own", "text": "x", "kind": "answer", "at": "2026-07-01T09:30"}
    data["owner"] = str(desk.dispatcher.public_id)
    assert client.post(url(desk, "promise/"), data).status_code == 302
    with tenant(desk.tenant):
        assert Promise.objects.get().due_at == dt.datetime(2026, 7, 1, 8, 30, tzinfo=dt.UTC)


def test_somebody_of_another_desk_cannot_be_given_a_promise(cast, desk, client):
    data = {"usual": "own", "text": "x", "kind": "answer", "at": "2026-07-01T09:30"}
    data["owner"] = str(cast.south.dispatcher.public_id)
    assert client.post(url(desk, "promise/"), data).status_code == 422
    with tenant(desk.tenant):
        assert not Promise.objects.exists()


def test_a_note_in_a_call_is_kept_as_a_call(desk, client):
    client.post(url(desk, "note/"), {"text": "Prefers mornings", "is_call": "on"})
    with tenant(desk.tenant):
        call = Interaction.objects.get()
        assert (call.channel, call.direction, call.summary) == ("call", "in", "Prefers mornings")
        line = TimelineEntry.objects.get(kind="call")
        assert (line.title, line.detail) == ("Call from Margaret Ellison", "Prefers mornings")


def test_a_note_without_a_call_is_a_line_of_its_own(desk, client):
    client.post(url(desk, "note/"), {"text": "Key at the baker's\nAsk for Ann"})
    with tenant(desk.tenant):
        line = TimelineEntry.objects.get(kind="note")
        assert (line.title, line.detail) == ("Key at the baker's", "Ask for Ann")
        assert not Interaction.objects.exists()


def test_ending_a_call_keeps_that_they_called(desk, client, now):
    began = int((now - dt.timedelta(seconds=72)).timestamp())
    answer = client.post(url(desk, "call/end/"), {"tel": "07700900412", "since": str(began)})
    assert answer["Location"] == url(desk)
    with tenant(desk.tenant):
        call = Interaction.objects.get()
        assert (call.summary, call.contact, call.by) == ("Spoke for 1:12 min", desk.contact, desk.dispatcher)


def test_a_call_belongs_to_the_only_open_matter_unless_somebody_says_otherwise(desk, client, now):
    with tenant(desk.tenant):
        case = a_case(desk, "Bands", now, by=desk.sales)
    assert "Bands" in client.get(url(desk, "note/?call=1")).text
    client.post(url(desk, "note/"), {"text": "Again", "is_call": "on", "case": str(case.public_id)})
    began = str(int((now - dt.timedelta(seconds=72)).timestamp()))
    client.post(url(desk, "call/end/"), {"call": "1", "since": began})
    with tenant(desk.tenant):
        call = Interaction.objects.get()
        assert (call.case, call.summary) == (case, "Again\nSpoke for 1:12 min")
        call.delete()
    client.post(url(desk, "note/"), {"text": "The weather", "is_call": "on", "case": ""})
    client.post(url(desk, "call/end/"), {"call": "1", "since": began})
    with tenant(desk.tenant):
        assert not case.interactions.exists()
        Interaction.objects.all().delete()
    client.post(url(desk, "call/end/"), {"call": "1", "since": began})
    with tenant(desk.tenant):
        assert Interaction.objects.get().case == case


def test_a_complaint_is_a_case_of_whoever_took_it(desk, client):
    said = {"kind": "complaint", "title": "Nobody came", "words": "I waited all day", "severity": "2"}
    client.post(url(desk, "cases/new/"), said)
    with tenant(desk.tenant):
        case = Case.objects.get()
        assert (case.kind, case.title, case.owner) == ("complaint", "Nobody came", desk.dispatcher)
    assert "Complaint: Nobody came" in client.get(url(desk)).text


def test_a_machine_is_added_once(desk, client):
    data = {"site": str(desk.site.public_id), "model": "TC-300", "serial_number": "tc300 1"}
    assert client.post(url(desk, "equipment/new/"), data).status_code == 302
    answer = client.post(url(desk, "equipment/new/"), {**data, "serial_number": "TC300-1"})
    assert answer.status_code == 422
    assert "We look after a machine with this serial number already." in answer.text
    with tenant(desk.tenant):
        assert Equipment.objects.filter(serial_key="TC3001").count() == 1


def test_a_machine_cannot_be_put_at_a_site_of_another_desk(cast, desk, client):
    data = {"site": str(cast.south.site.public_id), "model": "TC-300"}
    assert client.post(url(desk, "equipment/new/"), data).status_code == 422


@pytest.mark.parametrize("path", ["", "book/", "note/", "promise/", "cases/new/", "equipment/new/"])
def test_a_customer_of_another_desk_is_not_there(cast, desk, client, path):
    assert client.get(desk.url(f"customers/{cast.south.customer.public_id}/{path}")).status_code == 404


def test_a_long_mail_begins_in_the_history_and_is_whole_on_the_time_line(desk, client, now):
    long = "Dear Margaret, " + "we come on Monday and " * 20
    with tenant(desk.tenant):
        add_line(desk.customer, "mail", "Mail to Margaret Ellison", at=now, detail=long)
    page = words(client.get(url(desk)))
    assert long.strip() not in page
    assert f"{long[:160].rsplit(maxsplit=1)[0]} …" in page
    assert long.strip() in words(client.get(desk.url(f"customers/{desk.customer.public_id}/timeline/")))
