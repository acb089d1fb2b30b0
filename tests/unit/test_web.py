"""The pages as they lie in web/: words, placeholders, form fields, sizes, nothing inline and nothing from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from string import Template

import pytest

from livefair import tables
from web.tables import files

WEB = Path(__file__).parents[2] / "web"
LANGUAGES = ("zh-CN", "en")
PAGES = sorted(path.name for path in WEB.glob("*.html"))
TEMPLATES = sorted(str(path.relative_to(WEB)) for path in (*WEB.glob("*.html"), *WEB.glob("fragments/*.html")))
SCRIPTS = sorted(str(path.relative_to(WEB)) for path in (*WEB.glob("app/*.js"), *WEB.glob("sdk/*.js")))
STYLES = sorted(str(path.relative_to(WEB)) for path in WEB.glob("css/*.css"))
FIRST_LOAD_KB = 50
USABLE_KB = 36
"""What has to come before the form is checked and sent by scripts; the rest follows while it is filled in."""
VENDORED_KB = 11.5
MADE_KEYS = re.compile(r"(state|fair_state|conn)_[a-z_]+|docs_[a-z_]+")
"""Keys that scripts and intake put together from a state, or from the part of a document (test_paper_pages.py)."""


def text_of(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


def words(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text_of(f"i18n/{language}.json"))
    return found


def codes(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text_of(f"i18n/codes.{language}.json"))
    return found


def compressed(name: str) -> int:
    return len(gzip.compress((WEB / name).read_bytes(), 6))


class Tags(HTMLParser):
    """Every start tag of a template, with its attributes, and the text inside script tags."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(text_of(name))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


def test_both_languages_have_the_same_words_with_the_same_holes() -> None:
    chinese, english = words("zh-CN"), words("en")
    assert chinese.keys() == english.keys()
    assert chinese, "there are no words"
    for key, text in chinese.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key
        assert text.strip(), key
        assert english[key].strip(), key


def test_every_word_that_is_asked_for_is_there_and_every_one_there_is_asked_for() -> None:
    asked = set()
    for name in TEMPLATES:
        asked |= {each[2:] for each in Template(text_of(name)).get_identifiers() if each.startswith("t_")}
    for name in SCRIPTS:
        # A sentence is asked for by t("key"); a list of a counter's or a unit's key holds it as a plain string.
        asked |= set(re.findall(r'"([a-z][a-z0-9_]+)"', text_of(name)))
        written = set(re.findall(r'\bt\("([a-z0-9_]+)"', text_of(name)))
        assert written <= words("en").keys(), (name, written - words("en").keys())
    have = words("zh-CN").keys()
    by_readme = {"job_rest", "job_seats", "job_health", "place_in_line"}
    columns = {f"col_{name}" for name in ("time", "name", "job", "state", "score", "why")}
    unused = {key for key in have if key not in asked | by_readme | columns and not MADE_KEYS.fullmatch(key)}
    assert unused == set()
    from_templates = {
        each[2:] for name in TEMPLATES for each in Template(text_of(name)).get_identifiers() if each.startswith("t_")
    }
    assert from_templates <= have


def test_every_state_has_its_words() -> None:
    from livefair.domain.applications import MOVES
    from livefair.domain.fairs import MOVES as FAIR_MOVES

    have = words("zh-CN")
    for state in MOVES:
        assert f"state_{state}" in have
        assert f"state_{state}_detail" in have
    for fair_state in FAIR_MOVES:
        assert f"fair_state_{fair_state}" in have


def test_every_filter_and_term_of_the_rules_has_its_words() -> None:
    from livefair.domain.rules import RULE_TABLES

    for language in LANGUAGES:
        have = codes(language)
        for rules in RULE_TABLES.values():
            for code in rules.filters:
                assert {f"filter_{code}", f"filter_{code}_fail", f"filter_{code}_unknown"} <= have.keys()
            assert {f"fit_{term.code}" for term in rules.fit} <= have.keys()
            assert {f"appeal_{term.code}" for term in rules.appeal} <= have.keys()


def test_the_made_files_are_those_of_the_tables() -> None:
    made = files()
    there = {str(path.relative_to(WEB)) for path in (*WEB.glob("regions/*.json"), *WEB.glob("i18n/codes.*.json"))}
    assert there == made.keys(), "run: python -m web.tables"
    stale = [name for name, text in made.items() if text_of(name) != text]
    assert stale == [], "run: python -m web.tables"


