"""The OpenAPI document is the one that the code makes, is valid, and says every call of the contract."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.intake import openapi
from services.intake.operations import OPERATIONS

DOCUMENT: dict[str, Any] = orjson.loads(openapi.as_bytes())

CALLS = {
    ("POST", "/v1/fairs"),
    ("GET", "/v1/fairs/{fair}"),
    ("PATCH", "/v1/fairs/{fair}"),
    ("POST", "/v1/fairs/{fair}/jobs"),
    ("PATCH", "/v1/jobs/{job}"),
    ("POST", "/v1/fairs/{fair}/signups"),
    ("POST", "/v1/jobs/{job}/applications"),
    ("POST", "/v1/jobs/{job}/interests"),
    ("POST", "/v1/jobs/{job}/offers"),
    ("POST", "/v1/offers/{offer}/answer"),
    ("POST", "/v1/applications/{application}/withdraw"),
    ("GET", "/v1/applications/{application}"),
    ("GET", "/v1/applications/{application}/contact"),
    ("GET", "/v1/channels/{channel}/snapshot"),
}


def test_it_is_valid_by_openapi_s_own_schema() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []
    broken = DOCUMENT | {"paths": {"/v1/fairs": {"get": {"responses": {}, "answers": {}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors()), "the schema would find a fault"


def test_it_says_every_call() -> None:
    said = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert said == CALLS == {(each.method, each.path) for each in OPERATIONS}


def test_names_of_calls_are_their_own() -> None:
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_call_says_what_it_takes_and_gives(operation: Any) -> None:
    said = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert said["summary"]
    assert said["description"]
    for status, model in operation.answers.items():
        assert ("content" in said["responses"][str(status)]) is (model is not None)
    problems = {
        status
        for status, answer in said["responses"].items()
        if "application/problem+json" in answer.get("content", {})
    }
    assert "429" in problems
    assert ("401" in problems) is (operation.bearer != "none")
    assert ({"400", "413", "415", "422"} <= problems) is (operation.body is not None)
    headers = {
        each["name"]: each.get("required", False) for each in said.get("parameters", ()) if each["in"] == "header"
    }
    assert headers.get("Idempotency-Key") == {"none": None, "optional": False, "required": True}[operation.key]


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in schemas
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(DOCUMENT)
