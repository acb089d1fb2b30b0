"""The start of the documentation: where everything is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from services.intake.papers.parts import Page
from services.intake.site import Words

_LINKS = (("http", "/docs/http", "/openapi.json"), ("live", "/docs/live", "/asyncapi.json"))


def page(words: Words, _document: Mapping[str, Any]) -> Page:
    """Two documents, each as a page and as JSON."""
    cards = "".join(
        f'<li class="card"><h2>{_said(words, name)}</h2><p>{_said(words, name, "lead")}</p>'
        f'<p><a class="button primary" href="{page_at}?lang={words.language}">{_said(words, "read")}</a> '
        f'<a class="button" href="{json_at}">JSON</a></p></li>'
        for name, page_at, json_at in _LINKS
    )
    more = "".join(f"<li>{_said(words, 'client', language)}</li>" for language in ("python", "js"))
    body = f'<ul class="fairs">{cards}</ul><section><h2>{_said(words, "clients")}</h2><ul>{more}</ul></section>'
    return Page(words.text("docs"), words.text("docs_lead"), "", body)


def _said(words: Words, *name: str) -> str:
    return escape(words.text("_".join(("docs", *name))))
