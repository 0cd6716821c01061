import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenancy.scope import tenant
from visits.models import Part, StockMove, VanStock
from visits.stock import Place, receive_part, use_in_visit

SHELF = Place(name="Depot, shelf 14")


@pytest.fixture
def act(north, now):
    return {"by": north.dispatcher, "now": now}


@pytest.fixture
def fuser(north, act):
    """Three at the depot, one in Lou's van."""
    part = Part.objects.create(number="FU-240", name="Fuser unit")
    receive_part(part, 3, target=SHELF, **act)
    receive_part(part, 1, target=Place(north.lou), **act)
    return part


def test_the_list_says_where_each_part_lies(north, fuser, dispatcher):
    page = dispatcher.get(north.url("stock/"))
    ((part, sums),) = page.context["rows"]
    assert (part, sums) == (fuser, {"vans": 1, "depots": 3})
    assert "Depot, shelf 14: 3 · Lou’s van: 1" in page.content.decode().replace("\n", "")


def test_a_part_is_found_by_its_number_and_its_name(north, fuser, dispatcher):
    Part.objects.create(number="RK-2", name="Roller kit")
    found = {
        words: [part.number for part, _ in dispatcher.get(north.url("stock/"), {"q": words}).context["rows"]]
        for words in ("fu-2", "kit roller", "unit 240", "drum")
    }
    assert found == {"fu-2": ["FU-240"], "kit roller": ["RK-2"], "unit 240": ["FU-240"], "drum": []}
    assert "No part has “drum”" in dispatcher.get(north.url("stock/"), {"q": "drum"}).content.decode()


def test_what_no_keyboard_types_is_not_looked_for(north, fuser, dispatcher):
    page = dispatcher.get(north.url("stock/"), {"q": "fu\0ser"})
    assert (page.status_code, page.context["words"], len(page.context["rows"])) == (200, "fuser", 1)
    assert dispatcher.get(north.url("stock/"), {"q": "\0", "after": "\0"}).status_code == 200


def test_the_list_goes_on_after_fifty(north, dispatcher):
    Part.objects.bulk_create(Part(number=f"P-{n:03d}", name="Part") for n in range(51))
    first = dispatcher.get(north.url("stock/"), {"q": "part"})
    assert len(first.context["rows"]) == 50
    second = dispatcher.get(north.url("stock/") + first.context["next_url"])
    assert [part.number for part, _ in second.context["rows"]] == ["P-050"]
    assert (second.context["next_url"], second.context["front_url"]) == ("", "?q=part")
    assert dispatcher.get(north.url("stock/"), {"after": "no cursor"}).status_code == 200


def test_three_parts_cost_as_many_queries_as_one(north, fuser, dispatcher, act):
    one = queries(dispatcher, north.url("stock/"))
    for number in ("RK-2", "CB-9"):
        receive_part(Part.objects.create(number=number, name="Part"), 1, target=SHELF, **act)
    assert queries(dispatcher, north.url("stock/")) == one


def test_more_shelves_and_lines_cost_no_more_queries(north, fuser, dispatcher, act):
    url = north.url(f"stock/{fuser.public_id}/")
    few = queries(dispatcher, url)
    for place in (Place(north.marek), Place(name="Depot, shelf 2")):
        receive_part(fuser, 1, target=place, **act)
    assert queries(dispatcher, url) == few


def test_what_a_visit_used_too_much_of_is_to_be_counted(north, fuser, visit, dispatcher, act):
    use_in_visit(visit, north.lou, {fuser: 2}, **act)
    page = dispatcher.get(north.url("stock/")).content.decode()
    assert "To be counted" in page
    assert "Fuser unit FU-240</a>, Lou’s van" in page
    shelf = VanStock.objects.get(technician=north.lou)
    url = north.url(f"stock/{fuser.public_id}/count/")
    answer = dispatcher.post(url, {"shelf": shelf.public_id, "seen": 0, "counted": 0})
    assert answer.status_code == 302
    assert "To be counted" not in dispatcher.get(north.url("stock/")).content.decode()


def test_a_part_is_added_once(north, dispatcher):
    typed = {"number": " XB-7 ", "name": "Belt", "price": "12.50"}
    added = dispatcher.post(north.url("stock/new/"), typed)
    part = Part.objects.get()
    assert (part.number, part.name, str(part.price)) == ("XB-7", "Belt", "12.50")
    assert added.url == north.url(f"stock/{part.public_id}/")
    again = dispatcher.post(north.url("stock/new/"), {"number": "xb-7", "name": "Belt"})
    assert again.status_code == 422
    assert "There is a part with this number already." in again.content.decode()
    assert Part.objects.count() == 1


