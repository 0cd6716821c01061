"""The one time line of a customer: in order, filtered, read on both ways, as a file, for each role."""

import csv
import datetime as dt
import io
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.interactions import note_interaction
from cases.matters import open_case
from cases.promising import break_promise, make_promise
from customers.merging import merge_customers
from customers.models import Customer, TimelineEntry
from customers.timeline import add_line, add_lines
from recommendations.lifecycle import raise_recommendation
from tenancy.scope import tenant
from tests.cast import make_visit
from tests.servicedesk.conftest import signed_in
from visits.outcomes import nobody_came
from visits.visit_lines import add_visit_line

pytestmark = pytest.mark.usefixtures("moment")

HOUR = dt.timedelta(hours=1)
Kind = TimelineEntry.Kind


def address(desk, query="", customer=None, name="timeline/"):
    return desk.url(f"customers/{(customer or desk.customer).public_id}/{name}{query}")


def titles(answer):
    """What the lines of a page say, in its order."""
    begins = r"</svg>\s*<div>\s*"
    found = re.findall(rf"{begins}<(?:a|b)[^>]*>([^<]+)<|{begins}([^<\s][^<]*)<", answer.text)
    return [" ".join((first or second).split()) for first, second in found]


def thirty_hours(desk, now, count=90):
    """So many notes, one an hour back from now, and a look-alike of the other customer."""
    add_lines(
        TimelineEntry(customer=desk.customer, kind=Kind.NOTE, title=f"Note {n}", at=now - n * HOUR)
        for n in range(count)
    )


@pytest.fixture
def life(north, now):
    """A visit that we missed, a case, a promise that we broke, a recommendation, a call."""
    visit = make_visit(north, start=now - 3 * HOUR, technician=north.lou, number="V-1")
    nobody_came(visit, by=north.dispatcher, now=now - HOUR)
    case = open_case(
        customer=north.customer, kind="complaint", title="Nobody came", by=north.dispatcher, now=now
    )
    promise = make_promise(
        customer=north.customer, kind="call back", text="Ring about it", due_at=now + HOUR,
        owner=north.sales, by=north.sales, now=now,
    )  # fmt: skip
    break_promise(promise, now=now + 2 * HOUR, evidence="Nobody rang")
    finding = raise_recommendation(
        equipment=north.sorter, finding="A new belt", severity=2, by=north.technician, now=now
    )
    note_interaction(
        customer=north.customer, channel="call", summary="Where is he?", case=case, by=north.sales, now=now
    )
    return {"visit": visit, "case": case, "promise": promise, "recommendation": finding}


def test_a_line_says_who_did_what_and_leads_to_its_thing(north, manager, life):
    page = manager.get(address(north)).text
    for name, thing in life.items():
        path = {"visit": "visits", "case": "cases", "promise": "promises"}.get(name, "recommendations")
        assert f'href="{north.url(f"{path}/{thing.public_id}/")}"' in page, name
    line = re.search(r'<li data-tone="rec"[^>]*>.*?</li>', page, re.DOTALL)[0]
    assert "Recommended: A new belt" in line
    assert "· Lou Baptiste" in line
    assert "5 Mar 2026" not in line and "Today 13:07" in line
    broken = re.search(r'<li data-tone="bad"[^>]*>(?:(?!</li>).)*Promise broken.*?</li>', page, re.DOTALL)[0]
    assert "Nobody rang" in broken
    assert re.search(r'<li data-tone="bad"[^>]*>(?:(?!</li>).)*Missed visit', page, re.DOTALL)


@pytest.mark.parametrize(
    ("role", "opens"), [("technician", False), ("dispatcher", False), ("accounts", True), ("manager", True)]
)
def test_a_line_leads_only_where_the_role_may_go(north, client, now, role, opens):
    payment = north.customer.payments.create(paid_on=now.date(), amount=5, currency="GBP", recorded_at=now)
    add_line(north.customer, Kind.PAYMENT, "Payment of £5.00 received", at=now, subject=payment.public_id)
    page = signed_in(client, north.people[role]).get(address(north)).text
    assert "Payment of £5.00 received" in page
    assert (north.url(f"payments/{payment.public_id}/") in page) is opens


