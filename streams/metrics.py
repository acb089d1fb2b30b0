"""What the stages count. Once for each batch: at 25 µs an input, a counter's own microsecond would show."""

from __future__ import annotations

import time
from collections import Counter as Counts
from collections.abc import Sequence
from operator import attrgetter

import msgspec
from prometheus_client import Counter, Gauge, Histogram

from livefair.metrics import RECORDS_AT_ONCE
from livefair.wire.decisions import Noted
from streams.owner import UNREADABLE, Written

DECISIONS = Counter("livefair_stage_decisions_total", "Decisions acknowledged in the log, by kind.", ["stage", "kind"])
UNREADABLE_INPUTS = Counter(
    "livefair_stage_unreadable_total", "Inputs that could not be read or folded; they are in dead-letters.", ["stage"]
)
ROUTED = Counter("livefair_stage_routed_total", "Records handed on to other topics.", ["stage"])
BATCH = Histogram(
    "livefair_stage_batch_decisions", "Decisions written to the log as one batch.", ["stage"], buckets=RECORDS_AT_ONCE
)
SECONDS = Histogram(
    "livefair_stage_decision_seconds",
    "From the append of a batch's first input, by the broker's clock, to the acknowledgement of its decisions.",
    ["stage"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
)
PARTITIONS = Gauge("livefair_stage_partitions", "Partitions that this process folds.", ["stage"])
ACQUIRED_ANEW = Counter(
    "livefair_stage_acquired_anew_total",
    "Partitions restored from their log because something failed, by the class of the error.",
    ["stage", "reason"],
)

_decision_of = attrgetter("decision")


class StageMetrics:
    """One stage's share of them, so that nothing is looked up by name while it runs."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._kinds: dict[type[msgspec.Struct], Counter] = {}
        self._unreadable = UNREADABLE_INPUTS.labels(stage)
        self._batch = BATCH.labels(stage)
        self._seconds = SECONDS.labels(stage)
        self.routed = ROUTED.labels(stage)
        self.partitions = PARTITIONS.labels(stage)

    def decided(self, written: Sequence[Written], since: int) -> None:
        """A batch is acknowledged; `since` is when its first input was appended (Unix ms), 0 where nobody knows."""
        self._batch.observe(len(written))
        if since:
            self._seconds.observe(max(0.0, time.time() - since / 1000))
        kinds: Counts[type[msgspec.Struct]] = Counts(map(type, map(_decision_of, written)))
        for kind, count in kinds.items():
            counter = self._kinds.get(kind)
            if counter is None:
                name = str(kind.__struct_config__.tag)
                counter = self._kinds[kind] = DECISIONS.labels(self._stage, name)
            counter.inc(count)
        if Noted in kinds:
            noted = [one.decision for one in written if type(one.decision) is Noted]
            self._unreadable.inc(sum(one.why == UNREADABLE for one in noted))

    def acquired_anew(self, error: BaseException) -> None:
        """A partition is given up and taken again."""
        ACQUIRED_ANEW.labels(self._stage, type(error).__name__).inc()
