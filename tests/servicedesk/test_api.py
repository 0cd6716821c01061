"""What holds for every resource of the API: who may, what is refused and how, what is done once."""

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from redis.exceptions import RedisError

from customers.models import Customer, TimelineEntry
from servicedesk.api.throttling import MOST_WRONG_KEYS
from tenancy.api_keys import rotate_key
from tenancy.models import ApiKey
from tenancy.scope import tenant
from tests.servicedesk.api_scene import ROOT, program

DAY = dt.timedelta(days=1)


@pytest.fixture
def call(cast, moment, now):
    """A program that may all at Northgate."""
    return program(cast.north, now=now)


def errors(response):
    """Code, field and words of the first error; and that it has the one shape."""
    said = response.json()
    assert set(said) == {"type", "errors"}
    first = said["errors"][0]
    assert set(first) == {"code", "detail", "attr"}
    return response.status_code, first["code"], first["attr"]


def test_without_a_key_or_with_a_wrong_one_nothing_is_opened(cast, moment):
    for headers in ({}, {"Authorization": "Bearer desk_no"}, {"Authorization": "Basic eDp5"}):
        refused = Client().get(f"{ROOT}customers/", headers=headers)
        assert errors(refused)[0] == 401
        assert refused["WWW-Authenticate"] == "Bearer"


def test_an_expired_key_opens_nothing(cast, moment, now, time_machine):
    call = program(cast.north, now=now, expires_at=now + DAY)
    assert call("GET", "customers/").status_code == 200
    time_machine.move_to(now + DAY, tick=False)
    assert call("GET", "customers/").status_code == 401


def test_a_keys_scopes_and_its_colleagues_role_both_count(cast, moment, now):
    reads = program(cast.north, now=now, scopes=["customers:read"])
    assert reads("GET", "customers/").status_code == 200
    assert errors(reads("POST", "customers/", {"name": "A"})) == (403, "scope", None)
    assert errors(reads("GET", "find/?q=margaret")) == (403, "scope", None)
    lou = program(cast.north, now=now, acts_as=cast.north.technician)
    assert lou("GET", "customers/").status_code == 200
    assert errors(lou("POST", "customers/", {"name": "A"})) == (403, "role", None)
    with tenant(cast.north.tenant):
        assert Customer.objects.count() == 1


