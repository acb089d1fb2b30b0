"""Reading a decision log: the filter that every reader applies, so that all of them see the same decisions.

What is not of the latest fence's epoch is dropped and moves nothing; then what is not above the highest step is; a
hole in the chain of steps stops the reader. Groups are taken whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from livefair.errors import LocalError, UnreadableRecord
from livefair.wire.envelope import START, Step, header, origin_of, parse_position
from livefair.wire.fence import Fence

_fences = msgspec.json.Decoder(Fence)


class Record(Protocol):
    """One record as the client library gives it; in a decision log, a fence has no key."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Unix ms, by the broker's clock."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Kept(NamedTuple):
    """A record that is kept for later, without what only the client library needs."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Entry(NamedTuple):
    """One decision that counts."""

    step: Step
    rules: str
    origin: bytes | None
    record: Record


class BrokenLog(LocalError):
    """The log has a hole or a record that no writer of ours makes. Nothing after it may be believed."""


class DecisionLog:
    """The reader's filter over one decision partition; remembers the epoch, the highest step, the next offset."""

    __slots__ = ("_group", "dropped", "epoch", "next_offset", "step", "writer")

    def __init__(self) -> None:
        self.epoch = 0
        self.writer = ""
        self.step = START
        self.next_offset = 0
        self.dropped = 0
        self._group: list[Entry] = []

    def read(self, record: Record) -> Sequence[Entry]:
        """The group that this record completes, or nothing. Raises BrokenLog at a hole."""
        if record.offset < self.next_offset:
            return ()
        self.next_offset = record.offset + 1
        if record.key is None:
            self._fence(record)
            return ()
        text = header(record.headers, "ce_position")
        if text is None:
            raise BrokenLog(f"the decision at offset {record.offset} has no position")
        try:
            position = parse_position(text)
        except UnreadableRecord as error:
            raise BrokenLog(f"the decision at offset {record.offset}: {error}") from error
        group = self._group
        if position.epoch != self.epoch:
            self.dropped += 1
            return ()
        last = group[-1].step if group else self.step
        if position.step <= last:
            self.dropped += 1
            return ()
        if position.before != last or position.step.nth != len(group):
            raise BrokenLog(
                f"the decision at offset {record.offset} follows {position.before}, but {last} was the last"
            )
        group.append(Entry(position.step, position.rules, origin_of(record.headers), record))
        if len(group) < position.size:
            return ()
        self._group = []
        self.step = position.step
        return group

    @property
    def settled_offset(self) -> int:
        """The offset after the last whole group: whoever stores epoch and step may go on from here."""
        return self._group[0].record.offset if self._group else self.next_offset

    def resume(self, epoch: int, step: Step, offset: int) -> None:
        """Go on from what a reader stored beside its own progress: `offset` is a `settled_offset`."""
        self.epoch, self.step, self.next_offset = epoch, step, offset
        self._group = []

    def _fence(self, record: Record) -> None:
        try:
            fence = _fences.decode(record.value or b"")
        except (msgspec.DecodeError, ValueError) as error:
            raise BrokenLog(f"the record at offset {record.offset} has no key and is no fence") from error
        if fence.number == self.epoch + 1:
            self.epoch, self.writer = fence.number, fence.writer
            self._group = []