def test_parts_are_moved_to_a_van_and_to_a_new_place(north, fuser, dispatcher):
    shelf = VanStock.objects.get(technician=None)
    url = north.url(f"stock/{fuser.public_id}/move/")
    to_marek = {"quantity": 2, "source": shelf.public_id, "target": f"van {north.marek.public_id}"}
    assert dispatcher.post(url, to_marek).status_code == 302
    elsewhere = {"quantity": 1, "source": shelf.public_id, "target": "", "elsewhere": " Depot,  shelf 2 "}
    assert dispatcher.post(url, elsewhere).status_code == 302
    assert lying(fuser) == {
        "Depot, shelf 14": 0, "Depot, shelf 2": 1, "Lou’s van": 1, "Marek’s van": 2
    }  # fmt: skip
    page = dispatcher.get(north.url(f"stock/{fuser.public_id}/")).content.decode()
    assert "2 moved from Depot, shelf 14 to Marek’s van, Dana Whitlock" in page


def test_what_cannot_be_moved_is_said_and_kept(north, fuser, dispatcher):
    shelf = VanStock.objects.get(technician=None)
    url = north.url(f"stock/{fuser.public_id}/move/")
    nowhere = dispatcher.post(url, {"quantity": 2, "source": shelf.public_id, "reason": "For Friday"})
    assert nowhere.status_code == 422
    assert "Choose where it goes, or name a new place." in nowhere.content.decode()
    assert 'value="For Friday"' in nowhere.content.decode()
    too_many = {"quantity": 9, "source": shelf.public_id, "target": f"van {north.lou.public_id}"}
    answer = dispatcher.post(url, too_many)
    assert answer.status_code == 409
    assert "Depot, shelf 14: 3 left." in answer.content.decode()
    assert lying(fuser) == {"Depot, shelf 14": 3, "Lou’s van": 1}


def test_what_came_is_received(north, fuser, dispatcher):
    url = north.url(f"stock/{fuser.public_id}/receive/")
    typed = {"quantity": 4, "target": "at Depot, shelf 14", "reason": "Note 7731"}
    assert dispatcher.post(url, typed).status_code == 302
    assert lying(fuser)["Depot, shelf 14"] == 7
    page = dispatcher.get(north.url(f"stock/{fuser.public_id}/")).content.decode()
    assert "4 received, Depot, shelf 14, Dana Whitlock" in page
    assert "Note 7731" in page
    assert dispatcher.post(url, typed | {"quantity": "many"}).status_code == 422


def test_a_count_needs_a_reason_and_the_number_that_stands(north, fuser, dispatcher):
    shelf = VanStock.objects.get(technician=None)
    url = north.url(f"stock/{fuser.public_id}/count/")
    typed = {"shelf": shelf.public_id, "seen": 3, "counted": 2}
    assert "Say why it is another number" in said(dispatcher.post(url, typed), 422)
    typed["reason"] = "One was wet"
    assert "3 by now, not 5" in said(dispatcher.post(url, typed | {"seen": 5}), 409)
    assert dispatcher.post(url, typed).status_code == 302
    assert lying(fuser)["Depot, shelf 14"] == 2
    assert "1 fewer counted, Depot, shelf 14" in said(
        dispatcher.get(north.url(f"stock/{fuser.public_id}/")), 200
    )


def test_the_ledger_goes_on_with_what_is_older(north, fuser, dispatcher, act):
    for _ in range(30):
        receive_part(fuser, 1, target=SHELF, **act)
    url = north.url(f"stock/{fuser.public_id}/")
    first = dispatcher.get(url)
    second = dispatcher.get(url + first.context["older_url"])
    shown = [line.pk for page in (first, second) for line, _ in page.context["lines"]]
    assert shown == sorted(StockMove.objects.values_list("pk", flat=True), reverse=True)


def test_technicians_and_sales_do_not_open_the_stock(north, fuser, sales):
    for path in ("stock/", "stock/new/", f"stock/{fuser.public_id}/"):
        assert sales.get(north.url(path)).status_code == 403


def test_another_desk_s_part_and_shelf_are_not_found(cast, north, fuser, dispatcher, act):
    with tenant(cast.south.tenant):
        theirs = Part.objects.create(number="FU-240", name="Fuser unit")
        line = receive_part(theirs, 1, target=SHELF, by=cast.south.dispatcher, now=act["now"])
    assert dispatcher.get(north.url(f"stock/{theirs.public_id}/")).status_code == 404
    typed = {"shelf": line.target.public_id, "seen": 1, "counted": 0, "reason": "Mine"}
    assert dispatcher.post(north.url(f"stock/{fuser.public_id}/count/"), typed).status_code == 404


def said(answer, status):
    assert answer.status_code == status
    return answer.content.decode()


def queries(client, url):
    with CaptureQueriesContext(connection) as made:
        assert client.get(url).status_code == 200
    return len(made)


def lying(part):
    return {str(row): row.quantity for row in part.stock.select_related("technician")}
