import datetime as dt
import json
import re
from pathlib import Path

import pytest

from servicedesk.settings import BASE_DIR
from tests.cast import make_visit
from tests.servicedesk.parts_scene import make_blade
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


def test_every_form_of_the_days_pages_goes_through_the_phones_queue(north, visit, technician, now):
    """What the script does not know by its address would need a signal."""
    script = (Path(BASE_DIR) / "servicedesk/static/js/technician-offline.js").read_text()
    step = re.compile(re.search(r"const STEP = /(.+)/;", script)[1].replace(r"\/", "/"))
    Visit.objects.filter(pk=visit.pk).update(problem="Grey bands")
    make_blade(north, now)
    found = set()
    for state, more in (
        ("booked", {}),
        ("on the way", {"on_the_way_at": now}),
        ("on site", {"arrived_at": now}),
    ):
        done = {"called_ahead_at": now, "brief_read_at": now} | more
        technician.get(north.url("today/"))
        earlier = now.replace(hour=13, minute=len(found))
        Visit.objects.filter(pk=visit.pk).update(state=state, planned_start=earlier, **done)
        for path in ("", f"{visit.public_id}/", f"{visit.public_id}/finish/?kept"):
            page = technician.get(north.url(f"today/{path}")).content.decode()
            found |= set(re.findall(r'(?:formaction|method="post" action)="([^"]+)"', page))
    kinds = {address: step.search(address) for address in found}
    assert [address for address, kind in kinds.items() if kind is None] == []
    assert {kind[2] for kind in kinds.values()} == {
        "accept", "call", "read", "set-out", "arrival", "arrive", "skip", "undo", "no-access", "take",
        "finish", "finish/add",
    }  # fmt: skip
