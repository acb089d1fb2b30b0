"""Holds real messages against the AsyncAPI document, by JSON Schema draft 07."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema_rs import Draft7Validator


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Clients pass over a field that they do not know; what we send ourselves has none that is not told."""
    return schema | {"additionalProperties": False} if "properties" in schema else schema


class Papers:
    """A document; `check` fails where a message is not as the document says, or has a field that it does not tell."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._messages = document["components"]["messages"]
        schemas = {name: _closed(schema) for name, schema in document["components"]["schemas"].items()}
        self._components = {"components": {"schemas": schemas}}
        self.types = {name: set(channel["messages"]) for name, channel in document["channels"].items()}
        """By channel, the messages that it may carry."""

    def check(self, message: str, payload: Any) -> None:
        """The payload of a message is as told."""
        self._hold(message, "payload", payload)

    def check_headers(self, message: str, headers: dict[str, str]) -> None:
        """The headers of a record are as told."""
        self._hold(message, "headers", headers)

    def _hold(self, message: str, part: str, value: Any) -> None:
        faults = [error.message[:300] for error in self._validator(message, part).iter_errors(value)]
        assert faults == [], (message, part, faults, value)

    @cache  # noqa: B019  (one document for a whole run)
    def _validator(self, message: str, part: str) -> Draft7Validator:
        return Draft7Validator(self._messages[message][part] | self._components)
