import datetime as dt

import pytest
from django.db import connection
from django.test import Client

from recommendations.models import Recommendation, RecommendationPhoto
from tenancy.models import StoredFile
from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_visit
from tests.servicedesk.finish_scene import a_photo, a_signature, typed
from tests.servicedesk.phone import Phone
from visits.models import DeviceAction, Review, ServiceReport, Visit, VisitStep
from visits.seen_plans import Plan, plan_of

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def visit(north, now):
    return make_visit(north, start=now.replace(hour=14, minute=0), technician=north.lou)


@pytest.fixture
def phone(north, now, client):
    client.force_login(north.technician.user)
    return Phone(north, now=now, client=client)


def whole_visit(phone, visit, desk):
    """Everything from the call to the finished visit, over the last two hours."""
    return [
        phone.action(visit, "call", ago=120 * MINUTE, result="spoke"),
        phone.action(visit, "read", ago=100 * MINUTE),
        phone.action(visit, "set-out", ago=95 * MINUTE, expected="12:00"),
        phone.action(visit, "arrive", ago=60 * MINUTE),
        phone.action(
            visit,
            "add",
            ago=20 * MINUTE,
            **{"new-finding": "Bare wire", "new-severity": "4", "new-public_id": "0" * 31 + "1"},
        ),
        phone.action(
            visit,
            "finish",
            ago=10 * MINUTE,
            **typed(desk, decision="untold", signed_name="", signature=a_signature()),
        ),
    ]


def test_a_whole_visit_without_a_signal_arrives_once_and_in_order(north, visit, phone, now):
    actions = whole_visit(phone, visit, north)
    photos = {f"of_{actions[4]['id']}": [a_photo(), a_photo()]}
    # However the parts lie in the batch, the phone's own numbers count.
    assert phone.outcomes(*reversed(actions), **photos) == ["accepted"] * 6
    done = Visit.objects.get(pk=visit.pk)
    steps = list(VisitStep.objects.filter(visit=visit).order_by("pk").values_list("step", "at", "device_at"))
    assert [(step, now - device_at) for step, _, device_at in steps] == [
        ("call ahead", 120 * MINUTE),
        ("on the way", 95 * MINUTE),
        ("arrived", 60 * MINUTE),
        ("finished", 10 * MINUTE),
    ]
    assert {at for _, at, _ in steps} == {now}
    assert done.state == "done"
    report = ServiceReport.objects.get(visit=visit)
    # By the phone's clock: it did not last from sending to sending.
    assert (report.minutes, report.signing) == (50, "drawn")
    assert Review.objects.filter(visit=visit).count() == 2
    assert RecommendationPhoto.objects.filter(recommendation__finding="Bare wire").count() == 2
    kept = DeviceAction.objects.order_by("order").values_list("kind", flat=True)
    assert list(kept) == ["call", "read", "set-out", "arrive", "add", "finish"]
    page = phone.client.get(north.url("today/")).content.decode()
    assert "Visit done: The Harbour Letter." in page


def test_a_recommendation_typed_and_not_added_keeps_its_photos_and_shows_them(north, visit, phone):
    *before, _, finish = whole_visit(phone, visit, north)
    finish["typed"] += [["new-finding", "Loose belt"], ["new-severity", "2"]]
    photos = {f"of_{finish['id']}": [a_photo(), a_photo()]}
    assert phone.outcomes(*before, finish, **photos) == ["accepted"] * 5
    raised = Recommendation.objects.get(finding="Loose belt")
    phone.client.force_login(north.dispatcher.user)
    page = phone.client.get(north.url(f"recommendations/{raised.public_id}/")).content.decode()
    photos = RecommendationPhoto.objects.filter(recommendation=raised)
    assert photos.count() == 2
    for one in photos:
        address = north.url(f"files/{one.photo.public_id}/")
        assert address in page
        assert phone.client.get(address).status_code == 200


def test_what_was_answered_is_answered_the_same_again(north, visit, phone):
    too_early = phone.action(visit, "arrive")
    actions = whole_visit(phone, visit, north)
    assert phone.outcomes(too_early) == ["refused"]
    assert phone.outcomes(*actions) == ["accepted"] * 6
    rows = VisitStep.objects.count(), Review.objects.count(), StoredFile.objects.count()
    again = phone.send(*actions, too_early).json()["answers"]
    assert [one["outcome"] for one in again] == ["refused", *["accepted"] * 6]
    assert again[0]["words"] == "Tap On my way first, or skip it with a reason."
    assert rows == (VisitStep.objects.count(), Review.objects.count(), StoredFile.objects.count())


