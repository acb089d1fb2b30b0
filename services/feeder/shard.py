"""One partition of the feed on its way into Valkey: reads batches of records, stores them, remembers what changed."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import structlog
from aiokafka import ConsumerRecord

from livefair.errors import UnreadableRecord
from livefair.logs import detail, ids_in
from livefair.wire.codec import encode
from livefair.wire.dead_letters import DeadLetter
from livefair.wire.envelope import fact_headers
from livefair.wire.partition import partition_of
from livefair.wire.topics import DEAD_LETTERS
from services.feeder import metrics
from services.feeder.publications import Read, read
from services.feeder.store import Fed, Store
from services.feeder.views import Views
from services.writer import Writer

AT_ONCE = 256
"""Publications of one call of the function: some 3 ms of the server's time, which others wait for."""
_LETTER_BYTES = 3000
_REASON_LETTERS = 300
log = structlog.get_logger(__name__)


class Shard:
    """A partition: `position` is the next offset to read, `announced` the next that live readers have not been told."""

    def __init__(self, partition: int, store: Store, writer: Writer, window: int) -> None:
        self.partition = partition
        self.position = 0
        self.announced: int | None = None
        self.live = False
        self.since = 0
        """When the oldest record in hand was appended, Unix ms; 0: none is."""
        self.views = Views(partition)
        self._store = store
        self._writer = writer
        self._window = window

    async def take(self, token: str, records: Sequence[ConsumerRecord], announce: int) -> bool:
        """Store what the records hold, from `position` on. False: records before `position` are missing, go there.

        `token` is the epoch, or the id of a rebuild. Raises NeedsRebuild.
        """
        try:
            return await self._take(token, records, announce)
        finally:
            self.since = 0

    async def _take(self, token: str, records: Sequence[ConsumerRecord], announce: int) -> bool:
        for first in range(0, len(records), AT_ONCE):
            part = records[first : first + AT_ONCE]
            self.since = part[0].timestamp
            publications = [each for record in part if (each := await self._read(record)) is not None]
            end = part[-1].offset + 1
            metrics.BATCH.observe(len(publications))
            fed = await self._store.feed(
                self.partition, token, self.position, end, self._window, announce, publications
            )
            if not self._advance(fed, end):
                return False
        return True

    def _advance(self, fed: Fed, end: int) -> bool:
        if fed.stored < 0:
            self.position = fed.next
            return False
        self.position = max(end, self.position)
        metrics.PUBLICATIONS.inc(fed.stored)
        if fed.repeated:
            metrics.REPEATS.inc(fed.repeated)
        return True

    async def _read(self, record: ConsumerRecord) -> Read | None:
        try:
            publication = read(record)
        except UnreadableRecord as error:
            await self._bury(record, str(error))
            return None
        self.views.touch(publication.head[1], publication.head[3])
        if detail.on:
            log.debug("feeding", channel=publication.head[1], offset=record.offset, **ids_in(publication.event))
        return publication

    async def _bury(self, record: ConsumerRecord, reason: str) -> None:
        """The letter is in Kafka before the record is passed by; after a crash it may be there twice."""
        metrics.UNREADABLE.inc()
        letter = DeadLetter(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason[:_REASON_LETTERS],
            value=base64.b64encode((record.value or b"")[:_LETTER_BYTES]).decode(),
        )
        key = f"{letter.topic}/{letter.partition}"
        headers = fact_headers(f"{key}/{letter.offset}", "record.unreadable", "/livefair/feeder")
        await self._writer.write(DEAD_LETTERS, partition_of(DEAD_LETTERS, key), key.encode(), encode(letter), headers)
