"""Maintenance plans on their pages: made, looked at, suspended, gone on with, stopped."""

import datetime as dt

import pytest
import time_machine

from tenancy.scope import tenant
from visits.daily_round import see_to
from visits.models import MaintenancePlan, PlannedService

DAY = dt.timedelta(days=1)


@pytest.fixture
def desk(cast, client, now):
    """Northgate, signed in as its dispatcher, at the tests' moment."""
    client.force_login(cast.north.dispatcher.user)
    with time_machine.travel(now, tick=False):
        yield cast.north


@pytest.fixture
def typed(desk):
    return {
        "title": "Tune-up",
        "equipment": str(desk.copier.public_id),
        "contract": str(desk.contract.public_id),
        "counts_from": "calendar",
        "every": "2",
        "unit": "weeks",
        "weekdays": ["0", "3"],
        "starts_on": "2026-03-05",
        "until": "",
        "most_done": "4",
    }


def new_url(desk):
    return desk.url(f"customers/{desk.customer.public_id}/plans/new/")


@pytest.fixture
def plan(desk, client, typed, now):
    assert client.post(new_url(desk), typed).status_code == 302
    with tenant(desk.tenant):
        see_to(desk.tenant, now=now)
        return MaintenancePlan.objects.get()


def url(desk, plan, act=""):
    return desk.url(f"plans/{plan.public_id}/{act}")


def test_a_plan_is_made_for_a_machine_and_shown_with_its_services(desk, client, plan):
    assert (plan.equipment_id, plan.site_id, plan.contract_id, plan.made_by_id) == (
        desk.copier.pk,
        desk.site.pk,
        desk.contract.pk,
        desk.dispatcher.pk,
    )
    answer = client.get(url(desk, plan))
    assert answer.context["rhythm"] == "Every 2 weeks on Mon or Thu, from 5 Mar 2026, until 4 are done"
    assert answer.context["stands"] == ("good", "Goes on, 0 of 4 done")
    assert [f"{s.due_on}" for s in answer.context["services"]] == [
        "2026-03-30",
        "2026-03-19",
        "2026-03-16",
        "2026-03-05",
    ]


def test_the_form_opens_with_the_machine_it_was_asked_for(desk, client):
    answer = client.get(new_url(desk) + f"?equipment={desk.sorter.public_id}")
    assert f'<option value="{desk.sorter.public_id}" selected>' in answer.text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("title", "", "Say what is done."),
        ("every", "0", "greater than or equal to 1"),
        ("unit", "days", "Choose weeks or months."),
        ("counts_from", "", "Choose from when it counts."),
        ("equipment", "", "Choose the machine, or the whole site."),
        ("starts_on", "", "Choose a day."),
        ("starts_on", "2026-03-04", "The first due day lies in the past."),
        ("starts_on", "soon", "Write the day like"),
        ("until", "2026-03-04", "The last day lies before the first one."),
        ("most_done", "0", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(desk, client, typed, field, value, says):
    answer = client.post(new_url(desk), typed | {field: value})
    assert answer.status_code == 422
    assert says in answer.text and "Error: New maintenance plan" in answer.text
    if field != "title":
        assert 'value="Tune-up"' in answer.text
    with tenant(desk.tenant):
        assert not MaintenancePlan.objects.exists()


def test_another_customers_machine_is_none_of_the_choices(cast, desk, client, typed):
    answer = client.post(new_url(desk), typed | {"equipment": str(cast.south.copier.public_id)})
    assert answer.status_code == 422
    assert "Choose the machine, or the whole site." in answer.text
    with tenant(desk.tenant):
        assert not MaintenancePlan.objects.exists()


def test_a_plan_for_the_whole_site_is_asked_for(desk, client, typed):
    assert client.post(new_url(desk), typed | {"equipment": "site"}).status_code == 302
    with tenant(desk.tenant):
        plan = MaintenancePlan.objects.get()
        assert (plan.equipment, plan.site) == (None, desk.site)


def test_an_untouched_form_makes_no_plan(desk, client):
    """Machine and first day are a person's choice; the contract in force is chosen already."""
    values = client.get(new_url(desk)).context["values"]
    assert values["contract"] == str(desk.contract.public_id)
    answer = client.post(new_url(desk), values)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"equipment", "starts_on"}
    with tenant(desk.tenant):
        assert not MaintenancePlan.objects.exists()


