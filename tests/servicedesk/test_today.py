import datetime as dt

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Site
from recommendations.lifecycle import raise_recommendation
from servicedesk.today import stops_of
from tenancy.scope import tenant
from tests.cast import make_plain_visit
from tests.reading import text
from tests.servicedesk.phone import Phone
from visits.models import DeviceAction, Technician, Visit
from visits.praising import record_praise

DAY = dt.timedelta(days=1)


def test_visits_in_order_the_done_ones_and_the_next(north, now):
    done = at(north, now, 8, state="done", completed_at=now, completed_on=now.date(), is_history=True)
    later = at(north, now, 16, technician=north.lou)
    coming = at(north, now, 14)
    at(north, now, 10, state="cancelled by us")
    at(north, now, 15, technician=north.marek)
    make_plain_visit(north, now=now, start=now + DAY)
    stops = stops_of(north.lou, desk=north.tenant, now=now)
    assert [(stop.visit, stop.state) for stop in stops] == [(done, "done"), (coming, "next"), (later, "")]
    assert [stop.to_raise for stop in stops] == [1, 1, 1]


def test_what_is_still_under_way_from_yesterday_stays(north, now):
    visit = make_plain_visit(north, now=now, start=now - DAY, state="on site", arrived_at=now - DAY)
    assert [stop.visit for stop in stops_of(north.lou, desk=north.tenant, now=now)] == [visit]


def test_the_day_is_the_desks_own(north):
    """At half past midnight in London it is still yesterday in UTC."""
    visit = make_plain_visit(north, now=dt.datetime(2026, 7, 1, 8, tzinfo=dt.UTC), machines=[],
                       start=dt.datetime(2026, 6, 30, 23, 30, tzinfo=dt.UTC))  # fmt: skip
    noon = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    assert [stop.visit for stop in stops_of(north.lou, desk=north.tenant, now=noon)] == [visit]


def test_three_visits_cost_as_many_queries_as_one(north, now):
    at(north, now, 14)
    one = queries(north, now)
    for hour in (16, 18):
        customer = Customer.objects.create(name=f"Customer {hour}")
        site = Site.objects.create(customer=customer)
        at(north, now, hour, customer=customer, site=site)
    raise_recommendation(equipment=north.sorter, finding="Spring", severity=1, by=None, now=now)
    assert queries(north, now) == one


def test_the_page_names_the_next_step_and_what_to_raise(north, lou, now, client):
    visit = at(north, now, 14)
    page = client.get(north.url("today/")).content.decode()
    assert "Thursday 5 March" in page
    assert "Call ahead by 13:30" in page
    assert "1 to raise" in page
    assert f"/today/{visit.public_id}/#next" in page


def test_an_empty_day_says_when_the_next_visit_is(north, lou, now, client):
    at(north, now + 3 * DAY, 9)
    page = client.get(north.url("today/")).content.decode()
    assert "Nothing booked today" in page
    assert "Your next visit is on Sunday 8 March at 09:00" in page


def test_an_empty_calendar(north, lou, client):
    assert "No visit is booked for you yet" in client.get(north.url("today/")).content.decode()


def test_a_sign_in_without_a_technician_is_told_so(north, lou, client):
    Technician.objects.update(membership=None)
    answer = client.get(north.url("today/"))
    assert answer.status_code == 200
    assert "No technician belongs to your sign-in" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("dispatcher", 403), ("sales", 403), ("accounts", 403)]
)
def test_who_sees_it(north, client, role, status):
    client.force_login(north.people[role].user)
    assert client.get(north.url("today/")).status_code == status


def test_a_change_by_the_office_is_a_banner_until_it_is_accepted(north, lou, now, client):
    visit = at(north, now, 14)
    assert "The office changed" not in client.get(north.url("today/")).content.decode()
    Visit.objects.filter(pk=visit.pk).update(planned_start=now.replace(hour=15, minute=0))
    at(north, now, 17)
    page = client.get(north.url("today/")).content.decode()
    assert "The Harbour Letter is now at 15:00, not 14:00" in page
    assert "New: The Harbour Letter at 17:00" in page
    assert "The office changed" in client.get(north.url("today/")).content.decode()
    seen = {"shown": client.get(north.url("today/")).context["shown"]}
    client.post(north.url("today/accept/"), seen)
    assert "The office changed" not in client.get(north.url("today/")).content.decode()


