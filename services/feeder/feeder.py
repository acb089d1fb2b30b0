"""The feeder: brings the feed from Kafka into Valkey, each partition from where Valkey itself says that it stands.

Positions live in Valkey beside the data and move in the same step, so whatever dies, nothing is lost or stored twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from redis.asyncio import Redis

from livefair.config import Located
from livefair.errors import Unavailable
from livefair.kafka import new_reader, start_client, stop_client
from livefair.reading import Reader, open_reader
from livefair.wire.topics import FEED
from services.feeder import epoch as epochs
from services.feeder.acks import AckFeeder
from services.feeder.rebuild import rebuild
from services.feeder.shard import Shard
from services.feeder.store import NeedsRebuild, Store
from services.feeder.watch import Watch
from services.writer import Writer

_BATCH = 2000
_POLL_MS = 200
_REBUILDS_AT_ONCE = 4
_ALWAYS = 0
_VERIFY_S = 1.0
_RETRY_S = 1.0
log = structlog.get_logger(__name__)


class Feeder:
    """All partitions of the feed. `run` ends by being cancelled, or with an error that says why."""

    def __init__(self, settings: Located, client: Redis, writer: Writer) -> None:
        bootstrap = self._bootstrap = settings.kafka
        self._consumer: AIOKafkaConsumer = new_reader(bootstrap)
        self._writer = writer
        self._views_s = settings.views_s
        self._whole = settings.rebuild_records
        self._store = Store(client)
        self._shards = [
            Shard(partition, self._store, writer, settings.feed_window) for partition in range(FEED.partitions)
        ]
        self._epoch = ""
        self._rebuilding = asyncio.Semaphore(_REBUILDS_AT_ONCE)
        self._tasks: asyncio.TaskGroup | None = None

    async def ready(self) -> str | None:
        """Why the feed is not being fed; None when it is."""
        if not self._store.connected:
            return "Valkey does not answer"
        behind = [str(shard.partition) for shard in self._shards if not shard.live]
        return f"rebuilding partitions {', '.join(behind)}" if behind else None

    async def run(self) -> None:
        """Feed until cancelled. Raises Unavailable where it no longer moves."""
        await start_client(self._consumer)
        try:
            await self._store.load()
            async with open_reader(self._bootstrap) as reader:
                await self._begin(reader)
            watch = Watch(self._consumer, self._shards, self._store)
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._feed())
                self._tasks.create_task(self._verify())
                self._tasks.create_task(self._save_views())
                self._tasks.create_task(watch.run())
                self._tasks.create_task(AckFeeder(self._bootstrap, self._store, self._epoch).run())
        except* Unavailable as failures:
            raise failures.exceptions[0] from None
        finally:
            await stop_client(self._consumer)

    # ------------------------------------------------------------ where to begin

    async def _begin(self, reader: Reader) -> None:
        """Settle the epoch, and where each partition goes on."""
        self._epoch = await epochs.current(reader) or await epochs.renew(reader, await self._writer.appender())
        places = [
            (await self._store.sentinel(shard.partition), await reader.bounds(FEED, shard.partition))
            for shard in self._shards
        ]
        if any(there.epoch == self._epoch and there.offset > bounds.end for there, bounds in places):
            # Offsets that the log has not reached: it is another log, and resume tokens of the old one mean nothing.
            self._epoch = await epochs.renew(reader, await self._writer.appender())
            log.warning("the feed was made anew: its epoch is renewed")
        self._consumer.assign([_at(shard) for shard in self._shards])
        for shard, (there, bounds) in zip(self._shards, places, strict=True):
            if there.epoch == self._epoch and there.offset >= bounds.first:
                # From the checkpoint on, to learn which rows have changed since; the function drops what it has.
                shard.position = shard.announced = there.offset
                shard.live = True
                self._consumer.seek(_at(shard), max(there.checkpoint, bounds.first))
            else:
                self._consumer.seek(_at(shard), bounds.first)

    # ------------------------------------------------------------ feeding

    async def _feed(self) -> None:
        for shard in self._shards:
            if not shard.live:
                self._send_to_rebuild(shard)
        while True:
            found = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
            if found:
                await asyncio.gather(*(self._take(self._shards[at.partition], found[at]) for at in found))

    async def _take(self, shard: Shard, records: Sequence[ConsumerRecord]) -> None:
        if not shard.live:
            return  # fetched before the pause; the rebuild reads it by itself
        try:
            if not await shard.take(self._epoch, records, _ALWAYS):
                log.warning("Valkey lost its newest writes", partition=shard.partition, offset=shard.position)
                self._consumer.seek(_at(shard), shard.position)
            shard.announced = shard.position
        except NeedsRebuild:
            log.warning("Valkey lost a partition", partition=shard.partition, offset=shard.position)
            self._send_to_rebuild(shard)

    async def _verify(self) -> None:
        """Notice a flush also while nobody says anything."""
        while True:
            await asyncio.sleep(_VERIFY_S)
            live = [shard for shard in self._shards if shard.live]
            for shard, epoch in zip(live, await self._store.epochs([each.partition for each in live]), strict=True):
                if epoch != self._epoch and shard.live:
                    log.warning("Valkey lost a partition", partition=shard.partition, offset=shard.position)
                    self._send_to_rebuild(shard)

    def _send_to_rebuild(self, shard: Shard) -> None:
        shard.live = False
        self._consumer.pause(_at(shard))
        if self._tasks is not None:
            self._tasks.create_task(self._rebuild(shard))

    async def _rebuild(self, shard: Shard) -> None:
        async with self._rebuilding, open_reader(self._bootstrap) as reader:
            while not shard.live:
                try:
                    await rebuild(shard, self._store, reader, self._epoch, self._whole)
                except Unavailable as error:
                    log.warning("a rebuild waits", partition=shard.partition, reason=error.message)
                    await asyncio.sleep(_RETRY_S)
        self._consumer.seek(_at(shard), shard.position)
        self._consumer.resume(_at(shard))

    # ------------------------------------------------------------ views

    async def _save_views(self) -> None:
        while True:
            for shard in self._shards:
                await asyncio.sleep(self._views_s / len(self._shards))  # never all the work at once
                if shard.live and len(shard.views):
                    try:
                        await shard.views.save(self._store, await self._writer.appender())
                    except Unavailable as error:
                        log.warning("views wait", partition=shard.partition, reason=error.message)


def _at(shard: Shard) -> TopicPartition:
    return TopicPartition(FEED.name, shard.partition)
