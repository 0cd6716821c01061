"""Every error of the API in one shape, and what the rules refuse as a status a program can act on.

`{"type": "validation_error" | "client_error" | "server_error", "errors": [{"code", "detail", "attr"}]}`
and, where somebody else has the time that was asked for, `slots`: what is free instead.
"""

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions, status
from rest_framework.settings import api_settings

from recommendations import lifecycle
from servicedesk.storable import storable
from tenancy.answered_calls import KeyReused
from tenancy.desk_settings import ChangedMeanwhile, SettingRefused
from visits.outcomes import OutdatedCancelling
from visits.places import VisitChanged

UNPROCESSABLE = status.HTTP_422_UNPROCESSABLE_ENTITY
# The row was changed between the caller's look at it and ours.
OUTDATED = (ChangedMeanwhile, VisitChanged, OutdatedCancelling, lifecycle.ChangedMeanwhile)


class Conflict(exceptions.APIException):
    """What was asked does not go with what stands: a place taken, an act that came first.

    `slots`: where a time is taken, others that are free, as the API shows them.
    """

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"

    def __init__(self, detail=None, code=None, *, slots: list[dict] | None = None):
        super().__init__(detail, code)
        self.slots = slots


class TooLarge(exceptions.APIException):
    """More than is read at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "This is too large to be read at once. Send less."


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
        elif isinstance(exc, OUTDATED):
            exc = EditionChanged(str(exc))
        elif isinstance(exc, KeyReused):
            exc = exceptions.ValidationError({"Idempotency-Key": [str(exc)]}, code="reused")
        elif isinstance(exc, RequestDataTooBig):
            exc = TooLarge()
        elif isinstance(exc, PermissionDenied):
            exc = exceptions.PermissionDenied("The colleague whom this key acts as may not do this.")
        elif isinstance(exc, getattr(self.context["view"], "conflicts", ())):
            exc = Conflict(str(exc), code=code_of(exc))
        elif isinstance(exc, getattr(self.context["view"], "unfit", ())):
            exc = exceptions.ValidationError(
                {api_settings.NON_FIELD_ERRORS_KEY: [str(exc)]}, code=code_of(exc)
            )
        exc = super().convert_known_exceptions(exc)
        if isinstance(exc, exceptions.ValidationError):
            exc.status_code = UNPROCESSABLE
        return exc

    def format_exception(self, exc):
        said = super().format_exception(exc)
        for error in said["errors"]:
            # Words about what was sent may hold what was sent: half a letter cannot be answered.
            error["detail"] = storable(error["detail"])
        slots = getattr(exc, "slots", None)
        return said if slots is None else {**said, "slots": slots}

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


def code_of(exc: Exception) -> str:
    """What programs read for a rule's exception: `SlotTaken` is told as `slot_taken`."""
    name = type(exc).__name__
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_")
