"""What the feed in Kafka still has of a channel, for those whom the hot window no longer reaches.

One scan of a partition serves everyone who waits for it; few scans run at once, with consumers of their own, so that
live publications never wait for them.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

import structlog
from aiokafka import ConsumerRecord

from livefair.errors import Unavailable, UnreadableRecord
from livefair.reading import Bounds, Reader, open_reader
from livefair.wire.codec import Codec
from livefair.wire.envelope import origin_of, rank_of
from livefair.wire.feed import FeedRecord, Publication
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from services.gateway.hot import MOST

SCANS_AT_ONCE = 2
FARTHEST = 2_000_000
"""Records that a resume may have to read; who was away for longer takes the snapshot, which is sooner there."""
BACK = 2000
"""Records read before the place asked for, to know the origins there: a stage that is restarted repeats its last."""
TOGETHER = 20_000
"""Requests whose beginnings are at most so many records apart share a scan."""

_codec: Codec[FeedRecord] = Codec(FeedRecord)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Wanted:
    """Everything of one channel after `offset`, up to and with `until` (None: to the end)."""

    key: str
    offset: int
    until: int | None
    answer: asyncio.Future[list[Publication] | None]
    found: list[Publication] = field(default_factory=list)
    tops: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)

    def take(self, record: ConsumerRecord) -> None:
        """The next record of the channel; one that repeats an earlier one by its origin is dropped."""
        if self.until is not None and record.offset > self.until:
            return
        try:
            publication = _codec.decode(record.value)
            text = origin_of(record.headers)
            origin = None if text is None else rank_of(text)
        except UnreadableRecord:
            return  # the feeder dropped it too
        if origin is not None:
            upstream, rank = origin
            if rank <= self.tops.get(upstream, (-1, 0, 0)):
                return
            self.tops[upstream] = rank
        if record.offset > self.offset:
            prev = self.found[-1].offset if self.found else self.offset
            self.found.append(Publication(record.offset, prev, publication.class_, publication.event))


class History:
    """Reads the feed back. Use it as a context manager."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._waiting: dict[int, list[Wanted]] = {}
        self._free: asyncio.LifoQueue[Reader | None] = asyncio.LifoQueue()
        for _ in range(SCANS_AT_ONCE):
            self._free.put_nowait(None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._readers = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._readers.aclose()

    async def after(self, key: str, offset: int, until: int | None) -> list[Publication] | None:
        """The channel's publications after `offset`; None where Kafka cannot prove that these are all.

        Raises Unavailable.
        """
        partition = partition_of(FEED, key)
        wanted = Wanted(key, offset, until, asyncio.get_running_loop().create_future())
        waiting = self._waiting.setdefault(partition, [])
        waiting.append(wanted)
        if len(waiting) == 1:
            task = asyncio.create_task(self._serve(partition))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await wanted.answer

    async def _serve(self, partition: int) -> None:
        reader = await self._free.get()
        try:
            if reader is None:
                reader = await self._readers.enter_async_context(open_reader(self._bootstrap))
            while all_waiting := self._waiting.pop(partition, []):
                await self._answer(reader, partition, all_waiting)
        finally:
            self._free.put_nowait(reader)

    async def _answer(self, reader: Reader, partition: int, wanted: list[Wanted]) -> None:
        try:
            bounds = await reader.bounds(FEED, partition)
            known = [
                each
                for each in wanted
                if bounds.first <= each.offset + 1 <= bounds.end and bounds.end - each.offset <= FARTHEST
            ]
            for group in grouped(known, bounds.first):
                await self._scan(reader, partition, group, bounds)
        except Unavailable as error:
            for each in wanted:
                if not each.answer.done():
                    each.answer.set_exception(error)
        else:
            for each in wanted:
                if not each.answer.done():
                    each.answer.set_result(None)

    async def _scan(self, reader: Reader, partition: int, group: list[Wanted], bounds: Bounds) -> None:
        by_key: dict[bytes, list[Wanted]] = {}
        for each in group:
            by_key.setdefault(each.key.encode(), []).append(each)
        start = max(bounds.first, min(each.offset for each in group) - BACK)
        ends = [each.until for each in group]
        end = bounds.end if None in ends else max((until for until in ends if until is not None), default=-1) + 1
        async for records in reader.stretch(FEED, partition, start, min(end, bounds.end)):
            for record in records:
                for each in by_key.get(record.key, ()):
                    each.take(record)
        for each in group:
            if not each.answer.done():
                each.answer.set_result(each.found if len(each.found) <= MOST else None)


def grouped(wanted: list[Wanted], first: int) -> list[list[Wanted]]:
    """Those who can share a scan: one who was away for long does not make everyone read that far back."""
    groups: list[list[Wanted]] = []
    for each in sorted(wanted, key=lambda one: one.offset):
        if groups and each.offset - max(groups[-1][0].offset, first) <= TOGETHER:
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups
