"""Taking a matter in while the customer talks (R6.4)."""

import pytest

from cases.life import close_case, seen_of
from cases.models import Case, Interaction
from tenancy.scope import tenant
from tests.cast import a_case
from tests.reading import text


@pytest.fixture
def desk(north, client):
    """Northgate, its dispatcher on the phone with Margaret."""
    client.force_login(north.dispatcher.user)
    return north


@pytest.fixture
def bands(desk, now):
    """Grey bands at the copier, open since today."""
    return a_case(desk, "Grey bands", now, equipment=desk.copier)


def form_of(client, desk, **query):
    return client.get(desk.url(f"customers/{desk.customer.public_id}/cases/new/"), query)


def send(client, desk, query="", **fields):
    said = {"kind": "fault", "title": "It does it again", "severity": "2", "matter": "", **fields}
    return client.post(desk.url(f"customers/{desk.customer.public_id}/cases/new/{query}"), said)


def test_what_is_known_is_filled_in(client, desk, bands):
    values = form_of(client, desk).context["values"]
    assert values == {
        "kind": "fault",
        "equipment": str(desk.copier.public_id),
        "severity": "2",
        "matter": str(bands.public_id),
    }


def test_of_two_open_matters_none_is_guessed(client, desk, bands, now):
    a_case(desk, "The bill", now, kind="complaint")
    answer = form_of(client, desk, kind="complaint")
    assert answer.context["values"] == {"kind": "complaint", "equipment": "", "severity": "2", "matter": ""}
    for words in ("Grey bands", "The bill", "Another matter: a new case"):
        assert words in text(answer)


def test_by_itself_it_goes_to_the_open_case_of_its_machine(client, desk, bands):
    answer = send(client, desk, "?tel=07700", equipment=desk.copier.public_id, severity="3")
    assert answer.url == desk.url(f"customers/{desk.customer.public_id}/?tel=07700")
    case = Case.objects.get()
    assert (case, case.severity) == (bands, 3)
    assert Interaction.objects.get().case == bands


def test_a_person_may_choose_the_case_or_a_new_one(client, desk, bands):
    send(client, desk, equipment=desk.sorter.public_id, matter=str(bands.public_id))
    assert Interaction.objects.get().case == bands
    send(client, desk, equipment=desk.copier.public_id, matter="new")
    assert Case.objects.count() == 2


def test_a_fault_is_answered_by_the_time_of_its_contract(client, desk, moment, now):
    send(client, desk, equipment=desk.copier.public_id)
    # Four working hours from Thursday 13:07.
    assert Case.objects.get().response_due_at.isoformat() == "2026-03-05T17:07:00+00:00"
    send(client, desk, kind="complaint", title="The bill")
    assert Case.objects.get(title="The bill").response_due_at is None


def test_what_was_closed_of_late_is_offered_and_opened_again(client, desk, bands, now):
    close_case(bands, on="ours", outcome="Mended", by=desk.dispatcher, now=now, seen=seen_of(bands))
    assert "it is opened again" in text(form_of(client, desk))
    send(client, desk, equipment=desk.copier.public_id)
    assert Case.objects.get().state == "open"


def test_without_a_word_nothing_is_taken_in_and_the_rest_is_kept(client, desk, bands):
    answer = send(client, desk, title=" ", words="On every page", matter="new")
    assert answer.status_code == 422
    assert "Write what it is about." in text(answer)
    assert "On every page" in answer.content.decode()
    assert answer.context["values"]["matter"] == "new"
    assert Case.objects.count() == 1


def test_in_the_call_it_is_a_dialog(client, desk):
    url = desk.url(f"customers/{desk.customer.public_id}/cases/new/")
    answer = client.get(url, headers={"hx-request": "true"})
    assert answer.content.decode().lstrip().startswith("<dialog")


def test_a_case_or_machine_of_another_desk_is_not_there(client, cast, desk, now):
    with tenant(cast.south.tenant):
        theirs = a_case(cast.south, "Theirs", now)
    assert send(client, desk, matter=str(theirs.public_id)).status_code == 422
    assert send(client, desk, equipment=cast.south.copier.public_id).status_code == 422
    url = desk.url(f"customers/{cast.south.customer.public_id}/cases/new/")
    assert client.get(url).status_code == 404
    assert Case.objects.count() == 0
