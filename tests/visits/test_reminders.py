"""Reminders: planned once, for the start that stands, and never of no use."""

import datetime as dt

import pytest
from django.core import mail

from customers.links import link_address
from messaging.delivery import deliver_due
from messaging.kinds import LINK, kind_of
from messaging.models import Message, Provider
from recommendations.models import Recommendation
from tenancy.models import Tenant
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from visits.announcements import plan_visit_messages
from visits.models import Visit
from visits.reminders import AHEAD, plan_reminders

pytestmark = pytest.mark.usefixtures("only_mail")

State = Message.State
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


@pytest.fixture
def north(cast):
    return cast.north


def visit_at(desk, start, now, **values):
    with tenant(desk.tenant):
        return make_plain_visit(desk, now=now, start=start, **values)


def reminders(desk, **values):
    with tenant(desk.tenant):
        return list(Message.objects.filter(kind="reminder", **values).order_by("send_after", "id"))


def change(desk, visit, **values):
    with tenant(desk.tenant):
        Visit.objects.filter(pk=visit.pk).update(**values)


def sweep_until(visit, now):
    """Sweep every hour from now to the visit; how many were planned."""
    planned = 0
    while now < visit.planned_start:
        planned += plan_reminders(now=now)
        now += HOUR
    return planned


def test_a_visit_is_reminded_of_seven_days_a_day_and_two_hours_before(north, now):
    visit = visit_at(north, now + 10 * DAY, now)
    assert sweep_until(visit, now) == 3
    assert [(m.send_after, m.useless_after) for m in reminders(north)] == [
        (visit.planned_start - 7 * DAY, visit.planned_start - DAY),
        (visit.planned_start - DAY, visit.planned_start - 2 * HOUR),
        (visit.planned_start - 2 * HOUR, visit.planned_start),
    ]
    assert {(m.subject, m.subject_start) for m in reminders(north)} == {
        (visit.public_id, visit.planned_start)
    }


def test_sweeping_twice_plans_once(north, now):
    visit_at(north, now + DAY + AHEAD, now, booked_at=now - HOUR)
    assert plan_reminders(now=now) == 1
    assert plan_reminders(now=now) == 0


def test_the_desk_changes_the_times(north, now):
    Tenant.objects.filter(pk=north.tenant.pk).update(reminder_minutes=[180, 60, 60])
    visit = visit_at(north, now + 3 * HOUR, now)
    assert plan_reminders(now=now) == 2
    assert [m.useless_after for m in reminders(north)] == [visit.planned_start - HOUR, visit.planned_start]


def test_over_each_wanted_channel_that_reaches_them(north, now, settings):
    settings.SMS_URL = "https://texts.example/"
    both = visit_at(north, now + 3 * HOUR, now)
    visit_at(north, now + 6 * HOUR, now, tell_by_sms=False, technician=north.marek)
    assert plan_reminders(now=now) == 6
    assert len(reminders(north, subject=both.public_id, channel="sms")) == 2
    with tenant(north.tenant):
        north.contact.by_mail = False
        north.contact.save()
    visit_at(north, now + 9 * HOUR, now)
    assert plan_reminders(now=now) == 2


def test_over_the_desks_own_provider_too(cast, now):
    """Where the installation sends no texts, a desk with a provider of its own does, and no other."""
    for desk in (cast.north, cast.south):
        visit_at(desk, now + 10 * DAY, now)
    with tenant(cast.north.tenant):
        Provider.objects.create(channel="sms", kind="twilio", changed_at=now)
    plan_reminders(now=now + 4 * DAY)
    assert {message.channel for message in reminders(cast.north)} == {"mail", "sms"}
    assert {message.channel for message in reminders(cast.south)} == {"mail"}


def test_a_visit_without_a_contact_reminds_the_customers_main_one(north, now):
    visit_at(north, now + 3 * HOUR, now, contact=None)
    plan_reminders(now=now)
    assert {m.contact_id for m in reminders(north)} == {north.contact.pk}


def test_none_whose_time_lay_before_the_booking(north, now):
    visit_at(north, now + DAY - HOUR, now, booked_at=now)
    assert plan_reminders(now=now + 13 * HOUR) == 1
    assert [m.send_after for m in reminders(north)] == [now + DAY - 3 * HOUR]


def test_none_whose_time_lay_before_the_move_that_was_told(north, now):
    visit = visit_at(north, now + 5 * DAY, now)
    with tenant(north.tenant):
        visit.planned_start, visit.version = now + DAY - HOUR, 2
        Visit.objects.filter(pk=visit.pk).update(planned_start=visit.planned_start)
        plan_visit_messages(visit, "moved", now=now)
    assert plan_reminders(now=now) == 0
    assert plan_reminders(now=now + 12 * HOUR) == 1


