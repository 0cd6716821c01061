import datetime as dt

import pytest

from tenancy.models import Membership, User

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


def test_a_step_out_of_order_is_a_409_that_says_why(north, visit, lou, client):
    answer = client.post(north.url(f"today/{visit.public_id}/set-out/"))
    assert answer.status_code == 409
    assert "Call ahead first, or skip it with a reason." in answer.content.decode()


def test_the_brief_must_be_read(north, visit, lou, client):
    tap(client, north, visit, "call", result="spoke")
    answer = client.post(north.url(f"today/{visit.public_id}/set-out/"))
    assert answer.status_code == 409
    assert "1 to raise: read it first." in answer.content.decode()


def test_skipping_needs_words_and_keeps_the_page(north, visit, lou, client):
    url = north.url(f"today/{visit.public_id}/skip/")
    answer = client.post(url, {"step": "call ahead", "because": " "})
    assert answer.status_code == 422
    assert "Say why you skip this step." in answer.content.decode()
    assert client.post(url, {"step": "call ahead", "because": "She rang us"}).status_code == 302
    assert "Called ahead skipped: She rang us" in brief(client, north, visit)


@pytest.mark.parametrize("expected", ["25:00", "soon", "11:00"])
def test_an_arrival_that_is_no_time_is_a_422(north, visit, lou, client, expected):
    tap(client, north, visit, "call", result="spoke")
    tap(client, north, visit, "read")
    answer = client.post(north.url(f"today/{visit.public_id}/set-out/"), {"expected": expected})
    assert answer.status_code == 422
    visit.refresh_from_db()
    assert visit.on_the_way_at is None


def test_a_wrong_tap_is_undone_on_the_page(north, visit, lou, now, time_machine, client):
    tap(client, north, visit, "call", result="spoke")
    assert offers_undo(brief(client, north, visit))
    tap(client, north, visit, "undo")
    assert "I called ahead" in brief(client, north, visit)
    tap(client, north, visit, "call", result="spoke")
    time_machine.move_to(now + 61 * dt.timedelta(seconds=1), tick=False)
    # What the page holds for a phone without a signal is not shown.
    assert not offers_undo(brief(client, north, visit))
    assert client.post(north.url(f"today/{visit.public_id}/undo/")).status_code == 409


def test_no_access_on_the_page(north, visit, lou, now, time_machine, client):
    for name, values in (("call", {"result": "spoke"}), ("read", {}), ("set-out", {}), ("arrive", {})):
        tap(client, north, visit, name, **values)
    url = north.url(f"today/{visit.public_id}/no-access/")
    answer = client.post(url, {"because": "Gate locked"})
    assert answer.status_code == 422
    assert "until 13:17" in answer.content.decode()
    assert 'value="Gate locked"' in answer.content.decode()
    time_machine.move_to(now + 11 * MINUTE, tick=False)
    tap(client, north, visit, "call", result="no answer")
    assert client.post(url, {"because": "Gate locked"}).status_code == 302
    visit.refresh_from_db()
    assert visit.state == "no access"


def test_a_form_counts_at_our_time_whatever_it_says_of_its_own(north, visit, lou, now, client):
    tap(client, north, visit, "call", result="no answer", device_at="2026-03-05T08:01:00Z")
    assert list(visit.steps.values_list("at", "device_at")) == [(now, None)]


def test_the_ten_minutes_at_the_door_are_not_forged_by_a_form(north, visit, lou, now, client):
    for name, values in (("call", {"result": "spoke"}), ("read", {}), ("set-out", {})):
        tap(client, north, visit, name, **values)
    tap(client, north, visit, "arrive", device_at=(now - 300 * MINUTE).isoformat())
    tap(client, north, visit, "call", result="no answer", device_at=(now - 290 * MINUTE).isoformat())
    sent = {"because": "Gate locked", "device_at": now.isoformat()}
    answer = client.post(north.url(f"today/{visit.public_id}/no-access/"), sent)
    assert answer.status_code == 422
    assert "until 13:17" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.state == "on site"


def test_a_null_byte_in_a_reason_is_left_out(north, visit, lou, now, time_machine, client):
    tap(client, north, visit, "skip", step="call ahead", because="She\0 rang us")
    assert visit.steps.get().skipped_because == "She rang us"
    for name in ("read", "set-out", "arrive"):
        tap(client, north, visit, name)
    tap(client, north, visit, "call", result="no answer")
    time_machine.move_to(now + 11 * MINUTE, tick=False)
    tap(client, north, visit, "call", result="no answer")
    tap(client, north, visit, "no-access", because="Gate\0 locked")
    visit.refresh_from_db()
    assert visit.ended_because == "Gate locked"


@pytest.mark.parametrize(
    "name", ["call", "read", "set-out", "arrival", "arrive", "skip", "undo", "no-access"]
)
def test_a_step_is_a_post_of_somebody_who_may(north, visit, client, name):
    other = Membership.objects.create(
        user=User.objects.create_user("pat@northgate.example", "a long password", name="Pat Reed"),
        role="technician",
    )
    url = north.url(f"today/{visit.public_id}/{name}/")
    client.force_login(north.technician.user)
    assert client.get(url).status_code == 405
    for stranger in (other, north.sales, north.accounts):
        client.force_login(stranger.user)
        assert client.post(url, {"result": "spoke", "because": "x"}).status_code == 403


def offers_undo(page):
    form = page.split('<form class="dock__undo"')[1].split(">")[0]
    return " hidden" not in form


def brief(client, desk, visit):
    answer = client.get(desk.url(f"today/{visit.public_id}/"))
    assert answer.status_code == 200
    return answer.content.decode()


def tap(client, desk, visit, name, **values):
    answer = client.post(desk.url(f"today/{visit.public_id}/{name}/"), values)
    assert answer.status_code == 302, answer.content.decode()
