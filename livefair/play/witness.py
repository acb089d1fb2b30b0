"""What clients were told, held against what they saw: nothing twice, nothing missing, everything that was promised.

Pure; times are seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

KEPT = 100_000
"""Latencies that are remembered: the newest."""


class Witness:
    """One channel as one socket saw it, over all its connections."""

    __slots__ = ("_ids", "channel", "doubled", "holes", "last", "seen")

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.last: int | None = None
        """The offset up to which everything was seen; None: the chain begins anew."""
        self.seen = 0
        self.doubled: list[str] = []
        self.holes: list[tuple[int, int]] = []
        self._ids: set[str] = set()

    def begin(self, offset: int) -> None:
        """The chain begins after `offset`: a first subscription, or one that could not be resumed."""
        self.last = offset

    def see(self, offset: int, prev: int, identifier: str) -> bool:
        """A publication came; whether its event is a new one. A hole is noted where `prev` was not seen."""
        if self.last is not None and prev != self.last:
            self.holes.append((self.last, prev))
        self.last = offset
        if identifier in self._ids:
            self.doubled.append(identifier)
            return False
        self._ids.add(identifier)
        self.seen += 1
        return True

    def learn(self, identifier: str) -> bool:
        """An event stands in a snapshot; whether it is new. That it comes there again is no fault."""
        if identifier in self._ids:
            return False
        self._ids.add(identifier)
        return True

    def skip(self, offset: int) -> None:
        """The server says that it left out what came up to `offset` for a reader as slow as this one."""
        self.last = offset


class Promises:
    """Applications as their phones were told of them, and as the host's socket saw them come."""

    def __init__(self) -> None:
        self.latencies: deque[float] = deque(maxlen=KEPT)
        """Seconds from the acknowledgement at the phone to the push at the host; 0 where the push was first."""
        self.from_tap: deque[float] = deque(maxlen=KEPT)
        """Seconds from the tap at the phone to the push at the host."""
        self.acknowledged: dict[str, float] = {}
        self._tapped: dict[str, float] = {}
        self.doubled: list[str] = []
        self._submitted: dict[tuple[str, int], float] = {}
        self._awaited: set[str] = set()

    def acknowledge(self, application: str, at: float, tapped: float | None = None) -> bool:
        """A phone was told that this application is taken on; whether it is the first to be told so.

        `tapped` is when its owner signed up, where that is to be measured from too.
        """
        if application in self.acknowledged:
            return False
        self.acknowledged[application] = at
        if tapped is not None:
            self._tapped[application] = tapped
        pushed = self._submitted.get((application, 1))
        if pushed is None:
            self._awaited.add(application)
        else:
            self._measure(application, at, pushed)
        return True

    def submit(self, application: str, revision: int, at: float) -> None:
        """`application.submitted` came to the host. After a withdrawal an application may come again, as a revision."""
        if (application, revision) in self._submitted:
            self.doubled.append(application)
            return
        self._submitted[application, revision] = at
        told = self.acknowledged.get(application)
        if revision == 1 and told is not None:
            self._awaited.discard(application)
            self._measure(application, told, at)

    def _measure(self, application: str, told: float, pushed: float) -> None:
        self.latencies.append(max(0.0, pushed - told))
        tapped = self._tapped.pop(application, None)
        if tapped is not None:
            self.from_tap.append(pushed - tapped)

    @property
    def submitted(self) -> int:
        """Applications that the host saw come."""
        return len(self._submitted)

    @property
    def missing(self) -> frozenset[str]:
        """Acknowledged, and not yet seen by the host."""
        return frozenset(self._awaited)


def percentile_ms(seconds: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile in ms; None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    rank = max(0, -(-len(ordered) * percent // 100) - 1)
    return round(ordered[int(rank)] * 1000, 2)


def percentiles(seconds: Sequence[float]) -> dict[str, float | None]:
    """The two that are told, in ms."""
    return {"p50": percentile_ms(seconds, 50), "p99": percentile_ms(seconds, 99)}
