"""One partition while this worker has it: acquired, folded, written and routed, as decision-log.md says.

It takes no record before it is restored, fenced and confirmed; nothing follows from a batch before its
acknowledgement stands at the expected offset. Any failure ends the hold, and the stage makes a new one from the log.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import OffsetAndMetadata

from livefair.backlog import Place
from livefair.errors import LivefairError
from livefair.kafka import Appender, generation_of
from livefair.logs import detail
from livefair.tracing import traces
from livefair.wire.codec import encode
from livefair.wire.envelope import Step, fact_headers
from livefair.wire.fence import FENCE_KIND
from livefair.wire.partition import partition_of
from livefair.wire.topics import MAX_RECORD_BYTES
from streams.fold import Decision, Fact, State
from streams.metrics import StageMetrics
from streams.owner import Owner, Written
from streams.telling import tell, trace

log = structlog.get_logger()

WAITING_MOST = 4
"""Batches folded and not yet sent at which a partition takes no more input."""
BATCH_BYTES = MAX_RECORD_BYTES * 3 // 4
BATCH_RECORDS = 2_000
RECORD_FRAMING = 350
"""Bytes of a decision's key, headers and framing, at most: their names and values are ours."""
ROUTING_MOST = 64
"""Batches whose routes are not yet acknowledged at which a partition waits for the oldest."""


class LeaseLost(Exception):
    """The group gave the partition to another, or has not confirmed that it is ours."""


class FoldFailed(Exception):
    """The rules failed on one record. The partition is restored from its log and notes that record as unreadable."""


@dataclass(slots=True)
class Clients:
    """The Kafka clients that the holds of one stage share. Only one hold reads a log at a time."""

    member: AIOKafkaConsumer
    reader: AIOKafkaConsumer
    producer: AIOKafkaProducer
    router: Appender
    metrics: StageMetrics
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class _Batch:
    """Decisions that go into the log together, whole groups only; `since` is the time of the first input's record."""

    __slots__ = ("bytes", "last_input", "since", "written")

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.bytes = 0
        self.last_input = -1
        self.since = 0


