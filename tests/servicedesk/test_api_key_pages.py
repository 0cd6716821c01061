"""A manager makes, rotates and revokes keys; the words of one are shown once."""

import datetime as dt

import pytest
from django.test import Client

from messaging.secrets import closed
from servicedesk.api_key_pages import MADE, scopes_in_words
from tenancy.api_keys import SCOPES, find_key, make_key
from tenancy.models import ApiKey
from tests.browser import faults_of

TYPED = {"name": "Bookkeeping", "scopes": ["payments:read", "contracts:write"], "ends_on": "2026-03-31"}


def url(desk, act=""):
    return desk.url(f"settings/api-keys/{act}")


@pytest.fixture
def key(north, now):
    """One that works, made by the manager, acting as the dispatcher."""
    key, _ = make_key(
        name="Web shop", scopes=SCOPES, acts_as=north.dispatcher, expires_at=None, by=north.manager, now=now
    )
    return key


def words_on(page) -> str:
    return page.text.partition('id="key-words" type="text" value="')[2].partition('"')[0]


def test_a_new_key_is_shown_once_and_opens_what_was_chosen(manager, north, now):
    answer = manager.post(url(north, "new/"), TYPED | {"acts_as": str(north.accounts.public_id)})
    assert (answer.status_code, answer.url) == (302, url(north, "made/"))
    page = manager.get(answer.url)
    words = words_on(page)
    assert "no-store" in page["Cache-Control"]
    found = find_key(words, now=now)
    assert (found.key.scopes, found.key.acts_as) == (["contracts:write", "payments:read"], north.accounts)
    # All of the last day counts, on the desk's clock: summer time has begun by then.
    assert found.key.expires_at == dt.datetime(2026, 3, 31, 23, tzinfo=dt.UTC)
    assert MADE not in manager.session
    again = manager.get(answer.url)
    assert (again.status_code, again.url) == (302, url(north))
    listed = manager.get(url(north))
    assert words not in listed.text
    for said in (
        f"desk_{found.key.beginning}…",
        "Contracts, cover, terms and evidence: read and write",
        "Tue 31 Mar",
        "never",
    ):
        assert said in listed.text


def test_the_session_holds_no_key_that_could_be_read(manager, north):
    manager.post(url(north, "new/"), TYPED | {"acts_as": str(north.accounts.public_id)})
    assert "desk_" not in manager.session[MADE]


def test_a_key_of_another_desk_is_not_shown_at_this_one(manager, north):
    session = manager.session
    session[MADE] = closed({"row": "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "words": "desk_other"})
    session.save()
    assert manager.get(url(north, "made/")).status_code == 302


def test_everything_is_chosen_by_one_box_without_a_script(manager, north):
    sent = TYPED | {"scopes": ["all:read", "visits:write"], "acts_as": str(north.manager.public_id)}
    manager.post(url(north, "new/"), sent | {"ends_on": ""})
    key = ApiKey.objects.get()
    assert key.expires_at is None
    assert set(key.scopes) == {scope for scope in SCOPES if scope.endswith(":read")} | {"visits:write"}


def test_scopes_in_words(north, key):
    assert scopes_in_words(key) == ["Everything: read and write"]
    key.scopes = ["find:read"]
    assert scopes_in_words(key) == ["Finding who calls: read"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": " "}, "Write which program it is for."),
        ({"scopes": []}, "Choose what the program may do."),
        ({"scopes": ["moon:read"]}, "Choose what the program may do."),
        ({"acts_as": ""}, "Choose as whom it acts."),
        ({"ends_on": "2026-03-04"}, "Choose a day to come."),
        ({"ends_on": "9999-12-31"}, "Choose a day before 2100."),
        ({"ends_on": "soon"}, "Choose the last day on which it works"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(manager, north, wrong, says):
    answer = manager.post(url(north, "new/"), TYPED | {"acts_as": str(north.sales.public_id)} | wrong)
    assert (answer.status_code, says in answer.text) == (422, True)
    if "name" not in wrong:
        assert 'value="Bookkeeping"' in answer.text
    if "scopes" not in wrong:
        assert 'value="payments:read" checked' in answer.text
    assert not ApiKey.objects.exists()


def test_rotating_shows_the_new_one_and_the_old_works_on(manager, north, key, now):
    answer = manager.post(url(north, f"{key.public_id}/rotate/"), {"overlap": "7"})
    new = find_key(words_on(manager.get(answer.url)), now=now).key
    key.refresh_from_db()
    assert (new.replaces, new.scopes) == (key, key.scopes)
    assert key.expires_at == now + dt.timedelta(days=7)
    assert manager.post(url(north, f"{key.public_id}/rotate/"), {"overlap": "90"}).status_code == 422


def test_a_revoked_key_is_ended_and_cannot_be_ended_again(manager, north, key, now):
    assert manager.post(url(north, f"{key.public_id}/revoke/")).status_code == 302
    assert "Revoked today 13:07 by Robin" in manager.get(url(north)).text
    for act in ("revoke/", "rotate/"):
        late = manager.post(url(north, f"{key.public_id}/{act}"), {"overlap": "0"})
        assert (late.status_code, "This key has ended meanwhile." in late.text) == (409, True)
    page = manager.get(url(north, f"{key.public_id}/"))
    assert "rotate/" not in page.text


def test_who_left_takes_their_keys_along(manager, north, key, now):
    north.dispatcher.ended_at = now
    north.dispatcher.save()
    assert "Ended today 13:07: Dana Whitlock worked here no more" in manager.get(url(north)).text


@pytest.mark.parametrize("role", ["dispatcher", "accounts", "sales", "technician"])
def test_only_managers(north, key, role):
    client = Client()
    client.force_login(north.people[role].user)
    for path in ("", "new/", "made/", f"{key.public_id}/"):
        assert client.get(url(north, path)).status_code == 403
    for act in ("rotate/", "revoke/"):
        assert client.post(url(north, f"{key.public_id}/{act}"), {"overlap": "0"}).status_code == 403


def test_the_list_costs_the_same_for_one_and_three(manager, north, key, now, django_assert_max_num_queries):
    counts = []
    for number in range(2):
        with django_assert_max_num_queries(40) as captured:
            manager.get(url(north))
        counts.append(len(captured))
        for _ in range(2):
            make_key(
                name=f"P{number}", scopes=["find:read"], acts_as=north.sales, expires_at=None,
                by=north.manager, now=now,
            )  # fmt: skip
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (320, "dark")])
def test_the_pages_in_a_browser(page_as, live_desk, width, theme):
    page = page_as("manager", width=width, theme=theme)
    page.goto(live_desk.url("settings/api-keys/new/"))
    assert faults_of(page) == []
    page.get_by_label("Which program it is for").fill("Books")
    page.get_by_label("Read everything").check()
    page.get_by_label("Acts as").select_option(index=1)
    with page.expect_navigation():
        page.get_by_role("button", name="Make the key").click()
    assert faults_of(page) == []
    with page.expect_navigation():
        page.get_by_role("link", name="I have kept it").click()
    assert faults_of(page) == []
    with page.expect_navigation():
        page.get_by_role("link", name="Books").click()
    assert faults_of(page) == []
