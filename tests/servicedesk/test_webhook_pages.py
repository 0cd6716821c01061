"""Webhooks: the manager's pages, and the same for other programs."""

import re

import pytest

from messaging.models import Webhook, WebhookDelivery
from messaging.secrets import opened
from messaging.webhook_delivery import deliver_due
from messaging.webhook_events import Happened, Kind, tell_programs
from messaging.webhooks import add_webhook, seen_of
from tenancy.models import AnsweredCall
from tenancy.scope import tenant
from tests.browser import faults_of
from tests.messaging.test_webhooks import Receiver
from tests.servicedesk.api_scene import first_error, program

URL = "http://127.0.0.1:9/events"


@pytest.fixture
def north(cast, moment, client):
    client.force_login(cast.north.manager.user)
    return cast.north


@pytest.fixture
def call(cast, moment, now):
    return program(cast.north, now=now)


def added(desk, now, url=URL, kinds=(Kind.VISIT_DONE,)):
    with tenant(desk.tenant):
        return add_webhook(url, kinds, by=desk.manager, now=now)[0]


def happens(desk, now, number=1):
    with tenant(desk.tenant):
        tell_programs(Happened(Kind.VISIT_DONE, desk.customer.public_id, now, {"number": number}))


def at(desk, row=None, act=""):
    return desk.url(f"settings/webhooks/{row.public_id}/{act}" if row else f"settings/webhooks/{act}")


def now_seen(desk, row):
    with tenant(desk.tenant):
        return seen_of(Webhook.objects.get(pk=row.pk))


def test_a_new_webhook_shows_its_secret_once(client, north):
    page = client.post(at(north, act="new/"), {"url": URL, "kinds": ["visit.done", "visit.late"]})
    assert page.status_code == 200
    secret = re.search(r"whsec_[\w+/=]+", page.content.decode()).group()
    with tenant(north.tenant):
        row = Webhook.objects.get()
    assert (row.kinds, opened(row.secret)) == (["visit.late", "visit.done"], {"now": secret})
    assert secret not in client.get(at(north, row)).content.decode()
    again = client.post(at(north, act="new/"), {"url": URL, "kinds": ["visit.done"]})
    assert (again.status_code, "hears of events already" in again.content.decode()) == (422, True)
    assert 'value="http://127.0.0.1:9/events"' in again.content.decode()


@pytest.mark.parametrize(
    "said",
    [
        {"url": URL},
        {"url": "", "kinds": ["visit.done"]},
        {"url": "http://10.0.0.1/", "kinds": ["visit.done"]},
    ],
)
def test_what_cannot_be_is_refused_as_it_was_typed(client, north, said):
    assert client.post(at(north, act="new/"), said).status_code == 422
    with tenant(north.tenant):
        assert not Webhook.objects.exists()


def test_changing_switching_and_a_new_secret(client, north, now):
    row = added(north, now)
    old = now_seen(north, row)
    said = {"url": URL + "/2", "kinds": ["visit.missed"], "seen": old}
    assert client.post(at(north, row), said).status_code == 302
    late = client.post(at(north, row), said)
    assert (late.status_code, "Somebody has changed" in late.content.decode()) == (409, True)
    assert client.post(at(north, row, "off/"), {"seen": old}).status_code == 409
    for act, is_on in (("off/", False), ("on/", True)):
        assert client.post(at(north, row, act), {"seen": now_seen(north, row)}).status_code == 302
        with tenant(north.tenant):
            assert Webhook.objects.get(pk=row.pk).is_on is is_on
    page = client.post(at(north, row, "secret/"), {"seen": now_seen(north, row)})
    assert (page.status_code, "whsec_" in page.content.decode()) == (200, True)


def test_the_log_says_what_was_answered_and_tells_again(client, north, now):
    with Receiver(troubles=[500]) as receiver:
        row = added(north, now, url=receiver.url)
        happens(north, now)
        deliver_due()
        assert "Waiting, next 5 Mar 13:08" in client.get(at(north, row)).content.decode()
        with tenant(north.tenant):
            WebhookDelivery.objects.update(send_after=now)
            delivery = WebhookDelivery.objects.get()
        path = north.url(f"settings/webhooks/told/{delivery.public_id}/replay/")
        assert client.post(path).status_code == 409
        deliver_due()
        assert "Delivered" in client.get(at(north, row)).content.decode()
        assert client.post(path).status_code == 302
        deliver_due()
        assert len(receiver.taken) == 2


