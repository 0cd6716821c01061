import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Interaction, Promise
from customers.models import Customer, Site
from messaging.models import Message
from servicedesk.start_with import start_with, start_with_each
from tenancy.scope import tenant
from visits.models import Visit

MISSED = "We missed a visit on 24 February. "
UNSAID = "Nobody has apologised yet."
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def north(cast):
    with tenant(cast.north.tenant):
        yield cast.north


def test_nothing_is_said_where_nothing_went_wrong(north, now):
    assert start_with(north.customer, now=now) is None


def test_a_miss_is_said_with_its_day_until_somebody_apologises(north, now):
    a_miss(north, now - 9 * DAY)
    assert start_with(north.customer, now=now) == MISSED + UNSAID


def test_what_came_of_the_miss_is_the_second_sentence(north, now):
    visit = a_miss(north, now - 9 * DAY)
    visit.miss_closed_at, visit.miss_outcome = now - 8 * DAY, "Robin apologised by phone"
    visit.save(update_fields=["miss_closed_at", "miss_outcome"])
    assert start_with(north.customer, now=now) == MISSED + "Robin apologised by phone."


def test_it_is_gone_once_the_customer_was_told_and_a_visit_was_kept(north, now):
    missed = a_miss(north, now - 9 * DAY)
    a_visit(north, now - 5 * DAY, state="done", completed_at=now - 5 * DAY, completed_on=now.date() - 5 * DAY)
    assert start_with(north.customer, now=now) is not None
    a_sent_message(north, missed, now - 9 * DAY + HOUR)
    assert start_with(north.customer, now=now) is None


def test_told_without_a_visit_kept_still_stands(north, now):
    a_miss(north, now - 9 * DAY)
    Interaction.objects.create(
        customer=north.customer, channel="call", direction="out", at=now - 8 * DAY, summary="Said sorry"
    )
    assert start_with(north.customer, now=now) == MISSED.strip()


def test_an_imported_miss_is_over_with_the_next_visit(north, now):
    a_miss(north, now - 9 * DAY, is_history=True)
    assert start_with(north.customer, now=now) == MISSED.strip()
    a_visit(north, now - 5 * DAY, state="done", completed_at=now - 5 * DAY, completed_on=now.date() - 5 * DAY)
    assert start_with(north.customer, now=now) is None


def test_several_misses_are_counted(north, now):
    a_miss(north, now - 20 * DAY)
    a_miss(north, now - DAY)
    assert start_with(north.customer, now=now) == "We missed 2 visits, the last yesterday. " + UNSAID


def test_a_miss_of_91_days_ago_is_past(north, now):
    a_miss(north, now - 91 * DAY)
    assert start_with(north.customer, now=now) is None


def test_the_promises_of_a_missed_visit_are_the_same_matter(north, now):
    visit = a_miss(north, now - 9 * DAY)
    a_broken_promise(north, now - 9 * DAY, text="Arrive 14:00 to 15:00", subject=visit.public_id)
    assert start_with(north.customer, now=now) == MISSED + UNSAID


def test_a_broken_promise_is_said_in_its_words(north, now):
    a_broken_promise(north, now - 2 * DAY, text="Jamie rings by 15:00")
    assert start_with(north.customer, now=now) == "A promise was broken on 3 March: Jamie rings by 15:00."


def test_an_open_complaint_is_said_and_a_closed_one_is_not(north, now):
    case = Case.objects.create(
        customer=north.customer, kind="complaint", title="Rang three times in vain", opened_at=now - DAY
    )
    assert start_with(north.customer, now=now) == "There is an open complaint: Rang three times in vain."
    case.state, case.closed_at, case.outcome, case.closed_on = "closed", now, "Thanked us", "word"
    case.save(update_fields=["state", "closed_at", "outcome", "closed_on"])
    assert start_with(north.customer, now=now) is None


def test_at_most_two_sentences(north, now):
    a_miss(north, now - 9 * DAY)
    a_broken_promise(north, now - 2 * DAY, text="Jamie rings by 15:00")
    Case.objects.create(customer=north.customer, kind="complaint", title="Slow", opened_at=now - DAY)
    assert start_with(north.customer, now=now) == MISSED + UNSAID


def test_many_customers_cost_as_many_queries_as_one(north, now):
    others = [Customer.objects.create(name=f"Customer {n}") for n in range(3)]
    for customer in others:
        a_miss(north, now - 9 * DAY, customer=customer)
    ids = [customer.pk for customer in others]
    first, all_of_them = list(Customer.objects.filter(pk=ids[0])), list(Customer.objects.filter(pk__in=ids))
    with CaptureQueriesContext(connection) as one:
        start_with_each(first, now=now)
    with CaptureQueriesContext(connection) as three:
        said = start_with_each(all_of_them, now=now)
    assert len(said) == 3
    assert len(three) == len(one) <= 2


def test_another_desk_says_nothing_of_ours(cast, now):
    with tenant(cast.south.tenant):
        a_miss(cast.south, now - 9 * DAY)
    with tenant(cast.north.tenant):
        assert start_with(cast.north.customer, now=now) is None


def a_visit(desk, at, *, customer=None, **fields):
    customer = customer or desk.customer
    site = (
        desk.site if customer == desk.customer else Site.objects.create(customer=customer, street="1 High St")
    )
    number = f"V{Visit.objects.count() + 1}"
    return Visit.objects.create(
        number=number, number_key=number, customer=customer, site=site, kind="fault",
        window_start=at - HOUR, window_end=at, planned_start=at - HOUR, planned_end=at,
        told_day=at.date(), told_from=(at - HOUR).time(), told_until=at.time(),
        booked_at=at - 3 * DAY, changed_at=at, **fields,
    )  # fmt: skip


def a_miss(desk, at, **fields):
    return a_visit(desk, at, state="missed by us", missed_at=at, **fields)


def a_broken_promise(desk, at, *, text, subject=None):
    return Promise.objects.create(
        customer=desk.customer, kind="call back", text=text, made_at=at - DAY, due_at=at,
        state="broken", settled_at=at, evidence="Nobody rang", subject=subject,
    )  # fmt: skip


def a_sent_message(desk, visit, at):
    return Message.objects.create(
        key=visit.public_id, kind="missed", channel="sms", customer=desk.customer, contact=desk.contact,
        subject=visit.public_id, state="sent", send_after=at, planned_at=at, sent_at=at,
    )  # fmt: skip
