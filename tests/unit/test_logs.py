"""Logs: one JSON object a line on stderr; a library that repeats itself is heard once, and counted."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from livefair import config, logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_ours_and_theirs_are_one_json_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(config.load(slot=2), "worker")
    structlog.get_logger("streams.stage").info("acquired", partition=3)
    logging.getLogger("somebody").warning("lost %s", "it")
    logging.getLogger("aiokafka").info("not said: their info is our debug")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["partition"], ours["service"], ours["slot"]) == ("acquired", 3, "worker", 2)
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("lost it", "warning", "somebody")


def test_an_exception_is_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(config.load(), "intake")
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["exception"][0]["exc_value"] == "broken"


def test_a_repetition_is_held_back_and_counted() -> None:
    now = 0.0
    heard = logs.NotAgain(clock=lambda: now)

    def said(message: str, *args: object) -> str | None:
        record = logging.LogRecord("aiokafka", logging.WARNING, "", 0, message, args, None)
        return record.getMessage() if heard.filter(record) else None

    assert said("away for %d s", 1) == "away for 1 s"
    assert said("away for %d s", 2) is None
    assert said("something else") == "something else"
    now = logs.REPEAT_S
    assert said("away for %d s", 3) == "away for 3 s (and 1 times more)"
