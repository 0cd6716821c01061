"""The week's figures by mail: once for each week and manager, on the desk's own Monday."""

import datetime as dt

import pytest

from cases.promising import keep_promise, make_promise
from messaging.judging import judge
from messaging.kinds import kind_of
from messaging.models import Message
from servicedesk.weekly_mail import KIND, plan_weekly_mails
from tenancy.models import Membership, Tenant, User
from tenancy.scope import tenant
from tests.cast import make_desk, make_plain_visit

# The Monday after the tests' own Thursday, seven in the morning in London.
MONDAY = dt.datetime(2026, 3, 9, 7, 0, tzinfo=dt.UTC)
MINUTE, HOUR, WEEK = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=7)


def mails(desk):
    with tenant(desk.tenant):
        rows = Message.objects.filter(kind=KIND).select_related("colleague__user", "tenant")
        return list(rows.order_by("pk"))


def test_at_seven_on_monday_each_manager_gets_one_and_never_a_second_for_the_week(cast):
    assert plan_weekly_mails(now=MONDAY - MINUTE) == 0
    assert plan_weekly_mails(now=MONDAY) == 2
    for later in (dt.timedelta(0), 15 * MINUTE, 12 * HOUR):
        assert plan_weekly_mails(now=MONDAY + later) == 0
    for desk in (cast.north, cast.south):
        (mail,) = mails(desk)
        assert mail.colleague == desk.manager
        assert (mail.send_after, mail.useless_after) == (MONDAY, MONDAY + 17 * HOUR)
    assert plan_weekly_mails(now=MONDAY + WEEK) == 2


def test_after_a_standstill_it_goes_the_same_day_and_not_the_next(cast):
    assert plan_weekly_mails(now=MONDAY + 17 * HOUR) == 0
    assert plan_weekly_mails(now=MONDAY + 17 * HOUR - MINUTE) == 2


def test_each_desk_has_its_own_monday(db, now):
    desk = make_desk("eastport", now=now, time_zone="America/New_York")
    assert plan_weekly_mails(now=MONDAY) == 0
    # In New York the clocks had changed the night before.
    assert plan_weekly_mails(now=MONDAY + 4 * HOUR - MINUTE) == 0
    assert plan_weekly_mails(now=MONDAY + 4 * HOUR) == 1
    assert mails(desk)[0].send_after == MONDAY + 4 * HOUR


def test_who_stopped_it_who_left_and_who_is_no_manager_gets_none(cast, now):
    with tenant(cast.north.tenant):
        for name, values in (("gone", {"ended_at": now}), ("stopped", {"weekly_mail": False})):
            user = User.objects.create_user(f"{name}@northgate.example", "a long password", name=name)
            Membership.objects.create(user=user, role="manager", **values)
    plan_weekly_mails(now=MONDAY)
    assert [mail.colleague.name for mail in mails(cast.north)] == ["Robin Vale"]


@pytest.mark.parametrize("starts", [None, MONDAY + MINUTE])
def test_a_desk_whose_messages_are_switched_off_sends_none(cast, starts):
    Tenant.objects.update(messages_from=starts)
    assert plan_weekly_mails(now=MONDAY) == 0


def test_it_leaves_in_the_quiet_hours_and_not_once_the_manager_stopped_it(cast):
    plan_weekly_mails(now=MONDAY)
    (mail,) = mails(cast.north)
    with tenant(cast.north.tenant):
        assert judge(mail, now=MONDAY).outgoing.address == "robin@northgate.example"
        Membership.objects.filter(pk=mail.colleague_id).update(weekly_mail=False)
        mail.refresh_from_db()
        assert judge(mail, now=MONDAY).state == Message.State.CANCELLED


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("en", "Kept on time: 1 of 2, 2 March to 8 March", "Missed visits: 1 of 1."),
        ("nl", "Op tijd nagekomen: 1 van 2, 2 maart tot en met 8 maart", "Gemiste bezoeken: 1 van 1."),
        ("de", "Pünktlich gehalten: 1 von 2, 2. März bis 8. März", "Versäumte Besuche: 1 von 1."),
        ("fr", "Tenues à temps : 1 sur 2, du 2 mars au 8 mars", "Visites manquées : 1 sur 1."),
    ],
)
def test_it_says_the_figures_of_the_seven_days_before_in_the_desks_language(
    north, now, settings, language, title, line
):
    settings.PUBLIC_URL = "https://desk.example"
    Tenant.objects.filter(pk=north.tenant.pk).update(language=language)
    about = {"customer": north.customer, "kind": "call back", "owner": north.sales, "by": north.sales}
    kept = make_promise(**about, text="Ring", due_at=now + HOUR, now=now)
    keep_promise(kept, by=north.sales, now=now, evidence="Rung")
    late = make_promise(**about, text="Ring again", due_at=now + HOUR, now=now)
    # Before the week.
    make_promise(**about, text="Long ago", due_at=now - WEEK, now=now - 2 * WEEK)
    make_plain_visit(north, now=now, start=now, state="missed by us", missed_at=now + 2 * HOUR)
    plan_weekly_mails(now=MONDAY)
    (mail,) = mails(north)
    letter = kind_of(mail).write(mail, now=MONDAY)
    assert (letter.title, letter.language) == (title, language)
    assert line in letter.text.splitlines()
    # Fewer than 20: no percentage but the target's.
    assert letter.text.count("%") == 2
    assert late.state == "open"
    assert kind_of(mail).make_link(mail, now=MONDAY) == "https://desk.example/d/northgate/overview/"


def test_from_twenty_promises_on_it_says_the_percentage_as_well(north, now):
    for number in range(20):
        promise = make_promise(
            customer=north.customer, kind="call back", text=f"Ring {number}", owner=north.sales,
            due_at=now + HOUR, by=north.sales, now=now,
        )  # fmt: skip
        if number:
            keep_promise(promise, by=north.sales, now=now, evidence="Rung")
    plan_weekly_mails(now=MONDAY)
    (mail,) = mails(north)
    letter = kind_of(mail).write(mail, now=MONDAY)
    assert "Promises kept on time: 95%, 19 of 20. Target 95%." in letter.text.splitlines()
