"""The calls of the HTTP door, each declared once: path, who may, bodies, problems; the OpenAPI document reads the same.

A handler gets a call that is already checked for form and raises Refused for everything else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel

from livefair.domain.access import Claims, Role
from services.intake.problems import unauthenticated

Method = Literal["GET", "POST", "PATCH"]
Needs = Literal["none", "optional", "required"]


class Answer(NamedTuple):
    """An answer: its JSON, already encoded, and headers beyond Content-Type."""

    status: int
    body: bytes
    headers: dict[str, str] | None = None


class Call:
    """One request, checked for form: its path's values, headers, token, Idempotency-Key and body."""

    __slots__ = ("body", "claims", "headers", "key", "name", "path")

    def __init__(
        self, name: str, path: Mapping[str, str], headers: Mapping[str, str], claims: Claims | None, key: str
    ) -> None:
        self.name = name
        self.path = path
        self.headers = headers
        self.claims = claims
        self.key = key
        self.body: Any = None

    def who(self) -> Claims:
        """The token's claims; Refused (unauthenticated) where there is none."""
        if self.claims is None:
            raise unauthenticated()
        return self.claims


Handler = Callable[[Any, Call], Awaitable[Answer]]
HandlerT = TypeVar("HandlerT", bound=Handler)


class Operation(NamedTuple):
    """One call. `problems` are the names of those it may answer beside the ones of its form."""

    method: Method
    path: str
    handler: Handler
    summary: str
    roles: tuple[Role, ...]
    body: type[BaseModel] | None
    answers: dict[int, type[BaseModel] | None]
    problems: tuple[str, ...]
    bearer: Needs
    key: Needs
    tag: str

    @property
    def name(self) -> str:
        """The name of its handler, as the document's operationId."""
        return self.handler.__name__


OPERATIONS: list[Operation] = []
"""Every call, in the order of declaration."""


def operation(
    method: Method,
    path: str,
    summary: str,
    *,
    tag: str,
    answers: dict[int, type[BaseModel] | None],
    body: type[BaseModel] | None = None,
    roles: Sequence[Role] = (),
    problems: Sequence[str] = (),
    bearer: Needs = "required",
    key: Needs = "none",
) -> Callable[[HandlerT], HandlerT]:
    """Declare a handler as a call. `roles` are told in the document; the handler itself decides who may."""

    def declare(handler: HandlerT) -> HandlerT:
        OPERATIONS.append(
            Operation(method, path, handler, summary, tuple(roles), body, answers, tuple(problems), bearer, key, tag)
        )
        return handler

    return declare
