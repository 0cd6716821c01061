"""The API on one page, made from its own schema: reads without a network, without a script."""

from dataclasses import dataclass
from functools import cache

from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One call: its address, what it does, what it takes and what it answers."""

    anchor: str
    method: str
    path: str
    description: str
    parameters: list[dict]
    body: str
    answers: list[tuple[str, str]]


@require_GET
def docs_page(request):
    """Every call by its area, and every kind of row by its name."""
    return render(request, "servicedesk/api_docs.html", _described())


@cache
def _described() -> dict:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    areas = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                areas.setdefault(methods[method]["tags"][0], []).append(
                    _operation(path, method, methods[method])
                )
    rows = [(name, _fields(said)) for name, said in sorted(schema["components"]["schemas"].items())]
    return {"info": schema["info"], "areas": sorted(areas.items()), "rows": rows}


def _operation(path, method, said) -> Operation:
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        description=said.get("description", ""),
        parameters=[
            {
                "name": one["name"],
                "where": one["in"],
                "required": one.get("required", False),
                "words": one.get("description", ""),
            }
            for one in said.get("parameters", ())
        ],
        body=_row_of(said.get("requestBody", {})),
        answers=[
            (status, answer.get("description") or _row_of(answer))
            for status, answer in said["responses"].items()
        ],
    )


def _row_of(said) -> str:
    """The name of the row in a body; "" where there is none."""
    for content in said.get("content", {}).values():
        return _name(content.get("schema", {}))
    return ""


def _name(schema) -> str:
    whole, *_ = schema.get("anyOf", [schema])
    return whole.get("$ref", "").rpartition("/")[2]


def _fields(said) -> list[dict]:
    needed = set(said.get("required", ()))
    return [
        {
            "name": name,
            "kind": _kind(one),
            "row": _name(one.get("items", one)),
            "required": name in needed,
            "words": one.get("description", ""),
        }
        for name, one in said.get("properties", {}).items()
    ]


def _kind(one) -> str:
    kinds = one.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else kinds
    return f"{kind} ({one['format']})" if one.get("format") else kind
