"""Logs: one JSON object a line on stderr; who repeats itself is heard once; nobody's words are in a fault."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from livefair import config, logs
from livefair.errors import Unavailable
from livefair.faults import WITHHELD

ROOT = Path(__file__).parents[2]
NAME = "慕容静怡"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    logs.detail.on = False
    structlog.reset_defaults()


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines after the first, which every service begins with."""
    first, *others = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (first["event"], first["level"]) == ("starting", "info")
    assert first["version"]
    return others


def test_ours_and_theirs_are_one_json_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(config.load(slot=2), "worker")
    structlog.get_logger("streams.stage").info("acquired", partition=3)
    logging.getLogger("somebody").warning("lost %s", "it")
    logging.getLogger("aiokafka").info("not said: their info is our debug")
    ours, theirs = said(capsys)
    assert (ours["event"], ours["partition"], ours["service"], ours["slot"]) == ("acquired", 3, "worker", 2)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("lost it", "warning", "somebody")


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_fault_tells_places_and_our_own_words_but_nobody_s_data(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    def handler(body: str) -> None:
        try:
            raise ValueError(f"{body} is no number")
        except ValueError as error:
            raise Unavailable("Kafka is away") from error

    logs.configure(config.load(log_format=form), "intake")
    try:
        handler(NAME)
    except Unavailable:
        structlog.get_logger().exception("failed", do="wait")
        logging.getLogger("somebody").exception("failed too")
    whole = capsys.readouterr().err
    assert NAME not in whole
    assert whole.count("Kafka is away") == whole.count(WITHHELD) == 2
    assert whole.count("handler") == 4  # the place of each of the two, twice told
    if form == "json":
        fault = json.loads(whole.splitlines()[1])["exception"]
        assert (fault["class"], fault["cause"]["class"]) == ("Unavailable", "ValueError")
        assert fault["at"][-1].startswith(__file__)


def test_a_group_tells_each_of_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(config.load(), "worker")
    try:
        raise ExceptionGroup("two", [KeyError(NAME), Unavailable("Valkey is away")])
    except ExceptionGroup:
        structlog.get_logger().exception("failed")
    (line,) = said(capsys)
    assert [each["said"] for each in line["exception"]["group"]] == [WITHHELD, "Valkey is away"]
    assert NAME not in json.dumps(line, ensure_ascii=False)


def test_detail_is_asked_for_by_the_level_alone() -> None:
    logs.configure(config.load(), "gateway")
    assert not logs.detail.on
    logs.configure(config.load(log_level="debug"), "gateway")
    assert logs.detail.on


def test_of_an_event_only_ids_may_be_said() -> None:
    event = (
        '{"id":"m5-77-0-1","type":"application.submitted","time":1,"data":{"application":"ac1-j1","job":"j1",'
        '"candidate":"c1","name":"慕***","filters":[{"filter":"level","verdict":"pass"}],"id":"later"}}'
    )
    assert logs.ids_in(event.encode()) == {
        "event_id": "m5-77-0-1",
        "type": "application.submitted",
        "application": "ac1-j1",
        "candidate": "c1",
    }


def test_each_error_says_what_to_do() -> None:
    silent, told = [], 0
    for package in ("livefair", "services", "streams"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                logger = node.func.value
                if not isinstance(logger, ast.Name) or logger.id not in ("log", "_log", "logger"):
                    continue
                if node.func.attr in ("error", "exception", "critical"):
                    told += 1
                    if "do" not in {each.arg for each in node.keywords}:
                        silent.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert told >= 5
    assert silent == []


def test_a_repetition_is_held_back_and_counted() -> None:
    now = 0.0
    heard = logs.NotAgain(clock=lambda: now)

    def passed(message: str, *args: object) -> str | None:
        record = logging.LogRecord("aiokafka", logging.WARNING, "", 0, message, args, None)
        return record.getMessage() if heard.filter(record) else None

    assert passed("away for %d s", 1) == "away for 1 s"
    assert passed("away for %d s", 2) is None
    assert passed("something else") == "something else"
    now = logs.REPEAT_S
    assert passed("away for %d s", 3) == "away for 3 s (and 1 times more)"
