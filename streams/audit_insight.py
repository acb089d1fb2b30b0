"""What insight tells of the fairs, held against what the decision logs themselves add up to.

Insight counts a moment later than the desks decide. What it has not counted yet is said to be behind, which is no
fault; where it says that it has counted all that is in the log, every figure must be the log's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from livefair.wire.channels import host_channel
from livefair.wire.codec import encode
from livefair.wire.envelope import header, rank_of, source_of
from livefair.wire.feed import FeedRecord
from livefair.wire.insight import Part
from livefair.wire.topics import INSIGHT, Topic
from streams.audit import Report
from streams.insight.counting import PartitionCount, Unread
from streams.insight.sums import tellings
from streams.log import BrokenLog, Record

_SOURCE = source_of(INSIGHT)
_read = msgspec.json.Decoder(FeedRecord)


class _Event(msgspec.Struct):
    id: str
    data: Any


_read_event = msgspec.json.Decoder(_Event)


class Told(NamedTuple):
    """The last event of one row of a channel: its place in `insight`, and its data."""

    at: int
    data: Any


class InsightCheck:
    """Give it all of `feed` and of the decision logs, each partition in order; then compare."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Told]] = defaultdict(dict)
        self._parts: dict[str, dict[str, Part]] = defaultdict(dict)

    def see(self, record: Record) -> None:
        """One record of `feed` that a receiver would take."""
        if record.key is None or header(record.headers, "ce_source") != _SOURCE:
            return
        said = _read.decode(record.value or b"")
        event = _read_event.decode(said.event)
        _, (offset, _, _) = rank_of(event.id.encode())
        self._told[record.key.decode()][said.entity] = Told(offset, event.data)

    def count(self, log: Topic, partition: int) -> _Counting:
        """Counts one partition of a decision log, from its first record."""
        return _Counting(PartitionCount(log, partition, lambda _fair: None), self._parts)

    def compare(self, report: Report, fair: str | None = None) -> None:
        """Add to the report what differs; of one fair, or of all."""
        for each in sorted(self._parts) if fair is None else [fair]:
            self._compare(each, self._parts[each].values(), report)

    def _compare(self, fair: str, parts: Iterable[Part], report: Report) -> None:
        expected = list(tellings(fair, parts))
        if not expected:
            return
        host = self._told[host_channel(fair)]
        last = host.get("insight")
        through = {part.of: f"{part.offset}.{part.nth}" for part in parts}
        if last is None or last.data["through"] != through:
            report.insight_behind += 1
            return
        behind = False
        for one in expected:
            data = msgspec.json.decode(encode(one.data))
            for channel in one.channels:
                told = self._told[channel].get(one.entity)
                if told is not None and told.data == data:
                    report.insight_compared += 1
                elif told is None or told.at < last.at:
                    behind = True  # its partition of the feed was read to a point before
                else:
                    report.find("differing", f"{one.entity} on {channel}: told {told.data}, the log says {data}")
        report.insight_behind += behind


class _Counting:
    def __init__(self, counting: PartitionCount, parts: dict[str, dict[str, Part]]) -> None:
        self._counting = counting
        self._parts = parts
        self._broken = False

    def read(self, record: Record) -> None:
        """One record of the log, in order. Nothing after a hole counts; the hole itself is the refold's to report."""
        unread: list[Unread] = []
        if self._broken:
            return
        try:
            self._counting.read(record, set(), unread)
        except BrokenLog:
            self._broken = True

    def finish(self) -> None:
        """After the last record."""
        for fair, part in self._counting.known.items():
            self._parts[fair][part.of] = part
