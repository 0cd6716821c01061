"""Nudges about paid visits that nobody uses, by a clock in the hand (R3.2)."""

import datetime as dt

import pytest

from cases.models import Duty
from contracts.disposing import decline_visit
from contracts.models import AllowanceEntry, Cancellation, Contract, ContractTerm, Entitlement
from customers.links import find_link
from customers.models import Contact
from messaging.judging import judge
from messaging.kinds import kind_of
from messaging.models import Message
from messaging.wordings import length_with_link
from tenancy.calendars import calendar_of, local_day, zone_of
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.booking import book_visit
from visits.models import Visit
from visits.nudges import Nudge, nudges_of, plan_nudges

Date = dt.date
DAY = dt.timedelta(days=1)


@pytest.fixture
def north(cast, settings):
    settings.SMS_URL = "http://127.0.0.1:9/sms"
    with tenant(cast.north.tenant):
        desk = cast.north
        # A year of 365 days, Thursday 1 January to Thursday 31 December 2026; four visits.
        desk.term.starts_on, desk.term.ends_on = Date(2026, 1, 1), Date(2026, 12, 31)
        desk.term.save(update_fields=["starts_on", "ends_on"])
        Entitlement.objects.update(quantity=4)
        desk.tenant.messages_from = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
        desk.tenant.save(update_fields=["messages_from"])
        yield desk


def nudge(north, day, clock=dt.time(7, 30)):
    """Run the round at a London wall time on a day; how many nudges are new."""
    desk = north.tenant
    now = dt.datetime.combine(day, clock, tzinfo=zone_of(desk))
    return plan_nudges(desk, local_day(now, zone_of(desk)), now=now, calendar=calendar_of(desk))


def use(north, kind="done", number=1):
    granted = Entitlement.objects.get(term=north.term)
    for each in range(number):
        AllowanceEntry.objects.create(
            entitlement=granted,
            kind=kind,
            quantity=1,
            at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
            subject=f"{AllowanceEntry.objects.count() + each + 1:032x}",
        )


def days_with_a_nudge(north, days):
    return [day for day in days if nudge(north, day)]


def every_day(first, last):
    return [first + n * DAY for n in range((last - first).days + 1)]


def around(*days):
    """The days themselves with their neighbours."""
    return [day + n * DAY for day in days for n in (-1, 0, 1)]


NUDGES = [Date(2026, 7, 2), Date(2026, 10, 1), Date(2026, 11, 1)]


def term(first, last):
    return ContractTerm(tenant_id=1, starts_on=first, ends_on=last)


# When


def test_the_nudges_of_a_year():
    year = term(Date(2026, 1, 1), Date(2026, 12, 31))
    # The 183rd of 365 days is the first up to which half of them have come; the 274th for three quarters.
    assert nudges_of(year) == [
        Nudge(Date(2026, 7, 2), 50),
        Nudge(Date(2026, 10, 1), 75),
        Nudge(Date(2026, 11, 1), 0),
    ]
    leap = term(Date(2027, 3, 1), Date(2028, 2, 29))
    assert [n.day for n in nudges_of(leap)] == [Date(2027, 8, 30), Date(2027, 11, 30), Date(2027, 12, 31)]
    begun_on_a_leap_day = term(Date(2028, 2, 29), Date(2029, 2, 27))
    assert [n.day for n in nudges_of(begun_on_a_leap_day)] == [
        Date(2028, 8, 29),
        Date(2028, 11, 28),
        Date(2028, 12, 29),
    ]


def test_the_nudges_of_short_terms():
    month = term(Date(2026, 4, 1), Date(2026, 4, 30))
    assert nudges_of(month) == [Nudge(Date(2026, 4, 15), 50), Nudge(Date(2026, 4, 23), 75)]
    # Of two on one day the one that asks for more comes last, and counts.
    four_months = term(Date(2026, 1, 1), Date(2026, 4, 29))
    assert nudges_of(four_months)[:2] == [Nudge(Date(2026, 2, 28), 0), Nudge(Date(2026, 3, 1), 50)]
    one_day_more = term(Date(2026, 1, 1), Date(2026, 5, 1))
    assert nudges_of(one_day_more)[:2] == [Nudge(Date(2026, 3, 2), 50), Nudge(Date(2026, 3, 2), 0)]
    day = term(Date(2026, 4, 1), Date(2026, 4, 1))
    assert nudges_of(day) == [Nudge(Date(2026, 4, 1), 50), Nudge(Date(2026, 4, 1), 75)]


def test_over_a_whole_term_nobody_uses_there_are_three_nudges_on_their_days(north):
    assert days_with_a_nudge(north, every_day(Date(2025, 12, 30), Date(2027, 1, 2))) == NUDGES
    sent = Message.objects.filter(kind="unused visit", channel="mail").order_by("send_after")
    assert [m.send_after for m in sent] == [
        dt.datetime(2026, 7, 2, 8, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 1, 8, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC),
    ]
    assert Message.objects.filter(kind="unused visit").count() == 6


