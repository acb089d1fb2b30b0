"""How many requests a second each address may send, counted in this process.

Counting here costs 0.5 µs; the library `limits` takes five to ten times as long in memory, and a journey for each
request on Valkey.
"""

from __future__ import annotations

from services.intake.problems import Refused

REMEMBERED = 10_000
"""Addresses; above this the ones that have been quiet are forgotten."""


class Rate:
    """`limit` a second from one address, for as long as it likes; after a quiet second as many again at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buckets: dict[str, tuple[float, float]] = {}

    def admit(self, address: str, now: float) -> None:
        """Count one request at `now` (s, any monotonic clock). Raises Refused (too-many)."""
        full = 2.0 * self._limit
        left, last = self._buckets.get(address, (full, now))
        left = min(full, left + (now - last) * self._limit) - 1.0
        if left < 0.0:
            raise Refused("too-many", values={"limit": self._limit})
        if len(self._buckets) > REMEMBERED:
            self._buckets = {each: bucket for each, bucket in self._buckets.items() if now - bucket[1] < 2.0}
        self._buckets[address] = (left, now)