def test_a_plan_stands_on_the_pages_of_its_machine_and_customer(desk, client, plan):
    for path in (f"equipment/{desk.copier.public_id}/", f"customers/{desk.customer.public_id}/plans/"):
        answer = client.get(desk.url(path))
        assert [row["plan"] for row in answer.context["plans"]] == [plan]
        assert "Next to be booked: by 5 Mar 2026" in answer.text
    assert client.get(desk.url(f"equipment/{desk.sorter.public_id}/")).context["plans"] == []
    assert (
        desk.url(f"customers/{desk.customer.public_id}/plans/")
        in client.get(desk.url(f"customers/{desk.customer.public_id}/")).text
    )


@pytest.mark.parametrize(
    ("path", "queries"),
    [("equipment/{copier}/", 21), ("customers/{customer}/plans/", 12), ("plans/{plan}/", 12)],
)
def test_three_plans_cost_as_many_queries_as_one(
    desk, client, plan, typed, now, path, queries, django_assert_num_queries
):
    ids = {"copier": desk.copier, "customer": desk.customer, "plan": plan}
    path = desk.url(path.format(**{name: thing.public_id for name, thing in ids.items()}))
    client.get(path)
    with django_assert_num_queries(queries):
        client.get(path)
    for title in ("Second", "Third"):
        client.post(new_url(desk), typed | {"title": title})
    with tenant(desk.tenant):
        see_to(desk.tenant, now=now + 30 * DAY)
    client.get(path)
    with django_assert_num_queries(queries):
        client.get(path)


def test_it_is_suspended_and_goes_on(desk, client, plan):
    form = {"from_day": "2026-03-10", "resumes_on": "", "because": "Rebuilding"}
    assert client.post(url(desk, plan, "suspend/"), form).status_code == 302
    answer = client.get(url(desk, plan))
    assert answer.context["stands"] == ("warn", "Suspended from 10 Mar 2026 by Dana Whitlock: Rebuilding")
    again = client.post(url(desk, plan, "suspend/"), form)
    assert again.status_code == 409 and "This plan is suspended already." in again.text
    assert client.post(url(desk, plan, "resume/")).status_code == 302
    assert client.get(url(desk, plan)).context["stands"][0] == "good"
    assert client.post(url(desk, plan, "resume/")).status_code == 409


def test_it_is_stopped_with_reason_and_day_only(desk, client, plan):
    answer = client.post(url(desk, plan, "stop/"), {"last_day": "2026-03-31", "because": ""})
    assert answer.status_code == 422
    assert "Say why." in answer.text and 'value="2026-03-31"' in answer.text
    answer = client.post(url(desk, plan, "stop/"), {"last_day": "2026-03-31", "because": "Machine sold"})
    assert answer.status_code == 302
    page = client.get(url(desk, plan))
    assert page.context["stands"] == ("plain", "Stopped after 31 Mar 2026 by Dana Whitlock: Machine sold")
    assert 'name="because"' not in page.text


def test_a_day_is_left_out(desk, client, plan):
    form = {"day": "2026-03-16", "because": "Fair"}
    assert client.post(url(desk, plan, "except/"), form).status_code == 302
    with tenant(desk.tenant):
        service = PlannedService.objects.get(due_on=dt.date(2026, 3, 16))
        assert (service.state, service.settled_because) == ("left out", "Fair")
        assert plan.exceptions.get().reason == "Fair"
    assert "Days left out" in client.get(url(desk, plan)).text


def test_one_service_is_left_out_with_a_reason_once(desk, client, plan):
    with tenant(desk.tenant):
        service = PlannedService.objects.order_by("due_on")[0]
    path = desk.url(f"services/{service.public_id}/leave-out/")
    assert client.post(path, {"because": " "}).status_code == 422
    assert client.post(path, {"because": "Closed that week"})["Location"] == url(desk, plan)
    answer = client.post(path, {"because": "Closed that week"})
    assert answer.status_code == 409 and "somebody booked it or left it out" in answer.text
    assert "This service is left out." in client.get(path).text


@pytest.mark.parametrize(
    ("role", "looks", "acts"),
    [("manager", 200, 302), ("sales", 200, 403), ("accounts", 200, 403), ("technician", 200, 403)],
)
def test_all_may_look_and_dispatchers_act(desk, client, plan, typed, role, looks, acts):
    client.force_login(desk.people[role].user)
    page = client.get(url(desk, plan))
    assert page.status_code == looks
    assert ("Stop the plan" in page.text) == (acts == 302)
    assert client.post(new_url(desk), typed).status_code == acts
    form = {"last_day": "2026-03-31", "because": "Machine sold"}
    assert client.post(url(desk, plan, "stop/"), form).status_code == acts
