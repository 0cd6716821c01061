"""Calls owed to customers stand in the tray until somebody says what came of them."""

import datetime as dt

import pytest

from cases.duties import close_duties_about, open_duty
from cases.models import Duty
from servicedesk.calls_owed import CALLS, calls_owed
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import a_case, make_visit

pytestmark = pytest.mark.usefixtures("moment")


@pytest.fixture
def owed(cast, now):
    """Margaret asked to be rung about a visit, due in an hour; Southgate's customer did too."""
    for desk in (cast.south, cast.north):
        with tenant(desk.tenant):
            visit = make_visit(desk, start=now + dt.timedelta(days=2))
            duty = ask(desk, visit.public_id, now)
    return duty


def ask(desk, subject, now, kind=Duty.Kind.CALL_CUSTOMER, role=Role.DISPATCHER):
    return open_duty(
        "ring me", subject, kind, kind=kind, title="Ring Margaret Ellison: they asked on their page",
        due_at=now + dt.timedelta(hours=1), now=now, owner_role=role, customer=desk.customer, subject=subject,
    )  # fmt: skip


def test_it_stands_in_the_tray_with_the_number_and_the_time(client, cast, owed, now):
    client.force_login(cast.north.dispatcher.user)
    with tenant(cast.north.tenant):
        assert [each.due for each in calls_owed(cast.north.tenant, now=now)] == ["14:07"]
    text = client.get("/d/northgate/board/").content.decode()
    assert "Calls owed, 1" in text
    assert "Ring 07700 900412" in text
    assert f"/d/northgate/duties/{owed.public_id}/" in text


def test_it_is_done_with_the_result_of_the_call_and_an_outcome(client, cast, owed, now):
    client.force_login(cast.north.dispatcher.user)
    address = f"/d/northgate/duties/{owed.public_id}/"
    assert client.get(address).status_code == 200
    refused = client.post(address, {"result": "spoke", "outcome": "  "})
    assert refused.status_code == 422
    assert "Say what came of it" in refused.content.decode()
    refused = client.post(address, {"outcome": "Comes on Friday instead"})
    assert refused.status_code == 422
    assert "Say how the call went." in refused.content.decode()
    long = {"result": "spoke", "outcome": "x" * 251}
    assert long["outcome"] in client.post(address, long).content.decode()
    said = {"result": "spoke", "outcome": "Comes on Friday instead"}
    assert client.post(address, said)["Location"] == "/d/northgate/board/"
    with tenant(cast.north.tenant):
        owed.refresh_from_db()
        assert (owed.closed_at, owed.closed_by, owed.outcome) == (
            now,
            cast.north.dispatcher,
            "Spoke. Comes on Friday instead",
        )
        call = cast.north.customer.interactions.get()
        assert (call.direction, call.summary) == ("out", "Spoke. Comes on Friday instead")
    assert "Spoke. Comes on Friday instead" in client.get(address).content.decode()


def test_no_answer_is_noted_and_keeps_the_call_owed(client, cast, owed):
    client.force_login(cast.north.dispatcher.user)
    address = f"/d/northgate/duties/{owed.public_id}/"
    assert client.post(address, {"result": "no answer"}).status_code == 302
    with tenant(cast.north.tenant):
        owed.refresh_from_db()
        assert owed.closed_at is None
        assert [call.summary for call in cast.north.customer.interactions.all()] == ["No answer"]
    assert client.post(address, {"result": "left a message"}).status_code == 302
    with tenant(cast.north.tenant):
        owed.refresh_from_db()
        assert owed.outcome == "Left a message"


def test_what_is_owed_by_mail_is_done_with_its_outcome(client, cast, owed, now):
    with tenant(cast.north.tenant):
        mail = ask(cast.north, owed.subject, now, Duty.Kind.MAIL_RECOMMENDATION)
    client.force_login(cast.north.dispatcher.user)
    address = f"/d/northgate/duties/{mail.public_id}/"
    assert client.post(address, {"outcome": ""}).status_code == 422
    assert client.post(address, {"outcome": "Mailed the quote"}).status_code == 302
    with tenant(cast.north.tenant):
        mail.refresh_from_db()
        assert (mail.outcome, cast.north.customer.interactions.count()) == ("Mailed the quote", 0)