@pytest.mark.parametrize(
    ("done", "nudged"),
    [
        (1, NUDGES),
        # Half of four is two: no less than the share.
        (2, NUDGES[1:]),
        (3, NUDGES[2:]),
        (4, []),
    ],
)
def test_who_has_used_as_large_a_share_is_not_nudged(north, done, nudged):
    use(north, number=done)
    assert days_with_a_nudge(north, around(*NUDGES)) == nudged


@pytest.mark.parametrize("kind", ["booked", "declined", "carried over", "forfeited"])
def test_nobody_is_nudged_about_what_is_booked_or_given_up(north, kind):
    use(north, kind, number=4)
    assert days_with_a_nudge(north, around(*NUDGES)) == []


def test_run_often_on_a_day_it_nudges_once(north):
    assert [nudge(north, Date(2026, 7, 2), dt.time(hour)) for hour in (0, 7, 9, 23)] == [1, 0, 0, 0]
    assert Duty.objects.count() == 1 and Message.objects.count() == 2


def test_three_days_standstill_are_caught_up_with_the_last_one_due(north):
    assert nudge(north, Date(2026, 7, 1)) == 0
    assert nudge(north, Date(2026, 7, 5), dt.time(14)) == 1
    assert {m.send_after for m in Message.objects.all()} == {dt.datetime(2026, 7, 5, 13, tzinfo=dt.UTC)}
    assert nudge(north, Date(2026, 7, 6)) == 0


def test_after_months_of_standstill_only_the_last_nudge_goes(north):
    assert nudge(north, Date(2026, 11, 3)) == 1
    assert set(Message.objects.values_list("fields__share", flat=True)) == {0}
    assert days_with_a_nudge(north, [*around(Date(2026, 11, 5)), Date(2026, 12, 31)]) == []


def test_nothing_due_before_the_messages_were_switched_on(north):
    north.tenant.messages_from = dt.datetime(2026, 7, 2, 8, 1, tzinfo=dt.UTC)
    assert days_with_a_nudge(north, around(Date(2026, 7, 3), Date(2026, 10, 1))) == [Date(2026, 10, 1)]
    north.tenant.messages_from = None
    assert nudge(north, Date(2026, 11, 3)) == 0


def test_a_cancelled_contract_is_not_nudged_about(north):
    Cancellation.objects.create(
        contract=north.contract,
        effective_on=Date(2026, 7, 1),
        reason="Sold",
        recorded_at=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
    )
    assert nudge(north, Date(2026, 7, 2)) == 0


def test_each_desks_day_is_its_own(cast, now):
    """A look-alike beside it is not touched, and one far west has not reached the day."""
    with tenant(cast.south.tenant):
        term = cast.south.term
        term.starts_on, term.ends_on = Date(2026, 1, 1), Date(2026, 12, 31)
        term.save(update_fields=["starts_on", "ends_on"])
        desk = cast.south.tenant
        desk.time_zone = "Pacific/Honolulu"
        at = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)
        day = local_day(at, zone_of(desk))
        assert plan_nudges(desk, day, now=at, calendar=calendar_of(desk)) == 0
        at += dt.timedelta(hours=2)
        day = local_day(at, zone_of(desk))
        assert plan_nudges(desk, day, now=at, calendar=calendar_of(desk)) == 1
    with tenant(cast.north.tenant):
        assert not Duty.objects.exists()


def test_nudging_ten_terms_costs_as_many_statements_as_one(north, django_assert_num_queries):
    def more(number):
        for each in range(number):
            contract = Contract.objects.create(
                number=f"X-{Contract.objects.count()}-{each}",
                customer=north.customer,
                price=1,
                currency="GBP",
            )
            term = ContractTerm.objects.create(
                contract=contract,
                starts_on=Date(2026, 1, 1),
                ends_on=Date(2026, 12, 31),
                price=1,
                created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            )
            Entitlement.objects.create(term=term, kind="visits", quantity=1)

    calendar, desk = calendar_of(north.tenant), north.tenant
    for number in (0, 10):
        more(number)
        now = dt.datetime(2026, 7, 2 + bool(number), 7, tzinfo=dt.UTC)
        with django_assert_num_queries(10):
            assert plan_nudges(desk, now.date(), now=now, calendar=calendar) == max(number, 1)


# The dispatcher's duty


def test_the_dispatcher_has_one_duty_at_a_time_and_it_ends_with_the_last_visit(north, now):
    nudge(north, Date(2026, 7, 2))
    nudge(north, Date(2026, 10, 1))
    first, second = Duty.objects.order_by("pk")
    assert (first.outcome, second.closed_at) == ("Nobody booked it: nudged again", None)
    assert (second.kind, second.owner_role, second.title, second.detail, second.due_at) == (
        "offer visit",
        "dispatcher",
        "Offer Margaret Ellison 4 paid visits, to be used by 31 Dec 2026",
        "75 % of the term is over, 0 of 4 visits of N-20418 are done.",
        dt.datetime(2026, 10, 2, 11, tzinfo=dt.UTC),
    )
    granted = Entitlement.objects.select_related("term").get()
    decline_visit(granted, because="Too many", visits=3, by=north.dispatcher, now=now)
    assert Duty.objects.open().count() == 1
    start = now + 2 * DAY
    book_visit(
        customer=north.customer,
        site=north.site,
        contact=north.contact,
        machines=[north.copier],
        kind=Visit.Kind.TUNE_UP,
        problem="",
        technician=north.lou,
        start=start,
        end=start + dt.timedelta(hours=1),
        window_end=start + dt.timedelta(hours=1),
        by=north.dispatcher,
        now=now,
        entitlement=granted,
    )
    second.refresh_from_db()
    assert second.outcome == "Visit V-1000001 is booked"


