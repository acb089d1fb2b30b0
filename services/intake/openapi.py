"""The OpenAPI 3.1 document, made from the declared calls; `make docs` writes the copy in docs.

Nothing is said in it by hand that the door does not do by the same declaration.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from openapi_pydantic import (
    Components,
    DataType,
    Header,
    Info,
    MediaType,
    OpenAPI,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Response,
    Schema,
    SecurityScheme,
)
from openapi_pydantic import Operation as Call
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from services.intake import (  # noqa: F401 - imported so that their calls are declared
    applications,
    channels,
    employers,
    fairs,
    jobs,
    signups,
)
from services.intake.models import ProblemShown
from services.intake.operations import OPERATIONS, Operation
from services.intake.texts import PROBLEMS

_ALWAYS = ("too-many", "internal")
_DESCRIPTION = """\
From a sign-up to a match while the fair is on air. What is asked for here is decided a few milliseconds later; \
what was decided is pushed by the gateway (`/ws`, see the AsyncAPI document at /asyncapi.json). Problems are \
RFC 9457; texts come in English or Chinese by Accept-Language."""


@cache
def as_bytes() -> bytes:
    """The document as JSON."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def document() -> dict[str, Any]:
    """The document as plain values."""
    paths: dict[str, PathItem] = {}
    for each in OPERATIONS:
        item = paths.setdefault(each.path, PathItem(parameters=_path_parameters(each.path)))
        setattr(item, each.method.lower(), _call(each))
    api = OpenAPI(
        openapi="3.1.1",
        info=Info(title="livefair", version=version("livefair"), description=_DESCRIPTION),
        paths=paths,
        components=Components(
            securitySchemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearerFormat="JWT")}
        ),
    )
    whole = construct_open_api_with_schema_class(api, by_alias=True)
    # A default is not said: of a parameter in the path OpenAPI's schema forbids some of them even so.
    said = whole.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return {"openapi": whole.openapi, **said}


def _path_parameters(path: str) -> list[Parameter | Reference]:
    return [_parameter(name, "path") for name in re.findall(r"\{(\w+)\}", path)]


_STRING = Schema(type=DataType.STRING)


def _parameter(name: str, place: str, *, required: bool = True, description: str | None = None) -> Parameter:
    # By its alias, since `in` is a word of the language.
    return Parameter.model_validate(
        {"name": name, "in": place, "required": required, "description": description, "schema": _STRING}
    )


def _call(operation: Operation) -> Call:
    return Call(
        operationId=operation.name,
        tags=[operation.tag],
        summary=operation.summary,
        description=_description(operation),
        parameters=_headers(operation),
        requestBody=_request(operation),
        responses=_answers(operation) | _problems(operation),
        security=_security(operation),
    )


def _description(operation: Operation) -> str:
    who = f" For: {', '.join(operation.roles)}." if operation.roles else ""
    return " ".join((operation.handler.__doc__ or "").split()) + who


def _headers(operation: Operation) -> list[Parameter | Reference]:
    found: list[Parameter | Reference] = []
    if operation.key != "none":
        found.append(
            _parameter(
                "Idempotency-Key",
                "header",
                required=operation.key == "required",
                description="1 to 255 characters, one space per fair. The same key and body again: the same answer.",
            )
        )
    conditions = {"If-None-Match": 304 in operation.answers, "If-Match": "changed-meanwhile" in operation.problems}
    found += [_parameter(name, "header", required=False) for name, there in conditions.items() if there]
    return found


def _request(operation: Operation) -> RequestBody | None:
    if operation.body is None:
        return None
    optional = not operation.body.model_fields
    return RequestBody(content={"application/json": _media(operation.body)}, required=not optional)


def _media(model: type[BaseModel]) -> MediaType:
    return MediaType(media_type_schema=PydanticSchema(schema_class=model))


def _answers(operation: Operation) -> dict[str, Response | Reference]:
    titles = {200: "As asked", 201: "Created", 202: "Taken on, on all in-sync replicas", 304: "Not changed"}
    tagged = 304 in operation.answers
    return {
        str(status): Response(
            description=titles[status],
            content={"application/json": _media(model)} if model is not None else None,
            headers={"ETag": Header(param_schema=_STRING)} if tagged else None,
        )
        for status, model in operation.answers.items()
    }


def _problems(operation: Operation) -> dict[str, Response | Reference]:
    codes = [*operation.problems, *_ALWAYS]
    if operation.body is not None:
        codes += ["broken-json", "invalid-fields", "too-large", "too-slow", "wrong-type"]
    if operation.key != "none":
        codes.append("key-invalid")
    if operation.key == "required":
        codes.append("key-missing")
    if operation.bearer != "none":
        codes.append("unauthenticated")
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(codes)):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {
        str(status): Response(
            description="; ".join(f"{code}: {PROBLEMS[code].title['en']}" for code in found),
            content={"application/problem+json": _media(ProblemShown)},
        )
        for status, found in sorted(by_status.items())
    }


def _security(operation: Operation) -> list[dict[str, list[str]]] | None:
    if operation.bearer == "none":
        return None
    return [{"bearer": []}] if operation.bearer == "required" else [{"bearer": []}, {}]
