"""Follows the topic `control`: the epoch under which the feed's offsets mean anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from livefair.errors import UnreadableRecord
from livefair.kafka import new_reader, start_client, stop_client
from livefair.wire.codec import Codec
from livefair.wire.control import FEED_EPOCH_KEY, FeedEpoch
from livefair.wire.topics import CONTROL

_RETRY_S = 1.0
_codec: Codec[FeedEpoch] = Codec(FeedEpoch)
log = structlog.get_logger(__name__)


class Control:
    """`epoch` is "" until `control` names one; `renewed` is called when it names another."""

    def __init__(self, bootstrap: str, renewed: Callable[[], None]) -> None:
        self._consumer = new_reader(bootstrap)
        self._renewed = renewed
        self.epoch = ""

    async def run(self) -> None:
        """Until cancelled."""
        await start_client(self._consumer)
        try:
            self._consumer.assign([TopicPartition(CONTROL.name, 0)])
            while True:
                try:
                    for records in (await self._consumer.getmany(timeout_ms=1_000)).values():
                        for record in records:
                            self._take(record.key, record.value)
                except KafkaError as error:
                    log.warning("control cannot be read", error=type(error).__name__)
                    await asyncio.sleep(_RETRY_S)
        finally:
            await stop_client(self._consumer)

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        if key != FEED_EPOCH_KEY.encode():
            return
        try:
            epoch = _codec.decode(value).epoch
        except UnreadableRecord:
            return
        before, self.epoch = self.epoch, epoch
        if before not in ("", epoch):
            log.warning("the feed has a new epoch")
            self._renewed()