def test_its_filters_stand_in_the_address_and_are_kept_while_reading_on(north, dispatcher, now):
    thirty_hours(north, now)
    add_line(north.customer, Kind.CALL, "Rang about Note 7", at=now, actor=north.dispatcher)
    assert titles(dispatcher.get(address(north, "?kind=call"))) == ["Rang about Note 7"]
    who = f"?who={north.dispatcher.public_id}"
    assert titles(dispatcher.get(address(north, who))) == ["Rang about Note 7"]
    both = "?kind=note&kind=call&q=note+7&who="
    assert titles(dispatcher.get(address(north, both)))[:3] == ["Rang about Note 7", "Note 7", "Note 17"]
    days = dispatcher.get(address(north, "?kind=note&since=2026-03-04&until=2026-03-05&who=nobody"))
    assert titles(days) == [f"Note {n}" for n in range(38)]
    answer = dispatcher.get(address(north, "?kind=note&q=note"))
    older = re.search(r'href="([^"]+)" rel="next"', answer.text)[1].replace("&amp;", "&")
    assert "kind=note&q=note&before=" in older
    assert 'value="note" checked' in dispatcher.get(older).text


def test_it_is_read_on_and_back_and_shows_each_line_once(north, dispatcher, now):
    thirty_hours(north, now)
    seen, url = [], address(north)
    pages = []
    while url:
        answer = dispatcher.get(url)
        pages.append(titles(answer))
        found = re.search(r'href="([^"]+)" rel="next"', answer.text)
        last, url = url, found and found[1]
    assert [len(page) for page in pages] == [40, 40, 10]
    seen = [title for page in pages for title in page]
    assert seen == [f"Note {n}" for n in range(90)]
    back = re.search(r'href="([^"]+)" rel="prev"', dispatcher.get(last).text)[1]
    middle = dispatcher.get(back)
    assert titles(middle) == pages[1]
    first = dispatcher.get(re.search(r'href="([^"]+)" rel="prev"', middle.text)[1])
    assert titles(first) == pages[0]
    assert 'rel="prev"' not in first.text


def test_a_page_costs_the_same_for_one_line_and_for_many(north, manager, now, life):
    manager.get(address(north))
    kinds = "?kind=visit&kind=case"
    with CaptureQueriesContext(connection) as few:
        assert titles(manager.get(address(north, kinds))) == ["Complaint: Nobody came"]
    for n in range(30):
        visit = make_visit(north, start=now + n * 24 * HOUR + HOUR, number=f"V-{n + 2}")
        add_visit_line(visit, "Visit booked", step="booked", now=now)
    with CaptureQueriesContext(connection) as many:
        page = manager.get(address(north, kinds))
    assert len(titles(page)) == 31
    assert len(many) == len(few)


def test_a_customer_without_a_past_and_filters_that_fit_nothing(north, dispatcher):
    stranger = Customer.objects.create(name="Zoë Finch")
    page = dispatcher.get(address(north, customer=stranger)).text
    assert "Nothing has happened with Zoë Finch yet." in page
    assert "CSV" not in page
    page = dispatcher.get(address(north, "?kind=goodwill&q=nothing", customer=stranger)).text
    assert "Nothing that happened fits this." in page
    assert f'href="{address(north, customer=stranger)}"' in page


