"""One partition of one decision log, counted: the reader's filter, the parts of its fairs, and how far. Pure.

A fair's part counts a decision only above its own step, so whatever was kept of a batch that broke off, reading the
batch again makes it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from livefair.errors import UnreadableRecord
from livefair.wire.codec import Codec
from livefair.wire.decisions import DeskDecision, FairDecision, MatchDecision
from livefair.wire.envelope import Step
from livefair.wire.insight import RULES, Part, Progress
from livefair.wire.topics import DESK_DECISIONS, FAIR_DECISIONS, MATCHES, Topic
from streams.insight.counts import Decision, count, fair_of
from streams.log import DecisionLog, Record

SOURCES: tuple[Topic, ...] = (FAIR_DECISIONS, DESK_DECISIONS, MATCHES)
"""The logs that are counted."""

_CODECS: dict[str, Codec[Decision]] = {
    FAIR_DECISIONS.name: Codec(FairDecision),
    DESK_DECISIONS.name: Codec(DeskDecision),
    MATCHES.name: Codec(MatchDecision),
}

Kept = Callable[[str], Part | None]
"""A fair's part as it was kept when this partition was counted before."""


class Missed(Exception):
    """Records before the one at hand have not been read: from `first` to before `end`."""

    def __init__(self, first: int, end: int) -> None:
        super().__init__(f"records {first} to {end - 1} were skipped")
        self.first = first
        self.end = end


class Unread(NamedTuple):
    """A decision that could not be read, and why; the part of no fair knows of it."""

    record: Record
    reason: str


def name_of(topic: Topic, partition: int) -> str:
    """How a partition of a log is called in keys and parts: its tag and number."""
    return f"{topic.tag}{partition}"


class PartitionCount:
    """Counts a partition's decisions, from where `progress` ends; `kept` finds the parts counted until then."""

    def __init__(self, topic: Topic, partition: int, kept: Kept, progress: Progress | None = None) -> None:
        self.topic = topic
        self.partition = partition
        self.name = name_of(topic, partition)
        self._decode = _CODECS[topic.name].decode
        self._kept = kept
        self._parts: dict[str, Part] = {}
        self.log = DecisionLog()
        if progress is not None and progress.rules == RULES:
            self.log.resume(progress.epoch, Step(progress.offset, progress.nth), progress.next_offset)

    @property
    def progress(self) -> Progress:
        """How far it is counted, up to the last whole group."""
        log = self.log
        return Progress(log.epoch, *log.step, log.settled_offset)

    def part(self, fair: str) -> Part:
        """The fair's part of this partition, for its reader to encode."""
        part = self._parts.get(fair)
        if part is None:
            part = self._kept(fair)
            if part is None or part.rules != RULES:
                part = Part(fair, self.name)
            self._parts[fair] = part
        return part

    def forget(self, fairs: Iterable[str]) -> None:
        """Drop parts from memory; they are found by `kept` when something is counted for them again."""
        for fair in fairs:
            self._parts.pop(fair, None)

    @property
    def known(self) -> dict[str, Part]:
        """The parts in memory, by fair."""
        return self._parts

    def read(self, record: Record, touched: set[str], unread: list[Unread]) -> None:
        """Count one record of the log; says which fairs it was about, whether it was news to them or not.

        Raises Missed (before anything is changed), and BrokenLog where the log itself has a hole.
        """
        if record.offset > self.log.next_offset:
            raise Missed(self.log.next_offset, record.offset)
        for entry in self.log.read(record):
            try:
                decision = self._decode(entry.record.value)
            except UnreadableRecord as error:
                unread.append(Unread(entry.record, error.message))
                continue
            fair = fair_of(decision)
            if fair is None:
                continue
            touched.add(fair)
            part = self.part(fair)
            if entry.step > part.step:
                part.offset, part.nth = entry.step
                try:
                    count(part, decision)
                except (LookupError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
                    # A fault of ours: it must cost one decision's count, not all that come after it.
                    unread.append(Unread(entry.record, f"the counting failed on it: {type(error).__name__}"))