@pytest.mark.parametrize("wrong_by", [HOUR, -HOUR, dt.timedelta(days=-4000)])
def test_a_clock_that_is_wrong_is_kept_and_set_right(north, visit, client, now, wrong_by):
    client.force_login(north.technician.user)
    phone = Phone(north, now=now, client=client, wrong_by=wrong_by)
    assert phone.outcomes(phone.action(visit, "call", ago=7 * MINUTE, result="spoke")) == ["accepted"]
    kept = DeviceAction.objects.get()
    assert kept.device_at == now - 7 * MINUTE + wrong_by
    assert kept.clock_offset == -wrong_by
    assert kept.happened_at == VisitStep.objects.get().device_at == now - 7 * MINUTE
    assert kept.received_at == now


def test_nothing_happened_later_than_now(north, visit, phone, now):
    ahead = phone.action(visit, "call", ago=-HOUR, result="spoke")
    assert phone.outcomes(ahead) == ["accepted"]
    assert VisitStep.objects.get().device_at == now


def test_a_time_typed_into_the_form_is_not_the_phones(north, visit, phone, now):
    forged = phone.action(visit, "call", ago=7 * MINUTE, result="spoke", device_at="2026-03-05T08:00:00Z")
    assert phone.outcomes(forged) == ["accepted"]
    assert VisitStep.objects.get().device_at == now - 7 * MINUTE


def test_what_no_column_can_hold_is_left_out_of_what_was_typed(north, visit, phone):
    skip = phone.action(visit, "skip", step="call ahead", because="She\0 rang \ud83dus")
    assert phone.outcomes(skip) == ["accepted"]
    assert VisitStep.objects.get().skipped_because == "She rang us"


@pytest.mark.parametrize("given", [{"extra_number": "CB\0-9"}, {"decision": "may\0be \ud83d"}])
def test_a_finish_with_a_null_byte_is_answered(north, visit, phone, given):
    *before, _, finish = whole_visit(phone, visit, north)
    finish["typed"] = phone.action(visit, "finish", **typed(north, **given))["typed"]
    assert phone.outcomes(*before, finish) == ["accepted"] * 4 + ["refused"]
    assert "\0" not in DeviceAction.objects.get(kind="finish").words


def test_a_visit_that_was_moved_is_asked_about_with_both_versions(north, visit, phone, now):
    actions = whole_visit(phone, visit, north)
    visit.planned_start += HOUR
    visit.planned_end += HOUR
    visit.save()
    other = make_visit(north, start=now + 5 * HOUR, technician=north.lou)
    call_other = phone.action(other, "call", result="spoke")
    answers = phone.send(*actions, call_other).json()["answers"]
    assert [one["outcome"] for one in answers] == ["conflict", *["held"] * 5, "accepted"]
    assert answers[0]["words"] == "The office changed this visit while you had no signal."
    assert answers[0]["seen"] == "Thursday 5 March, 14:00, Lou Baptiste"
    assert answers[0]["now"] == "Thursday 5 March, 15:00, Lou Baptiste"
    assert not VisitStep.objects.filter(visit=visit).exists()
    # Nothing was decided: the same again asks the same again.
    assert phone.outcomes(*actions)[0] == "conflict"
    for action in actions:
        action["seen"] = answers[0]["plan"]
    assert phone.outcomes(*actions) == ["accepted"] * 6


def test_a_cancelled_visit_is_asked_about_and_what_was_typed_stays_on_the_phone(north, visit, phone):
    actions = whole_visit(phone, visit, north)
    Visit.objects.filter(pk=visit.pk).update(state="cancelled by us")
    answers = phone.send(*actions).json()["answers"]
    assert [one["outcome"] for one in answers] == ["conflict", *["held"] * 5]
    assert answers[0]["now"] == "Thursday 5 March, 14:00, Lou Baptiste. Cancelled by us"
    agreed = [action | {"seen": answers[0]["plan"]} for action in actions]
    answers = phone.send(*agreed).json()["answers"]
    assert {one["outcome"] for one in answers if one["id"] != actions[1]["id"]} == {"refused"}
    assert answers[0]["words"] == "This visit is over: cancelled by us."
    assert not VisitStep.objects.exists()


