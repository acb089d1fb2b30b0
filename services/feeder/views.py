"""Writes what changed in the views to the topic `views`, so that they outlive the feed; and finds where to begin again.

Rows first, then the partition's checkpoint: a reader who takes up at the checkpoint misses nothing. A row may be newer
than it; the feed, read again from there, makes it so once more.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from livefair.errors import Unavailable, UnreadableRecord
from livefair.kafka import Appender
from livefair.reading import Reader
from livefair.wire.codec import Codec, encode
from livefair.wire.envelope import Headers, fact_headers
from livefair.wire.topics import VIEWS
from livefair.wire.views import CHECKPOINT_KEY, Checkpoint, LastOffset, RowKey, row_key
from services.feeder.store import Sentinel, Store

_HEADERS: Headers = fact_headers("view", "view.row", "/livefair/feeder")
_AT_ONCE = 200
"""Rows of one turn of the loop: a busy partition has thousands of them, and the feed must not wait for them."""
_last: Codec[LastOffset] = Codec(LastOffset)
_checkpoint: Codec[Checkpoint] = Codec(Checkpoint)
T = TypeVar("T")


class Views:
    """The rows of one partition that have changed since its checkpoint."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self._changed: dict[str, set[str]] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def touch(self, channel: str, entity: str) -> None:
        """A row may have changed; one named too often costs a write, one not named is lost."""
        rows = self._changed.setdefault(channel, set())
        if entity not in rows:
            rows.add(entity)
            self._rows += 1

    async def save(self, store: Store, appender: Appender) -> None:
        """Write the changed rows and a checkpoint. Raises Unavailable; then all of it is still to be written."""
        # First how far Valkey is, then what has changed: the other way round, what comes in between would be covered
        # by the checkpoint and written by nobody.
        sentinel = await store.sentinel(self.partition)
        if not sentinel.epoch:
            return
        changed, count = self._changed, self._rows
        self._changed, self._rows = {}, 0
        try:
            await self._write(sentinel, changed, store, appender)
        except BaseException:
            for channel, entities in changed.items():
                self._changed.setdefault(channel, set()).update(entities)
            self._rows += count
            raise

    async def _write(self, sentinel: Sentinel, changed: dict[str, set[str]], store: Store, appender: Appender) -> None:
        channels = list(changed)
        _, offsets = await store.progress(self.partition, channels)
        lasts = [(channel, int(last)) for channel, last in zip(channels, offsets, strict=True) if last is not None]
        for part in _turns(lasts):
            await _all(
                self._append(appender, RowKey(channel, ""), encode(LastOffset(sentinel.epoch, offset)))
                for channel, offset in part
            )
        for rows in _turns([(channel, entity) for channel in channels for entity in changed[channel] if entity]):
            named: dict[str, list[str]] = {}
            for channel, entity in rows:
                named.setdefault(channel, []).append(entity)
            found = await store.rows(named)
            if any(event is None for events in found.values() for event in events):
                raise Unavailable("rows are gone: Valkey was wiped meanwhile")
            await _all(
                self._append(appender, RowKey(channel, entity), event)
                for channel, events in found.items()
                for entity, event in zip(named[channel], events, strict=True)
                if event is not None
            )
        point = Checkpoint(sentinel.epoch, sentinel.offset, sentinel.origins)
        await appender.append(VIEWS, self.partition, CHECKPOINT_KEY.encode(), encode(point), _HEADERS)
        await store.mark(self.partition, sentinel.offset)

    def _append(self, appender: Appender, key: RowKey, value: bytes) -> Future[int]:
        return appender.append(VIEWS, self.partition, key.text().encode(), value, _HEADERS)


def _turns(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[first : first + _AT_ONCE] for first in range(0, len(rows), _AT_ONCE))


async def _all(appended: Iterable[Future[int]]) -> None:
    for future in list(appended):
        await future


class Saved(NamedTuple):
    """What `views` holds of a partition: rows, each channel's last offset, and where the feed goes on."""

    rows: dict[RowKey, bytes]
    last: dict[str, int]
    checkpoint: Checkpoint | None


async def load(reader: Reader, partition: int, epoch: str) -> Saved:
    """Everything that `views` holds of a partition; offsets of other epochs are left out. Raises Unavailable."""
    rows: dict[RowKey, bytes] = {}
    last: dict[str, int] = {}
    checkpoint: Checkpoint | None = None
    bounds = await reader.bounds(VIEWS, partition)
    async for batch in reader.stretch(VIEWS, partition, *bounds):
        for record in batch:
            key = row_key((record.key or b"").decode("utf-8", "replace"))
            try:
                if not key.channel:
                    found = _checkpoint.decode(record.value)
                    checkpoint = found if found.epoch == epoch else None
                elif not key.entity:
                    offset = _last.decode(record.value)
                    if offset.epoch == epoch:
                        last[key.channel] = offset.offset
                elif record.value is None:
                    rows.pop(key, None)
                else:
                    rows[key] = record.value
            except UnreadableRecord:
                continue  # only we write here; a row of another version is one row that the feed must give
    return Saved(rows, last, checkpoint)


def flat(saved: Saved, before: int) -> Iterable[str | bytes | int]:
    """The rows as library.lua restores them: channel, entity, value. Last offsets from `before` on are the feed's."""
    for channel, offset in saved.last.items():
        if offset < before:
            yield from (channel, "", offset)
    for key, event in saved.rows.items():
        yield from (*key, event)
