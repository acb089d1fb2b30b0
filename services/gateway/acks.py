"""Writes down what people have seen: cumulative, so of several acknowledgements that wait the last is enough."""

from __future__ import annotations

import asyncio

from livefair.wire.acks import Seen, person_of
from livefair.wire.codec import encode
from livefair.wire.envelope import Headers, fact_headers
from livefair.wire.partition import partition_of
from livefair.wire.topics import ACKS
from services.gateway import metrics
from services.writer import Writer

_HEADERS: Headers = fact_headers("ack", "channel.seen", "/livefair/gateway")


class Acks:
    """The way of acknowledgements into Kafka."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: dict[str, Seen] = {}
        self._done: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def write(self, key: str, epoch: str, offset: int) -> None:
        """Returns once Kafka has it, or a later one of the same person."""
        person = person_of(key)
        waiting = self._waiting.get(person)
        if waiting is None or waiting.epoch != epoch or waiting.offset < offset:
            self._waiting[person] = Seen(epoch, offset)
        if self._done is None:
            self._done = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run())
        await asyncio.shield(self._done)

    async def _run(self) -> None:
        while self._waiting and self._done is not None:
            waiting, self._waiting = self._waiting, {}
            done, self._done = self._done, None
            await asyncio.gather(*(self._append(person, seen) for person, seen in waiting.items()))
            metrics.ACKS.inc(len(waiting))
            done.set_result(None)

    async def _append(self, person: str, seen: Seen) -> None:
        await self._writer.write(ACKS, partition_of(ACKS, person), person.encode(), encode(seen), _HEADERS)
