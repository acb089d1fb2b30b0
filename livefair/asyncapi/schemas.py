"""JSON Schemas of our records as AsyncAPI has them: draft 07, each struct once under `components.schemas`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]

_WHERE = "#/components/schemas/{name}"


def ref(kind: type) -> Schema:
    """A reference to a struct's schema."""
    return {"$ref": _WHERE.format(name=kind.__name__)}


def collect(kinds: Iterable[type]) -> Mapping[str, Schema]:
    """The schemas of structs and of all that they hold, by name."""
    _, found = msgspec.json.schema_components(list(kinds), ref_template=_WHERE)
    return {name: draft_07(schema) for name, schema in found.items()}


def draft_07(schema: Any) -> Any:
    """A schema of draft 2020-12, as msgspec makes it, said in draft 07, which is AsyncAPI's own."""
    if isinstance(schema, list | tuple):
        return [draft_07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    said = {name: draft_07(value) for name, value in schema.items()}
    said.pop("discriminator", None)  # OpenAPI's; each struct of a union has its `type` anyway
    if "prefixItems" in said:
        more = said.pop("items", True)
        said |= {"items": said.pop("prefixItems"), "additionalItems": more}
    if isinstance(said.get("description"), str):
        said["description"] = text(said["description"])
    if "$ref" in said and len(said) > 1:
        said = {"allOf": [{"$ref": said.pop("$ref")}], **said}
    return said


def text(docstring: str | None) -> str:
    """A docstring as one paragraph a paragraph."""
    paragraphs = inspect.cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs)
