"""The small gates that every view of a desk passes: who you are, and which row you mean."""

import uuid
from collections.abc import Callable
from functools import cache, wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import resolve, reverse

from tenancy.prepared import Prepared


def for_roles(*roles: str, or_whose: Callable[..., bool] | None = None):
    """Let in only members with one of the roles; a manager may do all. The wrong role is a 403.

    `or_whose(member, **ids of the address)` lets others in as well: whose own the thing is.
    """

    def gate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            is_theirs = request.membership.has_role(*roles) or (
                or_whose is not None and or_whose(request.membership, **kwargs)
            )
            if not is_theirs:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = roles
        return guarded

    return gate


def for_staff(view):
    """Let in every member of the desk; the middleware has checked that it is one."""
    view.roles = None
    return view


def the_one(rows, public_id):
    """The row of this desk with that public id; a stranger's id is a 404 like one that is not.

    `rows` is a queryset, or one with its `id` written once.
    """
    found = rows.rows(id=public_id) if isinstance(rows, Prepared) else rows.filter(public_id=public_id)[:1]
    for row in found:
        return row
    raise Http404("No such row at this desk")


def id_in(text: str) -> uuid.UUID | None:
    """The public id that somebody's words are; None for what is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def may_open(member, page: str) -> bool:
    """Whether somebody's role passes the gate of a page that is about one thing, by the name of its route."""
    roles = _roles_of(page)
    return roles is None or member.has_role(*roles)


@cache
def _roles_of(page) -> tuple | None:
    """The roles at a page's gate, which are the same at every desk; None for all."""
    return resolve(reverse(page, kwargs={"desk": "any", "id": uuid.UUID(int=0)})).func.roles
