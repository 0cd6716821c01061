"""Asking again about recommendations, by a clock in the hand (R5.6)."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.duties import close_duty
from cases.models import Duty
from customers.models import Contact, CustomerLink
from messaging.judging import judge
from messaging.kinds import kind_of
from messaging.models import Message
from recommendations import lifecycle
from recommendations.answers import ask_by_customer
from recommendations.follow_ups import call_for_another_look, plan_follow_ups
from recommendations.models import Recommendation
from tenancy.calendars import calendar_of, instant_at, local_day, zone_of
from tenancy.scope import tenant

DAY = dt.timedelta(days=1)
# The day on which all of these were raised, a Friday; five in the afternoon in London.
RAISED = dt.date(2026, 1, 9)
SOON, LIKELY, SAFETY = 2, 3, 4


@pytest.fixture
def north(cast, settings):
    """A desk that writes mails since last year; nothing is recommended but what a test raises."""
    settings.SMS_URL = ""
    with tenant(cast.north.tenant):
        Recommendation.objects.update(state="invalid")
        cast.north.tenant.messages_from = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
        cast.north.tenant.save(update_fields=["messages_from"])
        yield cast.north


def at(north, day, clock=dt.time(7, 30)):
    return instant_at(day, clock, zone_of(north.tenant))


def advise(north, severity=SOON, **values):
    return lifecycle.raise_recommendation(
        equipment=north.copier,
        finding="Replace the fuser unit",
        risk="It may stop your printing.",
        severity=severity,
        by=north.technician,
        now=at(north, RAISED, dt.time(17)),
        **values,
    )


def plan(north, day, clock=dt.time(7, 30)):
    now = at(north, day, clock)
    return plan_follow_ups(
        north.tenant, local_day(now, zone_of(north.tenant)), now=now, calendar=calendar_of(north.tenant)
    )


def planned_over(north, days):
    """After how many days since it was raised something was planned, asked on every day."""
    return [n for n in range(days + 1) if plan(north, RAISED + n * DAY)]


def leaving():
    return [
        (message.send_after - message.send_after.replace(hour=0), message.send_after.date() - RAISED)
        for message in Message.objects.filter(kind="recommendation").order_by("send_after")
    ]


@pytest.mark.parametrize(
    ("severity", "steps"), [(1, [7, 30, 60]), (SOON, [7, 30, 60]), (LIKELY, [1, 3, 7]), (SAFETY, [1, 3, 7])]
)
def test_the_customer_hears_of_it_on_exact_days_at_nine(north, severity, steps):
    advise(north, severity)
    assert planned_over(north, 120) == steps
    assert leaving() == [(dt.timedelta(hours=9), step * DAY) for step in steps]


def test_asked_twice_on_a_day_nothing_is_planned_twice(north):
    advise(north)
    assert [plan(north, RAISED + 7 * DAY) for _ in range(3)] == [1, 0, 0]
    assert plan(north, RAISED + 7 * DAY, dt.time(23)) == 0


def test_after_a_standstill_only_the_last_is_sent(north):
    advise(north)
    assert plan(north, RAISED + 45 * DAY, dt.time(11)) == 1
    assert [(m.fields["step"], m.send_after) for m in Message.objects.filter(kind="recommendation")] == [
        (30, at(north, RAISED + 45 * DAY, dt.time(11)))
    ]


def test_after_a_very_long_standstill_it_is_old_news(north):
    advise(north)
    assert plan(north, RAISED + 89 * DAY) == 1
    Message.objects.all().delete()
    assert plan(north, RAISED + 90 * DAY) == 0


def test_nothing_whose_day_lay_before_the_desk_wrote_to_customers(north):
    advise(north)
    north.tenant.messages_from = at(north, RAISED + 7 * DAY, dt.time(9, 1))
    north.tenant.save(update_fields=["messages_from"])
    assert planned_over(north, 70) == [30, 60]


@pytest.mark.parametrize(
    "answer",
    [
        lambda rec, now: lifecycle.accept(rec, by=None, now=now, by_customer=True),
        lambda rec, now: lifecycle.decline(rec, by=None, now=now, reason="Too dear", by_customer=True),
        lambda rec, now: lifecycle.mark_done(rec, by=None, now=now),
        lambda rec, now: lifecycle.invalidate(rec, by=None, now=now, reason="A mistake"),
    ],
)
def test_none_after_an_answer_not_even_one_that_waits(north, answer):
    recommendation = advise(north)
    plan(north, RAISED + 7 * DAY)
    waiting = Message.objects.get(kind="recommendation")
    now = at(north, RAISED + 7 * DAY, dt.time(8, 30))
    answer(recommendation, now)
    assert kind_of(waiting).why_not(waiting, now=now) == "It was answered, or is not open any more"
    assert planned_over(north, 120) == []


def test_put_off_it_is_asked_again_from_that_day(north):
    recommendation = advise(north)
    assert plan(north, RAISED + 7 * DAY) == 1
    until = RAISED + 40 * DAY
    lifecycle.defer(recommendation, until=until, by=None, now=at(north, RAISED + 8 * DAY), reason="Budget")
    waiting = Message.objects.get(kind="recommendation")
    assert kind_of(waiting).why_not(waiting, now=at(north, RAISED + 9 * DAY)) != ""
    assert planned_over(north, 140) == [47, 70, 100]


def test_found_to_be_worse_it_is_said_the_next_morning(north):
    recommendation = advise(north, SOON)
    assert planned_over(north, 20) == [7]
    lifecycle.worsen(recommendation, severity=SAFETY, by=north.technician, now=at(north, RAISED + 20 * DAY))
    assert [n for n in range(21, 70) if plan(north, RAISED + n * DAY)] == [21]
    said = Message.objects.order_by("-pk").first()
    assert (said.fields["step"], said.fields["is_urgent"]) == (7, True)


def test_while_we_owe_the_price_nobody_is_asked(north):
    recommendation = advise(north)
    duty = ask_by_customer(recommendation, now=at(north, RAISED + 3 * DAY))
    assert planned_over(north, 10) == []
    close_duty(duty, by=north.technician, now=at(north, RAISED + 10 * DAY), outcome="Told: £240")
    assert plan(north, RAISED + 11 * DAY) == 1


def test_the_owner_of_the_account_hears_after_thirty_days(north):
    north.customer.account_owner = north.sales
    north.customer.save(update_fields=["account_owner"])
    advise(north, SAFETY)
    advise(north, SOON)
    for n in range(70):
        plan(north, RAISED + n * DAY)
    told = Message.objects.filter(kind="recommendation to its owner")
    assert [(m.colleague, m.channel, m.send_after.date() - RAISED) for m in told] == [
        (north.sales, "mail", 30 * DAY)
    ] * 2


def test_who_cannot_be_written_to_is_rung(north):
    Contact.objects.filter(customer=north.customer).update(by_mail=False, by_sms=False)
    advise(north)
    assert plan(north, RAISED + 7 * DAY) == 1
    assert plan(north, RAISED + 8 * DAY) == 0
    duty = Duty.objects.get(kind=Duty.Kind.CALL_CUSTOMER)
    assert duty.title == "Ask Margaret Ellison about: Replace the fuser unit"
    # Friday is 7 days on: the next working day is Monday.
    assert duty.due_at == at(north, RAISED + 10 * DAY, dt.time(12))


def test_statements_do_not_grow_with_recommendations(north):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            plan(north, RAISED + 7 * DAY)
        Message.objects.all().delete()
        return len(seen)

    advise(north)
    one = queries()
    for _ in range(3):
        advise(north)
    assert queries() == one


def test_what_it_says_in_a_mail(north):
    recommendation = advise(north, estimate=240)
    plan(north, RAISED + 7 * DAY)
    message = Message.objects.select_related("tenant", "customer", "contact").get(kind="recommendation")
    now = at(north, RAISED + 7 * DAY, dt.time(9))
    letter = kind_of(message).write(message, now=now)
    assert letter.title == "Your Corvane TC-240 copier: Replace the fuser unit"
    assert letter.text.splitlines()[:6] == [
        "Dear Margaret Ellison,",
        "",
        "on 9 January we advised you on your Corvane TC-240 copier:",
        "",
        "Replace the fuser unit.",
        "If nothing is done: It may stop your printing.",
    ]
    assert "It costs £240.00." in letter.text
    decision = judge(message, now=now)
    assert "/v/" in decision.outgoing.text
    link = CustomerLink.objects.get(purpose="recommendation")
    assert (link.customer, link.subject) == (north.customer, recommendation.public_id)


def test_review_by_passed_makes_one_duty_until_somebody_looks(north):
    recommendation = advise(north, review_by=RAISED + 10 * DAY)
    look = {"calendar": calendar_of(north.tenant)}
    days = [RAISED + n * DAY for n in range(9, 14)]
    assert [call_for_another_look(north.tenant, day, now=at(north, day), **look) for day in days] == [
        0,
        0,
        1,
        0,
        0,
    ]
    duty = Duty.objects.get(kind=Duty.Kind.LOOK_AGAIN)
    assert duty.title == "Look again at Margaret Ellison: Replace the fuser unit"
    lifecycle.worsen(recommendation, severity=LIKELY, by=north.technician, now=at(north, days[-1]))
    duty.refresh_from_db()
    assert duty.outcome == "Worse: Likely to fail: Replace the fuser unit"
