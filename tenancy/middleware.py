"""Opens the desk that a URL names, in the request's one transaction."""

import re
from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenancy.calendars import zone_of
from tenancy.models import Membership, Tenant
from tenancy.prepared import Key, Prepared, Words
from tenancy.scope import tenant

DESK_PATH = re.compile(r"^/d/(?P<desk>[^/]+)/")


_DESK = Prepared(lambda slug: Tenant.objects.filter(slug=slug), slug=Words())
_MEMBERSHIP = Prepared(
    lambda user: Membership.objects.select_related("user").filter(user_id=user, ended_at__isnull=True),
    user=Key(),
)


class DeskMiddleware:
    """For `/d/<desk>/…`: signed in, a member, and everything inside that desk's scope.

    It opens the transaction itself: Django's ATOMIC_REQUESTS begins after all middleware and
    ends before a template response renders, so a transaction-local setting would be lost. A
    stranger's desk is a 404, the same as one that does not exist.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.tenant = request.membership = None
        match = DESK_PATH.match(request.path_info)
        if match is None:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return answer_at(request, match["desk"], self.get_response) or self._not_found(request)

    def process_view(self, request, view, args, kwargs):
        """The desk is known from here on; views take only what is theirs."""
        if request.tenant is not None:
            kwargs.pop("desk", None)

    def process_exception(self, request, exception):
        """A view that raised has not finished its work: nothing of it is kept."""
        request.undo = True

    def _not_found(self, request):
        # No route matches this path: the 404 is rendered as every other.
        request.path_info = "/no-such-desk"
        return self.get_response(request)


def answer_at(request: HttpRequest, slug: str, answer: Callable) -> HttpResponse | None:
    """Answer within the desk of that name; None where there is none, and for somebody not of it."""
    desk = _DESK.rows(slug=slug)
    return answer_in_desk(request, desk[0], answer) if desk else None


def answer_in_desk(
    request: HttpRequest, desk: Tenant, answer: Callable, member: Membership | None = None
) -> HttpResponse | None:
    """Answer within a desk, in one transaction; None for somebody who does not belong to it.

    `member` is who asks, where a key has said so; otherwise it is who is signed in. What fails, and
    what marks itself with `request.undo`, leaves nothing behind.
    """
    with tenant(desk), timezone.override(zone_of(desk)):
        found = [member] if member is not None else _MEMBERSHIP.rows(user=request.user.pk)
        if not found:
            return None
        request.membership, request.tenant = found[0], desk
        response = answer(request)
        if getattr(request, "undo", False) or response.status_code >= 500:
            transaction.set_rollback(True)
        if response.streaming:
            response.streaming_content = _streamed(desk, response.streaming_content)
        return response


def _streamed(desk, chunks):
    """A streaming body is produced after the request's transaction: it opens its own."""
    with tenant(desk):
        yield from chunks
