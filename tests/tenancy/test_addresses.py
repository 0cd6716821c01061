"""Addresses of a desk's pages are those of its routes."""

import uuid
from types import SimpleNamespace

import pytest
from django.test import override_settings
from django.urls import NoReverseMatch, reverse, set_script_prefix

from tenancy.addresses import desk_url, desk_urls

NORTH, SOUTH = SimpleNamespace(slug="northgate"), SimpleNamespace(slug="southgate")
ONE, OTHER = uuid.UUID(int=7), uuid.UUID(int=8)


@pytest.fixture
def below():
    """The product stands below another address for a while."""
    set_script_prefix("/100%/")
    yield
    set_script_prefix("/")


@pytest.mark.parametrize("desk", [NORTH, SOUTH])
@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("board", {}),
        ("contract-check", {"id": ONE}),
        ("contract-check", {"id": OTHER}),
        ("contract-check", {"id": str(ONE)}),
        ("call-promise-kept", {"id": ONE, "promise": OTHER}),
        ("call-promise-kept", {"promise": ONE, "id": OTHER}),
    ],
)
def test_the_address_of_each_desk_and_row_is_the_routes(desk, name, ids):
    for _ in range(2):
        assert desk_url(desk, name, **ids) == reverse(name, kwargs={"desk": desk.slug, **ids})


def test_it_is_that_of_the_moment(below):
    assert desk_url(NORTH, "contract-check", id=ONE) == f"/100%25/d/northgate/calls/{ONE}/"
    set_script_prefix("/")
    assert desk_url(NORTH, "contract-check", id=ONE) == f"/d/northgate/calls/{ONE}/"
    with override_settings(ROOT_URLCONF="tenancy.apps"), pytest.raises(Exception, match="tenancy.apps"):
        desk_url(NORTH, "contract-check", id=ONE)


@pytest.mark.parametrize(
    ("name", "ids"), [("no such page", {}), ("contract-check", {}), ("contract-check", {"id": "x"})]
)
def test_what_is_no_route_has_none(name, ids):
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            desk_url(NORTH, name, **ids)


def test_of_many_rows():
    url_of = desk_urls(NORTH, "contract-check")
    assert [url_of(ONE), url_of(str(OTHER))] == [
        desk_url(NORTH, "contract-check", id=one) for one in (ONE, OTHER)
    ]
