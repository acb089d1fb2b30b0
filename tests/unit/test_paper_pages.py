"""The pages of the documents show all that is in them, in both languages, and nothing in them is taken for markup."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from livefair import asyncapi, tables
from services.intake import openapi
from services.intake.papers import PAPERS, Papers
from services.intake.papers.parts import Fields, json_block, line, sentence
from services.intake.rendering import Setting
from services.intake.site import LANGUAGES, Files
from services.intake.texts import Language

FILES = Files()
TABLES = tables.load()
VOID = {"meta", "link", "wbr"}


class Words(dict[str, str]):
    """The words of a language that remembers which of them were asked for."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.asked: set[str] = set()

    def text(self, key: str, **values: object) -> str:
        self.asked.add(key)
        return FILES.words[self.language].text(key, **values)


class Outline(HTMLParser):
    """Ids and links of a page; whether each tag that was opened was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids.update([said["id"]] if said.get("id") else [])
        self.links += [said["href"]] if tag == "a" and said.get("href") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(name: str, language: Language = "en") -> str:
    return Papers().page(Setting(FILES, language, "ws://127.0.0.1:1/ws", TABLES), name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAPERS)
def test_a_page_is_well_formed_and_its_links_lead_somewhere(name: str, language: Language) -> None:
    page = shown(name, language)
    outline = Outline(page)
    assert outline.open == []
    assert f'<html lang="{language}">' in page
    assert [each for each, count in outline.ids.items() if count > 1] == []
    assert {each[1:] for each in outline.links if each.startswith("#")} <= outline.ids.keys()
    assert not re.search(r"<script|\bstyle=|https?://", page)


def test_every_call_is_shown_with_its_fields_and_its_problems() -> None:
    outline = Outline(shown("http"))
    for path, item in openapi.document()["paths"].items():
        assert path in outline.text
        calls = [call for method, call in item.items() if method != "parameters"]
        assert {call["operationId"] for call in calls} <= outline.ids.keys()
    for said in ("health_certificate_until", "Idempotency-Key", "key-reused: ", "张丽", "26-days"):
        assert said in outline.text


def test_every_event_channel_command_close_code_and_topic_is_shown() -> None:
    outline = Outline(shown("live"))
    document = asyncapi.document()
    names = set(document["components"]["messages"])
    assert {name for name in names if name.startswith(("event.", "command."))} <= outline.ids.keys()
    for name, channel in document["channels"].items():
        assert (name if name.startswith("topic.") else f"channel.{name}") in outline.ids or name == "socket"
        assert channel["address"] in outline.text
    for each in document["channels"]["socket"]["x-close-codes"]:
        assert str(each["code"]) in outline.text
    for name in names:
        assert document["components"]["messages"][name]["name"] in outline.text


def test_every_word_of_the_pages_is_asked_for() -> None:
    asked: set[str] = set()
    for make, document in PAPERS.values():
        words = Words("en")
        make(words, document())  # type: ignore[arg-type]  # as much of Words as a page needs
        asked |= words.asked
    have = {key for key in FILES.words["en"].escaped if key.startswith("t_docs")}
    assert {f"t_{key}" for key in asked} | {"t_docs_skip", "t_docs_contents"} == have


def test_what_a_document_says_is_never_markup() -> None:
    bad = "<b>&`<i>`"
    assert sentence(bad) == "&lt;b&gt;&amp;<code>&lt;i&gt;</code>"
    for made in (json_block({"x": bad}), line({"x": bad}), line({"x": bad * 40})):
        assert "<b>" not in made
    schema: dict[str, Any] = {
        "properties": {bad: {"enum": [bad], "description": bad, "default": bad}},
        "required": [bad],
    }
    fields = Fields(FILES.words["en"], {}).shown(schema)
    assert "<b>" not in fields
    assert "&lt;b&gt;" in fields


def test_a_schema_within_itself_ends() -> None:
    schemas = {"Tree": {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/Tree"}}}}
    assert Fields(FILES.words["en"], schemas).shown(schemas["Tree"]).count("left") == 6
