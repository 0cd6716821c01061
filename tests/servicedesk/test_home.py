"""Signing in, and the way to one's desk."""

import pytest

from servicedesk.home import desks_of
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant


def test_a_wrong_password_is_a_422_that_keeps_the_address(client, cast):
    answer = client.post("/sign-in/", {"username": "dana@northgate.example", "password": "wrong"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "do not belong together" in page
    assert 'value="dana@northgate.example"' in page


def test_the_address_may_be_written_in_capitals(client, cast):
    answer = client.post("/sign-in/", {"username": "DANA@northgate.example", "password": "a long password"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_after_signing_in_the_page_that_was_asked_for_opens(client, cast):
    sent = client.get("/d/northgate/customers/")
    assert sent["Location"] == "/sign-in/?next=/d/northgate/customers/"
    signing = {
        "username": "dana@northgate.example",
        "password": "a long password",
        "next": "/d/northgate/customers/",
    }
    assert client.post("/sign-in/", signing)["Location"] == "/d/northgate/customers/"


def test_nobody_is_sent_elsewhere_by_the_form(client, cast):
    signing = {
        "username": "dana@northgate.example",
        "password": "a long password",
        "next": "https://evil.example/",
    }
    assert client.post("/sign-in/", signing)["Location"] == "/"


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.DISPATCHER, "board/"),
        (Role.TECHNICIAN, "today/"),
        (Role.SALES, "calls/"),
        (Role.ACCOUNTS, "payments/"),
        (Role.MANAGER, "overview/"),
    ],
)
def test_each_role_comes_home(client, cast, role, page):
    client.force_login(cast.north.people[role].user)
    assert client.get("/")["Location"] == "/d/northgate/"
    assert client.get("/d/northgate/")["Location"] == f"/d/northgate/{page}"


def test_a_person_of_two_desks_chooses(client, cast):
    user = cast.north.dispatcher.user
    with tenant(cast.south.tenant):
        Membership.objects.create(user=user, role=Role.DISPATCHER)
    assert desks_of(user) == [cast.north.tenant, cast.south.tenant]
    client.force_login(user)
    page = client.get("/").content.decode()
    assert 'href="/d/northgate/"' in page
    assert 'href="/d/southgate/"' in page


def test_who_left_a_desk_does_not_get_in(client, cast, now):
    with tenant(cast.north.tenant):
        Membership.objects.filter(role=Role.DISPATCHER).update(ended_at=now)
    client.force_login(cast.north.dispatcher.user)
    assert client.get("/d/northgate/customers/").status_code == 404
    assert "belong to no desk" in client.get("/").content.decode()


def test_the_theme_is_remembered_and_the_way_back_is_ours(client, cast):
    user = cast.north.dispatcher.user
    client.force_login(user)
    answer = client.post("/theme/", {"theme": "dark", "next": "/d/northgate/customers/"})
    assert answer["Location"] == "/d/northgate/customers/"
    assert User.objects.get(pk=user.pk).theme == "dark"
    assert 'data-theme="dark"' in client.get("/d/northgate/customers/").content.decode()
    assert client.post("/theme/", {"theme": "dark", "next": "//evil.example/"})["Location"] == "/"
    assert client.post("/theme/", {"theme": "pink"}).status_code == 422


def test_only_a_post_signs_out(client, cast):
    client.force_login(cast.north.dispatcher.user)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302
