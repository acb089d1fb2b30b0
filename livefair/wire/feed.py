"""The feed: what one publication is in Kafka, what a view keeps of it, and its names in Valkey.

A publication's offset in `feed` is the resume token; `prev` is the offset before it in its channel. A view is the last
event of each entity, so a snapshot and the publications after its offset give a fresh snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

Class = Literal["must", "latest", "sample"]


class FeedRecord(msgspec.Struct, frozen=True, gc=False, rename={"class_": "class"}, omit_defaults=True):
    """The value of a record in `feed`; its key is the feed key of a channel.

    `event` is `{"id","type","time","data"}`; `entity` names the row of the view that it replaces ("" leaves no row).
    `since` (Unix ms, 0: nothing to measure) is when the fact was appended whose first answer this is.
    """

    class_: Class
    event: msgspec.Raw
    entity: str = ""
    since: int = 0


class Told(msgspec.Struct, frozen=True, gc=False, rename={"class_": "class"}, omit_defaults=True):
    """A `FeedRecord` as it is written: the event still in parts, so that it is encoded once."""

    class_: Class
    event: Any
    entity: str = ""
    since: int = 0


class Publication(msgspec.Struct, frozen=True, gc=False, rename={"class_": "class"}):
    """One event of a channel as clients get it, with its offset in `feed` and the one before it (−1: none)."""

    offset: int
    prev: int
    class_: Class
    event: msgspec.Raw


NO_OFFSET = -1
"""The offset of a channel that has had no publication yet."""


class View(msgspec.Struct):
    """A channel's snapshot: the last event of each entity up to and with `offset`."""

    offset: int = NO_OFFSET
    entities: dict[str, msgspec.Raw] = {}

    def apply(self, offset: int, record: FeedRecord) -> None:
        """Take the next publication of the channel; one at or below `offset` changes nothing."""
        if offset <= self.offset:
            return
        self.offset = offset
        if record.entity:
            self.entities[record.entity] = record.event


def view_of(records: Iterable[tuple[int, FeedRecord]]) -> View:
    """The view that folding a whole channel gives."""
    view = View()
    for offset, record in records:
        view.apply(offset, record)
    return view


# Names in Valkey. Everything there can be made again from Kafka.


def stream_key(channel: str) -> str:
    """The hot window: a stream whose ids are `{offset}-1`, with fields `p` (prev), `c` (class), `e` (event)."""
    return f"feed:{channel}"


def view_key(channel: str) -> str:
    """The view: a hash from entity to event."""
    return f"view:{channel}"


def last_key(partition: int) -> str:
    """A hash from feed key to its last offset, one for each partition of `feed`."""
    return f"last:{partition}"


def feeder_key(partition: int) -> str:
    """The sentinel: a hash of `epoch`, `offset` (the next to read) and `o:TAGpartition` → highest origin."""
    return f"feeder:{partition}"


def push_key(channel: str) -> str:
    """The pub/sub channel of announcements: `offset SP prev SP class SP trail SP event`.

    The trail is for whoever measures and is never pushed: NO_TRAIL, or what `trail_text` gives.
    """
    return f"push:{channel}"


NO_TRAIL = b"-"


def trail_text(since: int, trace: str = "") -> str:
    """When the fact that this answers was appended (Unix ms, 0: not to be measured); its W3C traceparent, if any."""
    if not since and not trace:
        return "-"
    return f"{since}/{trace}" if trace else str(since)


def read_trail(text: bytes) -> tuple[int, str]:
    """What `trail_text` wrote."""
    if text == NO_TRAIL:
        return 0, ""
    since, _, trace = text.decode().partition("/")
    return int(since), trace
