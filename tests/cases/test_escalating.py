"""A matter walks upstairs by itself: two broken promises, three contacts, or the customer's wish (R6.3)."""

import datetime as dt

import pytest

from cases.duties import close_duty
from cases.escalating import SUPERVISOR_NAMED, Reason, escalate_if_due, summary_of, wish_for_supervisor
from cases.models import Case, Duty, Interaction, Promise
from cases.promising import break_promise
from customers.models import Contact
from messaging.judging import judge
from messaging.models import Message
from tenancy.models import Role
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import a_promise, make_visit

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def open_case(desk, now, **fields):
    return Case.objects.create(
        customer=desk.customer,
        kind=Case.Kind.FAULT,
        title="Grey bands",
        words="Two letters ruined. I want it repaired before Monday.",
        opened_at=now - 2 * DAY,
        owner=desk.dispatcher,
        **fields,
    )


@pytest.fixture
def case(north, now):
    """The bands on the copier, Dana's."""
    return open_case(north, now)


def broken(desk, case, now, text="Ring with the price"):
    promise = a_promise(desk, now=now - 2 * HOUR, text=text, case=case)
    return break_promise(promise, now=now, evidence="Nobody rang")


def contact(desk, case, at, direction=Interaction.Direction.IN):
    """A row alone: whoever notes a contact asks for the supervisor at once."""
    Interaction.objects.create(
        customer=desk.customer,
        case=case,
        channel=Interaction.Channel.CALL,
        direction=direction,
        summary="Still grey",
        by=desk.dispatcher,
        at=at,
    )


def taken_over():
    return Duty.objects.filter(kind=Duty.Kind.OWN_CASE)


def test_one_broken_promise_stays_where_it_is(north, case, now):
    broken(north, case, now)
    assert escalate_if_due(case, now=now) is False
    assert (case.owner, case.supervisor, taken_over().count()) == (north.dispatcher, None, 0)


def test_after_the_second_a_supervisor_owns_the_case_within_one_business_hour(north, case, now):
    broken(north, case, now)
    broken(north, case, now, "Say when the drum arrives")
    case.refresh_from_db()
    assert (case.owner, case.supervisor) == (north.manager, north.manager)
    duty = taken_over().get()
    assert (duty.owner, duty.due_at, duty.case, duty.owner_role) == (
        north.manager,
        now + HOUR,
        case,
        Role.MANAGER,
    )


def test_after_hours_the_hour_is_the_next_working_day_s_first(north, case, now):
    friday_evening = dt.datetime(2026, 3, 6, 17, 30, tzinfo=dt.UTC)
    wish_for_supervisor(case, by=north.dispatcher, now=friday_evening)
    assert taken_over().get().due_at == dt.datetime(2026, 3, 9, 9, 0, tzinfo=dt.UTC)


def test_the_summary_says_who_what_was_broken_and_what_they_want(north, case, now):
    broken(north, case, now)
    broken(north, case, now, "Say when the drum arrives")
    detail = taken_over().get().detail
    assert detail == (
        "Margaret Ellison, The Harbour Letter, customer since 2016.\n"
        "Grey bands: open since 3 March.\n"
        "Broken: Ring with the price (by 5 Mar 12:07, Jamie Mercer).\n"
        "Broken: Say when the drum arrives (by 5 Mar 12:07, Jamie Mercer).\n"
        "They want: Two letters ruined. I want it repaired before Monday."
    )
    # Ten seconds at 300 words a minute.
    assert len(detail.split()) <= 50


def test_the_customer_hears_a_name_and_a_time(north, case, now):
    wish_for_supervisor(case, by=north.dispatcher, now=now)
    told = Message.objects.get(kind=SUPERVISOR_NAMED)
    assert (told.contact, told.channel, told.send_after) == (north.contact, "sms", now)
    assert judge(told, now=now).outgoing.text == (
        "Northgate: Robin Vale is in charge of your matter now and will ring you by 2:07 pm today. "
        "We are sorry it took this."
    )


def test_they_are_told_no_more_once_they_were_rung(north, case, now):
    duty = wish_for_supervisor(case, by=north.dispatcher, now=now)
    close_duty(duty, by=north.manager, now=now, outcome="Rang them")
    assert judge(Message.objects.get(kind=SUPERVISOR_NAMED), now=now).state == Message.State.CANCELLED


