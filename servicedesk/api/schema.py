"""How the API describes itself: every operation with its errors, its headers and the scope it takes."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from servicedesk.api.desk import DESK_HEADER
from servicedesk.api.filtering import FIELDS
from servicedesk.api.once import HEADER as ONCE
from tenancy.api_keys import READ, WRITE


class OneError(serializers.Serializer):
    """What is wrong: a code for programs, words for people, and the field it is about."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class Errors(serializers.Serializer):
    """The one shape of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = OneError(many=True)


# Of every operation; what changes or takes a body has more.
OF_ALL = {
    401: "No key, or one that opens nothing.",
    403: "The key's scopes or its colleague's role do not reach so far.",
    404: "No such row at this desk, or no such cursor.",
    405: "This address takes other methods; `Allow` names them.",
    406: "Only JSON is answered.",
    422: "What was sent cannot be; each field says why.",
    429: "Too many calls of the desk's, refused ones among them, or too many wrong keys from one address; "
    "`Retry-After` says in how many seconds to come again.",
}
OF_BODIES = {
    400: "This is no JSON, or nested too deeply.",
    409: "It does not go with what stands.",
    413: "It is too large.",
    415: "Only JSON is read.",
}
OF_EDITIONS = {412: "Somebody changed it since it was read.", 428: "`If-Match` is missing."}


WAIT = OpenApiParameter(
    "Retry-After",
    int,
    OpenApiParameter.HEADER,
    response=[429],
    description="Seconds until calls are taken again.",
)


class KeySchemes(OpenApiAuthenticationExtension):
    """A key in the Authorization header, or the browser's own session with the desk's name."""

    target_class = "servicedesk.api.callers.KeyOrBrowser"
    name = ("key", "session")

    def get_security_requirement(self, auto_schema):
        # Either of them, not both.
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema):
        return [
            {"type": "http", "scheme": "bearer", "description": "A key of the desk: `desk_…`."},
            {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": f"Who is signed in; the header `{DESK_HEADER}` names the desk.",
            },
        ]


class Described(AutoSchema):
    """One description for all resources, from what the resources say of themselves."""

    def get_tags(self):
        return [self.view.area]

    def get_operation_id(self):
        return super().get_operation_id().removeprefix("api_v1_")

    def get_description(self):
        right = READ if self.method in SAFE_METHODS else WRITE
        said = super().get_description()
        return f"{said}\n\nScope: `{self.view.area}:{right}`.".strip()

    def get_override_parameters(self):
        found = [WAIT]
        # What is no list and no row of one has all its fields.
        if self.method == "GET" and self.view.pagination_class is not None:
            words = "Only these fields, with commas between them."
            found.append(OpenApiParameter(FIELDS, str, description=words))
        if asked := self._said("asked"):
            found.append(asked)
        if getattr(getattr(self.view, self.view.action, None), "creates", False):
            words = "The same call with the same key is done once; its answer stands for a week."
            pattern = "^[\\x21-\\x7e]{1,255}$"
            kind = {"type": "string", "pattern": pattern}
            found.append(OpenApiParameter(ONCE, kind, OpenApiParameter.HEADER, description=words))
        if self._is_of_an_edition():
            words = "The ETag of what was read, or `*`."
            found.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=words))
        return found

    def get_response_serializers(self):
        errors = {**OF_ALL, **(OF_BODIES if self.method not in SAFE_METHODS else {})}
        if self._is_of_an_edition():
            errors |= OF_EDITIONS
        status = 201 if self.view.action == "create" else 200
        answers = {status: self._said("answered") or self.view.shown_as}
        more = self._said("refused") or {}
        return answers | {
            code: OpenApiResponse(more.get(code, Errors), words) for code, words in errors.items()
        }

    def _is_list_view(self, serializer=None):
        # A list that says its answer says it whole.
        is_said = self.view.action == "list" and self._said("answered") is not None
        return not is_said and super()._is_list_view(serializer)

    def get_request_serializer(self):
        if self.method in SAFE_METHODS:
            return None
        of_action = {"create": "made_from", "partial_update": "changed_from"}.get(self.view.action, "")
        return self._said("sent") or getattr(self.view, of_action, None)

    def _is_of_an_edition(self) -> bool:
        return self.method in ("PATCH", "PUT", "DELETE") or bool(self._said("of_an_edition"))

    def _said(self, name):
        return getattr(getattr(self.view, self.view.action, None), name, None)


def with_fewer_fields(result, generator, request, public):
    """A hook of drf-spectacular: where `fields` may leave some out, a row with fewer is an answer, too."""
    rows = result["components"]["schemas"]
    for methods in result["paths"].values():
        for said in methods.values():
            if any(one["name"] == FIELDS for one in said.get("parameters", ())):
                answer = said["responses"]["200"]["content"]["application/json"]
                listed = rows[_row_name(answer["schema"])]["properties"].get("results")
                if listed is None:
                    answer["schema"] = _or_fewer(answer["schema"], rows)
                else:
                    listed["items"] = _or_fewer(listed["items"], rows)
    return result


def _or_fewer(row, rows) -> dict:
    """A row that has all its fields must have them as they are described: no fewer ones pass for it."""
    if "anyOf" in row:
        return row
    fewer = {
        "type": "object",
        "maxProperties": len(rows[_row_name(row)]["properties"]) - 1,
        "description": f"Only those that `{FIELDS}` names.",
    }
    return {"anyOf": [row, fewer]}


def _row_name(schema) -> str:
    return schema["$ref"].rpartition("/")[2]