def test_the_other_answer_to_a_conflict_leaves_it_out(north, visit, phone):
    call = phone.action(visit, "call", result="spoke")
    visit.planned_start += HOUR
    visit.planned_end += HOUR
    visit.save()
    assert phone.outcomes(call) == ["conflict"]
    assert phone.outcomes(call | {"left_out": True}) == ["left out"]
    assert phone.outcomes(call) == ["left out"]
    assert not VisitStep.objects.exists()
    assert DeviceAction.objects.get().outcome == "left out"


def test_a_visit_given_to_somebody_else_is_asked_about_and_then_refused(north, visit, phone, now):
    call = phone.action(visit, "call", result="spoke")
    before = plan_of(visit, now=now)
    assignment = visit.assignments.get()
    assignment.technician = north.marek
    assignment.save()
    answer = phone.send(call).json()["answers"][0]
    assert before.crew == ("Lou Baptiste",)
    assert (answer["outcome"], answer["now"]) == ("conflict", "Thursday 5 March, 14:00, Marek Novak")
    answer = phone.send(call | {"seen": answer["plan"]}).json()["answers"][0]
    assert (answer["outcome"], answer["words"]) == (
        "refused",
        "This visit is not yours any more. Ring the office.",
    )


def test_what_came_in_meanwhile_is_read_before_the_way_goes_on(north, visit, phone, now):
    """The brief was read as it stood on the phone, not as it stands when the signal is back."""
    actions = whole_visit(phone, visit, north)
    bare = Recommendation.objects.create(
        equipment=north.copier, finding="Loose belt", severity=2, raised_at=now - HOUR
    )
    answers = phone.send(*actions).json()["answers"]
    assert [one["outcome"] for one in answers] == ["accepted", "accepted", "conflict", "held", "held", "held"]
    assert answers[2]["words"] == "1 to raise: read it first. It came in while you had no signal."
    actions[2]["read_at"] = answers[2]["plan"]["as_of"]
    answers = phone.send(*actions).json()["answers"]
    assert [one["outcome"] for one in answers] == [*["accepted"] * 5, "refused"]
    words = "“Loose belt” came in while you had no signal. Answer it to finish."
    assert answers[5]["words"] == words
    visit.refresh_from_db()
    assert visit.state == "on site"
    assert not Review.objects.filter(recommendation=bare).exists()


def test_the_gate_stands_for_phones_too(north, visit, phone):
    actions = whole_visit(phone, visit, north)
    actions[5]["typed"] = [pair for pair in actions[5]["typed"] if not pair[0].endswith("-decision")]
    answers = phone.send(*actions).json()["answers"]
    assert answers[5]["outcome"] == "refused"
    assert answers[5]["words"] == "Replace the fuser unit: Choose an answer."
    visit.refresh_from_db()
    assert visit.state == "on site"
    assert not ServiceReport.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_finish_before_the_arrival_or_after_the_end_is_refused(north, visit, phone):
    early = phone.action(visit, "finish", **typed(north, decision="untold"))
    actions = whole_visit(phone, visit, north)
    late = phone.action(visit, "finish", **typed(north, decision="untold"))
    answers = phone.send(early, *actions, late).json()["answers"]
    assert answers[0]["words"] == "Tap Arrived first, then finish."
    assert answers[-1]["words"].startswith("This visit is over: done, set by Lou Baptiste at 13:07.")
    assert ServiceReport.objects.count() == 1


def test_an_arrival_told_in_the_past_is_told_as_now(north, visit, phone, now):
    phone.outcomes(phone.action(visit, "call", result="spoke"), phone.action(visit, "read"))
    assert phone.outcomes(phone.action(visit, "set-out", ago=HOUR, expected="12:30")) == ["accepted"]
    assert Visit.objects.get(pk=visit.pk).expected_at == now


def test_a_wrong_tap_is_taken_back_in_its_order(north, visit, phone):
    call = phone.action(visit, "call", result="no answer")
    assert phone.outcomes(call, phone.action(visit, "undo")) == ["accepted", "accepted"]
    assert VisitStep.objects.get().undone_at is not None


