"""*I called* asks how the call went: no answer keeps the promise to ring open."""

import datetime as dt

import pytest

from cases.models import Promise
from tenancy.scope import tenant
from tests.cast import make_visit
from visits.models import Visit

pytestmark = pytest.mark.usefixtures("moment")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def visit(cast, now):
    """Lou comes in 40 minutes and must have rung in ten."""
    with tenant(cast.north.tenant):
        return make_visit(cast.north, start=now + dt.timedelta(minutes=40), technician=cast.north.lou)


@pytest.fixture
def page(client, cast, visit):
    client.force_login(cast.north.dispatcher.user)
    return cast.north.url(f"visits/{visit.public_id}/called/")


def promise_and_time(cast, visit):
    with tenant(cast.north.tenant):
        visit.refresh_from_db()
        promise = Promise.objects.get(of_visit__visit=visit, kind=Promise.Kind.CALL_AHEAD)
        return promise.state, visit.called_ahead_at


def test_it_asks_before_anything_is_logged(client, cast, visit, page):
    asked = client.get(page)
    assert [value for value, _ in asked.context["results"]] == ["spoke", "left a message", "no answer"]
    assert "07700 900412" in asked.text
    assert 'id="called"' in client.get(page, headers=HTMX).text
    refused = client.post(page, headers=HTMX)
    assert (refused.status_code, "Say how the call went." in refused.text) == (422, True)
    assert client.post(page, {"result": "maybe"}).status_code == 422
    assert promise_and_time(cast, visit) == ("open", None)


def test_no_answer_keeps_it_open_and_who_is_reached_settles_it(client, cast, visit, page, now):
    assert client.post(page, {"result": "no answer"}).status_code == 302
    assert promise_and_time(cast, visit) == ("open", None)
    assert client.post(page, {"result": "left a message"}).status_code == 302
    assert promise_and_time(cast, visit) == ("kept", now)


def test_a_visit_that_is_over_is_not_rung_ahead_of(client, cast, visit, page):
    with tenant(cast.north.tenant):
        Visit.objects.filter(pk=visit.pk).update(state=Visit.State.CANCELLED_BY_US)
    refused = client.post(page, {"result": "spoke"})
    assert refused.status_code == 409
    assert "This visit is over: cancelled by us." in refused.text
