"""Health: each figure exact, in words, for managers; the command says the same of every desk (R4.7)."""

import datetime as dt
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.duties import open_duty
from cases.models import Duty, Promise
from contracts.models import RenewalCheck
from contracts.renewal_check import check_desk
from messaging.models import Message
from servicedesk.health import CHECKED_WITHIN, health_of
from tenancy.models import Role
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.messaging.conftest import make_message
from tests.reading import text

HOUR = dt.timedelta(hours=1)
NAMES = ("visits", "waiting", "failed", "promises", "check", "duties")


@pytest.fixture
def north(cast, moment, now):
    """Northgate, where all is well; a desk that is not stands beside it."""
    for desk in (cast.north, cast.south):
        desk.tenant.created_at = now - dt.timedelta(days=30)
        desk.tenant.save()
        with tenant(desk.tenant):
            check_desk(desk.tenant, now=now)
    return cast.north


def a_visit(desk, now):
    make_plain_visit(desk, now=now, start=now - dt.timedelta(days=2), technician=desk.marek)


def a_waiting_message(desk, now):
    make_message(desk, now=now - HOUR, number=Message.objects.count())


def a_failed_message(desk, now):
    make_message(desk, now=now, number=Message.objects.count(), state=Message.State.FAILED)


def a_promise(desk, now):
    # The row alone: its reminders would be messages that wait, another figure.
    Promise.objects.create(
        customer=desk.customer,
        kind=Promise.Kind.CALL_BACK,
        text="Call back",
        made_at=now - 2 * HOUR,
        due_at=now - HOUR,
        owner=desk.sales,
        made_by=desk.sales,
    )


def no_check(desk, now):
    RenewalCheck.objects.update(day=now.date() - dt.timedelta(days=1))


def a_duty(desk, now):
    open_duty(
        "health",
        Duty.objects.count(),
        kind=Duty.Kind.CALL_CUSTOMER,
        title="Ring",
        due_at=now - HOUR,
        now=now - HOUR,
        owner_role=Role.DISPATCHER,
    )


FAULTS = {
    "visits": a_visit,
    "waiting": a_waiting_message,
    "failed": a_failed_message,
    "promises": a_promise,
    "check": no_check,
    "duties": a_duty,
}


def make_unwell(desk, now):
    with tenant(desk.tenant):
        for fault in FAULTS.values():
            fault(desk, now)


def figures(desk, now):
    with tenant(desk.tenant):
        return dict(zip(NAMES, health_of(desk.tenant, now=now), strict=True))


def counts(desk, now):
    return {name: figure.count for name, figure in figures(desk, now).items()}


def said():
    out = StringIO()
    call_command("health", stdout=out)
    return out.getvalue()


def test_all_is_well_though_another_desk_is_not(north, cast, now):
    make_unwell(cast.south, now)
    assert counts(north, now) == dict.fromkeys(NAMES, 0)
    assert counts(cast.south, now) == dict.fromkeys(NAMES, 1)


@pytest.mark.parametrize("fault", NAMES)
def test_one_fault_makes_one_figure_1(north, now, fault):
    with tenant(north.tenant):
        FAULTS[fault](north, now)
    assert counts(north, now) == dict.fromkeys(NAMES, 0) | {fault: 1}


def test_a_check_is_due_two_hours_after_the_desks_midnight(north, now):
    midnight = dt.datetime(2026, 3, 6, tzinfo=dt.UTC)
    due = midnight + CHECKED_WITHIN
    assert counts(north, due - dt.timedelta(seconds=1))["check"] == 0
    assert counts(north, due)["check"] == 1
    assert counts(north, due + dt.timedelta(days=3))["check"] == 4
    assert figures(north, due)["check"].note == "Last made yesterday."


def test_a_new_desks_first_check_is_due_after_its_first_midnight(north, now):
    with tenant(north.tenant):
        RenewalCheck.objects.all().delete()
    for days, missing in ((30, 30), (1, 1), (0, 0)):
        north.tenant.created_at = now - dt.timedelta(days=days)
        found = figures(north, now)["check"]
        assert (found.count, found.note) == (missing, "Not made yet.")


