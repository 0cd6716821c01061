"""Who may come to a customer: said, said again, taken away."""

import pytest

from tenancy.scope import tenant
from tests.reading import text
from visits.models import TechnicianPreference


@pytest.fixture
def north(cast):
    """Northgate's desk; Margaret prefers Lou."""
    return cast.north


def url(desk, rest=""):
    return desk.url(f"customers/{desk.customer.public_id}/technicians/{rest}")


def say(browser, desk, who, level, place):
    given = {"technician": str(who.public_id), "level": level, "place": str(place.public_id)}
    return browser.post(url(desk), given)


def test_a_wish_is_said_of_a_machine_and_taken_away(dispatcher, north):
    assert "Lou Baptiste , preferred: Everywhere" in text(dispatcher.get(url(north))).replace(
        "Baptiste,", "Baptiste ,"
    )
    assert say(dispatcher, north, north.marek, "required", north.copier).status_code == 302
    read = text(dispatcher.get(url(north)))
    assert "required: Corvane TC-240" in read
    with tenant(north.tenant):
        wish = TechnicianPreference.objects.get(equipment=north.copier)
    assert dispatcher.post(url(north, f"wishes/{wish.public_id}/forget/")).status_code == 302
    assert "required: Corvane" not in text(dispatcher.get(url(north)))


def test_said_again_it_is_changed(dispatcher, north):
    say(dispatcher, north, north.lou, "excluded", north.customer)
    with tenant(north.tenant):
        assert TechnicianPreference.objects.get().level == "excluded"


def test_what_is_not_theirs_is_refused(cast, dispatcher, north):
    answer = say(dispatcher, north, cast.south.lou, "preferred", cast.south.copier)
    assert answer.status_code == 422
    assert "Choose a technician." in text(answer)
    assert "Choose where." in text(answer)
    with tenant(cast.south.tenant):
        theirs = TechnicianPreference.objects.get()
    assert dispatcher.post(url(north, f"wishes/{theirs.public_id}/forget/")).status_code == 404


def test_it_is_for_dispatchers_and_managers(client, north):
    client.force_login(north.sales.user)
    assert client.get(url(north)).status_code == 403
