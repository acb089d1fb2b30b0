"""Rows of Faust's tables, kept by our own producer: idempotent, in batches, in order, and known to be there.

Faust restores a table from its changelog; a row that it is given goes there before anything is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from livefair.errors import Unavailable
from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.envelope import Headers
from livefair.wire.topics import Topic

log = structlog.get_logger(__name__)


class Writing:
    """What one batch writes; `done` waits until all of it is in Kafka."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender
        self._futures: set[asyncio.Future[int]] = set()

    def append(self, topic: Topic, partition: int, key: bytes, value: bytes, headers: Headers) -> None:
        """Raises Unavailable."""
        self._futures.add(self._appender.append(topic, partition, key, value, headers))

    async def done(self) -> None:
        """Raises Unavailable where Kafka did not take all of it."""
        if self._futures:
            await asyncio.gather(*self._futures)


class Out:
    """The one producer of this process. After a failed write the process ends, so it is never renewed."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._appender: Appender | None = None

    async def start(self) -> None:
        producer = new_producer(self._kafka)
        await start_client(producer)
        self._appender = Appender(producer)

    def writing(self) -> Writing:
        """Raises Unavailable before `start`."""
        if self._appender is None:
            raise Unavailable("the producer has not been started")
        return Writing(self._appender)

    async def close(self) -> None:
        if self._appender is not None:
            await self._appender.close()


class Rows:
    """A Faust table of bytes."""

    def __init__(self, table: Any, changelog: Topic) -> None:
        self._table = table
        self._changelog = changelog

    def get(self, key: str) -> bytes | None:
        """The row as the table has it."""
        found: bytes | None = self._table.data.get(key.encode())
        return found or None

    def put(self, writing: Writing, partition: int, key: str, value: bytes) -> None:
        """Replace a row, here and in the changelog, in the order of the calls. Raises Unavailable."""
        self._table.data[key.encode()] = value
        writing.append(self._changelog, partition, key.encode(), value, [])

    def values(self) -> Iterator[bytes]:
        """All rows that the table has."""
        return (value for value in list(self._table.data.values()) if value)
