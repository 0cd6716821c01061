"""Addresses of a desk's pages: `/d/<desk>/…`."""

import uuid
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse

NOBODYS = uuid.UUID(int=0)
NO_DESK = "no-desk"


def desk_url(tenant, name: str, **kwargs) -> str:
    """The path of a page of this desk. Raises NoReverseMatch for a name that is no route."""
    if all(isinstance(given, uuid.UUID) for given in kwargs.values()):
        written = _written(name, tuple(kwargs), get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF)
        return written % {"desk": tenant.slug, **kwargs}
    return reverse(name, kwargs={"desk": tenant.slug, **kwargs})


def desk_urls(tenant, name: str) -> Callable[[uuid.UUID | str], str]:
    """The same for a page that is about one public id, of hundreds: the route is looked up once."""
    before, after = desk_url(tenant, name, id=NOBODYS).split(str(NOBODYS))
    return lambda public_id: f"{before}{public_id}{after}"


@lru_cache(maxsize=2000)
def _written(name, ids: tuple[str, ...], prefix: str, routes: str) -> str:
    """The path with `%(name)s` for the desk and each public id: a page asks for dozens of addresses.

    `prefix` and `routes` are where the path is looked up: those of the moment.
    """
    places = {one: str(uuid.UUID(int=number)) for number, one in enumerate(ids, start=1)} | {"desk": NO_DESK}
    written = reverse(name, kwargs=places).replace("%", "%%")
    for one, place in places.items():
        written = written.replace(place, f"%({one})s")
    return written
