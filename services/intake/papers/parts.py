"""What the pages of the documents are made of: fields of a schema, examples, sentences; everything escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, NamedTuple

import orjson

from services.intake.site import Words

Schema = Mapping[str, Any]

LONG = 90
"""Letters of a message above which it is shown with one field a line."""
DEEPEST = 5
"""Levels of fields within fields that are shown."""
_CODE = re.compile(r"`([^`]+)`")


class Page(NamedTuple):
    """A page's title and lead as plain text; its list of contents and its body as HTML."""

    title: str
    lead: str
    contents: str
    body: str


def sentence(text: str) -> str:
    """A sentence of a document, with its `names` as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def paragraphs(text: str) -> str:
    """Paragraphs of a document."""
    return "".join(f'<p lang="en">{sentence(each)}</p>' for each in text.split("\n\n") if each)


def json_block(value: Any) -> str:
    """An example, one field a line."""
    return f'<pre tabindex="0"><code>{escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())}</code></pre>'


def line(value: Any) -> str:
    """A message in one line, as it travels; a long one as `json_block` has it."""
    said = orjson.dumps(value).decode()
    return json_block(value) if len(said) > LONG else f'<pre tabindex="0"><code>{escape(said)}</code></pre>'


def link(target: str, text: str) -> str:
    """A link within the page, or to another page."""
    return f'<a href="{escape(target)}">{text}</a>'


def listed(items: Iterable[str], kind: str = "") -> str:
    """A list of HTML."""
    name = f' class="{kind}"' if kind else ""
    return f"<ul{name}>{''.join(f'<li>{each}</li>' for each in items)}</ul>"


def folded(summary: str, body: str) -> str:
    """Something that is opened by who wants to know."""
    return f"<details><summary>{summary}</summary>{body}</details>"


class Fields:
    """Shows schemas of one document as lists of fields."""

    def __init__(self, words: Words, schemas: Mapping[str, Schema]) -> None:
        self._words = words
        self._schemas = schemas

    def shown(self, schema: Schema, depth: int = 0) -> str:
        """The fields of an object: name, type, whether it must be there, what it means; and theirs within."""
        whole = self.resolved(schema)
        required = set(whole.get("required", ()))
        rows = [self._row(name, each, name in required, depth) for name, each in whole.get("properties", {}).items()]
        return f'<dl class="fields">{"".join(rows)}</dl>' if rows else ""

    def resolved(self, schema: Schema) -> Schema:
        """A schema with what it refers to in its place; the parts of an `allOf` as one."""
        if "$ref" in schema:
            return self.resolved(self._schemas[schema["$ref"].rpartition("/")[2]])
        if "allOf" not in schema:
            return schema
        whole: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
        for part in map(self.resolved, schema["allOf"]):
            properties = {**whole.get("properties", {}), **part.get("properties", {})}
            whole = {**part, **whole, "properties": properties}
        return whole

    def _row(self, name: str, schema: Schema, required: bool, depth: int) -> str:
        said = self.resolved(schema)
        mark = f' <em class="must">{escape(self._words.text("docs_required"))}</em>' if required else ""
        about = [sentence(said["description"])] if said.get("description") else []
        if said.get("default") not in (None, "", [], {}, ()):
            about.append(f"{escape(self._words.text('docs_default'))} <code>{_value(said['default'])}</code>")
        inner = self._inner(said)
        within = self.shown(inner, depth + 1) if inner is not None and depth < DEEPEST else ""
        explained = f"<dd>{' · '.join(about)}{within}</dd>" if about or within else ""
        return f"<div><dt><code>{escape(name)}</code> <span>{self._type(said)}</span>{mark}</dt>{explained}</div>"

    def _inner(self, schema: Schema) -> Schema | None:
        """The object that a field holds, once or many times."""
        if schema.get("properties"):
            return schema
        for part in (*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")):
            if isinstance(part, Mapping) and (found := self._inner(self.resolved(part))) is not None:
                return found
        return None

    def _type(self, schema: Schema) -> str:
        said = self.resolved(schema)
        if "const" in said:
            return f"<code>{_value(said['const'])}</code>"
        if "enum" in said:
            return " | ".join(f"<code>{_value(each)}</code>" for each in said["enum"])
        if "anyOf" in said:
            return " | ".join(dict.fromkeys(self._type(each) for each in said["anyOf"]))
        if said.get("type") == "array":
            items = said.get("items", {})
            inside = ", ".join(map(self._type, items)) if isinstance(items, list) else self._type(items)
            return f"[{inside}]"
        if said.get("format") in ("date", "date-time"):
            return str(said["format"])
        return escape(str(said.get("type", "JSON"))) + _bounds(said)


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and most is None:
        return ""
    return f" {'' if least is None else f'{least:.0f}'}…{'' if most is None else f'{most:.0f}'}"


def _value(value: Any) -> str:
    return escape(value if isinstance(value, str) else orjson.dumps(value).decode())
