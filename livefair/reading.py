"""Reads a stretch of one partition, once, without a group: for those who make something again from the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from livefair.errors import Unavailable
from livefair.kafka import new_reader, start_client, stop_client
from livefair.metrics import KAFKA_FAILURES
from livefair.wire.topics import Topic

AT_ONCE = 500
"""Records of one turn of the loop: whoever reads a long stretch lets others work in between."""
SILENCE_S = 30.0
_POLL_MS = 500


class Bounds(NamedTuple):
    """The first offset that a partition still has, and the next that it will get."""

    first: int
    end: int


class Reader:
    """A consumer that reads one stretch after another."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def bounds(self, topic: Topic, partition: int) -> Bounds:
        """Raises Unavailable."""
        at = TopicPartition(topic.name, partition)
        try:
            first = await self._consumer.beginning_offsets([at])
            end = await self._consumer.end_offsets([at])
        except KafkaError as error:
            raise _unread(f"Kafka did not say where {topic.name}/{partition} ends: {error}") from None
        return Bounds(first[at], end[at])

    async def first_since(self, topic: Topic, partition: int, ms: int) -> int:
        """The first offset whose record was appended at `ms` (Unix) or after; the end where there is none.

        Raises Unavailable.
        """
        at = TopicPartition(topic.name, partition)
        try:
            found = (await self._consumer.offsets_for_times({at: ms}))[at]
        except KafkaError as error:
            raise _unread(f"Kafka did not say what {topic.name}/{partition} has since then: {error}") from None
        return (await self.bounds(topic, partition)).end if found is None else int(found.offset)

    async def stretch(
        self, topic: Topic, partition: int, start: int, end: int, at_once: int = AT_ONCE
    ) -> AsyncIterator[list[ConsumerRecord]]:
        """The records from `start` to before `end`, in batches. Raises Unavailable where Kafka falls silent."""
        if start >= end:
            return
        at = TopicPartition(topic.name, partition)
        self._consumer.assign([at])
        self._consumer.seek(at, start)
        loop = asyncio.get_running_loop()
        heard = loop.time()
        try:
            while await self._consumer.position(at) < end:
                batch = (await self._consumer.getmany(at, timeout_ms=_POLL_MS, max_records=at_once)).get(at)
                if batch:
                    heard = loop.time()
                    yield [record for record in batch if record.offset < end]
                    await asyncio.sleep(0)  # a buffer full of records would else be read without a pause
                elif loop.time() - heard > SILENCE_S:
                    raise _unread(f"Kafka gave nothing of {topic.name}/{partition} for {SILENCE_S:g} s")
        except KafkaError as error:
            raise _unread(f"Kafka did not give {topic.name}/{partition}: {error}") from None
        finally:
            # What stays assigned is fetched on, and every other request waits behind that fetch, half a second each.
            self._consumer.unsubscribe()


_failed = KAFKA_FAILURES.labels("read")


def _unread(message: str) -> Unavailable:
    _failed.inc()
    return Unavailable(message)


@asynccontextmanager
async def open_reader(bootstrap: str) -> AsyncIterator[Reader]:
    """A started reader. Raises Unavailable."""
    consumer = new_reader(bootstrap)
    await start_client(consumer)
    try:
        yield Reader(consumer)
    finally:
        await stop_client(consumer)