@pytest.mark.parametrize("wrong", ["since=yesterday", "until=31.02.2026", f"q={'x' * 121}"])
def test_what_is_no_day_is_said_beside_its_field_and_kept(north, dispatcher, now, wrong):
    add_line(north.customer, Kind.NOTE, "A note", at=now)
    answer = dispatcher.get(address(north, f"?kind=note&{wrong}"))
    assert answer.status_code == 422
    assert "Error: Time line of" in answer.text
    assert f'value="{wrong.partition("=")[2]}"' in answer.text
    assert titles(answer) == ["A note"]
    # No file of other lines than were asked for.
    assert "CSV" not in answer.text
    file = dispatcher.get(address(north, f"?kind=note&{wrong}", name="timeline.csv"))
    assert (file.status_code, file.streaming, titles(file)) == (422, False, ["A note"])
    assert "Error: Time line of" in file.text


@pytest.mark.parametrize(
    "odd", [f"?who={uuid.UUID(int=3)}&kind=nothing", "?before=x&after=y", f"?after={uuid.UUID(int=3)}"]
)
def test_an_address_that_means_nothing_shows_everything(north, dispatcher, now, odd):
    add_line(north.customer, Kind.NOTE, "A note", at=now)
    assert titles(dispatcher.get(address(north, odd))) == ["A note"]


def test_a_long_mail_begins_and_goes_on_where_it_is_unfolded(north, dispatcher, now):
    words = "The drum squeaks. " + "It does. " * 40 + "Come soon."
    add_line(north.customer, Kind.MAIL, "Mail from <b>Margaret</b>", at=now, detail=words)
    page = dispatcher.get(address(north)).text
    assert "Mail from &lt;b&gt;Margaret&lt;/b&gt;" in page
    assert "All of it" in page
    assert (page.count("The drum squeaks."), page.count("Come soon.")) == (2, 1)


def test_the_file_has_the_lines_that_were_asked_for_and_no_formula(north, dispatcher, now):
    add_line(north.customer, Kind.NOTE, "=1+1", at=now - HOUR, detail="-2", actor=north.sales)
    add_line(north.customer, Kind.CALL, "Rang, twice", at=now)
    answer = dispatcher.get(address(north, "?kind=note", name="timeline.csv"))
    assert answer.streaming
    named = "timeline-margaret-ellison-the-harbour-letter.csv"
    assert answer["Content-Disposition"] == f'attachment; filename="{named}"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Day", "Time", "Kind", "What", "Details", "Who"],
        ["2026-03-05", "12:07", "Note", "'=1+1", "'-2", "Jamie Mercer"],
    ]


def test_the_old_address_of_a_merged_customer_leads_to_both_histories(north, dispatcher, now):
    gone = Customer.objects.create(name="M Ellison")
    add_line(gone, Kind.CALL, "Rang us first", at=now - HOUR)
    add_line(north.customer, Kind.CALL, "Rang us", at=now)
    merge_customers(kept=north.customer, gone=gone, by=north.dispatcher, now=now)
    answer = dispatcher.get(address(north, "?kind=call", customer=gone))
    assert answer["Location"] == address(north, "?kind=call")
    assert titles(dispatcher.get(answer["Location"])) == ["Rang us", "Rang us first"]
    assert dispatcher.get(address(north, customer=gone, name="timeline.csv"))["Location"] == address(
        north, name="timeline.csv"
    )


def test_every_screen_of_the_customer_leads_to_it(north, client, now, life):
    own = f'href="{address(north)}"'
    for role, path in (
        ("dispatcher", f"customers/{north.customer.public_id}/"),
        ("dispatcher", f"visits/{life['visit'].public_id}/"),
        ("sales", f"cases/{life['case'].public_id}/"),
        ("technician", f"today/{life['visit'].public_id}/"),
    ):
        assert own in signed_in(client, north.people[role]).get(north.url(path)).text, path


def test_another_desks_customer_is_nobody(north, cast, dispatcher):
    with tenant(cast.south.tenant):
        theirs = cast.south.customer.public_id
    for name in ("timeline/", "timeline.csv"):
        assert dispatcher.get(north.url(f"customers/{theirs}/{name}")).status_code == 404
