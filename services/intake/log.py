"""Intake's way into Kafka: one appender at a time, and a new one when it has failed.

A write whose fate is unknown is said to be so; nothing is sent twice by this module.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Self

import structlog

from livefair.errors import Unavailable
from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.codec import encode
from livefair.wire.envelope import Headers, fact_headers
from livefair.wire.partition import partition_of
from livefair.wire.topics import Topic

log = structlog.get_logger(__name__)


class Record(NamedTuple):
    """One record to append; `partition` is that of `key`, computed once."""

    topic: Topic
    partition: int
    key: bytes
    value: bytes
    headers: Headers


def record_of(topic: Topic, key: str, fact: object, kind: str, identifier: str) -> Record:
    """A fact as a record: `kind` its CloudEvents type, `identifier` its id."""
    return Record(topic, partition_of(topic, key), key.encode(), encode(fact), fact_headers(identifier, kind))


class Log:
    """Appends records. Use it as a context manager: entering it waits for Kafka, leaving it sends what is held."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._appender: Appender | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._appender = await self._new()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        if self._appender is not None:
            await self._appender.close()

    @property
    def works(self) -> bool:
        """Whether the appender has not failed."""
        return self._appender is not None and self._appender.failure is None

    def append(self, record: Record) -> asyncio.Future[int]:
        """A future that is done when all in-sync replicas have the record. It fails with, or this raises, Unavailable.

        Several records may share one future: those that travel in one batch.
        """
        appender = self._appender
        if appender is None:
            raise Unavailable("Kafka is away, and a new connection is being made")
        if appender.failure is not None:
            self.renew()
            raise Unavailable("a write to Kafka failed, and a new connection is being made")
        return appender.append(*record)

    def renew(self) -> None:
        """Replace a failed appender; does nothing while the present one works or another is being made."""
        if self._appender is None or self._appender.failure is None:
            return
        failed, self._appender = self._appender, None
        log.warning("a write to Kafka failed", error=type(failed.failure).__name__)
        self._renewal = asyncio.create_task(self._replace(failed), name="new appender")

    async def _replace(self, failed: Appender) -> None:
        await failed.close()
        self._appender = await self._new()
        log.info("writing to Kafka again")

    async def _new(self) -> Appender:
        producer = new_producer(self._bootstrap)
        await start_client(producer)
        return Appender(producer)
