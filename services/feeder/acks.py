"""Brings what people have seen from the topic `acks` into Valkey, where the gateways look it up."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from livefair.errors import UnreadableRecord
from livefair.kafka import new_reader, start_client, stop_client
from livefair.wire.acks import Seen
from livefair.wire.codec import Codec
from livefair.wire.topics import ACKS
from services.feeder.store import Store

_BATCH = 2000
_POLL_MS = 500
_CHECK_S = 5.0
_codec: Codec[Seen] = Codec(Seen)


class AckFeeder:
    """All partitions of `acks`. After a loss, Valkey's own position says where to read again."""

    def __init__(self, bootstrap: str, store: Store, epoch: str) -> None:
        self._consumer: AIOKafkaConsumer = new_reader(bootstrap)
        self._store = store
        self._epoch = epoch
        self._next = dict.fromkeys(range(ACKS.partitions), 0)

    async def run(self) -> None:
        """Until cancelled."""
        await start_client(self._consumer)
        try:
            self._consumer.assign([TopicPartition(ACKS.name, partition) for partition in self._next])
            loop = asyncio.get_running_loop()
            checked = float("-inf")
            while True:
                if loop.time() - checked > _CHECK_S:  # a flush shows here also while nobody acknowledges anything
                    for partition in self._next:
                        await self._take(partition, [])
                    checked = loop.time()
                found = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
                for at, records in found.items():
                    await self._take(at.partition, records)
        finally:
            await stop_client(self._consumer)

    async def _take(self, partition: int, records: list[ConsumerRecord]) -> None:
        start = self._next[partition]
        end = records[-1].offset + 1 if records else start
        seen: list[str | int] = []
        for record in records:
            try:
                ack = _codec.decode(record.value)
            except UnreadableRecord:
                continue  # an acknowledgement that nobody can read only costs a repeat
            if ack.epoch == self._epoch and record.key:
                seen += (record.key.decode("utf-8", "replace"), ack.offset)
        stands = await self._store.acks(partition, self._epoch, start, end, seen)
        self._next[partition] = stands
        if stands != end:
            self._consumer.seek(TopicPartition(ACKS.name, partition), stands)
