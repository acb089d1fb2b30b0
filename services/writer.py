"""What a door writes to Kafka now and then: a producer that is replaced by a new one when it has failed."""

from __future__ import annotations

import asyncio

import structlog

from livefair.errors import Unavailable
from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.envelope import Headers
from livefair.wire.topics import Topic

_RETRY_S = 1.0
log = structlog.get_logger(__name__)


class Writer:
    """Give `appender()` out for batches; `write` for one record that must be there before going on."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._appender: Appender | None = None
        self._making = asyncio.Lock()

    async def appender(self) -> Appender:
        """A working appender, however long Kafka takes to be there."""
        async with self._making:
            if self._appender is not None and self._appender.failure is not None:
                await self._appender.close(within=0)
                self._appender = None
            if self._appender is None:
                producer = new_producer(self._bootstrap)
                await start_client(producer)
                self._appender = Appender(producer)
            return self._appender

    async def write(self, topic: Topic, partition: int, key: bytes, value: bytes, headers: Headers) -> None:
        """Append until it is acknowledged; after a failure it may be there twice."""
        while True:
            try:
                appender = await self.appender()
                await appender.append(topic, partition, key, value, headers)
            except Unavailable as error:
                log.warning("Kafka does not take a record", topic=topic.name, error=error.message)
                await asyncio.sleep(_RETRY_S)
            else:
                return

    async def close(self) -> None:
        if self._appender is not None:
            await self._appender.close()
