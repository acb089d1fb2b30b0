"""Writes records of `feed` as a stage would, and reads what Valkey holds of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec
import orjson
from redis.asyncio import Redis

from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.codec import encode
from livefair.wire.envelope import Origin, RoutedHeaders
from livefair.wire.feed import Class, FeedRecord, feeder_key, last_key, push_key, stream_key, view_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED, MATCHES


class Speaker:
    """One upstream partition that speaks to channels: its origins rise, and it can repeat itself."""

    def __init__(self, appender: Appender, tag: str = "m", partition: int = 0) -> None:
        self.appender = appender
        self._tag = tag
        self._partition = partition
        self._offset = 0

    def origin(self) -> Origin:
        """The next origin."""
        self._offset += 1
        return Origin(self._tag, self._partition, self._offset, 0, 0)

    async def say(
        self,
        channel: str,
        data: dict[str, object],
        *,
        kind: str = "application.submitted",
        class_: Class = "must",
        entity: str = "",
        origin: Origin | None = None,
    ) -> int:
        """Append one publication and give its offset; `origin` repeats an earlier one."""
        origin = origin or self.origin()
        event = orjson.dumps({"id": origin.text(), "type": kind, "time": 1_700_000_000_000, "data": data})
        value = encode(FeedRecord(class_, msgspec.Raw(event), entity))
        return await self.raw(channel, value, origin)

    async def raw(self, channel: str, value: bytes | None, origin: Origin) -> int:
        headers = RoutedHeaders(MATCHES).of(origin.text(), "publication")
        return await self.appender.append(FEED, partition_of(FEED, channel), channel.encode(), value, headers)


@asynccontextmanager
async def speaking(kafka: str) -> AsyncIterator[Speaker]:
    """A speaker with a producer of its own."""
    producer = new_producer(kafka)
    await start_client(producer)
    appender = Appender(producer)
    try:
        yield Speaker(appender)
    finally:
        await appender.close()


async def window(client: Redis, channel: str) -> list[tuple[int, int, dict[str, object]]]:
    """Offset, prev and event of what the hot window of a channel holds."""
    entries = await client.xrange(stream_key(channel))
    return [
        (int(identifier.split(b"-")[0]), int(fields[b"p"]), orjson.loads(fields[b"e"]))
        for identifier, fields in entries
    ]


async def view(client: Redis, channel: str) -> dict[str, dict[str, object]]:
    """The view of a channel by entity."""
    rows = await client.hgetall(view_key(channel))
    return {entity.decode(): orjson.loads(event) for entity, event in rows.items()}


async def last(client: Redis, channel: str) -> int | None:
    """The channel's last offset as Valkey knows it."""
    found = await client.hget(last_key(partition_of(FEED, channel)), channel)
    return None if found is None else int(found)


async def sentinel(client: Redis, channel: str) -> str:
    """The epoch that the channel's partition stands under; "" while it is not there."""
    found = await client.hget(feeder_key(partition_of(FEED, channel)), "epoch")
    return "" if found is None else found.decode()


def chain_breaks(publications: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The (offset, prev) whose prev is not the offset before; a whole chain has none."""
    breaks, before = [], None
    for offset, prev in publications:
        if before is not None and prev != before:
            breaks.append((offset, prev))
        before = offset
    return breaks


@asynccontextmanager
async def announcements(client: Redis, channel: str) -> AsyncIterator[Callable[[], Awaitable[list[bytes]]]]:
    """What is announced on a channel from now on: each call gives all so far."""
    heard: list[bytes] = []
    async with client.pubsub() as pubsub:
        await pubsub.subscribe(push_key(channel))
        await pubsub.get_message(timeout=10)

        async def listen() -> list[bytes]:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=0.05)
            if message:
                heard.append(message["data"])
            return heard

        yield listen
