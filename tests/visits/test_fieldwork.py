import pytest
from django.core.exceptions import PermissionDenied

from cases.models import Case, Duty
from messaging.kinds import kind_of
from messaging.models import Message
from recommendations.lifecycle import mark_done, raise_recommendation
from tenancy.models import Membership, User
from tests.cast import make_plain_visit
from tests.visits.fieldwork_scene import (
    MINUTE,
    SECOND,
    message_states,
    north,
    on_site,
    on_the_way,
    promise,
    visit,
    waiting_texts,
)
from visits import fieldwork
from visits.fieldwork import BriefNotRead, StepRefused
from visits.models import Technician, Visit

__all__ = ["north", "visit"]


def test_speaking_ahead_keeps_the_promise(visit, lou, now):
    visit = fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    assert visit.called_ahead_at == now
    assert promise(visit, "call ahead").state == "kept"
    assert promise(visit, "call ahead").evidence == "Lou Baptiste: spoke"


def test_a_message_left_keeps_it_too(visit, lou, now):
    assert fieldwork.call_ahead(visit, result="left a message", by=lou, now=now).called_ahead_at == now
    assert promise(visit, "call ahead").state == "kept"


def test_no_answer_keeps_it_open_and_is_logged(visit, lou, now):
    visit = fieldwork.call_ahead(visit, result="no answer", by=lou, now=now)
    assert (visit.called_ahead_at, promise(visit, "call ahead").state) == (None, "open")
    assert list(visit.steps.values_list("step", "result")) == [("call ahead", "no answer")]


def test_a_call_without_a_result_is_refused(visit, lou, now):
    with pytest.raises(StepRefused, match="how the call went"):
        fieldwork.call_ahead(visit, result="", by=lou, now=now)


def test_a_call_closes_the_alarm_about_it(visit, lou, now):
    duty = Duty.objects.create(
        key=visit.public_id, kind="call ahead", title="Call", owner_role="dispatcher", due_at=now,
        opened_at=now, subject=visit.public_id,
    )  # fmt: skip
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    duty.refresh_from_db()
    assert (duty.closed_at, duty.outcome) == (now, "Lou Baptiste: spoke")


def test_on_my_way_needs_the_call_or_a_reason(visit, lou, now):
    fieldwork.read_brief(visit, by=lou, now=now)
    with pytest.raises(StepRefused, match="Call ahead first"):
        fieldwork.set_out(visit, by=lou, now=now)
    fieldwork.skip_step(visit, "call ahead", because="Margaret rang us", by=lou, now=now)
    assert fieldwork.set_out(visit, by=lou, now=now).state == "on the way"
    assert promise(visit, "call ahead").state == "open"


def test_a_desk_that_promises_no_call_needs_none(north, visit, lou, now):
    north.tenant.call_ahead_minutes = 0
    north.tenant.save()
    fieldwork.read_brief(visit, by=lou, now=now)
    assert fieldwork.set_out(visit, by=lou, now=now).state == "on the way"


def test_on_my_way_needs_the_brief_read_where_something_must_be_raised(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    with pytest.raises(BriefNotRead, match="1 to raise: read it first"):
        fieldwork.set_out(visit, by=lou, now=now)
    fieldwork.read_brief(visit, by=lou, now=now)
    assert fieldwork.set_out(visit, by=lou, now=now).state == "on the way"


def test_what_is_raised_after_reading_must_be_read_too(north, visit, lou, now):
    """Also on another machine of the site."""
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    visit = fieldwork.read_brief(visit, by=lou, now=now)
    raise_recommendation(
        equipment=north.sorter, finding="Weak spring", severity=1, by=north.dispatcher, now=now + SECOND
    )
    with pytest.raises(BriefNotRead):
        fieldwork.set_out(visit, by=lou, now=now + MINUTE)


def test_nothing_to_raise_asks_nothing(north, visit, lou, now):
    mark_done(north.recommendation, by=lou, now=now)
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    assert fieldwork.set_out(visit, by=lou, now=now).state == "on the way"


def test_on_my_way_tells_the_customer_once_it_cannot_be_undone(visit, lou, now):
    out = on_the_way(visit, lou, now)
    assert out.expected_at == now.replace(hour=14, minute=0)
    message = Message.objects.get(subject=visit.public_id, kind="on the way", channel="sms")
    assert (message.state, message.send_after) == ("planned", now + 60 * SECOND)
    assert message.fields["expected_at"] == out.expected_at.isoformat()


def test_the_usual_arrival_is_the_way_rounded_up_and_not_before_the_window(visit, now):
    assert fieldwork.usual_arrival(visit, now=now) == visit.window_start
    late = now.replace(hour=14, minute=3)
    assert fieldwork.usual_arrival(visit, now=late) == now.replace(hour=14, minute=20)


def test_another_arrival_time_takes_the_place_of_the_first(visit, lou, now):
    on_the_way(visit, lou, now)
    later = now.replace(hour=14, minute=25)
    fieldwork.change_arrival(visit, expected_at=later, by=lou, now=now + 10 * SECOND)
    waiting = Message.objects.filter(subject=visit.public_id, state="planned", channel="sms")
    assert [(m.kind, m.fields["expected_at"]) for m in waiting] == [("on the way", later.isoformat())]


def test_after_the_first_has_gone_the_change_is_a_message_of_its_own(visit, lou, now):
    on_the_way(visit, lou, now)
    Message.objects.filter(subject=visit.public_id).update(state="sent", sent_at=now)
    later = now.replace(hour=14, minute=25)
    fieldwork.change_arrival(visit, expected_at=later, by=lou, now=now + 5 * MINUTE)
    waiting = Message.objects.filter(subject=visit.public_id, state="planned", channel="sms")
    assert [m.kind for m in waiting] == ["delayed"]


def test_each_change_is_told_and_one_that_waits_gives_way(visit, lou, now):
    on_the_way(visit, lou, now)
    first, second, third = (now.replace(hour=14, minute=minute) for minute in (25, 35, 25))
    told = []
    for number, expected_at in enumerate((first, second, third)):
        Message.objects.filter(subject=visit.public_id, state="planned").update(state="sent", sent_at=now)
        at = now + (number + 5) * MINUTE
        fieldwork.change_arrival(visit, expected_at=expected_at, by=lou, now=at)
        told.append(waiting_texts(visit))
    assert told == [[("delayed", at.isoformat())] for at in (first, second, third)]
    fieldwork.change_arrival(visit, expected_at=second, by=lou, now=now + 9 * MINUTE)
    assert waiting_texts(visit) == [("delayed", second.isoformat())]


def test_back_to_the_first_time_before_anything_left(visit, lou, now):
    on_the_way(visit, lou, now)
    first, second = now.replace(hour=14, minute=25), now.replace(hour=14, minute=35)
    for expected_at in (first, second, first):
        fieldwork.change_arrival(visit, expected_at=expected_at, by=lou, now=now + 10 * SECOND)
        assert waiting_texts(visit) == [("on the way", expected_at.isoformat())]


@pytest.mark.parametrize("minutes", [-10, 13 * 60])
def test_an_arrival_in_the_past_or_tomorrow_is_refused(visit, lou, now, minutes):
    on_the_way(visit, lou, now)
    with pytest.raises(StepRefused, match="later today"):
        fieldwork.change_arrival(visit, expected_at=now + minutes * MINUTE, by=lou, now=now)


def test_arriving_keeps_the_window_and_answers_the_case(north, visit, lou, now):
    case = Case.objects.create(customer=north.customer, kind="fault", title="Bands", opened_at=now)
    Visit.objects.filter(pk=visit.pk).update(case=case)
    arrived = on_site(visit, lou, now)
    assert (arrived.state, arrived.arrived_at) == ("on site", now)
    assert promise(visit, "window").state == "kept"
    assert promise(visit, "window").evidence == "Lou Baptiste arrived at 13:07"
    case.refresh_from_db()
    assert case.responded_at == now


def test_after_the_arrival_nobody_is_told_that_we_are_on_the_way(visit, lou, now):
    on_site(visit, lou, now)
    assert message_states(visit) == {"cancelled"}


def test_arriving_needs_on_my_way_or_a_reason(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    fieldwork.read_brief(visit, by=lou, now=now)
    with pytest.raises(StepRefused, match="On my way first"):
        fieldwork.arrive(visit, by=lou, now=now)
    fieldwork.skip_step(visit, "on the way", because="Next door", by=lou, now=now)
    assert fieldwork.arrive(visit, by=lou, now=now).state == "on site"


def test_skipping_on_my_way_does_not_skip_reading(visit, lou, now):
    fieldwork.call_ahead(visit, result="spoke", by=lou, now=now)
    with pytest.raises(BriefNotRead):
        fieldwork.skip_step(visit, "on the way", because="Next door", by=lou, now=now)


@pytest.mark.parametrize(("step", "because"), [("call ahead", " "), ("arrived", "x"), ("finished", "x")])
def test_skipping_needs_a_reason_and_a_step_that_can_be_skipped(visit, lou, now, step, because):
    with pytest.raises(StepRefused):
        fieldwork.skip_step(visit, step, because=because, by=lou, now=now)


def test_a_second_tap_changes_nothing(visit, lou, now):
    on_site(visit, lou, now)
    again = fieldwork.arrive(visit, by=lou, now=now + MINUTE)
    assert again.arrived_at == now
    assert visit.steps.filter(step="arrived").count() == 1


def test_who_comes_after_a_miss_is_on_site_and_the_miss_stays(visit, lou, now):
    Visit.objects.filter(pk=visit.pk).update(state="missed by us", missed_at=now)
    out = on_the_way(visit, lou, now + MINUTE)
    assert (out.state, out.on_the_way_at) == ("missed by us", now + MINUTE)
    arrived = fieldwork.arrive(visit, by=lou, now=now + 2 * MINUTE)
    assert (arrived.state, arrived.missed_at) == ("on site", now)


def test_who_sets_out_after_a_miss_is_announced_and_so_is_another_time(visit, lou, now):
    Visit.objects.filter(pk=visit.pk).update(state="missed by us", missed_at=now)
    late = visit.planned_end + 60 * MINUTE
    out = on_the_way(visit, lou, late)
    first = Message.objects.get(subject=visit.public_id, kind="on the way", channel="sms")
    assert kind_of(first).why_not(first, now=late) == ""
    assert first.useless_after == out.expected_at + 15 * MINUTE
    Message.objects.update(state="sent", sent_at=late)
    fieldwork.change_arrival(visit, expected_at=late + 90 * MINUTE, by=lou, now=late + 5 * MINUTE)
    second = Message.objects.get(subject=visit.public_id, kind="delayed", channel="sms")
    assert kind_of(second).why_not(second, now=late) == ""
    assert second.useless_after == late + 105 * MINUTE


def test_missed_and_nobody_on_the_way_none_is_announced(visit, lou, now):
    on_the_way(visit, lou, now)
    message = Message.objects.get(subject=visit.public_id, kind="on the way", channel="sms")
    Visit.objects.filter(pk=visit.pk).update(state="missed by us", missed_at=now, on_the_way_at=None)
    assert kind_of(message).why_not(message, now=now) == "Nobody is on the way."


@pytest.mark.parametrize("state", ["done", "no access", "cancelled by us", "cancelled by the customer"])
def test_a_visit_that_is_over_takes_no_step(north, now, lou, state):
    done = {"completed_at": now, "completed_on": now.date()} if state == "done" else {}
    visit = make_plain_visit(
        north, now=now, start=now.replace(hour=9), state=state, is_history=True, arrived_at=now, **done
    )
    for step in (
        lambda: fieldwork.call_ahead(visit, result="spoke", by=lou, now=now),
        lambda: fieldwork.set_out(visit, by=lou, now=now),
        lambda: fieldwork.arrive(visit, by=lou, now=now),
        lambda: fieldwork.skip_step(visit, "call ahead", because="x", by=lou, now=now),
    ):
        with pytest.raises(StepRefused, match="is over"):
            step()


def test_the_device_time_is_kept_beside_ours_and_never_in_the_future(visit, lou, now):
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now, device_at=now - 20 * MINUTE)
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now, device_at=now + 20 * MINUTE)
    assert list(visit.steps.order_by("pk").values_list("at", "device_at")) == [
        (now, now - 20 * MINUTE),
        (now, now),
    ]


