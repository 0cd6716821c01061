"""Thousands of calls that nobody thought of: each answer is one that the API's description names.

schemathesis makes them from the schema, right ones and wrong ones, with ids of rows that are there and fields
that they have half of the time. `PROOF=full`: at least 5,000.
"""

import datetime as dt
import os
import sys
import uuid
from collections import Counter

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from servicedesk.api import throttling
from tenancy.scope import tenant
from tests.cast import a_case, a_promise, make_visit
from tests.servicedesk.api_scene import ROOT, program

FULL = os.environ.get("PROOF") == "full"
REQUESTS = 5000 if FULL else 95
pytestmark = pytest.mark.proof

# What a schema cannot say the rules refuse: a zone that is none, a slot in the past.
NOT_OURS = [checks.positive_data_acceptance]


def test_no_answer_is_a_fault_of_ours_and_none_is_undocumented(
    committed_cast, moment, now, settings, monkeypatch, capsys
):
    settings.API_CALLS_PER_MINUTE = 100 * REQUESTS
    # Each call that is answered is tried without its key and with wrong ones, too.
    monkeypatch.setattr(throttling, "MOST_WRONG_KEYS", 100 * REQUESTS)
    north = committed_cast.north
    with tenant(north.tenant):
        a_promise(north, now=now, case=a_case(north, "Grey bands", now))
        make_visit(north, start=now + dt.timedelta(days=2), technician=north.lou)
    call = program(north, now=now)
    headers = call.headers | {"Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    operations = [result.ok() for result in schema.get_all_operations()]
    each, statuses, faults = -(-REQUESTS // len(operations)), Counter(), []
    for operation in operations:
        try:
            ask_many(operation, each, known_ids(call, operation.path), headers, statuses)
        except (Exception, FailureGroup) as fault:
            faults.append(f"{operation.label}: {fault}")
    with capsys.disabled():
        sys.stdout.write(
            f"\nAPI: {statuses.total()} generated requests on {len(operations)} operations: "
            f"{dict(sorted(statuses.items()))}\n"
        )
    # The faults first: after one an operation is asked no more.
    assert not faults, "\n\n".join(faults)
    assert statuses.total() >= REQUESTS


def known_ids(call, path) -> list[str]:
    """Ids of the rows that an address is about, and of one that is not."""
    resource = path.removeprefix(ROOT).partition("/")[0]
    listed = call("GET", f"{resource}/?fields=id").json() if "{id}" in path else {}
    return [*(row["id"] for row in listed.get("results", ())), str(uuid.UUID(int=7))]


def ask_many(operation, count, known, headers, statuses):
    """Call one operation so many times; raises what an answer breaks, made as small as it can be."""

    @examples(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data):
        case = data.draw(operation.as_strategy())
        if "id" in (case.path_parameters or {}) and data.draw(st.booleans()):
            case.path_parameters["id"] = data.draw(st.sampled_from(known))
        if "fields" in (case.query or {}) and data.draw(st.booleans()):
            case.query["fields"] = data.draw(st.sampled_from(["id", "number", "name", "id,number"]))
        answer = case.call_and_validate(headers=headers, excluded_checks=NOT_OURS)
        statuses[answer.status_code] += 1

    ask()
