"""Who calls the API and whether they may: a key within its scopes and its colleague's role, or a browser."""

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission

from tenancy.api_keys import READ, WRITE, may_call


class KeyOrBrowser(BaseAuthentication):
    """Whom the middleware found: `request.user` is the colleague, `request.auth` the key, if any."""

    def authenticate(self, request):
        asked = request._request
        if asked.membership is None:
            if asked.headers.get("Authorization"):
                raise exceptions.AuthenticationFailed("This key opens nothing: it is wrong, or has ended.")
            return None
        if asked.api_key is None:
            # A browser's cookie comes along with whatever another site makes it send.
            SessionAuthentication().enforce_csrf(request)
        return asked.membership.user, asked.api_key

    def authenticate_header(self, request) -> str:
        return "Bearer"


class MayCall(BasePermission):
    """The key's scopes first, then the role of the colleague it acts as (or of who is signed in)."""

    def has_permission(self, request, view) -> bool:
        if request._request.membership is None:
            raise exceptions.NotAuthenticated("Send a key: “Authorization: Bearer desk_…”.")
        right = READ if request.method in SAFE_METHODS else WRITE
        if request.auth is not None and not may_call(request.auth, view.area, right):
            raise exceptions.PermissionDenied(f"This key lacks the scope {view.area}:{right}.", code="scope")
        roles = view.read_roles if right == READ else view.write_roles
        if roles is not None and not request._request.membership.has_role(*roles):
            raise exceptions.PermissionDenied(
                "The role of this key's colleague may not do this.", code="role"
            )
        return True
