import uuid

import pytest

from tests.cast import make_plain_visit
from tests.servicedesk.parts_scene import SHELF, lying, make_blade, offered
from visits.models import StockMove, VanStock, Visit
from visits.stock import Place, receive_part, use_in_visit


@pytest.fixture
def blade(north, now):
    return make_blade(north, now)


def test_the_brief_says_why_and_offers_what_is_at_the_depot(north, visit, blade, lou, client):
    page = brief(client, north, visit)
    assert "Bring, 0 of 1 on the van" in page
    assert "1, depot shelf 14" in page
    assert "Used at 2 of 2 visits for “grey” or “bands”" in page
    assert north.url(f"today/{visit.public_id}/take/") in page


def test_one_tap_takes_a_part_along_and_another_puts_it_back(north, visit, blade, lou, client):
    answer = take(client, north, visit, offered(client, north, visit))
    assert (answer.status_code, answer.url) == (302, north.url(f"today/{visit.public_id}/") + "#bring")
    assert lying(blade) == {"depot shelf 14": 0, "Lou’s van": 1}
    page = brief(client, north, visit)
    assert "Bring, 1 of 1 on the van" in page
    move = StockMove.objects.get(kind="moved")
    assert (move.by, move.visit) == (lou, visit)
    back = client.post(north.url(f"today/{visit.public_id}/put-back/"), {"move": move.public_id})
    assert back.status_code == 302
    assert lying(blade) == {"depot shelf 14": 1, "Lou’s van": 0}
    assert "Bring, 0 of 1 on the van" in brief(client, north, visit)


def test_two_taps_take_one(north, visit, blade, lou, client, now):
    receive_part(blade, 1, target=SHELF, by=north.dispatcher, now=now)
    fields = offered(client, north, visit)
    assert [take(client, north, visit, fields).status_code for _ in range(2)] == [302, 302]
    assert lying(blade) == {"depot shelf 14": 1, "Lou’s van": 1}


def test_the_last_one_gone_is_said(north, visit, blade, lou, client):
    fields = offered(client, north, visit)
    assert take(client, north, visit, fields | {"move": uuid.uuid4()}).status_code == 302
    answer = take(client, north, visit, fields)
    assert answer.status_code == 409
    assert "depot shelf 14: none left" in answer.content.decode()


def test_a_part_that_was_used_is_not_put_back(north, visit, blade, lou, client, now):
    take(client, north, visit, offered(client, north, visit))
    use_in_visit(visit, north.lou, {blade: 1}, by=lou, now=now)
    move = StockMove.objects.get(kind="moved")
    answer = client.post(north.url(f"today/{visit.public_id}/put-back/"), {"move": move.public_id})
    assert answer.status_code == 409
    assert "Lou’s van: none left" in answer.content.decode()


def test_a_broken_form_is_refused_in_words(north, visit, blade, lou, client):
    answer = take(client, north, visit, {"shelf": "x"})
    assert answer.status_code == 422
    assert "This page is not whole." in answer.text
    assert "Nobody is sent to this visit yet" not in answer.text
    assert client.post(north.url(f"today/{visit.public_id}/put-back/"), {"move": "x"}).status_code == 404


def test_nothing_is_offered_at_a_visit_that_is_over(north, visit, blade, lou, client, now):
    Visit.objects.filter(pk=visit.pk).update(state="no access", arrived_at=now)
    page = brief(client, north, visit)
    assert "1, depot shelf 14" in page
    assert "/take/" not in page


def test_nothing_is_taken_along_to_a_visit_that_is_over(north, visit, blade, lou, client, now):
    fields = offered(client, north, visit)
    Visit.objects.filter(pk=visit.pk).update(state="no access", arrived_at=now)
    answer = take(client, north, visit, fields)
    assert answer.status_code == 409
    assert "This visit is over: no access. Nothing was moved." in answer.text
    assert lying(blade) == {"depot shelf 14": 1}


def test_what_was_taken_before_it_was_over_is_answered_again(north, visit, blade, lou, client, now):
    fields = offered(client, north, visit)
    assert take(client, north, visit, fields).status_code == 302
    Visit.objects.filter(pk=visit.pk).update(state="no access", arrived_at=now)
    assert take(client, north, visit, fields).status_code == 302
    assert lying(blade) == {"depot shelf 14": 0, "Lou’s van": 1}


def test_where_nobody_is_sent_the_office_is_asked(north, blade, dispatcher, now):
    alone = make_plain_visit(north, now=now)
    alone.assignments.all().delete()
    answer = take(dispatcher, north, alone, {"shelf": VanStock.objects.get().public_id, "move": uuid.uuid4()})
    assert answer.status_code == 422
    assert "Nobody is sent to this visit yet" in answer.text


def test_another_technician_takes_nothing_along(north, blade, lou, client, now):
    other = make_plain_visit(north, now=now, technician=north.marek)
    shelf = VanStock.objects.get()
    answer = take(client, north, other, {"shelf": shelf.public_id, "move": uuid.uuid4()})
    assert answer.status_code == 403


def test_nothing_is_taken_out_of_a_colleague_s_van(north, visit, blade, lou, client, now):
    line = receive_part(blade, 1, target=Place(north.marek), by=north.dispatcher, now=now)
    answer = take(client, north, visit, {"shelf": line.target.public_id, "move": uuid.uuid4()})
    assert answer.status_code == 404


def test_my_van_says_what_lies_there_and_is_counted(north, blade, lou, client, now):
    line = receive_part(blade, 2, target=Place(north.lou), by=north.dispatcher, now=now)
    receive_part(blade, 9, target=Place(north.marek), by=north.dispatcher, now=now)
    page = client.get(north.url("today/van/")).content.decode()
    assert "2 parts on the van" in page
    assert page.count("Cleaning blade CB-9") == 1
    typed = {"shelf": line.target.public_id, "seen": 2, "counted": 1, "reason": "Fell out"}
    assert count(client, north, typed | {"reason": ""}).status_code == 422
    assert count(client, north, typed | {"seen": 7}).status_code == 409
    assert count(client, north, typed).status_code == 302
    assert "1 part on the van" in client.get(north.url("today/van/")).content.decode()


def test_a_colleague_s_van_is_not_mine_to_count(north, blade, lou, client, now):
    line = receive_part(blade, 2, target=Place(north.marek), by=north.dispatcher, now=now)
    typed = {"shelf": line.target.public_id, "seen": 2, "counted": 1, "reason": "Fell out"}
    assert count(client, north, typed).status_code == 404


def test_who_is_no_technician_has_no_van(north, manager):
    assert "No technician belongs to your sign-in" in manager.get(north.url("today/van/")).content.decode()


def take(client, desk, visit, fields):
    return client.post(desk.url(f"today/{visit.public_id}/take/"), fields)


def count(client, desk, fields):
    return client.post(desk.url("today/van/count/"), fields)


def brief(client, desk, visit) -> str:
    return client.get(desk.url(f"today/{visit.public_id}/")).content.decode()
