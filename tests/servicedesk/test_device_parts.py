"""Parts taken along and put back without a signal: once, by the stock's own rule, conflicts asked."""

import datetime as dt
import uuid

import pytest
from django.test import Client

from tenancy.scope import tenant
from tests.at_once import at_once
from tests.cast import make_visit
from tests.servicedesk.parts_scene import SHELF, lying, make_blade, offered
from tests.servicedesk.phone import Phone
from visits.models import DeviceAction, StockMove, VanStock, Visit
from visits.stock import Place, disagreements, move_part, to_count, use_in_visit

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def blade(north, now):
    return make_blade(north, now)


@pytest.fixture
def phone(north, now, client):
    client.force_login(north.technician.user)
    return Phone(north, now=now, client=client)


@pytest.fixture
def fields(phone, north, visit, blade):
    """What the kept page's form sends."""
    return offered(phone.client, north, visit)


@pytest.fixture
def gone(north, blade, fields, now):
    """Somebody else took the last one while the phone had no signal."""
    move_part(
        blade, 1, source=SHELF, target=Place(north.marek), by=north.people["manager"], now=now - 17 * MINUTE
    )


def lines(kind=None):
    found = StockMove.objects.exclude(kind="received").order_by("pk")
    return [(line.kind, str(line.source or ""), str(line.target or ""), line.quantity) for line in found]


def test_what_was_taken_without_a_signal_is_on_the_van_once(north, visit, blade, phone, fields, now):
    action = phone.action(visit, "take", ago=40 * MINUTE, **fields)
    assert [phone.outcomes(action) for _ in range(2)] == [["accepted"]] * 2
    assert lines() == [("moved", "depot shelf 14", "Lou’s van", 1)]
    move = StockMove.objects.get(kind="moved")
    assert (str(move.public_id), move.visit, move.by, move.at) == (
        fields["move"],
        visit,
        north.technician,
        now,
    )
    kept = DeviceAction.objects.get()
    assert (kept.kind, kept.happened_at) == ("take", now - 40 * MINUTE)
    page = phone.client.get(north.url(f"today/{visit.public_id}/")).text
    assert "Bring, 1 of 1 on the van" in page


def test_taken_put_back_and_taken_again_in_one_batch(visit, blade, phone, fields):
    again = fields | {"move": str(uuid.uuid4())}
    actions = [
        phone.action(visit, "take", **fields),
        phone.action(visit, "put-back", **fields),
        phone.action(visit, "take", **again),
    ]
    assert phone.outcomes(*actions) == phone.outcomes(*actions) == ["accepted"] * 3
    assert lying(blade) == {"depot shelf 14": 0, "Lou’s van": 1}
    assert [line[1] for line in lines()] == ["depot shelf 14", "Lou’s van", "depot shelf 14"]


def test_the_last_one_taken_by_somebody_else_is_asked_about_with_both_versions(
    visit, blade, phone, fields, gone
):
    action = phone.action(visit, "take", ago=40 * MINUTE, **fields)
    arrive = phone.action(visit, "read")
    answers = phone.send(action, arrive).json()["answers"]
    assert [one["outcome"] for one in answers] == ["conflict", "held"]
    assert answers[0]["seen"] == "Cleaning blade CB-9, depot shelf 14: at least 1"
    assert answers[0]["now"] == (
        "Cleaning blade CB-9, depot shelf 14: none left. 1 moved from depot shelf 14 to Marek’s van, "
        "Robin Vale, Thursday 5 March, 12:50"
    )
    assert "If you have it in your hand, send it" in answers[0]["words"]
    assert (answers[0]["agreed"], answers[0]["plan"]) == ([["in_hand", "yes"]], None)
    assert lying(blade) == {"depot shelf 14": 0, "Marek’s van": 1}
    assert not DeviceAction.objects.exists()


def test_who_has_it_in_hand_is_believed_and_the_shelf_is_counted(visit, blade, phone, fields, gone, now):
    action = phone.action(visit, "take", **fields)
    agreed = phone.send(action).json()["answers"][0]["agreed"]
    action["typed"] += agreed
    assert phone.outcomes(action) == phone.outcomes(action) == ["accepted"]
    assert lying(blade) == {"depot shelf 14": 0, "Marek’s van": 1, "Lou’s van": 1}
    assert lines()[1:] == [
        ("short", "", "depot shelf 14", 1),
        ("moved", "depot shelf 14", "Lou’s van", 1),
    ]
    assert [(str(shelf), shelf.to_count_since) for shelf in to_count()] == [("depot shelf 14", now)]
    assert not disagreements().exists()


