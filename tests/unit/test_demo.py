"""The demo's summary: a fault that either side found, the clients or the audit, makes the whole unclean."""

from __future__ import annotations

from typing import Any

import pytest

from livefair.errors import LivefairError, Unavailable
from livefair.play.show import Show
from livefair.play.watching import Doors
from services.embedded.demo import _first, _summary

CLEAN: dict[str, Any] = {"lost": 0, "doubled": 0, "differing": 0, "clean": True}


@pytest.fixture
def show() -> Show:
    return Show(Doors("http://h", "ws://h/ws"), bytes(32), seed=5, watching=0)


def test_a_faultless_play_is_clean(show: Show) -> None:
    found = _summary(show, 2.5, 20.0, 10.0, CLEAN)
    assert found["clean"] is True
    assert (found["lost"], found["doubled"], found["differing"]) == (0, 0, 0)
    assert (found["seed"], found["seconds"], found["rate"], found["ready_s"]) == (5, 10.0, 20.0, 2.5)


@pytest.mark.parametrize("fault", ["lost", "doubled", "differing"])
def test_what_the_audit_finds_counts(show: Show, fault: str) -> None:
    found = _summary(show, 2.5, 20.0, 10.0, {**CLEAN, fault: 3, "clean": False})
    assert found["clean"] is False
    assert found[fault] == 3


def test_what_a_phone_was_told_and_the_host_never_saw_is_lost(show: Show) -> None:
    show.tally.promises.acknowledge("a1", 1.0)
    found = _summary(show, 2.5, 20.0, 10.0, CLEAN)
    assert found["clean"] is False
    assert found["lost"] == 1


def test_what_a_socket_got_twice_is_doubled(show: Show) -> None:
    witness = show.tally.witness("job:j1")
    witness.begin(0)
    witness.see(1, 0, "x")
    witness.see(2, 1, "x")
    found = _summary(show, 2.5, 20.0, 10.0, CLEAN)
    assert found["clean"] is False
    assert found["doubled"] == 1


def test_of_nested_failures_the_first_is_told() -> None:
    inner: ExceptionGroup[LivefairError] = ExceptionGroup("inner", [Unavailable("no answer"), Unavailable("later")])
    assert _first(ExceptionGroup("outer", [inner])).message == "no answer"
