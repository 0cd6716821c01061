"""Addresses of a desk's pages: `/d/<desk>/…`."""

from django.urls import reverse


def desk_url(tenant, name: str, **kwargs) -> str:
    """The path of a page of this desk. Raises NoReverseMatch for a name that is no route."""
    return reverse(name, kwargs={"desk": tenant.slug, **kwargs})