def test_nobody_but_managers(client, cast, north, now):
    row = added(north, now)
    client.force_login(north.dispatcher.user)
    assert [client.get(path).status_code for path in (at(north), at(north, row))] == [403, 403]
    client.force_login(cast.south.manager.user)
    assert client.get(cast.south.url(f"settings/webhooks/{row.public_id}/")).status_code == 404


def test_the_log_costs_as_many_queries_for_three_as_for_one(
    client, north, call, now, django_assert_max_num_queries
):
    row, page, api = added(north, now), [], []
    call("GET", "webhooks/")
    for number in range(3):
        happens(north, now, number)
        added(north, now, url=f"{URL}/{number}")
        with django_assert_max_num_queries(40) as captured:
            assert client.get(at(north, row)).status_code == 200
        page.append(len(captured))
        with django_assert_max_num_queries(40) as captured:
            assert call("GET", f"webhooks/{row.public_id}/log/").status_code == 200
            assert call("GET", "webhooks/").status_code == 200
        api.append(len(captured))
    assert (page, api) == ([page[0]] * 3, [api[0]] * 3)


def test_programs_set_up_webhooks_and_read_their_log(call, cast, now):
    with Receiver() as receiver:
        sent = {"url": receiver.url, "kinds": ["visit.done"]}
        made = call("POST", "webhooks/", sent)
        said = made.json()
        assert (made.status_code, said["is_on"], said["secret"][:6]) == (201, True, "whsec_")
        path = f"webhooks/{said['id']}/"
        assert "secret" not in call("GET", path).json()
        assert first_error(call("POST", "webhooks/", sent))[::2] == (422, "url")
        walled = {**sent, "url": "http://10.0.0.1/"}
        assert first_error(call("POST", "webhooks/", walled))[::2] == (422, "url")
        changed = call("PATCH", path, {"kinds": ["visit.done", "visit.late"]}, If_Match=made["ETag"])
        assert changed.json()["kinds"] == ["visit.late", "visit.done"]
        assert call("POST", f"{path}rotate/", If_Match=made["ETag"]).status_code == 412
        new = call("POST", f"{path}rotate/", If_Match=changed["ETag"]).json()
        assert new["secret"] != said["secret"]
        assert new["both_until"] == "2026-03-06T13:07:00Z"
        happens(cast.north, now)
        deliver_due()
        (line,) = call("GET", f"{path}log/").json()["results"]
        assert (line["state"], line["data"], [one["status"] for one in line["attempts"]]) == (
            "delivered",
            {"number": 1},
            [204],
        )
        again = call("POST", f"{path}replay/", {"delivery": line["id"]})
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        twice = call("POST", f"{path}replay/", {"delivery": line["id"]})
        assert first_error(twice) == (409, "webhook_refused", None)
        off = call("POST", f"{path}switch-off/", If_Match="*").json()
        assert (off["is_on"], off["off_because"]) == (False, "Switched off by hand")
        assert call("GET", "webhooks/?is_on=true").json()["results"] == []
        assert call("POST", f"{path}switch-on/", If_Match="*").json()["is_on"] is True
    dana = program(cast.north, now=now, acts_as=cast.north.dispatcher)
    assert first_error(dana("GET", "webhooks/")) == (403, "role", None)
    south = program(cast.south, now=now)
    assert south("GET", path).status_code == 404


def test_sent_twice_with_one_key_it_is_added_once_and_its_secret_lies_closed(call, cast, settings):
    sent = {"url": URL, "kinds": ["visit.done"]}
    made = call("POST", "webhooks/", sent, Idempotency_Key="hook-1")
    again = call("POST", "webhooks/", sent, Idempotency_Key="hook-1")
    assert (again.status_code, again.json(), again["ETag"]) == (201, made.json(), made["ETag"])
    assert (again["Idempotency-Replayed"], again["Location"]) == ("true", made["Location"])
    secret = made.json()["secret"]
    with tenant(cast.north.tenant):
        assert Webhook.objects.count() == 1
        kept = AnsweredCall.objects.get().body
    assert secret not in str(kept)
    assert opened(kept["secret"]) == {"secret": secret}
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", []
    lost = call("POST", "webhooks/", sent, Idempotency_Key="hook-1")
    assert first_error(lost) == (409, "secret_lost", None)


@pytest.mark.browser
def test_its_pages_pass_axe_at_320_px_in_both_themes(live_desk, page_as, now):
    row = added(live_desk.cast.north, now)
    for theme in ("light", "dark"):
        page = page_as("manager", width=320, theme=theme)
        for path in ("settings/webhooks/", f"settings/webhooks/{row.public_id}/"):
            with page.expect_navigation():
                page.goto(f"{live_desk.address}/d/northgate/{path}")
            assert faults_of(page) == []