def test_whom_no_message_reaches_is_rung(north, case, now):
    Contact.objects.update(by_sms=False, by_mail=False)
    wish_for_supervisor(case, by=north.dispatcher, now=now)
    assert not Message.objects.exists()
    ring = Duty.objects.get(kind=Duty.Kind.TELL_CUSTOMER)
    assert (ring.owner, ring.due_at) == (north.dispatcher, now + 30 * MINUTE)
    assert ring.title.endswith(": Robin Vale takes over and rings by 14:07 on 5 March")


def test_three_contacts_in_thirty_days_go_upstairs_and_two_do_not(north, case, now):
    contact(north, case, now - 30 * DAY)
    contact(north, case, now - 29 * DAY)
    contact(north, case, now - DAY, Interaction.Direction.OUT)
    contact(north, case, now)
    assert escalate_if_due(case, now=now) is False
    contact(north, case, now)
    assert escalate_if_due(case, now=now) is True
    assert taken_over().get().title.endswith(str(Reason.CONTACTS))


def test_asked_again_it_does_nothing_and_a_done_duty_comes_back_for_no_old_reason(north, case, now):
    broken(north, case, now)
    broken(north, case, now)
    assert escalate_if_due(case, now=now) is False
    close_duty(taken_over().get(), by=north.manager, now=now, outcome="Rang, repaired")
    assert escalate_if_due(case, now=now + HOUR) is False
    for _ in range(3):
        contact(north, case, now + HOUR)
    assert escalate_if_due(case, now=now + HOUR) is True
    assert taken_over().count() == 2


def test_a_wish_is_heard_again_once_the_first_was_seen_to(north, case, now):
    first = wish_for_supervisor(case, by=north.dispatcher, now=now, wants="A lower bill")
    assert "They want: A lower bill" in first.detail
    assert wish_for_supervisor(case, by=north.dispatcher, now=now + MINUTE) == first
    close_duty(first, by=north.manager, now=now, outcome="Rang them")
    assert wish_for_supervisor(case, by=north.dispatcher, now=now + HOUR) != first


def test_a_closed_matter_goes_nowhere(north, case, now):
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=now, outcome="Repaired")
    broken(north, case, now)
    broken(north, case, now)
    assert not taken_over().exists()
    with pytest.raises(ValueError, match="Reopen"):
        wish_for_supervisor(case, by=north.dispatcher, now=now)


def test_what_one_visit_promised_counts_once(north, case, now):
    visit = make_visit(north, start=now + DAY, technician=north.lou, case=case)
    for promise in Promise.objects.filter(of_visit__visit=visit):
        break_promise(promise, now=now + 2 * DAY, evidence="Nobody came")
    assert not taken_over().exists()
    broken(north, case, now)
    assert taken_over().count() == 1


def test_history_alarms_nobody(north, case, now):
    north.tenant.messages_from = now
    north.tenant.save()
    broken(north, case, now)
    broken(north, case, now)
    for _ in range(3):
        contact(north, case, now - DAY)
    assert escalate_if_due(case, now=now) is False


def test_where_no_manager_is_left_the_role_owns_it(north, case, now):
    type(north.manager).objects.filter(role=Role.MANAGER).update(ended_at=now)
    duty = wish_for_supervisor(case, by=north.dispatcher, now=now)
    case.refresh_from_db()
    assert (duty.owner, duty.owner_role, case.owner) == (None, Role.MANAGER, north.dispatcher)
    assert "The manager is in charge" in judge(Message.objects.get(), now=now).outgoing.text


def test_two_at_the_same_moment_hand_it_over_once(committed_cast, now):
    desk = committed_cast.north
    with tenant(desk.tenant):
        case = open_case(desk, now)
        for _ in range(3):
            contact(desk, case, now)

    results = at_once(*[lambda: escalate_if_due(case, now=now)] * 4, desk=desk)
    assert sorted(results) == [False, False, False, True]
    with tenant(desk.tenant):
        assert (taken_over().count(), Message.objects.filter(kind=SUPERVISOR_NAMED).count()) == (1, 1)


def test_the_summary_of_a_matter_without_words_is_short(north, now):
    case = Case.objects.create(
        customer=north.customer, kind=Case.Kind.COMPLAINT, title="The bill", opened_at=now
    )
    assert summary_of(case, now=now) == (
        "Margaret Ellison, The Harbour Letter, customer since 2016.\nThe bill: open since 5 March."
    )
