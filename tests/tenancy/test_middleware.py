"""The desk of a request, its one transaction, and what becomes of it."""

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from customers.models import Customer
from tenancy.middleware import DeskMiddleware
from tenancy.scope import NoTenant, has_tenant, tenant


def answer(view, cast, path="/d/northgate/x/"):
    request = RequestFactory().get(path)
    request.user = cast.north.dispatcher.user
    return DeskMiddleware(view)(request)


def test_the_desk_is_open_inside_and_closed_after(cast):
    seen = []

    def view(request):
        seen.append((request.tenant, request.membership, list(Customer.objects.all())))
        return HttpResponse()

    answer(view, cast)
    assert seen == [(cast.north.tenant, cast.north.dispatcher, [cast.north.customer])]
    assert not has_tenant()


@pytest.mark.parametrize(
    ("status", "kept"), [(200, True), (302, True), (409, True), (422, True), (500, False)]
)
def test_an_answer_of_500_keeps_nothing(cast, status, kept):
    def view(request):
        Customer.objects.create(name="Made on the way", number="MADE")
        return HttpResponse(status=status)

    answer(view, cast)
    with tenant(cast.north.tenant):
        assert Customer.objects.filter(number="MADE").exists() is kept


def test_a_view_that_raised_keeps_nothing(client, cast, monkeypatch):
    def fail(request, **kwargs):
        Customer.objects.create(name="Made on the way", number="MADE")
        raise ZeroDivisionError

    monkeypatch.setattr("servicedesk.home.desk_url", fail)
    client.force_login(cast.north.dispatcher.user)
    client.raise_request_exception = False
    assert client.get("/d/northgate/").status_code == 500
    with tenant(cast.north.tenant):
        assert not Customer.objects.filter(number="MADE").exists()


def test_a_streaming_body_opens_the_desk_again(cast):
    response = answer(lambda request: StreamingHttpResponse(_names()), cast)
    assert b"".join(response.streaming_content) == b"Margaret Ellison"
    assert not has_tenant()


def test_outside_a_desk_no_desk_is_open(cast):
    def view(request):
        with pytest.raises(NoTenant):
            list(Customer.objects.all())
        return HttpResponse(str(request.tenant))

    assert answer(view, cast, "/theme/").content == b"None"


def _names():
    yield from (customer.name for customer in Customer.objects.all())
