"""From the decision logs to the parts: what arrives is counted, and the parts that it touched are kept and handed on.

What the table says has been counted is believed, what the group has committed is not: records that were skipped are
read from the log, and where the two cannot be made to agree the partition is counted again from its first record.
"""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from livefair.reading import open_reader
from livefair.wire.codec import encode
from livefair.wire.dead_letters import DeadLetter
from livefair.wire.envelope import RoutedHeaders, fact_headers
from livefair.wire.insight import Part, Progress
from livefair.wire.partition import partition_of
from livefair.wire.topics import BY_NAME, DEAD_LETTERS, INSIGHT, Topic
from streams.insight import metrics
from streams.insight.counting import Missed, PartitionCount, Unread, name_of
from streams.insight.engine import Message
from streams.insight.tables import Out, Rows, Writing
from streams.log import BrokenLog, Kept, Record

LETTER_BYTES = 48 * 1024
"""Bytes of an unreadable record that its dead letter repeats; the whole of it stays at its origin."""

log = structlog.get_logger(__name__)
_progress = msgspec.json.Decoder(Progress)
_part = msgspec.json.Decoder(Part)


@dataclass(slots=True)
class Batch:
    """What follows from a batch: what is told at once, and the rows (partition, key, value) that remember it, later."""

    telling: Writing
    rows: list[tuple[int, str, bytes]] = field(default_factory=list)