def test_a_device_time_is_raised_to_that_of_the_last_step_that_stands(visit, lou, now):
    on_the_way(visit, lou, now)
    fieldwork.arrive(visit, by=lou, now=now + 2 * MINUTE, device_at=now - 300 * MINUTE)
    assert visit.steps.get(step="arrived").device_at == now
    fieldwork.undo_step(visit, by=lou, now=now + 2 * MINUTE)
    fieldwork.arrive(visit, by=lou, now=now + 9 * MINUTE, device_at=now + 1 * MINUTE)
    assert visit.steps.get(step="arrived", undone_at=None).device_at == now + MINUTE


def test_a_device_time_is_never_before_the_visit_was_booked(visit, lou, now):
    visit.booked_at = now - 30 * MINUTE
    visit.save()
    fieldwork.call_ahead(visit, result="no answer", by=lou, now=now, device_at=now - 300 * MINUTE)
    assert visit.steps.get().device_at == now - 30 * MINUTE


def test_only_its_technician_a_dispatcher_or_a_manager_may(north, visit, now):
    marek = Membership.objects.create(
        user=User.objects.create_user("marek@northgate.example", "a long password", name="Marek Novak"),
        role="technician",
    )
    Technician.objects.filter(pk=north.marek.pk).update(membership=marek)
    for stranger in (marek, north.sales, north.accounts):
        with pytest.raises(PermissionDenied):
            fieldwork.call_ahead(visit, result="spoke", by=stranger, now=now)
    for person in (north.technician, north.dispatcher, north.manager):
        fieldwork.call_ahead(visit, result="no answer", by=person, now=now)
    assert visit.steps.count() == 3


def test_each_step_raises_the_version_that_the_board_compares(visit, lou, now):
    on_site(visit, lou, now)
    before = visit.version
    visit.refresh_from_db()
    assert (visit.version, visit.changed_at) == (before + 4, now)


def test_a_call_at_the_door_is_no_call_ahead(visit, lou, now):
    fieldwork.skip_step(visit, "call ahead", because="x", by=lou, now=now)
    fieldwork.read_brief(visit, by=lou, now=now)
    fieldwork.set_out(visit, by=lou, now=now)
    fieldwork.arrive(visit, by=lou, now=now)
    assert fieldwork.call_ahead(visit, result="spoke", by=lou, now=now).called_ahead_at is None
    assert promise(visit, "call ahead").state == "open"