def test_the_county_list_offers_every_province_of_the_table() -> None:
    found = re.search(r'const PROVINCES = "([\d ]+)"', text_of("app/form.js"))
    assert found is not None
    assert found[1].split() == [region.province for region in tables.load().regions.provinces()]


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_placeholder_is_told_in_the_readme_or_is_a_word(name: str) -> None:
    readme = text_of("README.md")
    told = set(re.findall(r"\$([a-z_]+)", readme))
    lists = ("t_", "checked_", "selected_", "value_", "error_")
    known = codes("zh-CN").keys()
    assert Template(text_of(name)).is_valid()
    unknown = {
        each
        for each in Template(text_of(name)).get_identifiers()
        if each not in told and not each.startswith(lists) and each not in known
    }
    assert unknown == set()


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_inline(name: str) -> None:
    """A Content-Security-Policy without unsafe-inline runs these pages."""
    tags = Tags(name)
    assert tags.scripts == []
    for tag, attributes in tags.found:
        assert tag != "style"
        assert "style" not in attributes, (tag, attributes)
        assert not [key for key in attributes if key.startswith("on")], (tag, attributes)
        for key in ("src", "href", "action"):
            assert not (attributes.get(key) or "").startswith(("http:", "https:", "//", "javascript:", "data:"))


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_scripts_and_styles_reach_nothing_elsewhere(name: str) -> None:
    text = text_of(name)
    assert not re.findall(r"https?://|//[a-z0-9.-]+\.[a-z]{2,}/|@import", text)
    assert not re.findall(r"\beval\(|new Function\(|innerHTML|insertAdjacentHTML|document\.write", text)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name: str) -> None:
    named = [
        attributes.get(key) or "" for _, attributes in Tags(name).found for key in ("src", "href") if key in attributes
    ]
    static = [path.removeprefix("/static/") for path in named if path.startswith("/static/")]
    assert static
    filled = [path.replace("$lang", language) for path in static for language in LANGUAGES]
    assert [path for path in filled if not (WEB / path).is_file()] == []
    if name == "candidate.html":  # one round trip brings all that the form needs
        early = imports("app/candidate.js", later=False) - {"app/candidate.js"}
        assert {path for path in static if path.endswith(".js")} == early | {"app/candidate.js"}


def imports(name: str, *, later: bool = True) -> set[str]:
    """The script itself and everything that it imports, by path under web/; with what it imports `later` or without."""
    found = {name}
    how = r"(?:from ?|import\()" if later else "from ?"
    for path in re.findall(how + r'"(\.{1,2}/[^"]+)"', text_of(name)):
        target = str((WEB / name).parent.joinpath(path).resolve().relative_to(WEB))
        if target not in found:
            found |= imports(target, later=later)
    return found


def test_the_first_load_of_the_candidates_page_is_small() -> None:
    loaded = {"candidate.html", "css/livefair.css", "icon.svg", *imports("app/candidate.js")}
    for language in LANGUAGES:
        whole = sum(map(compressed, [*loaded, f"i18n/{language}.json", f"i18n/codes.{language}.json"]))
        filled_in = 4000  # names of the jobs and the words that take the place of the placeholders
        assert whole + filled_in <= FIRST_LOAD_KB * 1000, {name: compressed(name) for name in sorted(loaded)}
        later = sum(map(compressed, imports("app/live.js") - imports("app/candidate.js", later=False)))
        assert later > 0
        assert whole + filled_in - later <= USABLE_KB * 1000


def test_what_others_wrote_is_as_recorded_and_small() -> None:
    rows = re.findall(r"\| `(\S+\.js)` \|.*\(LICENSE[^)]*\)\) \| `([0-9a-f]{64})` \|", text_of("vendor/README.md"))
    there = {path.name for path in WEB.glob("vendor/*.js")}
    assert {name for name, _ in rows} == there
    for name, digest in rows:
        assert hashlib.sha256((WEB / "vendor" / name).read_bytes()).hexdigest() == digest
    assert sum(compressed(f"vendor/{name}") for name in there) <= VENDORED_KB * 1000


FORM_FIELDS = {
    *("idempotency_key", "lang", "source_channel", "source_id", "name", "phone", "region"),
    *("occupations", "skills", "level", "experience_years", "modes", "pay_amount", "pay_unit"),
    *("provinces", "languages", "start", "health_certificate_until"),
    *("consent_employers", "consent_host", "consent_ranking", "consent_sensitive"),
}


def test_the_plain_form_asks_for_everything_with_a_label_and_posts_it() -> None:
    tags = Tags("candidate.html").found
    forms = [attributes for tag, attributes in tags if tag == "form"]
    assert [(form["method"], form["action"]) for form in forms] == [("post", "/fairs/$fair/signup")]
    inputs = [attributes for tag, attributes in tags if tag in ("input", "select", "textarea")]
    assert {str(each["name"]) for each in inputs} == FORM_FIELDS
    assert set(re.findall(r"`([a-z_]+)`", text_of("README.md"))) >= FORM_FIELDS
    labelled = {attributes["for"] for tag, attributes in tags if tag == "label" and "for" in attributes}
    text = text_of("candidate.html")
    for each in inputs:
        if each.get("type") in ("hidden", "checkbox"):
            continue
        assert each["id"] in labelled, each
        described = str(each.get("aria-describedby", "")).split()
        assert each["name"] == "pay_unit" or described, each
        assert all(f'id="{target}"' in text for target in described), each
    boxes = text.count('type="checkbox"')
    assert len(re.findall(r'<label class="(?:chip|check)"><input type="checkbox"', text)) == boxes
    required = {str(each["name"]) for each in inputs if "required" in each}
    assert required == {"name", "phone", "region", "consent_employers"}


def test_what_the_plain_form_offers_is_in_the_tables() -> None:
    rows = tables.load()
    offered: dict[str, set[str]] = {}
    for tag, attributes in Tags("candidate.html").found:
        if tag == "input" and attributes.get("type") == "checkbox":
            offered.setdefault(str(attributes["name"]), set()).add(str(attributes["value"]))
    assert offered["skills"] <= rows.skills.keys()
    assert offered["occupations"] <= rows.occupations.keys()
    assert offered["languages"] <= rows.languages.keys()
    assert offered["modes"] == rows.modes.keys()
    assert all(rows.regions.province(digits) for digits in offered["provinces"])
    shown = {f"{name}_{value}".replace("-", "_") for name, values in offered.items() for value in values}
    marks = set(re.findall(r"\$checked_([a-z0-9_]+)", text_of("candidate.html")))
    assert shown == marks
