"""Addresses of a desk's pages: `/d/<desk>/…`."""

import uuid
from collections.abc import Callable

from django.urls import reverse

NOBODYS = uuid.UUID(int=0)


def desk_url(tenant, name: str, **kwargs) -> str:
    """The path of a page of this desk. Raises NoReverseMatch for a name that is no route."""
    return reverse(name, kwargs={"desk": tenant.slug, **kwargs})


def desk_urls(tenant, name: str) -> Callable[[uuid.UUID | str], str]:
    """The same for a page that is about one public id, of hundreds: the route is looked up once."""
    before, after = desk_url(tenant, name, id=NOBODYS).split(str(NOBODYS))
    return lambda public_id: f"{before}{public_id}{after}"