def test_what_is_left_out_was_never_taken_and_is_not_put_back(visit, blade, phone, fields, gone):
    action = phone.action(visit, "take", **fields)
    back = phone.action(visit, "put-back", **fields)
    assert phone.outcomes(action, back) == ["conflict", "held"]
    answers = phone.send(action | {"left_out": True}, back).json()["answers"]
    assert [one["outcome"] for one in answers] == ["left out", "refused"]
    assert answers[1]["words"] == "It was not taken along: there is nothing to put back."
    assert lying(blade) == {"depot shelf 14": 0, "Marek’s van": 1}


def test_what_a_visit_used_meanwhile_is_asked_about_before_it_goes_back(
    north, visit, blade, phone, fields, now
):
    assert phone.outcomes(phone.action(visit, "take", **fields)) == ["accepted"]
    use_in_visit(visit, north.lou, {blade: 1}, by=north.technician, now=now)
    back = phone.action(visit, "put-back", **fields)
    answer = phone.send(back).json()["answers"][0]
    assert answer["seen"] == "Cleaning blade CB-9, Lou’s van: at least 1"
    assert answer["now"] == (
        "Cleaning blade CB-9, Lou’s van: none left. 1 used from Lou’s van, Lou Baptiste, "
        "Thursday 5 March, 13:07"
    )
    back["typed"] += answer["agreed"]
    assert phone.outcomes(back) == ["accepted"]
    assert lying(blade) == {"depot shelf 14": 1, "Lou’s van": 0}
    assert [str(shelf) for shelf in to_count()] == ["Lou’s van"]
    assert not disagreements().exists()


def test_to_a_visit_that_is_over_nothing_is_taken_and_it_says_so(visit, blade, phone, fields, now):
    Visit.objects.filter(pk=visit.pk).update(state="no access", arrived_at=now)
    answer = phone.send(phone.action(visit, "take", **fields)).json()["answers"][0]
    assert (answer["outcome"], answer["words"]) == (
        "refused",
        "This visit is over: no access. Nothing was moved.",
    )
    assert lying(blade) == {"depot shelf 14": 1}


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("take", {"shelf": "x"}, "This page is not whole. Open the visit again, and take it then."),
        (
            "take",
            {"shelf": str(uuid.UUID(int=1)), "move": str(uuid.UUID(int=2))},
            "That shelf is not in the books any more. Ring the office.",
        ),
        ("put-back", {"move": "x"}, "It was not taken along: there is nothing to put back."),
        ("put-back", {}, "It was not taken along: there is nothing to put back."),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused_in_words(visit, blade, phone, kind, typed, words):
    answer = phone.send(phone.action(visit, kind, **typed)).json()["answers"][0]
    assert (answer["outcome"], answer["words"]) == ("refused", words)
    assert lines() == []


def test_two_phones_reach_for_the_last_one_and_each_sends_twice(committed_cast, time_machine, now):
    time_machine.move_to(now, tick=False)
    desk = committed_cast.north
    with tenant(desk.tenant):
        blade = make_blade(desk, now)
        shelf = str(VanStock.objects.get(part=blade).public_id)
        visits = [
            make_visit(desk, start=now.replace(hour=hour, minute=0), technician=desk.lou) for hour in (14, 16)
        ]
        phones = [Phone(desk, now=now) for _ in visits]
        sent = [
            phone.action(visit, "take", shelf=shelf, move=str(uuid.uuid4()))
            for phone, visit in zip(phones, visits, strict=True)
        ]

    def send(number):
        client = Client()
        client.force_login(desk.technician.user)
        return lambda: Phone(desk, now=now, client=client).outcomes(sent[number])

    answers = at_once(*(send(number) for number in (0, 1, 0, 1)))
    assert sorted([answers[0] + answers[2], answers[1] + answers[3]]) == [["accepted"] * 2, ["conflict"] * 2]
    with tenant(desk.tenant):
        assert lying(blade) == {"depot shelf 14": 0, "Lou’s van": 1}
        assert StockMove.objects.filter(kind="moved").count() == 1
        assert not disagreements().exists()