def test_a_booking_that_can_still_be_undone_is_not_reminded_of(north, now):
    held = now + dt.timedelta(minutes=2)
    visit_at(north, now + 2 * HOUR, now, held_until=held)
    plan_reminders(now=now)
    assert [m.send_after for m in reminders(north, state=State.PLANNED)][-1] == held


@pytest.mark.parametrize("state", ["on the way", "on site", "cancelled by us", "cancelled by the customer"])
def test_none_for_a_visit_that_is_under_way_or_over(north, now, state):
    visit_at(north, now + 3 * HOUR, now, state=state)
    assert plan_reminders(now=now) == 0


def test_nothing_due_before_the_desk_switched_on_is_planned(north, now):
    visit_at(north, now + DAY, now)
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=now + dt.timedelta(minutes=1))
    assert plan_reminders(now=now) == 0
    assert plan_reminders(now=now + 10 * HOUR) == 1
    Tenant.objects.filter(pk=north.tenant.pk).update(messages_from=None)
    visit_at(north, now + 12 * HOUR, now, technician=north.marek)
    assert plan_reminders(now=now + 10 * HOUR) == 0


def test_a_moved_visit_has_new_reminders_and_never_sends_the_old(north, now):
    visit = visit_at(north, now + 6 * HOUR, now)
    plan_reminders(now=now)
    old = {m.key for m in reminders(north)}
    change(north, visit, planned_start=now + 7 * HOUR, window_start=now + 7 * HOUR)
    change(north, visit, window_end=now + 8 * HOUR, planned_end=now + 8 * HOUR)
    plan_reminders(now=now)
    deliver_due(clock=lambda: now + 5 * HOUR)
    assert {m.state for m in reminders(north, key__in=old)} == {State.CANCELLED}
    sent = reminders(north, state=State.SENT)
    assert [m.subject_start for m in sent] == [now + 7 * HOUR]


def test_moved_a_little_in_its_window_it_is_not_reminded_of_twice(north, now):
    visit = visit_at(north, now + DAY, now, booked_at=now - HOUR)
    plan_reminders(now=now)
    deliver_due(clock=lambda: now)
    assert [m.subject_start for m in reminders(north, state=State.SENT)] == [visit.planned_start]
    later = visit.planned_start + HOUR / 2
    change(north, visit, planned_start=later, planned_end=later + HOUR)
    plan_reminders(now=now + HOUR)
    # The next one, two hours before, is another and comes all the same.
    plan_reminders(now=now + 14 * HOUR)
    assert [m.send_after for m in reminders(north, subject_start=later)] == [later - 2 * HOUR]


def test_moved_there_and_back_it_is_reminded_of_once(north, now):
    start = now + 6 * HOUR
    visit = visit_at(north, start, now)
    plan_reminders(now=now)
    with tenant(north.tenant):
        Message.objects.update(state=State.CANCELLED)
    assert plan_reminders(now=now) == 2
    deliver_due(clock=lambda: now + 4 * HOUR)
    assert plan_reminders(now=now + 4 * HOUR) == 0
    assert visit.planned_start == start
    assert len(mail.outbox) == 1


def test_one_that_a_person_dropped_is_not_planned_again(north, now):
    visit_at(north, now + 3 * HOUR, now)
    plan_reminders(now=now)
    with tenant(north.tenant):
        Message.objects.update(state=State.SKIPPED)
    assert plan_reminders(now=now) == 0


def test_after_a_standstill_the_late_useful_one_is_sent_and_the_replaced_is_not(north, now):
    visit_at(north, now + 8 * DAY, now)
    back = now + 7 * DAY + 3 * HOUR
    assert plan_reminders(now=back) == 1
    assert deliver_due(clock=lambda: back) == {State.SENT: 1}
    assert [m.send_after for m in reminders(north)] == [now + 7 * DAY]


def test_one_that_no_worker_sent_in_time_is_a_fault(north, now):
    visit = visit_at(north, now + 3 * HOUR, now, booked_at=now - HOUR)
    assert plan_reminders(now=now) == 1
    assert deliver_due(clock=lambda: visit.planned_start) == {State.MISSED: 1}


def test_a_reminder_replaced_while_it_waited_is_no_fault(north, now):
    visit = visit_at(north, now + DAY + HOUR, now, booked_at=now - HOUR)
    assert plan_reminders(now=now) == 1
    late = visit.planned_start - 2 * HOUR
    assert plan_reminders(now=late) == 1
    assert deliver_due(clock=lambda: late) == {State.SKIPPED: 1, State.SENT: 1}
    assert reminders(north, state=State.SKIPPED)[0].reason == "A later reminder says the same."


