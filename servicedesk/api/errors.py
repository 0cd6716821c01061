"""Every error of the API in one shape, and what the rules refuse as a status a program can act on.

`{"type": "validation_error" | "client_error" | "server_error", "errors": [{"code", "detail", "attr"}]}`
"""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions, status

from tenancy.answered_calls import KeyReused
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused

UNPROCESSABLE = status.HTTP_422_UNPROCESSABLE_ENTITY


class Conflict(exceptions.APIException):
    """What was asked does not go with what stands: a place taken, an act that came first."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class EditionChanged(exceptions.APIException):
    """The row is not the one that the caller saw."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"
    default_detail = "Somebody changed this meanwhile. Read it again before you write."


class EditionMissing(exceptions.APIException):
    """An edit must say which edition it is of."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "if_match_required"
    default_detail = "Send If-Match with the ETag of what you read."


class InOneShape(ExceptionHandler):
    """The rules' own words for what they refuse; whatever was refused has changed nothing."""

    def convert_known_exceptions(self, exc):
        if isinstance(exc, SettingRefused):
            exc = exceptions.ValidationError({exc.field: [str(exc)]})
        elif isinstance(exc, ChangedMeanwhile):
            exc = EditionChanged(str(exc))
        elif isinstance(exc, KeyReused):
            exc = exceptions.ValidationError({"Idempotency-Key": [str(exc)]}, code="reused")
        elif isinstance(exc, PermissionDenied):
            exc = exceptions.PermissionDenied("The colleague whom this key acts as may not do this.")
        elif isinstance(exc, getattr(self.context["view"], "conflicts", ())):
            exc = Conflict(str(exc), code=_code(exc))
        exc = super().convert_known_exceptions(exc)
        if isinstance(exc, exceptions.ValidationError):
            exc.status_code = UNPROCESSABLE
        return exc

    def set_rollback(self):
        # The call's transaction is the middleware's: it undoes what marks itself so.
        self.context["request"]._request.undo = True


def not_found(request: HttpRequest) -> JsonResponse:
    """The 404 of an address that the API does not have."""
    return _plain("client_error", "not_found", "There is no such address.", 404)


def failed(request: HttpRequest) -> JsonResponse:
    """A fault of ours outside the API's own code."""
    return _plain("server_error", "error", "Something went wrong on our side. Nothing was kept.", 500)


def _plain(kind, code, detail, status):
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)


def _code(exc) -> str:
    """`SlotTaken` is told as `slot_taken`."""
    name = type(exc).__name__
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_")
