"""A watch on progress, not on life: a consumer can be alive and stuck, and only its position shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from livefair.backlog import Backlog, Place
from livefair.errors import Unavailable
from livefair.metrics import KAFKA_FAILURES
from livefair.wire.topics import FEED
from services.feeder import metrics
from services.feeder.shard import Shard
from services.feeder.store import Store

LOOK_S = 5.0
STUCK_AFTER = 6
"""Looks in a row at which a partition stood still with records waiting."""


class Watch:
    """Looks every LOOK_S at where each partition stands and where the feed ends."""

    def __init__(self, consumer: AIOKafkaConsumer, shards: Sequence[Shard], store: Store) -> None:
        self._consumer = consumer
        self._shards = shards
        self._store = store
        self._backlog = Backlog("feeder", lambda: {each.partition: Place(each.position, each.since) for each in shards})
        metrics.REBUILDING.set_function(lambda: sum(not shard.live for shard in shards))
        self._still = dict.fromkeys(range(len(shards)), 0)
        self._seen = dict.fromkeys(range(len(shards)), -1)

    async def run(self) -> None:
        """Raises Unavailable once a partition is stuck."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                # Asked by itself: a stuck fetch does not learn of new records.
                ends = await self._consumer.end_offsets([TopicPartition(FEED.name, s.partition) for s in self._shards])
            except KafkaError:
                KAFKA_FAILURES.labels("read").inc()
                continue  # a broker that is away is waited for, not run away from
            self._backlog.look({at.partition: end for at, end in ends.items()})
            for shard in self._shards:
                self.look(shard, ends[TopicPartition(FEED.name, shard.partition)])

    def look(self, shard: Shard, end: int) -> None:
        """One look at one partition. Raises Unavailable."""
        partition, lag = shard.partition, end - shard.position
        waiting = lag > 0 and shard.live and self._store.connected and self._seen[partition] == shard.position
        self._still[partition] = self._still[partition] + 1 if waiting else 0
        self._seen[partition] = shard.position
        if self._still[partition] >= STUCK_AFTER:
            raise Unavailable(
                f"the feeder is stuck: partition {partition} of feed has stood at {shard.position} for "
                f"{STUCK_AFTER * LOOK_S:g} s while the feed ends at {end}; it ends, to be started again."
            )
