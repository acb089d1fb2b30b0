"""Figures that several services report in the same words, and the two ways of counting that a hot path can afford.

The rule: a label has few values, all known to the code; no id, name, channel or route with values in it is ever one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector

# A `_created` series beside every counter doubles a page, and nobody reads it.
disable_created_metrics()  # type: ignore[no-untyped-call]

STAGE_LAG = Gauge(
    "livefair_stage_lag_records",
    "Records of a stage's input whose effect is not acknowledged yet, over this process's partitions. "
    "Stages: fair, desk, ledger, feeder, insight.",
    ["stage"],
)
STAGE_OLDEST = Gauge(
    "livefair_stage_oldest_undecided_seconds",
    "Age of the oldest input without an acknowledged effect; 0 where there is none. By the broker's time where the "
    "record is in our hands, before that from when it was first seen to be there.",
    ["stage"],
)
KAFKA_FAILURES = Counter(
    "livefair_kafka_failures_total",
    "Writes, reads or connections that Kafka did not grant, by what was asked.",
    ["call"],
)
VALKEY_FAILURES = Counter(
    "livefair_valkey_failures_total", "Commands or connections that Valkey did not answer, by who asked.", ["part"]
)
RECORDS_AT_ONCE: Sequence[float] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
"""Buckets for the size of a batch."""

Info("livefair_build", "The version that runs.").info({"version": version("livefair")})


class Spread(Collector):
    """A histogram for hot paths: an observation is one bisection in a list, without the lock that threads would need.

    To be used from one thread, which the event loop is. `label` has few values, given at once; each has a `Tally`.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        label: str,
        values: Iterable[str],
        bounds: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._label = label
        self._bounds = [*(str(float(bound)) for bound in bounds), "+Inf"]
        self.of = {value: Tally(bounds) for value in values}
        registry.register(self)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The family as the page shows it."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        for value, tally in self.of.items():
            family.add_metric([value], list(zip(self._bounds, accumulate(tally.counts), strict=True)), tally.total)
        return [family]


class Tally:
    """Observations of one kind: how many fell below each bound, and their sum."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = list(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


__all__ = [
    "KAFKA_FAILURES",
    "RECORDS_AT_ONCE",
    "STAGE_LAG",
    "STAGE_OLDEST",
    "VALKEY_FAILURES",
    "Histogram",
    "Spread",
    "Tally",
]