def test_no_such_visit_is_refused_and_a_strangers_too(north, cast, visit, phone, now):
    with tenant(cast.south.tenant):
        theirs = make_visit(cast.south, start=now + HOUR, technician=cast.south.lou)
    seen = Plan(start=now, crew=(), as_of=now)
    answers = phone.send(
        phone.action(theirs, "arrive", seen=seen),
        phone.action(visit, "call", result="spoke") | {"visit": "0" * 32},
    ).json()["answers"]
    words = {(one["outcome"], one["words"]) for one in answers}
    assert words == {("refused", "There is no such visit at this desk any more. Ring the office.")}


def test_another_persons_action_is_not_answered_with_theirs(north, visit, phone, now):
    call = phone.action(visit, "call", result="spoke")
    assert phone.outcomes(call) == ["accepted"]
    dana = Client()
    dana.force_login(north.manager.user)
    answer = Phone(north, now=now, client=dana, person=north.manager).send(call).json()["answers"][0]
    assert answer["outcome"] == "refused"


def test_signed_out_the_phone_is_sent_to_sign_in(north, visit, now):
    phone = Phone(north, now=now)
    answer = phone.send(phone.action(visit, "call", result="spoke"))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in/")
    assert not DeviceAction.objects.exists()


def test_somebody_else_signed_in_sends_nothing_of_it(north, visit, phone):
    call = phone.action(visit, "call", result="spoke")
    answer = phone.send(call, person=north.dispatcher)
    assert (answer.status_code, answer.json()["words"]) == (
        409,
        "Somebody else is signed in on this phone.",
    )
    assert not DeviceAction.objects.exists()


def test_without_the_forms_token_nothing_is_taken(north, visit, now):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(north.technician.user)
    phone = Phone(north, now=now, client=strict)
    assert phone.send(phone.action(visit, "call", result="spoke")).status_code == 403


def test_only_technicians_send_queues(north, visit, client, now):
    client.force_login(north.sales.user)
    phone = Phone(north, now=now, client=client, person=north.sales)
    assert phone.send(phone.action(visit, "call", result="spoke")).status_code == 403


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id": "1"},
        {"kind": "complete"},
        {"order": -1},
        {"order": 2**63},
        {"order": None},
        {"order": float("inf")},
        {"device_at": "now"},
        {"device_at": "2026-03-05T13:00:00"},
        {"device_at": "0001-01-01T00:00:00Z"},
        {"seen": {"start": "soon"}},
        {
            "seen": {
                "start": "2026-03-05T14:00:00Z",
                "as_of": "2026-03-05T14:00:00Z",
                "crew": [],
                "place": 1,
            }
        },
        {"typed": [["result"]]},
        {"typed": [["result", 1]]},
        {"visit": None},
    ],
)
def test_what_no_phone_sends_is_a_422(north, visit, phone, spoilt):
    call = phone.action(visit, "call", result="spoke")
    assert phone.send(call | spoilt).status_code == 422
    assert not DeviceAction.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"person": 1, "sent_at": 2, "actions": 3}'])
def test_a_body_that_is_no_batch_is_a_422(north, phone, body):
    assert phone.client.post(north.url("today/actions/"), {"batch": body}).status_code == 422


def test_two_actions_with_one_id_are_no_batch(north, visit, phone):
    call = phone.action(visit, "call", result="spoke")
    assert phone.send(call, call).status_code == 422


def test_one_batch_sent_twice_at_once_is_played_once(committed_cast, time_machine, now):
    time_machine.move_to(now, tick=False)
    desk = committed_cast.north
    with tenant(desk.tenant):
        visit = make_visit(desk, start=now.replace(hour=14, minute=0), technician=desk.lou)
        template = Phone(desk, now=now)
        actions = whole_visit(template, visit, desk)

    def device():
        client = Client()
        client.force_login(desk.technician.user)
        return lambda: Phone(desk, now=now, client=client).outcomes(*actions)

    answers = at_once(device(), device())
    assert answers == [["accepted"] * 6] * 2
    with tenant(desk.tenant):
        assert VisitStep.objects.filter(visit=visit).count() == 4
        assert Recommendation.objects.filter(finding="Bare wire").count() == 1
        assert DeviceAction.objects.count() == 6
        assert ServiceReport.objects.count() == 1
    connection.close()