def test_a_signed_in_browser_names_its_desk_and_proves_itself(cast, moment):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.north.dispatcher.user)
    at_north = {"X-Desk": cast.north.tenant.slug}
    assert browser.get(f"{ROOT}customers/", headers=at_north).status_code == 200
    for headers in ({}, {"X-Desk": cast.south.tenant.slug}, {"X-Desk": "none"}):
        assert browser.get(f"{ROOT}customers/", headers=headers).status_code == 401
    body = {"data": "{}", "content_type": "application/json"}
    assert browser.post(f"{ROOT}customers/", headers=at_north, **body).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "expected"),
    [
        ("GET", "nothing/", None, {}, (404, "not_found", None)),
        ("GET", f"customers/{uuid.UUID(int=1)}/", None, {}, (404, "not_found", None)),
        ("GET", "customers/?nmae=x", None, {}, (422, "invalid", "nmae")),
        ("GET", "customers/?cursor=x", None, {}, (404, "not_found", None)),
        ("GET", "customers/?cursor=cD1hYmM%3D", None, {}, (404, "not_found", None)),
        ("GET", "customers/?fields=secret", None, {}, (422, "invalid", "fields")),
        ("GET", "customers/", None, {"Accept": "text/html"}, (406, "not_acceptable", None)),
        ("PUT", "customers/", {}, {}, (405, "method_not_allowed", None)),
        ("POST", "customers/", {}, {}, (422, "required", "name")),
        ("POST", "customers/", {"name": "A\x00"}, {}, (422, "null_characters_not_allowed", "name")),
        ("POST", "customers/", [], {}, (422, "invalid", "all")),
        ("POST", "customers/", {"name": "A", "time_zone": "Mars"}, {}, (422, "invalid", "time_zone")),
        (
            "POST",
            "customers/",
            {"name": "A"},
            {"Idempotency_Key": "a b"},
            (422, "invalid", "Idempotency-Key"),
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_shape(call, cast, method, path, body, headers, expected):
    assert errors(call(method, path, body, **headers)) == expected
    with tenant(cast.north.tenant):
        assert Customer.objects.count() == 1


def test_no_json_and_another_kind_of_body(call):
    for kind, status in (("application/json", 400), ("text/plain", 415)):
        refused = call.client.post(f"{ROOT}customers/", "{", content_type=kind, headers=call.headers)
        assert errors(refused)[0] == status


def test_another_desks_row_is_a_404_like_one_that_is_not(call, cast):
    with tenant(cast.south.tenant):
        theirs = cast.south.customer.public_id
    said = {call("GET", f"customers/{id}/").content for id in (theirs, uuid.UUID(int=7))}
    assert len(said) == 1
    changed = call("PATCH", f"customers/{theirs}/", {"name": "Mine"}, If_Match="*")
    assert changed.status_code == 404
    refused = call("POST", "contacts/", {"customer": str(theirs), "name": "X"})
    assert errors(refused) == (422, "unknown", "customer")


def test_too_many_calls_wait_and_the_other_desk_does_not(call, cast, now, settings):
    settings.API_CALLS_PER_MINUTE = 3
    assert [call("GET", "customers/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = call("GET", "customers/")
    assert errors(refused) == (429, "throttled", None)
    # The tests' moment is the first second of a minute.
    assert refused["Retry-After"] == "60"
    assert program(cast.south, now=now)("GET", "customers/").status_code == 200


def test_what_is_refused_was_a_call_too(cast, moment, now, settings):
    settings.API_CALLS_PER_MINUTE = 4
    call = program(cast.north, now=now, scopes=["customers:read"])
    lou = program(cast.north, now=now, acts_as=cast.north.technician)
    refused = [
        call("POST", "customers/", {"name": "A"}),
        lou("POST", "customers/", {"name": "A"}),
        call("GET", "customers/?nmae=x"),
        call("GET", "customers/", Accept="text/html"),
        call("GET", "customers/"),
    ]
    assert [errors(answer)[0] for answer in refused] == [403, 403, 422, 406, 429]


def test_wrong_keys_wait_by_their_address_and_a_right_one_from_there_does_not(call, settings):
    settings.PROXY_COUNT = 1

    def guess(address):
        said = {"Authorization": "Bearer desk_no", "X-Forwarded-For": address}
        return Client().get(f"{ROOT}customers/", headers=said)

    assert [guess("203.0.113.7").status_code for _ in range(MOST_WRONG_KEYS)] == [401] * MOST_WRONG_KEYS
    refused = guess("203.0.113.7")
    assert errors(refused) == (429, "throttled", None)
    assert refused["Retry-After"] == "60"
    assert guess("203.0.113.8").status_code == 401
    assert call("GET", "customers/", X_Forwarded_For="203.0.113.7").status_code == 200
    nobody = Client().get(f"{ROOT}customers/", headers={"X-Forwarded-For": "203.0.113.7"})
    assert nobody.status_code == 401


def test_the_next_minute_begins_anew(call, now, settings, time_machine):
    settings.API_CALLS_PER_MINUTE = 1
    time_machine.move_to(now + dt.timedelta(seconds=45), tick=False)
    assert [call("GET", "customers/").status_code for _ in range(2)] == [200, 429]
    assert call("GET", "customers/")["Retry-After"] == "15"
    time_machine.move_to(now + dt.timedelta(seconds=60), tick=False)
    assert call("GET", "customers/").status_code == 200


def test_an_edit_is_of_the_edition_that_was_read(call, cast):
    path = f"customers/{cast.north.customer.public_id}/"
    seen = call("GET", path)["ETag"]
    assert errors(call("PATCH", path, {"notes": "Dog"})) == (428, "if_match_required", None)
    first = call("PATCH", path, {"notes": "Dog"}, If_Match=f'"x", W/{seen}')
    assert (first.status_code, first.json()["notes"]) == (200, "Dog")
    assert first["ETag"] == call("GET", path)["ETag"] != seen
    assert errors(call("PATCH", path, {"notes": "Cat"}, If_Match=seen)) == (412, "changed_meanwhile", None)
    assert call("PATCH", path, {"notes": "Cat"}, If_Match="*").status_code == 200


def test_only_the_fields_that_were_asked_for(call, cast):
    path = f"customers/{cast.north.customer.public_id}/"
    whole = call("GET", path)
    some = call("GET", f"{path}?fields=id,name")
    assert some.json() == {"id": str(cast.north.customer.public_id), "name": "Margaret Ellison"}
    assert some["ETag"] == whole["ETag"]
    listed = call("GET", "customers/?fields=name").json()["results"]
    assert listed == [{"name": "Margaret Ellison"}]


def test_the_same_call_with_one_key_is_done_once(call, cast):
    first = call("POST", "customers/", {"name": "Ada", "company": "X"}, Idempotency_Key="k1")
    again = call("POST", "customers/", {"company": "X", "name": "Ada"}, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert (again.get("Idempotency-Replayed"), first.get("Idempotency-Replayed")) == ("true", None)
    refused = call("POST", "customers/", {"name": "Bob"}, Idempotency_Key="k1")
    assert errors(refused) == (422, "reused", "Idempotency-Key")
    with tenant(cast.north.tenant):
        assert Customer.objects.filter(name="Ada").count() == 1


def test_what_was_refused_may_come_again_with_its_key(call):
    assert call("POST", "customers/", {}, Idempotency_Key="k1").status_code == 422
    assert call("POST", "customers/", {"name": "Ada"}, Idempotency_Key="k1").status_code == 201


def test_three_at_once_with_one_key_make_one(committed_cast, moment, now):
    north, together = committed_cast.north, Barrier(3)
    call = program(north, now=now)

    def post(_):
        try:
            together.wait(timeout=20)
            return call("POST", "customers/", {"name": "Ada"}, Idempotency_Key="k1").json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        ids = set(pool.map(post, range(3)))
    with tenant(north.tenant):
        assert ids == {str(Customer.objects.get(name="Ada").public_id)}


def test_what_a_program_did_is_its_colleagues_and_the_audit_knows_the_key(call, cast):
    made = call("POST", "customers/", {"name": "Ada"}).json()
    with tenant(cast.north.tenant):
        row = Customer.objects.get(public_id=made["id"])
        line = TimelineEntry.objects.get(customer=row)
        key = ApiKey.objects.get()
        assert line.actor == cast.north.manager
        assert row.history.get().pgh_context == {
            "url": "/api/v1/customers/",
            "user": cast.north.manager.user_id,
            "api_key": str(key.public_id),
        }
        assert key.last_used_at is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [("[" * 200_000, 400), ('{"name": ' + "[" * 900 + "]" * 900 + "}", 400), ("x" * 13_000_000, 413)],
)
def test_what_nobody_could_mean_is_the_callers_mistake(call, body, status):
    refused = call.client.post(
        f"{ROOT}customers/", body, content_type="application/json", headers=call.headers
    )
    assert errors(refused)[0] == status


def test_a_method_that_is_not_there(call):
    for method in ("OPTIONS", "DELETE", "PUT"):
        refused = call(method, "customers/")
        assert errors(refused) == (405, "method_not_allowed", None)
        assert "GET" in refused["Allow"]


def test_calls_go_on_when_nobody_can_count_them(call, monkeypatch):
    def gone(*args, **kwargs):
        raise RedisError

    monkeypatch.setattr(cache, "incr", gone)
    assert call("GET", "customers/").status_code == 200


def test_the_use_of_a_key_is_kept_also_when_it_was_refused(call, cast, now):
    assert call("GET", f"customers/{uuid.UUID(int=1)}/").status_code == 404
    with tenant(cast.north.tenant):
        assert ApiKey.objects.get().last_used_at == now


def test_a_call_is_the_same_with_the_key_that_took_the_place_of_the_old(call, cast, now):
    with tenant(cast.north.tenant):
        _, words = rotate_key(ApiKey.objects.get(), overlap=DAY, by=cast.north.manager, now=now)
    first = call("POST", "customers/", {"name": "Ada"}, Idempotency_Key="k1")
    call.headers["Authorization"] = f"Bearer {words}"
    again = call("POST", "customers/", {"name": "Ada"}, Idempotency_Key="k1")
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("customers/", "made_since"),
        ("cases/", "opened_since"),
        ("messages/", "planned_since"),
        ("payments/", "recorded_since"),
        ("promises/", "due_since"),
        ("recommendations/", "raised_since"),
        ("visits/", "changed_since"),
    ],
)
def test_an_instant_that_the_database_does_not_know_is_refused_everywhere(call, path, name):
    refused = call("GET", f"{path}?{name}=1133-12-29T11:06:41-21:45")
    assert errors(refused) == (422, "invalid", name)
    assert call("GET", f"{path}?{name}=2026-03-05T13:07:00-21:45").status_code == 200


def test_no_field_is_no_answer(call, cast):
    for path in ("customers/?fields=", f"customers/{cast.north.customer.public_id}/?fields=,"):
        assert errors(call("GET", path)) == (422, "invalid", "fields")