class Tally:
    """Counts the decision logs. `rows` is the table of parts and of how far each partition is counted."""

    def __init__(self, kafka: str, rows: Rows, out: Out) -> None:
        self._kafka = kafka
        self._rows = rows
        self._out = out
        self._counts: dict[tuple[str, int], PartitionCount] = {}
        self._broken: set[str] = set()
        self._busy = asyncio.Lock()
        self._headers = RoutedHeaders(INSIGHT)

    # ------------------------------------------------------------ what is asked of it

    async def take(self, messages: Sequence[Message]) -> None:
        """Count a batch; what follows from it is in Kafka on return. Raises Unavailable."""
        by_partition: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for one in messages:
            record = Kept(one.offset, 0, one.key, one.value, one.headers)
            by_partition[one.topic, one.partition].append(record)
        async with self._busy:
            batch = Batch(self._out.writing())
            for (topic, partition), records in by_partition.items():
                await self._count(self._of(BY_NAME[topic], partition), records, batch)
            await self._finish(batch)
        metrics.COUNTED.inc(len(messages))

    async def catch_up(self, topic: Topic, partition: int, end: int) -> None:
        """Count what was committed and never counted, before `end`. Raises Unavailable."""
        async with self._busy:
            counting = self._of(topic, partition)
            if counting.log.next_offset >= end or counting.name in self._broken:
                return
            log.warning("insight.behind_its_commit", of=counting.name, at=counting.log.next_offset, committed=end)
            batch = Batch(self._out.writing())
            await self._fill(counting, Missed(counting.log.next_offset, end), batch)
            await self._finish(batch)

    def forget(self) -> None:
        """Partitions have come or gone: what is in memory may no longer be what the table says."""
        self._counts.clear()

    def counted(self, topic: Topic, partition: int) -> int:
        """The offset up to which a partition is counted, in a table that has been restored."""
        counting = self._counts.get((topic.name, partition))
        if counting is not None:
            return counting.log.next_offset
        progress = self._stored(name_of(topic, partition))
        return 0 if progress is None else progress.next_offset

    # ------------------------------------------------------------ counting

    def _of(self, topic: Topic, partition: int) -> PartitionCount:
        counting = self._counts.get((topic.name, partition))
        if counting is None:
            name = name_of(topic, partition)
            counting = PartitionCount(topic, partition, lambda fair: self._kept(name, fair), self._stored(name))
            self._counts[topic.name, partition] = counting
        return counting

    def _stored(self, name: str) -> Progress | None:
        found = self._rows.get(name)
        return None if found is None else _progress.decode(found)

    def _kept(self, name: str, fair: str) -> Part | None:
        found = self._rows.get(f"{name}/{fair}")
        return None if found is None else _part.decode(found)

    async def _count(self, counting: PartitionCount, records: Sequence[Record], batch: Batch) -> None:
        touched: set[str] = set()
        unread: list[Unread] = []
        for record in records:
            try:
                counting.read(record, touched, unread)
            except Missed as missed:
                # Whole groups only are written down, so what comes first may have been read before.
                metrics.SKIPPED.inc(missed.end - missed.first)
                await self._fill(counting, missed, batch)
                counting.read(record, touched, unread)
            except BrokenLog as error:
                await self._count_again(counting, record, error, batch)
                counting = self._of(counting.topic, counting.partition)
        self._keep(counting, touched, unread, batch)

    async def _fill(self, counting: PartitionCount, missed: Missed, batch: Batch) -> None:
        """Count a stretch of the log that did not come by itself. Raises BrokenLog, Unavailable."""
        touched: set[str] = set()
        unread: list[Unread] = []
        async with open_reader(self._kafka) as reader:
            first, end = await reader.bounds(counting.topic, counting.partition)
            counting.log.next_offset = max(missed.first, first)
            async for records in reader.stretch(
                counting.topic, counting.partition, counting.log.next_offset, min(missed.end, end)
            ):
                for record in records:
                    counting.read(record, touched, unread)
        counting.log.next_offset = max(counting.log.next_offset, missed.end)
        self._keep(counting, touched, unread, batch)

    async def _count_again(self, counting: PartitionCount, record: Record, error: BrokenLog, batch: Batch) -> None:
        """The log seems to have a hole. If what we kept is what is wrong, counting from its start mends it."""
        if counting.name in self._broken:
            return
        do = "nothing: the partition is counted again from its first record"
        log.error("insight.counted_again", of=counting.name, offset=record.offset, reason=str(error), do=do)
        anew = PartitionCount(counting.topic, counting.partition, lambda _fair: None)
        self._counts[counting.topic.name, counting.partition] = anew
        try:
            await self._fill(anew, Missed(0, record.offset + 1), batch)
        except BrokenLog as again:
            self._broken.add(counting.name)
            metrics.BROKEN.inc()
            self._letter(Unread(record, str(again)), counting, batch)

    # ------------------------------------------------------------ what follows

    async def _finish(self, batch: Batch) -> None:
        """Remember nothing before it is told: a repeat of what is remembered is passed over without a word."""
        await batch.telling.done()
        keeping = self._out.writing()
        for partition, key, value in batch.rows:
            self._rows.put(keeping, partition, key, value)
        await keeping.done()

    def _keep(self, counting: PartitionCount, touched: set[str], unread: list[Unread], batch: Batch) -> None:
        """Parts before progress: whatever is kept of a batch that breaks off, it is counted once."""
        partition = counting.partition
        for fair in sorted(touched):
            part = counting.part(fair)
            value = encode(part)
            batch.rows.append((partition, f"{counting.name}/{fair}", value))
            ident = f"{counting.name}-{part.offset}-{part.nth}-0"
            # No repeat is dropped by this origin: it only says where the part comes from.
            headers = self._headers.of(ident, "part")
            batch.telling.append(INSIGHT, partition_of(INSIGHT, fair), part.key.encode(), value, headers)
        if counting.name not in self._broken:
            batch.rows.append((partition, counting.name, encode(counting.progress)))
        for one in unread:
            self._letter(one, counting, batch)

    def _letter(self, unread: Unread, counting: PartitionCount, batch: Batch) -> None:
        record = unread.record
        do = "look at its copy in dead-letters; the counts go on without it"
        log.error("insight.unreadable", of=counting.name, offset=record.offset, reason=unread.reason, do=do)
        metrics.UNREADABLE.inc()
        start = base64.b64encode((record.value or b"")[:LETTER_BYTES]).decode()
        letter = DeadLetter(counting.topic.name, counting.partition, record.offset, unread.reason, start)
        key = record.key or b""
        headers = fact_headers(f"{counting.name}-{record.offset}", "record.unreadable", "/livefair/insight")
        where = partition_of(DEAD_LETTERS, key.decode("utf-8", "replace"))
        batch.telling.append(DEAD_LETTERS, where, key, encode(letter), headers)