def test_notes_say_what_the_number_does_not(north, now):
    with tenant(north.tenant):
        a_duty(north, now)
        assert figures(north, now)["duties"].note == "1 of them is nobody’s: only a role’s."
        a_duty(north, now)
        a_promise(north, now)
    assert figures(north, now)["duties"].note == "2 of them are nobody’s: only a role’s."
    north.tenant.messages_from = None
    off = figures(north, now)
    assert off["promises"].note.startswith("1 more came in with history")
    assert "switched off" in off["waiting"].note


def test_the_page_says_that_all_is_well(manager, north):
    read = text(manager.get(north.url("settings/health/")))
    assert read.count("All is well") == 7
    assert "Not well" not in read
    assert "Last made today." in read


def test_the_page_says_what_is_not_and_leads_to_it(manager, north, now):
    make_unwell(north, now)
    answer = manager.get(north.url("settings/health/"))
    read = text(answer)
    assert "6 of 6 need somebody" in read
    assert (read.count("Not well"), read.count("Behind"), read.count("All is well")) == (5, 1, 0)
    for figure in answer.context["figures"]:
        assert f"{figure.name} 1 " in read
        if figure.url:
            assert f'href="{figure.url}"' in answer.content.decode()
            assert manager.get(figure.url).status_code == 200


def test_it_costs_the_same_for_one_row_and_for_three(manager, north, now):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert manager.get(north.url("settings/health/")).status_code == 200
        return len(found)

    make_unwell(north, now)
    one = queries()
    with tenant(north.tenant):
        for fault in (a_waiting_message, a_failed_message, a_promise, a_duty) * 2:
            fault(north, now)
        for days in (3, 4):
            start = now - dt.timedelta(days=days)
            make_plain_visit(north, now=now, start=start, technician=north.marek)
    assert set(counts(north, now).values()) == {1, 3}
    assert queries() == one
    with tenant(north.tenant), CaptureQueriesContext(connection) as found:
        health_of(north.tenant, now=now)
    assert len(found) == len(NAMES)


@pytest.mark.parametrize("role", Role.values)
def test_it_is_for_managers(client, north, role):
    client.force_login(north.people[role].user)
    expected = 200 if role == Role.MANAGER else 403
    assert client.get(north.url("settings/health/")).status_code == expected


def test_the_settings_lead_there(manager, north):
    assert f'href="{north.url("settings/health/")}"' in manager.get(north.url("settings/")).content.decode()


def test_the_command_prints_every_desks_figures_and_ends_with_0(north):
    lines = said().splitlines()
    assert [line.split("  ")[:3] for line in lines] == [
        [slug, "well", "0"] for slug in ("northgate", "southgate") for _ in NAMES
    ]
    assert lines[0] == "northgate  well  0  Visits in the past, still as scheduled or on the way"


@pytest.mark.parametrize("fault", [name for name in NAMES if name != "duties"])
def test_the_command_ends_with_1_for_what_must_be_zero(north, now, fault):
    with tenant(north.tenant):
        FAULTS[fault](north, now)
    with pytest.raises(CommandError, match=r"^Not well: northgate\.$") as ended:
        said()
    assert ended.value.returncode == 1


def test_people_who_are_behind_are_printed_and_ring_no_bell(north, now):
    with tenant(north.tenant):
        a_duty(north, now)
    assert "northgate  behind  1  Duties past due (1 of them is nobody’s: only a role’s.)\n" in said()


def test_it_prints_the_sound_desks_after_one_that_is_not(north, cast, now, capsys):
    make_unwell(north, now)
    with pytest.raises(CommandError):
        call_command("health")
    printed = capsys.readouterr().out
    assert printed.count("northgate  NOT WELL  1  ") == 5
    assert printed.count("southgate  well  0  ") == 6