class Hold(Generic[State, Fact, Decision]):
    """A partition in this worker's hands. `ours` says whether the group still has it so."""

    def __init__(
        self, owner: Owner[State, Fact, Decision], clients: Clients, ours: Callable[[Hold[Any, Any, Any]], bool]
    ) -> None:
        self.owner = owner
        self.partition = owner.partition
        self.running = False
        self.routed = -1
        """The last input of which everything is acknowledged downstream."""
        self.committed = -1
        self.decided = 0
        self._undone = 0
        self._sending_since = 0
        self.producer, self.router, self._metrics = clients.producer, clients.router, clients.metrics
        self._member, self._reader, self._reading = clients.member, clients.reader, clients.reading
        self._ours = ours
        self._input = TopicPartition(owner.fold.source.name, owner.partition)
        self._log = TopicPartition(owner.fold.log.name, owner.partition)
        self._failure: Exception | None = None
        self._batches: deque[_Batch] = deque()
        self._writing = False
        self._wake = asyncio.Event()
        self._paused = False
        self._routing: deque[tuple[int, list[asyncio.Future[int]]]] = deque()

    async def run(self) -> None:
        """Acquire the partition, then write what is folded, until something fails; always raises."""
        await self._acquire()
        await self._write()

    @property
    def clean(self) -> bool:
        """Whether all that was folded is in the log and routed."""
        under_way = self._batches or self._writing or self._routing
        return self.settled() and not under_way and self.owner.step == self.owner.log.step

    @property
    def place(self) -> Place:
        """The first input without an acknowledged decision, and its time where it is in hand."""
        if not self.running:
            return Place(self.owner.next_input)
        return Place(self._undone, self._sending_since or (self._batches[0].since if self._batches else 0))

    # ------------------------------------------------------------ acquire

    async def _acquire(self) -> None:
        owner, started = self.owner, time.monotonic()
        committed = await self._member.committed(self._input) or 0
        again: list[tuple[Step, Decision]] = []
        while True:
            again += await self._read_to(None, committed)
            await self._confirm(committed)
            marked = await self._mark()
            again += await self._read_to(marked, committed)
            if owner.holds:
                break
        self._check()
        self.routed = self.committed = committed - 1
        await self._route(max(owner.next_input, committed) - 1, again)
        self._check()
        self._member.seek(self._input, owner.next_input)
        self._undone = owner.next_input
        self.running = True
        self._member.resume(self._input)
        log.info(
            "partition.acquired",
            stage=owner.fold.name,
            partition=self.partition,
            epoch=owner.log.epoch,
            next_input=owner.next_input,
            routed_again=len(again),
            ms=round((time.monotonic() - started) * 1000),
        )

    def _check(self) -> None:
        if not self._ours(self):
            raise LeaseLost

    async def _confirm(self, committed: int) -> None:
        """Prove membership of the current generation by a commit, and that the lease is still this one."""
        if generation_of(self._member) < 0:
            raise LeaseLost
        await self._member.commit({self._input: OffsetAndMetadata(committed, "")})
        self._check()

    async def _mark(self) -> int:
        """Append a fence through the producer that will write the decisions; its offset."""
        writer = uuid4().hex
        batch = self.producer.create_batch()
        headers = fact_headers(writer, FENCE_KIND, f"/livefair/{self._log.topic}")
        batch.append(timestamp=None, key=None, value=encode(self.owner.fence(writer)), headers=headers)
        sent = await self.producer.send_batch(batch, self._log.topic, partition=self.partition)
        offset: int = (await sent).offset
        return offset

    async def _read_to(self, last: int | None, committed: int) -> list[tuple[Step, Decision]]:
        """Read the log on, to its end or up to and including `last`; the decisions not known to be routed."""
        owner, reader = self.owner, self._reader
        again: list[tuple[Step, Decision]] = []
        async with self._reading:
            end = last + 1 if last is not None else (await reader.end_offsets([self._log]))[self._log]
            if owner.log.next_offset >= end:
                return again
            reader.assign([self._log])
            reader.seek(self._log, owner.log.next_offset)
            while owner.log.next_offset < end:
                fetched = await reader.getmany(self._log, timeout_ms=1_000)
                for record in fetched.get(self._log, ()):
                    if record.offset >= end:
                        break
                    for step, decision in owner.read(record):
                        if step.offset >= committed:
                            again.append((step, decision))
                await asyncio.sleep(0)
            reader.unsubscribe()  # or it would go on fetching, every few ms
        return again

    # ------------------------------------------------------------ fold

    def take(self, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        """Fold records of the input; what is decided waits for the writer."""
        owner, batches = self.owner, self._batches
        if not batches:
            batches.append(_Batch())
        batch = batches[-1]
        for record in records:
            if record.offset != owner.next_input:
                continue  # fetched before the seek
            try:
                written = owner.fold_one(record)
            except Exception as error:
                log.exception(
                    "fold.failed",
                    stage=owner.fold.name,
                    partition=self.partition,
                    offset=record.offset,
                    do="report it with these places; the record goes to dead-letters and the partition goes on",
                )
                self._pass_over(record.offset, type(error).__name__)
                return
            size = 0
            for one in written:
                size += len(one.value) + RECORD_FRAMING
            if size > BATCH_BYTES and max(len(one.value) for one in written) + RECORD_FRAMING > MAX_RECORD_BYTES:
                self._pass_over(record.offset, "a decision that no batch can hold")
                return
            if batch.written and (batch.bytes + size > BATCH_BYTES or len(batch.written) >= BATCH_RECORDS):
                batch = _Batch()
                batches.append(batch)
            if not batch.since:
                batch.since = record.timestamp
            batch.written += written
            batch.bytes += size
            batch.last_input = record.offset
        self._wake.set()
        if len(batches) >= WAITING_MOST and not self._paused:
            self._paused = True
            self._member.pause(self._input)

    def _pass_over(self, offset: int, why: str) -> None:
        """A record on which the rules fail must not stop the fair: the partition is restored, and notes it instead."""
        self.owner.poisoned.add(offset)
        self.fail(FoldFailed(f"{why} at offset {offset}"))

    # ------------------------------------------------------------ write and route

    async def _write(self) -> None:
        """Send what is folded, one batch in flight; route each batch once its acknowledgement stands where it must."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._batches:
                self._raise_failure()
                batch = self._batches.popleft()
                if batch.last_input < 0:
                    continue
                self._writing, self._sending_since = True, batch.since
                if batch.written:
                    await self._send(batch.written)
                    self._metrics.decided(batch.written, batch.since)
                    if detail.on:
                        tell(self.owner.fold.name, batch.written)
                    if traces.on:
                        trace(self.owner.fold.name, batch.written)
                self._undone, self._sending_since = batch.last_input + 1, 0
                await self._route(batch.last_input, [(one.step, one.decision) for one in batch.written])
                self._writing = False
                if self._paused and len(self._batches) < WAITING_MOST // 2 and self._ours(self):
                    self._paused = False
                    self._member.resume(self._input)
            self._raise_failure()

    async def _send(self, written: Sequence[Written]) -> None:
        """Write decisions as one batch, and a group that is too large for one in several.

        A reader takes no part of a group before its last, and a fence in between voids it: writing it so is safe as
        long as nothing follows from it before all of it is acknowledged. The model check plays this too.
        """
        builder, piece = self.producer.create_batch(), list[Written]()
        for one in written:
            if builder.append(timestamp=None, key=one.key, value=one.value, headers=one.headers) is None:
                await self._put(builder, piece)
                builder, piece = self.producer.create_batch(), []
                builder.append(timestamp=None, key=one.key, value=one.value, headers=one.headers)
            piece.append(one)
        await self._put(builder, piece)

    async def _put(self, builder: BatchBuilder, written: Sequence[Written]) -> None:
        builder.close()
        sent = await self.producer.send_batch(builder, self._log.topic, partition=self.partition)
        self.owner.acknowledged((await sent).offset, written)
        self.decided += len(written)

    async def _route(self, last_input: int, decisions: Sequence[tuple[Step, Decision]]) -> None:
        """Hand on what the decisions tell others; wait only where too much is still unacknowledged."""
        for start in range(0, max(len(decisions), 1), BATCH_RECORDS):
            chunk = decisions[start : start + BATCH_RECORDS]
            routed = self.owner.routes(chunk)
            futures = {
                self.router.append(
                    one.topic, partition_of(one.topic, one.key), one.key.encode(), one.value, one.headers
                )
                for one in routed
            }
            self._metrics.routed.inc(len(routed))
            through = last_input if start + BATCH_RECORDS >= len(decisions) else chunk[0][0].offset - 1
            self._routing.append((through, list(futures)))
            if through != last_input:
                await asyncio.sleep(0)  # many to tell must not hold up a heartbeat
            while len(self._routing) > ROUTING_MOST:
                if oldest := self._routing[0][1]:
                    await asyncio.wait(oldest)
                self.settle_routes()

    def settle_routes(self) -> None:
        """Move `routed` up to the last input of which everything is acknowledged; raises where a route failed."""
        while self._routing and all(future.done() for future in self._routing[0][1]):
            offset, futures = self._routing.popleft()
            for future in futures:
                future.result()
            self.routed = offset

    def settled(self) -> bool:
        """As `settle_routes`; a route that failed ends the hold instead of raising here."""
        try:
            self.settle_routes()
        except LivefairError as error:
            self.fail(error)
            return False
        return True

    # ------------------------------------------------------------ failure

    def fail(self, error: Exception) -> None:
        """Take no more, and let the writer end the hold."""
        self.running = False
        self._failure = error
        self._wake.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
