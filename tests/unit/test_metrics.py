"""The counters of hot paths: a histogram without a lock, decisions counted by the batch, failures by who asked."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from livefair.errors import Unavailable
from livefair.metrics import VALKEY_FAILURES, Spread
from livefair.valkey import Unanswered
from livefair.wire.decisions import InterestNoted, LineMoved, Noted
from livefair.wire.feed import NO_TRAIL, read_trail, trail_text
from services.gateway import metrics as gateway
from streams.metrics import BATCH, DECISIONS, SECONDS, UNREADABLE_INPUTS, StageMetrics
from streams.owner import UNREADABLE

BOUNDS = (0.1, 0.5, 2.0)


@given(st.lists(st.floats(0, 5), max_size=50))
def test_a_spread_is_the_histogram_that_prometheus_would_make(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    spread = Spread("h_seconds", "Help.", "audience", ("host", "job"), BOUNDS, ours)
    histogram = Histogram("h_seconds", "Help.", ["audience"], buckets=BOUNDS, registry=theirs)
    histogram.labels("job")
    for value in values:
        spread.of["host"].observe(value)
        histogram.labels("host").observe(value)
    if values:
        assert _samples(ours) == pytest.approx(_samples(theirs))
    assert _samples(ours)["h_seconds_count", "job", ""] == 0


def _samples(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    (family,) = text_string_to_metric_families(generate_latest(registry).decode())
    return {(one.name, one.labels["audience"], one.labels.get("le", "")): one.value for one in family.samples}


@pytest.mark.parametrize("trail", [(0, ""), (1_700_000_000_000, ""), (17, "00-ab-cd-01"), (0, "00-ab-cd-01")])
def test_a_trail_is_read_as_it_was_written(trail: tuple[int, str]) -> None:
    assert read_trail(trail_text(*trail).encode()) == trail
    assert b" " not in trail_text(*trail).encode()
    assert (trail_text(*trail).encode() == NO_TRAIL) == (trail == (0, ""))


def test_what_is_handed_over_is_measured_from_the_append(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.25)
    tally = gateway.SECONDS.of["host"]
    counts, total = list(tally.counts), tally.total
    gateway.handed_over("host", [b"1000000", b"2000000", NO_TRAIL])
    gateway.handed_over("fair", [b"1000000"])  # everybody's channel: nobody's sign-up
    assert sum(tally.counts) - sum(counts) == 2  # one of them by a clock that is ahead
    assert tally.total - total == pytest.approx(0.25)


def test_decisions_are_counted_by_kind_once_for_each_batch() -> None:
    def written(decision: object) -> Any:
        return SimpleNamespace(decision=decision)

    stage = StageMetrics("tested")
    interest = InterestNoted(job="j", candidate="c", interested=True, at=1)
    batch = [written(interest), written(interest), written(LineMoved(job="j", first=1, line=(), at=1))]
    batch += [written(Noted(at=1, why="no-effect")), written(Noted(at=1, why=UNREADABLE))]
    stage.decided(cast("Any", batch), int(time.time() * 1000) - 100)
    stage.decided(cast("Any", batch[:1]), 0)
    labels = {"stage": "tested"}
    kinds = {one.labels["kind"]: one.value for one in _of(DECISIONS, labels) if one.name.endswith("_total")}
    assert kinds == {"interest.noted": 3, "line.moved": 1, "noted": 2}
    assert [one.value for one in _of(UNREADABLE_INPUTS, labels)] == [1]
    assert {one.name: one.value for one in _of(BATCH, labels)}["livefair_stage_batch_decisions_sum"] == 6
    seconds = {one.name: one.value for one in _of(SECONDS, labels)}
    assert seconds["livefair_stage_decision_seconds_count"] == 1
    assert seconds["livefair_stage_decision_seconds_sum"] >= 0.1


def test_who_is_not_answered_is_counted_and_told_why() -> None:
    unanswered = Unanswered("tested")
    assert isinstance(unanswered(TimeoutError()), Unavailable)
    assert unanswered(TimeoutError()).message == "Valkey did not answer: TimeoutError"
    assert unanswered().message == "Valkey did not answer in time"
    assert [one.value for one in _of(VALKEY_FAILURES, {"part": "tested"})] == [3]


def _of(metric: Any, labels: dict[str, str]) -> list[Any]:
    (family,) = metric.collect()
    return [one for one in family.samples if labels.items() <= one.labels.items()]