# What the customer reads


def letter(north, at, channel="sms"):
    message = Message.objects.select_related("tenant", "customer", "contact").get(
        kind="unused visit", channel=channel
    )
    assert kind_of(message).why_not(message, now=at) == ""
    return kind_of(message).write(message, now=at)


def test_the_text_names_what_is_paid_for_and_the_preferred_technicians_time(north):
    Entitlement.objects.update(quantity=1)
    nudge(north, Date(2026, 7, 2))
    at = dt.datetime(2026, 7, 3, 17, tzinfo=dt.UTC)
    said = letter(north, at)
    assert said.text == (
        "Northgate: one tune-up is paid for until 31 December. Lou has Monday noon. Book: {link}"
    )
    assert letter(north, at, "mail").title == "One tune-up is paid for until 31 December"
    assert length_with_link(said.text).texts == 1


def test_the_time_is_the_one_that_is_free_when_it_is_written(north):
    nudge(north, Date(2026, 7, 2))
    monday = dt.datetime(2026, 7, 6, 7, tzinfo=dt.UTC)
    make_plain_visit(north, now=monday, start=monday, planned_end=monday + dt.timedelta(hours=9))
    at = dt.datetime(2026, 7, 3, 17, tzinfo=dt.UTC)
    assert "4 tune-ups are paid for until 31 December. Lou has Tuesday 8 am." in letter(north, at).text


def test_where_nobody_is_free_by_the_end_no_time_is_named(north):
    nudge(north, Date(2026, 12, 1))
    at = dt.datetime(2026, 12, 31, 18, tzinfo=dt.UTC)
    assert letter(north, at, "mail").text == (
        "Northgate: 4 tune-ups are paid for until 31 December. Book: {link} or ring 01632 960 118."
    )


def judged(north, at):
    message = Message.objects.select_related("tenant", "customer", "contact").get(channel="mail")
    message.tenant = north.tenant
    return judge(message, now=at)


AT = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)


def test_it_leaves_while_it_is_true(north):
    nudge(north, Date(2026, 7, 2))
    assert judged(north, AT).outgoing.text.startswith("Northgate: 4 tune-ups are paid for")


@pytest.mark.parametrize("kind", ["booked", "declined", "carried over"])
def test_it_does_not_leave_when_nothing_is_left_to_book(north, kind):
    nudge(north, Date(2026, 7, 2))
    use(north, kind, number=4)
    assert (judged(north, AT).state, judged(north, AT).outgoing) == ("cancelled", None)


def test_it_does_not_leave_when_enough_is_done_or_the_contract_is_cancelled(north):
    nudge(north, Date(2026, 7, 2))
    use(north, "done", number=2)
    assert judged(north, AT).reason == "Enough of the visits are done by now."
    Cancellation.objects.create(
        contract=north.contract, effective_on=Date(2026, 7, 1), reason="Sold", recorded_at=AT
    )
    assert judged(north, AT).reason.startswith("The visit is booked, done or given up")


def test_it_does_not_leave_when_the_term_was_taken_back(north):
    nudge(north, Date(2026, 7, 2))
    ContractTerm.objects.update(taken_back_at=AT)
    assert judged(north, AT).state == "cancelled"


@pytest.mark.parametrize(
    ("likes", "channels"),
    [
        ({}, {"sms", "mail"}),
        ({"by_sms": False}, {"mail"}),
        ({"by_mail": False}, {"sms"}),
        ({"by_sms": False, "by_mail": False}, set()),
        ({"email": ""}, {"sms"}),
    ],
)
def test_it_takes_the_ways_that_the_contact_likes(north, likes, channels):
    Contact.objects.update(**likes)
    assert nudge(north, Date(2026, 7, 2)) == 1
    assert set(Message.objects.values_list("channel", flat=True)) == channels
    assert Duty.objects.open().count() == 1


def test_its_link_opens_the_contract_until_the_end_of_its_grace(north):
    nudge(north, Date(2026, 7, 2))
    message = Message.objects.get(kind="unused visit", channel="sms")
    at = dt.datetime(2026, 7, 3, 17, tzinfo=dt.UTC)
    token = kind_of(message).make_link(message, now=at).rstrip("/").rpartition("/")[2]
    link = find_link(token, now=at).link
    assert (link.purpose, link.subject) == ("contract", north.contract.public_id)
    assert link.expires_at == dt.datetime(2027, 1, 31, tzinfo=dt.UTC)
