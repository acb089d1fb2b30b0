"""Where a client stands in a channel. Pure: it moves along the chain of `prev`, and says where a link is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from livefair.wire.feed import NO_OFFSET, Class


class Event(msgspec.Struct, frozen=True):
    """What happened: `time` is Unix ms, `data` is contract.md's."""

    id: str
    type: str
    time: int
    data: dict[str, Any]


class Publication(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """One event of a channel at its offset."""

    offset: int
    prev: int
    class_: Class
    event: Event
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Restart:
    """The channel begins anew after `offset`: `entities` is its state there, None where no `api` was given to ask.

    `unacknowledged` are the `must` events of a person's own channel that nobody has acknowledged yet; the state
    has them in it already.
    """

    channel: str
    epoch: str
    offset: int
    entities: dict[str, Event] | None
    unacknowledged: tuple[Publication, ...] = ()


Item = Publication | Restart
Verdict = Literal["next", "repeat", "gap"]


class Position:
    """The offset up to which everything was taken, and the feed's epoch in which it means anything ("": none yet)."""

    def __init__(self, epoch: str = "", offset: int = NO_OFFSET) -> None:
        self.epoch = epoch
        self.offset = offset

    def begin(self, epoch: str, offset: int) -> None:
        self.epoch, self.offset = epoch, offset

    def take(self, offset: int, prev: int) -> Verdict:
        """Whether a publication (or a `skipped`) is the next; only then the position moves."""
        if offset <= self.offset:
            return "repeat"
        if prev > self.offset:
            return "gap"
        self.offset = offset
        return "next"