def test_a_reminder_names_day_window_technician_recommendation_and_link(north, now):
    visit_at(north, now.replace(minute=0) + 2 * HOUR, now)
    plan_reminders(now=now)
    assert deliver_due(clock=lambda: now) == {State.SENT: 1}
    body = mail.outbox[0].body
    assert mail.outbox[0].subject == "Your visit on Thu 5 March"
    for words in (
        "Dear Margaret Ellison,",
        "Lou will be with you today Thu 5 March between 3 and 4 pm.",
        "- Replace the fuser unit (Corvane TC-240 copier)",
        "If nothing is done: If it goes, printing stops for two to three days",
        "Confirm, move or cancel:\nhttp://127.0.0.1:8000/v/",
        "Or ring 01632 960 118",
    ):
        assert words in body
    assert LINK not in body


def written(desk, visit, now, kind="reminder", **values):
    with tenant(desk.tenant):
        message = Message(
            kind=kind,
            channel=values.pop("channel", "sms"),
            customer=desk.customer,
            contact=desk.contact,
            subject=visit.public_id,
            fields=values,
        )
        return kind_of(message).write(message, now=now).text


def test_a_text_that_cannot_fit_is_as_short_as_naming_everything_allows(north, now):
    visit = visit_at(north, now.replace(minute=0) + DAY, now)
    with tenant(north.tenant):
        for finding in ("Order the long-life belt before it slips again", "Clean the rollers"):
            Recommendation.objects.create(
                equipment=north.copier, finding=finding, severity=4, raised_at=now - DAY
            )
    assert written(north, visit, now) == (
        "Northgate: does tomorrow, Fri 6 March, 1 to 2 pm still suit you for Lou's visit? "
        "To decide: Order the long-life... and 2 more. Confirm or change: {link}"
    )


def test_a_text_has_all_that_160_characters_hold(north, now, settings):
    settings.PUBLIC_URL = "https://ngate.example"
    visit = visit_at(north, now.replace(minute=0) + 50 * HOUR, now)
    text = written(north, visit, now)
    assert text == (
        "Northgate: Lou will be with you on Sat 7 March between 3 and 4 pm. "
        "To decide: Replace the fuser unit. Confirm or change: {link}"
    )
    settings.PUBLIC_URL = "https://ng.gt"
    assert len(text.replace(LINK, link_address("x" * 22))) == 160


def test_settled_recommendations_are_not_named(north, now):
    visit = visit_at(north, now + DAY, now)
    with tenant(north.tenant):
        Recommendation.objects.update(state="declined")
    assert "To decide" not in written(north, visit, now)


def test_the_customer_reads_the_wall_time_that_was_told(north, now):
    visit = visit_at(north, dt.datetime(2026, 3, 29, 13, 0, tzinfo=dt.UTC), now)
    assert "Sun 29 March between 2 and 3 pm" in written(north, visit, now)


TEXTS = [
    (
        "booked",
        {},
        "Northgate: Lou will be with you Sat 7 March between 3 and 4 pm and will ring half an hour before.",
    ),
    (
        "on the way",
        {"expected_at": "2026-03-07T15:10:00+00:00"},
        "Northgate: Lou is on the way and expects to be with you at 3:10 pm.",
    ),
    (
        "delayed",
        {"expected_at": "2026-03-07T16:20:00+00:00"},
        "Northgate: Lou is held up and will be with you at about 4:20 pm, not by 4 pm. Sorry. "
        "If that no longer suits: {link}",
    ),
    (
        "missed",
        {"caller": "Dana", "call_by": "2026-03-07T17:45:00+00:00"},
        "Northgate: we missed your visit Sat 7 March. We are sorry. Dana will ring you by 5:45 pm "
        "with a new time. Or choose a time: {link}",
    ),
]


@pytest.mark.parametrize(("kind", "fields", "text"), TEXTS)
def test_each_kind_says_what_the_design_says(north, now, kind, fields, text):
    visit = visit_at(north, now.replace(minute=0) + 50 * HOUR, now, machines=[])
    assert written(north, visit, now, kind=kind, **fields).startswith(text)


def test_a_desk_sweeps_for_its_look_alike_too_and_keeps_them_apart(cast, now):
    visit_at(cast.north, now + 3 * HOUR, now)
    visit_at(cast.south, now + 3 * HOUR, now)
    assert plan_reminders(now=now) == 4
    assert {m.contact_id for m in reminders(cast.north)} == {cast.north.contact.pk}
    assert {m.contact_id for m in reminders(cast.south)} == {cast.south.contact.pk}
