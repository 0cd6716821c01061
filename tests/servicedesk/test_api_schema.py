"""The API describes itself: validated, committed, and readable without a network or a script."""

from pathlib import Path

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from servicedesk.api.router import router
from tenancy.api_keys import AREAS
from tests.browser import faults_of

COMMITTED = Path(__file__).parents[2] / "docs" / "api.yaml"


@pytest.fixture
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_what_is_committed_is_what_the_api_says(schema):
    """A change of the API is seen in its review: `manage.py spectacular --file docs/api.yaml` writes it."""
    validate_schema(schema)
    assert OpenApiYamlRenderer().render(schema, renderer_context={}).decode() == COMMITTED.read_text()


def test_every_call_names_its_scope_and_its_errors(schema):
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert operation["description"].endswith("`.")
            assert {"401", "403", "404", "406", "422", "429"} < set(operation["responses"])
            assert operation["security"] == [{"key": []}, {"session": []}]
    assert {view.area for _, view, _ in router.registry} <= set(AREAS)


def test_a_row_with_fewer_fields_is_an_answer_and_a_whole_one_must_be_as_described(schema):
    whole = {"$ref": "#/components/schemas/CaseWhole"}
    count = len(schema["components"]["schemas"]["CaseWhole"]["properties"])
    fewer = {"type": "object", "maxProperties": count - 1, "description": "Only those that `fields` names."}
    answer = schema["paths"]["/api/v1/cases/{id}/"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"anyOf": [whole, fewer]}
    listed = schema["components"]["schemas"]["PaginatedCaseShownList"]["properties"]["results"]["items"]
    assert listed["anyOf"][0] == {"$ref": "#/components/schemas/CaseShown"}
    # What is made or changed is answered whole.
    made = schema["paths"]["/api/v1/cases/"]["post"]["responses"]["201"]["content"]["application/json"]
    assert list(made["schema"]) == ["$ref"]


def test_fields_are_promised_where_rows_are_read_and_429_says_when_to_come_again(schema):
    read = {
        path.removeprefix("/api/v1"): methods["get"]
        for path, methods in schema["paths"].items()
        if "get" in methods
    }
    promised = {path for path, act in read.items() if "fields" in {one["name"] for one in act["parameters"]}}
    assert set(read) - promised == {"/find/", "/slots/", "/visits/{id}/slots/", "/equipment/{id}/cover/"}
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert set(operation["responses"]["429"]["headers"]) == {"Retry-After"}


@pytest.mark.django_db
def test_anybody_may_read_the_description():
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    assert b"/api/v1/customers/{id}/" in page.content
    assert Client().get("/api/schema/").status_code == 200


@pytest.mark.browser
def test_its_page_passes_axe_at_320_px(live_desk, page_as):
    for theme in ("light", "dark"):
        page = page_as("manager", width=320, theme=theme)
        with page.expect_navigation():
            page.goto(f"{live_desk.address}/api/docs/")
        assert faults_of(page) == []
