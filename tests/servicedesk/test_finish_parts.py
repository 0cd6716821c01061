"""How many of each part, as it is typed on the finish page."""

import pytest

from tests.servicedesk.finish_scene import north, typed, url, visit
from visits.models import Part, PartUse, Review, ServiceReport

__all__ = ["north", "visit"]
FIVE_THOUSAND = "9" * 5000


@pytest.fixture
def blade(north):
    return Part.objects.create(number="CB-9", name="Cleaning blade")


@pytest.mark.parametrize("count", [FIVE_THOUSAND, "100", "-1", "1.5", "two", "\u00b2"])
def test_a_count_that_is_none_is_a_422_and_stays_as_typed(north, visit, lou, client, blade, count):
    name = f"part-{blade.public_id}"
    answer = client.post(url(north, visit), typed(north, decision="untold") | {name: count})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'<a href="#{name}">Cleaning blade CB-9: write how many, from 0 to 99.</a>' in page
    assert f'id="{name}" name="{name}" value="{count}"' in page
    assert 'value="M. Ellison"' in page
    visit.refresh_from_db()
    assert visit.state == "on site"
    assert not PartUse.objects.exists()


@pytest.mark.parametrize("count", ["", " 0 "])
def test_none_used_is_none(north, visit, lou, client, blade, count):
    sent = typed(north, decision="untold") | {f"part-{blade.public_id}": count}
    assert client.post(url(north, visit), sent).status_code == 302
    assert not PartUse.objects.exists()


@pytest.mark.parametrize("more", ["", "add/"])
@pytest.mark.parametrize("count", [FIVE_THOUSAND, "100", "0", "some"])
def test_a_count_of_an_added_part_that_is_none_is_a_422(north, visit, lou, client, blade, more, count):
    sent = typed(north, decision="untold", add="part", extra_number="cb-9", extra_quantity=count)
    answer = client.post(url(north, visit, more), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Write how many, from 1 to 99." in page
    assert 'name="extra_number" type="text" value="cb-9"' in page
    assert f'name="extra_quantity" type="number" value="{count}"' in page
    assert not PartUse.objects.exists()


def test_one_more_of_a_part_than_there_can_be_is_a_422(north, visit, lou, client, blade):
    sent = typed(north, decision="untold", extra_number="CB-9", extra_quantity="1")
    answer = client.post(url(north, visit), sent | {f"part-{blade.public_id}": "99"})
    assert answer.status_code == 422
    assert "99 of a part at most." in answer.content.decode()


@pytest.mark.parametrize("more", ["", "add/"])
def test_a_null_byte_in_a_parts_number_is_left_out(north, visit, lou, client, blade, more):
    sent = typed(north, decision="untold", add="part", extra_number="NO\0-1")
    answer = client.post(url(north, visit, more), sent)
    assert answer.status_code == 422
    assert "No part has the number “NO-1”" in answer.content.decode()
    assert "\0" not in answer.content.decode()


def test_null_bytes_are_left_out_of_all_that_is_typed(north, visit, lou, client):
    sent = typed(north, decision="deferred", why_not_now="other", until="2026-06-01", words_not_now="Mo\0ves")
    sent |= {"fixed": "no", "not_fixed_because": "No\0 part", "work_done": "Looked\0.", "signed_name": "M\0."}
    sent |= {"next_step": "Or\0der", "new-finding": "Bare\0 wire", "new-severity": "4", "new-machine": "\0"}
    assert client.post(url(north, visit), sent).status_code == 302
    report = ServiceReport.objects.get()
    assert (report.work_done, report.not_fixed_because, report.next_step) == ("Looked.", "No part", "Order")
    assert report.signed_by == "M."
    assert Review.objects.get(outcome="deferred").reason == "Moves"
    assert Review.objects.get(outcome="raised").recommendation.finding == "Bare wire"
