"""The page of the HTTP calls, made of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.intake.papers.parts import Fields, Page, folded, json_block, line, link, listed, paragraphs, sentence
from services.intake.site import Words

_ORDER = ("fairs", "jobs", "sign-ups", "applications", "offers", "channels")
_JSON, _PROBLEM = "application/json", "application/problem+json"


def page(words: Words, document: Mapping[str, Any]) -> Page:
    """Every call, by what it is about."""
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, call in item.items():
            if method != "parameters":
                by_tag.setdefault(call["tags"][0], []).append((method.upper(), path, call))
    by_tag = {tag: by_tag[tag] for tag in (*_ORDER, *by_tag) if tag in by_tag}
    fields = Fields(words, document["components"]["schemas"])
    contents = "".join(
        f"<h2>{escape(tag)}</h2>"
        + listed(link(f"#{call['operationId']}", _named(method, path)) for method, path, call in calls)
        for tag, calls in by_tag.items()
    )
    body = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(_call(words, fields, *each) for each in calls)}</section>"
        for tag, calls in by_tag.items()
    )
    return Page(words.text("docs_http"), words.text("docs_http_lead"), contents, paragraphs(_about(document)) + body)


def _about(document: Mapping[str, Any]) -> str:
    return str(document["info"]["description"])


def _named(method: str, path: str) -> str:
    """A call's name; a line may break in a path after each of its parts."""
    parts = escape(path).replace("/", "/<wbr>")
    return f'<span class="method" data-method="{method}">{method}</span> <code>{parts}</code>'


def _call(words: Words, fields: Fields, method: str, path: str, call: Mapping[str, Any]) -> str:
    said = "".join(_parts(words, fields, call))
    return (
        f'<article class="call" id="{call["operationId"]}"><h3>{_named(method, path)}</h3>'
        f'<p class="summary">{sentence(call["summary"])}</p><p>{sentence(call["description"])}</p>{said}</article>'
    )


def _parts(words: Words, fields: Fields, call: Mapping[str, Any]) -> Iterator[str]:
    yield f'<p class="needs">{_needs(words, call)}</p>'
    for parameter in call.get("parameters", ()):
        mark = f' <em class="must">{escape(words.text("docs_required"))}</em>' if parameter.get("required") else ""
        about = f" {sentence(parameter['description'])}" if parameter.get("description") else ""
        yield f'<p class="needs"><code>{escape(parameter["name"])}</code>{mark}{about}</p>'
    if "requestBody" in call:
        schema = call["requestBody"]["content"][_JSON]["schema"]
        whole = fields.resolved(schema)
        yield f"<h4>{escape(words.text('docs_body'))}</h4>{paragraphs(whole.get('description', ''))}"
        yield fields.shown(schema)
        for example in whole.get("examples", ())[:1]:
            yield folded(escape(words.text("docs_example")), json_block(example))
    problems = []
    for status, answer in sorted(call["responses"].items()):
        content = answer.get("content", {})
        if _PROBLEM in content:
            problems += [f"<b>{status}</b> {sentence(each)}" for each in answer["description"].split("; ")]
        else:
            yield _answer(words, fields, status, answer, content.get(_JSON))
    yield folded(f"{escape(words.text('docs_problems'))} ({len(problems)})", listed(problems, "problems"))


def _needs(words: Words, call: Mapping[str, Any]) -> str:
    security = call.get("security")
    if not security:
        return escape(words.text("docs_token_none"))
    return escape(words.text("docs_token_optional" if {} in security else "docs_token_required"))


def _answer(words: Words, fields: Fields, status: str, answer: Mapping[str, Any], content: Any) -> str:
    head = f"<h4>{escape(words.text('docs_answer'))} {status}</h4><p>{sentence(answer['description'])}</p>"
    if content is None:
        return head
    whole = fields.resolved(content["schema"])
    examples = "".join(line(each) for each in whole.get("examples", ())[:1])
    return f"{head}{paragraphs(whole.get('description', ''))}{fields.shown(content['schema'])}{examples}"