def test_only_what_the_page_showed_is_accepted(cast, north, lou, now, client):
    visit = at(north, now, 14)
    client.get(north.url("today/"))
    Visit.objects.filter(pk=visit.pk).update(planned_start=now.replace(hour=15, minute=0))
    shown = client.get(north.url("today/")).context["shown"]
    Visit.objects.filter(pk=visit.pk).update(planned_start=now.replace(hour=13, minute=0))
    for typed in ({}, {"shown": shown[:-1]}, {"shown": signing.dumps({"day": "2026-03-05", "visits": {}})}):
        client.post(north.url("today/accept/"), typed)
        assert "is now at 13:00, not 14:00" in client.get(north.url("today/")).text
    phone = Phone(north, now=now, client=client)
    action = phone.action(visit, "accept", shown=shown) | {"visit": ""}
    assert phone.outcomes(action) == phone.outcomes(action) == ["accepted"]
    assert "is now at 13:00, not 15:00" in client.get(north.url("today/")).text
    kept = DeviceAction.objects.get()
    assert (kept.kind, kept.visit, kept.outcome) == ("accept", None, "accepted")


def test_a_day_that_is_over_is_not_accepted_for_the_next(north, lou, now, client, moment):
    visit = at(north, now, 14)
    shown = client.get(north.url("today/")).context["shown"]
    tomorrow = now + DAY
    moment.move_to(tomorrow)
    next_visit = at(north, tomorrow, 14, number="V-next")
    client.get(north.url("today/"))
    Visit.objects.filter(pk=next_visit.pk).update(planned_start=tomorrow.replace(hour=15, minute=0))
    phone = Phone(north, now=tomorrow, client=client)
    assert phone.outcomes(phone.action(visit, "accept", shown=shown) | {"visit": ""}) == ["accepted"]
    assert "is now at 15:00, not 14:00" in client.get(north.url("today/")).text


def test_a_phone_that_accepts_what_no_page_showed_is_told_so(north, lou, now, client):
    phone = Phone(north, now=now, client=client)
    forged = phone.action(at(north, now, 14), "accept", shown="forged") | {"visit": ""}
    answer = phone.send(forged).json()["answers"][0]
    assert (answer["outcome"], answer["words"]) == (
        "refused",
        "This is not your day any more. Open it again.",
    )


def test_another_desks_visits_do_not_appear(cast, north, lou, now, client):
    with tenant(cast.south.tenant):
        make_plain_visit(cast.south, now=now, start=now.replace(hour=14))
    assert "Nothing booked today" in client.get(north.url("today/")).content.decode()


def at(desk, now, hour, **values):
    return make_plain_visit(desk, now=now, start=now.replace(hour=hour, minute=0), **values)


def queries(desk, now):
    with CaptureQueriesContext(connection) as captured:
        stops_of(desk.lou, desk=desk.tenant, now=now)
    return len(captured)


def test_the_way_is_told_from_the_stop_before_where_both_places_are_known(north, now):
    near = Site.objects.create(
        customer=north.customer, street="3 Quay Lane", latitude="50.770000", longitude="0.290000"
    )
    far = Site.objects.create(
        customer=north.customer, street="9 Mill Road", latitude="50.800000", longitude="0.330000"
    )
    nowhere = Site.objects.create(customer=north.customer, street="Unknown Road")
    for hour, site in ((9, near), (11, far), (14, nowhere)):
        make_plain_visit(north, now=now, start=now.replace(hour=hour, minute=0), site=site)
    ways = [stop.way for stop in stops_of(north.lou, desk=north.tenant, now=now)]
    assert ways == ["", "10 min from 3 Quay Lane", ""]


def test_praise_stands_on_the_day_until_it_is_read(north, lou, now, client):
    praised = {"words": "Quick and kind", "by": north.sales, "now": now}
    mine = record_praise(north.customer, person=lou, **praised)
    other = record_praise(north.customer, person=north.dispatcher, **praised)
    page = client.get(north.url("today/"))
    assert text(page).count("“Quick and kind”") == 1
    assert client.post(north.url(f"today/praise/{other.public_id}/read/")).status_code == 404
    for _ in range(2):
        client.post(north.url(f"today/praise/{mine.public_id}/read/"))
    assert "Quick and kind" not in text(client.get(north.url("today/")))
    mine.refresh_from_db()
    assert mine.read_at == now
