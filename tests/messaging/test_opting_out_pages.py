"""One click in a mail: asked first by a person, done at once for a mail program."""

import pytest
import time_machine
from django.test import Client

from messaging import opting_out
from messaging.models import Message
from tenancy.scope import tenant
from tests.browser import axe_violations, sideways_scroll
from tests.messaging.conftest import make_message


@pytest.fixture
def path(cast, answers, now):
    """The address in a mail to Northgate's Margaret."""
    return address(cast.north, now)


def address(desk, now):
    with tenant(desk.tenant):
        make_message(desk, now=now)
        message = Message.objects.select_related("tenant", "contact").get()
        return opting_out.address_for(message).removeprefix("http://127.0.0.1:8000")


def stopped_at(desk):
    with tenant(desk.tenant):
        desk.contact.refresh_from_db()
    return desk.contact.mail_stopped_at


def test_looking_changes_nothing(cast, client, path):
    for _ in range(2):
        response = client.get(path)
        assert response.status_code == 200
        assert "Yes, no more of these" in response.content.decode()
    assert client.head(path).status_code in (200, 405)
    assert stopped_at(cast.north) is None


def test_a_mail_program_stops_it_with_one_post_and_no_cookie(cast, path, now):
    """RFC 8058."""
    program = Client(enforce_csrf_checks=True)
    with time_machine.travel(now, tick=False):
        response = program.post(path, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    assert response["Cache-Control"].startswith("max-age=0")
    assert stopped_at(cast.north) == now
    assert stopped_at(cast.south) is None


def test_they_may_change_their_mind(cast, client, path):
    client.post(path)
    assert "You get no more mail of this sort" in client.get(path).content.decode()
    assert client.get(f"{path}again/").status_code == 405
    client.post(f"{path}again/")
    assert stopped_at(cast.north) is None


def test_a_token_of_anothers_making_opens_nothing(cast, client, path):
    real = path.rstrip("/").rsplit("/", 1)[1]
    forged = real.replace("northgate", "southgate")
    for token in ("x", real[:-1], forged, "northgate." + "0" * 32 + ":x"):
        assert client.get(f"/no-more/{token}/").status_code == 404
        assert client.post(f"/no-more/{token}/").status_code == 404


def test_who_is_gone_is_not_found(cast, client, path):
    with tenant(cast.north.tenant):
        Message.objects.all().delete()
        cast.north.contact.delete()
    assert client.get(path).status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_faces_pass_axe_and_fit_a_telephone(live_desk, page_as, answers, now, theme):
    path = address(live_desk.cast.north, now)
    page = page_as(None, width=320, theme=theme)
    page.goto(live_desk.address + path)
    assert axe_violations(page) == []
    page.get_by_role("button", name="Yes, no more of these").click()
    page.get_by_role("heading", name="You get no more mail of this sort").wait_for()
    assert (axe_violations(page), sideways_scroll(page)) == ([], 0)
