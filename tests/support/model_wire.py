"""The model's way into a log and to targets: what lands in order, what fails, what a receiver drops.

A batch is whole or nowhere; after a failure its sender may be wrong about which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from livefair.wire.envelope import header, parse_origin
from streams.owner import Routed
from tests.support.seats import TARGETS


class Lost(Exception):
    """A hold ends: its lease is lost ("lease"), or something was not written."""


class Sent:
    """A batch on its way: `flying`, then `landed` at `base`, or `failed` as far as its sender knows."""

    __slots__ = ("base", "records", "state")

    def __init__(self, records: Sequence[tuple[bytes | None, bytes, Any]]) -> None:
        self.records = records
        self.state = "flying"
        self.base = -1


class Producer:
    """Batches land in the order in which they were sent, or not at all."""

    __slots__ = ("flying",)

    def __init__(self) -> None:
        self.flying: deque[Sent] = deque()


class Lane:
    """The way to one target: what waits, and what is under way (one batch, unless weakened)."""

    __slots__ = ("under_way", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[Routed, Chunk]] = []
        self.under_way: deque[list[tuple[Routed, Chunk]]] = deque()


class Chunk:
    """Routes of one batch of decisions; `left` of them are unacknowledged."""

    __slots__ = ("left", "through")

    def __init__(self, through: int) -> None:
        self.through = through
        self.left = 0


class Router:
    """As livefair.kafka.Appender: after a failure it sends nothing more."""

    __slots__ = ("failed", "lanes")

    def __init__(self) -> None:
        self.lanes = {target: Lane() for target in TARGETS}
        self.failed = False

    def append(self, routed: Routed, chunk: Chunk) -> None:
        if self.failed:
            raise Lost("route")
        chunk.left += 1
        self.lanes[routed.key].waiting.append((routed, chunk))

    def pump(self, most: int) -> None:
        """Send what waits, as far as the lanes are free."""
        if self.failed:
            return
        for lane in self.lanes.values():
            if lane.waiting and len(lane.under_way) < most:
                lane.under_way.append(lane.waiting)
                lane.waiting = []

    def fail(self) -> None:
        self.failed = True
        for lane in self.lanes.values():
            lane.waiting = []


class Target:
    """A receiver: keeps the highest origin, and drops what is not above it."""

    __slots__ = ("highest", "taken")

    def __init__(self) -> None:
        self.highest = (-1, 0, 0)
        self.taken: list[tuple[tuple[int, int, int], bytes]] = []

    def take(self, routed: Routed) -> None:
        text = header(routed.headers, "ce_origin")
        assert text is not None
        rank = parse_origin(text).rank
        if rank > self.highest:
            self.highest = rank
            self.taken.append((rank, routed.value))
