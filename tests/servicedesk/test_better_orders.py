"""The page that proposes a better order: what it saves, one button, and a day that changed meanwhile."""

import re

import pytest

from tenancy.scope import tenant
from tests.visits.order_scene import make_day_to_and_fro
from visits.models import Rearrangement, Visit

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def north(cast, now):
    """Three visits of one day whose order goes to and fro."""
    north = cast.north
    with tenant(north.tenant):
        make_day_to_and_fro(north, now)
    return north


def sign_in(client, member):
    client.force_login(member.user)
    return client


def key_in(page) -> str:
    return re.search(r'name="key" value="(\w+)"', page.content.decode())[1]


def test_it_says_what_is_saved_and_applies_it_by_one_button(client, north):
    sign_in(client, north.dispatcher)
    page = client.get(north.url("board/order/"), {"day": "2026-03-10"})
    words = re.sub(r"<[^>]+>|\s+", " ", page.content.decode())
    assert "Saves 24 min and 15.6 km" in words
    assert "On the road as it stands: 1 h 36 min and 62.3 km. Then: 1 h 12 min and 46.7 km." in words

    done = client.post(
        north.url("board/order/"), {"day": "2026-03-10", "technician": "", "key": key_in(page)}
    )

    with tenant(north.tenant):
        made = Rearrangement.objects.get()
        assert (made.kind, made.minutes_saved, made.made_by) == ("order", 24, north.dispatcher)
    assert done.status_code == 302
    assert done["Location"] == f"{north.url('board/')}?day=2026-03-10&moved={made.public_id}"
    after = client.get(north.url("board/order/"), {"day": "2026-03-10"}).content.decode()
    assert "The day stands in its best order: 1 h 12 min and 46.7 km on the road." in after


def test_a_day_that_changed_meanwhile_is_shown_anew(client, north):
    sign_in(client, north.dispatcher)
    page = client.get(north.url("board/order/"), {"day": "2026-03-10"})
    with tenant(north.tenant):
        Visit.objects.filter(number="V-1").update(version=9)
    refused = client.post(
        north.url("board/order/"), {"day": "2026-03-10", "technician": "", "key": key_in(page)}
    )
    assert refused.status_code == 409
    assert "The day has changed meanwhile. Look at the proposal again." in refused.content.decode()
    assert key_in(refused) != key_in(page)
    with tenant(north.tenant):
        assert not Rearrangement.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"day": "soon"}, "Write the day like 2026-03-31."),
        ({"day": ""}, "Choose a day."),
        ({"day": "2026-03-04"}, "Choose today, or a day of the year to come."),
        ({"technician": "nobody"}, "Choose one of your technicians, or everybody."),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(client, north, asked, words):
    sign_in(client, north.dispatcher)
    page = client.get(north.url("board/order/"), asked)
    assert page.status_code == 422
    assert words in page.content.decode()


def test_a_day_without_visits_has_nothing_to_move(client, north):
    sign_in(client, north.dispatcher)
    page = client.get(north.url("board/order/"), {"day": "2026-03-11"}).content.decode()
    assert "Nothing is booked on this day that could be moved." in page


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("technician", 403), ("sales", 403)])
def test_whoever_plans_the_board_may_look(client, north, role, status):
    sign_in(client, north.people[role])
    assert client.get(north.url("board/order/")).status_code == status


def test_another_desks_technician_is_nobody(client, cast, north):
    sign_in(client, north.dispatcher)
    assert client.get(north.url("board/order/"), {"technician": str(north.lou.public_id)}).status_code == 200
    page = client.get(north.url("board/order/"), {"technician": str(cast.south.lou.public_id)})
    assert page.status_code == 422
