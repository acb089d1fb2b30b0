"""The papers are those of the code: nothing made in them is stale, and what is written by hand names what is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from docs import flow, make, tables
from livefair.config import Settings
from livefair.wire import topics
from livefair.wire.topics import BY_NAME, TOPICS

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.zh-CN.md", "docs/design.md", "docs/operations.md")
PROGRAMS = {
    "intake": ("services/intake", "services/directory.py", "services/audience.py"),
    "gateway": ("services/gateway", "services/directory.py", "services/audience.py"),
    "feeder": ("services/feeder",),
    "insight": ("streams/insight",),
}
"""Where the code of each program lies that reads or writes topics."""
COUNTED_ONLY = {"intake": {"feed"}}
"""Topics of which a program only counts in which partition a key is, to find it in Valkey."""


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_nothing_that_is_made_of_code_is_stale() -> None:
    assert make.stale() == [], "run: make docs"


def test_a_stale_paper_would_be_found() -> None:
    made = make.papers()
    assert set(made) == {*make.FILES, *make.BLOCKS}
    text = make._put("x", "<!-- a: made by make docs -->\nold\n<!-- /a -->", "a", "new\n")
    assert text == "<!-- a: made by make docs -->\nnew\n<!-- /a -->"
    with pytest.raises(SystemExit, match="x: there must be one block"):
        make._put("x", "", "a", "")


# ---------------------------------------------------------------- the flow


def imported(*paths: str) -> set[str]:
    """The topics that some modules import by name."""
    names = {topic.name: name for name, topic in vars(topics).items() if isinstance(topic, topics.Topic)}
    constants = {constant: name for name, constant in names.items()}
    found = set()
    for path in paths:
        there = ROOT / path
        for file in [there] if there.is_file() else there.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "livefair.wire.topics":
                    found |= {constants[alias.name] for alias in node.names if alias.name in constants}
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_drawn_at_the_topics_that_its_code_names(program: str) -> None:
    drawn = {topic.name for topic in (*flow.WRITES[program], *flow.READS[program])}
    assert drawn == imported(*PROGRAMS[program]) - COUNTED_ONLY.get(program, set())


def test_the_stages_are_drawn_as_they_fold_and_route() -> None:
    drawn = [(stage.name, stage.source.name, stage.log.name) for stage in flow.stages()]
    assert drawn == [
        ("fair desk", "fairs", "fair-decisions"),
        ("candidate desk", "candidates", "desk-decisions"),
        ("seat ledger", "jobs", "matches"),
    ]
    told = {stage.name: {topic.name for topic in stage.routes} for stage in flow.stages()}
    assert told == {
        "fair desk": {"candidates", "jobs", "feed"},
        "candidate desk": {"fairs", "jobs", "feed"},
        "seat ledger": {"candidates", "feed"},
    }
    assert [stage.name for stage in flow.stages() if stage.deadlines] == ["seat ledger"]


def test_every_topic_has_somebody_who_writes_it() -> None:
    assert [topic.name for topic in TOPICS if not flow.writers(topic.name)] == []


def test_the_way_of_a_sign_up_is_one_that_the_stages_route(monkeypatch: pytest.MonkeyPatch) -> None:
    way = flow.way(make._ENGLISH)
    assert re.findall(r"--> \w+\[\(([a-z-]+)\)\]\n", way) == ["candidates", "desk-decisions", "matches"]
    assert re.findall(r"-\. routed \.-> \w+\[\((\w+)\)\]", way) == ["jobs", "feed"]
    blind = tuple(stage._replace(routes=()) for stage in flow.stages())
    monkeypatch.setattr(flow, "stages", lambda: blind)
    with pytest.raises(ValueError, match="candidate desk routes nothing to jobs"):
        flow.way(make._ENGLISH)


def test_the_picture_shows_each_of_its_topics_and_programs() -> None:
    picture = flow.picture(make._ENGLISH)
    shown = set(re.findall(r"\[\(([a-z-]+)\)\]", picture))
    assert shown == {topic.name for topic in flow.SHOWN} < set(BY_NAME)
    assert all(re.search(rf"\b{program}\b", picture) for program in flow.WRITES)


def test_what_the_readme_shows_of_the_host_is_what_the_example_does() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    code = [line.strip().replace(", flush=True", "") for line in text_of("examples/host.py").splitlines()]
    lines = [line.strip() for line in shown.splitlines()]
    start = code.index(lines[0])
    assert [line for line in code[start:] if not line.startswith("print(f")][: len(lines)] == lines


# ---------------------------------------------------------------- operations


def test_every_setting_has_its_row() -> None:
    rows = re.findall(r"^\| `(LIVEFAIR_[A-Z_]+)` \|", text_of("docs/operations.md"), re.MULTILINE)
    assert rows == [f"LIVEFAIR_{name.upper()}" for name in Settings.model_fields]


def test_a_default_that_depends_on_the_user_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/someone")
    settings = Settings()
    assert {name: str(getattr(settings, name)).replace("/home/someone", "~") for name in tables.HOMES} == tables.HOMES


def test_every_alert_has_its_section() -> None:
    groups = yaml.safe_load(text_of("deploy/prometheus/alerts.yml"))["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
    sections = re.split(r"^## ", text_of("docs/operations.md").partition("\n# Alerts\n")[2], flags=re.MULTILINE)[1:]
    told = {heading: body.strip() for heading, _, body in (each.partition("\n") for each in sections)}
    assert set(told) == set(alerts)
    assert all(len(body) > 80 for body in told.values()), "a section says what it means and what to do"


def test_every_metric_that_is_named_is_one_of_ours() -> None:
    sources = [*ROOT.glob("livefair/**/*.py"), *ROOT.glob("services/**/*.py"), *ROOT.glob("streams/**/*.py")]
    declared = set(re.findall(r'"(livefair_[a-z_]+)"', "".join(path.read_text(encoding="utf-8") for path in sources)))
    named = set(re.findall(r"`(livefair_[a-z_]+)`", text_of("docs/operations.md")))
    assert named
    assert named <= declared


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_every_file_that_is_named_is_there(page: str) -> None:
    text = text_of(page)
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / page).parent.joinpath(link).exists(), link
    for path in re.findall(r"`((?:livefair|services|streams|web|deploy|bench|tests|docs|examples)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
