import datetime as dt
import json
import re

import pytest

from tests.cast import make_visit
from visits.models import Visit


@pytest.fixture
def visit(north, now):
    return make_visit(north, start=now.replace(hour=14, minute=0), technician=north.lou)


@pytest.fixture
def technician(north, client):
    client.force_login(north.technician.user)
    return client


def test_pages_say_for_whom_they_are_kept(north, visit, technician):
    for path in ("", f"{visit.public_id}/", "waiting/"):
        answer = technician.get(north.url(f"today/{path}"))
        assert answer["X-Kept-For"] == str(north.technician.public_id), path
        assert 'data-phone="' in answer.content.decode()


def test_what_the_office_reads_is_kept_on_no_phone(north, visit, client):
    client.force_login(north.dispatcher.user)
    answer = client.get(north.url(f"today/{visit.public_id}/"))
    assert "X-Kept-For" not in answer
    assert "data-phone" not in answer.content.decode()


def test_today_names_the_pages_of_two_days(north, visit, technician, now):
    tomorrow = make_visit(north, start=now + dt.timedelta(days=1), technician=north.lou)
    make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
    page = technician.get(north.url("today/")).content.decode()
    listed = json.loads(re.search(r'data-keep="([^"]+)"', page)[1].replace("&quot;", '"'))
    ids = [str(one.public_id) for one in (visit, tomorrow)]
    paths = ["", "waiting/", *(f"{id}/{more}" for id in ids for more in ("", "finish/"))]
    assert listed == [north.url(f"today/{path}") for path in paths]
    assert f'href="{north.url(f"today/{tomorrow.public_id}/")}"' in page


def test_a_report_is_kept_before_the_arrival_and_finishes_nothing(north, visit, technician):
    url = north.url(f"today/{visit.public_id}/finish/")
    assert technician.get(url).status_code == 302
    assert technician.get(url, headers={"X-Keep": "1"}).status_code == 200
    assert technician.get(f"{url}?kept").status_code == 200
    assert technician.post(f"{url}?kept", {}, headers={"X-Keep": "1"}).status_code == 409
    assert Visit.objects.get(pk=visit.pk).state == "booked"


def test_worker_and_manifest_belong_to_the_desks_technicians(north, technician, client):
    worker = technician.get(north.url("today/worker.js"))
    assert worker["Content-Type"].startswith("text/javascript")
    assert worker["Cache-Control"] == "no-cache"
    assert b"X-Kept-For" in worker.content
    manifest = technician.get(north.url("today/app.webmanifest")).json()
    assert manifest["start_url"] == manifest["scope"] == north.url("today/")
    client.force_login(north.sales.user)
    for name in ("worker.js", "app.webmanifest", "waiting/"):
        assert client.get(north.url(f"today/{name}")).status_code == 403


def test_signing_in_begins_with_an_empty_phone(client, db):
    assert "js/signed-out.js" in client.get("/sign-in/").content.decode()