def test_cancelling_the_visit_does_not_take_the_call_away(cast, owed, now):
    with tenant(cast.north.tenant):
        closed = close_duties_about(owed.subject, by=None, now=now, outcome="Cancelled")
        assert closed == 0
        assert list(Duty.objects.open()) == [owed]


def test_what_has_a_screen_of_its_own_or_another_owner_is_left_out(cast, owed, now):
    with tenant(cast.north.tenant):
        ask(cast.north, owed.subject, now, Duty.Kind.TELL_CUSTOMER)
        ask(cast.north, owed.subject, now, Duty.Kind.REBOOK)
        ask(cast.north, cast.north.contract.public_id, now, role=Role.ACCOUNTS)
        shown = calls_owed(cast.north.tenant, now=now, leave_out=[owed.subject])
        assert [each.id for each in shown] == [str(owed.public_id)]


def test_a_miss_cannot_be_closed_here(client, cast, owed, now):
    with tenant(cast.north.tenant):
        rebook = ask(cast.north, owed.subject, now, Duty.Kind.REBOOK)
    client.force_login(cast.north.dispatcher.user)
    assert client.post(f"/d/northgate/duties/{rebook.public_id}/", {"outcome": "x"}).status_code == 404


def test_two_queries_for_one_and_for_three(cast, owed, now, django_assert_num_queries):
    with tenant(cast.north.tenant):
        for number in range(2):
            ask(cast.north, [cast.north.copier, cast.north.sorter][number].public_id, now)
        with django_assert_num_queries(2):
            assert len(calls_owed(cast.north.tenant, now=now)) == 3


def test_what_else_they_need_leads_to_booking_for_them(client, cast, owed, now):
    client.force_login(cast.north.dispatcher.user)
    books = f"/d/northgate/customers/{cast.north.customer.public_id}/book/"
    with tenant(cast.north.tenant):
        need = ask(cast.north, owed.public_id, now, kind=Duty.Kind.SEE_TO_NEED)
        assert [each.id for each in calls_owed(cast.north.tenant, now=now)] == [
            str(owed.public_id),
            str(need.public_id),
        ]
    assert books in client.get(f"/d/northgate/duties/{need.public_id}/").content.decode()
    assert books not in client.get(f"/d/northgate/duties/{owed.public_id}/").content.decode()


def test_whose_duty_it_is_may_see_to_it_whatever_their_role(client, cast, owed, now):
    address = f"/d/northgate/duties/{owed.public_id}/"
    with tenant(cast.north.tenant):
        Duty.objects.filter(pk=owed.pk).update(owner=cast.north.sales)
    for role, status in (("sales", 200), ("accounts", 403), ("technician", 403), ("manager", 200)):
        client.force_login(cast.north.people[role].user)
        assert client.get(address).status_code == status, role
    client.force_login(cast.north.sales.user)
    assert address in client.get("/d/northgate/promises/?state=duties").content.decode()
    said = {"result": "spoke", "outcome": "Comes on Friday"}
    assert client.post(address, said)["Location"] == "/d/northgate/promises/"
    with tenant(cast.north.tenant):
        owed.refresh_from_db()
        assert (owed.closed_by, owed.outcome) == (cast.north.sales, "Spoke. Comes on Friday")


def test_anothers_duty_and_one_that_never_was_are_refused_alike(client, cast, owed):
    client.force_login(cast.north.sales.user)
    with tenant(cast.south.tenant):
        theirs = Duty.objects.get().public_id
    for address in (theirs, "00000000-0000-0000-0000-000000000000"):
        assert client.get(f"/d/northgate/duties/{address}/").status_code == 403


@pytest.mark.parametrize("kind", CALLS)
def test_what_is_owed_on_a_case_is_recorded_from_its_page(client, cast, now, kind):
    client.force_login(cast.north.dispatcher.user)
    with tenant(cast.north.tenant):
        case = a_case(cast.north, "Grey bands", now)
        duty = ask(cast.north, case.public_id, now, kind=kind)
        Duty.objects.filter(pk=duty.pk).update(case=case)
    page = client.get(f"/d/northgate/cases/{case.public_id}/").content.decode()
    assert f"/d/northgate/duties/{duty.public_id}/" in page
