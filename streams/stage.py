"""Runs a fold on the partitions that the group gives this worker: the protocol of decision-log.md, with its traps.

A partition takes no record before it is restored, fenced and confirmed; nothing follows from a batch before its
acknowledgement stands at the expected offset. Whatever fails, the partition is acquired anew from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Generic
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from livefair.errors import LivefairError, LocalError, Unavailable
from livefair.kafka import Appender, generation_of, new_member, new_producer, new_reader, start_client, stop_client
from livefair.wire.codec import encode
from livefair.wire.envelope import Step, fact_headers
from livefair.wire.partition import partition_of
from livefair.wire.topics import MAX_RECORD_BYTES
from streams.fold import Decision, Due, Fact, Fold, State
from streams.log import FENCE_KIND, LogRecord
from streams.owner import Fenced, InputRecord, Owner, Written

log = structlog.get_logger()

FETCH_RECORDS = 2_000
"""Records of one fetch: enough that a full pipe costs little for each, few enough that heartbeats go on."""
WAITING_MOST = 4
"""Batches folded and not yet sent at which a partition takes no more input."""
BATCH_BYTES = MAX_RECORD_BYTES * 3 // 4
BATCH_RECORDS = 2_000
COMMIT_EVERY_S = 1.0
DEADLINES_EVERY_S = 0.25
DEADLINE_AGAIN_S = 5.0
OWN_SENDS_S = 5.0
RETRY_S = 0.5
LOG_WAIT_MS = 10
RECORD_FRAMING = 350
"""Bytes of a decision's key, headers and framing, at most: their names and values are ours."""
ROUTING_MOST = 64


def group_of(fold: Fold[Any, Any, Any]) -> str:
    """The consumer group whose committed offsets say up to where a stage has routed."""
    return f"livefair.{fold.name}"


class LeaseLost(Exception):
    """The group gave the partition to another, or has not confirmed that it is ours."""


class FoldFailed(Exception):
    """The rules failed on one record. The partition is restored from its log and notes that record as unreadable."""


class StageFailed(LocalError):
    """The stage cannot go on in this process; a fresh one can."""


class _Batch:
    """Decisions that go into the log together, whole groups only."""

    __slots__ = ("bytes", "last_input", "written")

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.bytes = 0
        self.last_input = -1


class _Held(Generic[State, Fact, Decision]):
    """A partition while this worker has it: its owner, its batches, its routes under way."""

    def __init__(
        self, owner: Owner[State, Fact, Decision], lease: int, producer: AIOKafkaProducer, router: Appender
    ) -> None:
        self.owner = owner
        self.lease = lease
        self.producer = producer
        self.router = router
        self.running = False
        self.failure: Exception | None = None
        self.task: asyncio.Task[None] | None = None
        self.batches: deque[_Batch] = deque()
        self.wake = asyncio.Event()
        self.paused = False
        self.routing: deque[tuple[int, list[asyncio.Future[int]]]] = deque()
        self.routed = -1
        self.committed = -1
        self.asked: dict[Due, float] = {}

    def settle_routes(self) -> None:
        """Move `routed` up to the last input of which everything is acknowledged downstream."""
        while self.routing and all(future.done() for future in self.routing[0][1]):
            offset, futures = self.routing.popleft()
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

    def fail(self, error: Exception) -> None:
        """Take no more, and let the writer end the hold."""
        self.running = False
        self.failure = error
        self.wake.set()

    def raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure


class Stage(Generic[State, Fact, Decision]):
    """One stage in one worker."""

    def __init__(self, fold: Fold[State, Fact, Decision], kafka: str, slot: int) -> None:
        self.fold = fold
        self._kafka = kafka
        self._slot = slot
        self._held: dict[int, _Held[State, Fact, Decision]] = {}
        self._kept: dict[int, Owner[State, Fact, Decision]] = {}
        self._lease = 0
        self._reading = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._stopping = False
        self._assigned = False
        self.decided = 0
        self.progress_at = time.monotonic()

    # ------------------------------------------------------------ life

    @property
    def ready(self) -> bool:
        """Whether every partition that the group gave us is being folded."""
        return self._assigned and all(held.running for held in self._held.values())

    async def run(self) -> None:
        """Fold until `stop`; raises StageFailed where only a fresh process can go on."""
        self._member = new_member(self._kafka, group_of(self.fold), self._slot)
        self._reader = new_reader(self._kafka, fetch_wait_ms=LOG_WAIT_MS)
        self._producer = new_producer(self._kafka)
        self._router = Appender(new_producer(self._kafka))
        try:
            for client in (self._reader, self._producer, self._router.producer, self._member):
                await start_client(client)
            self._member.subscribe([self.fold.source.name], listener=_Listener(self))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._commit_often())
                tasks.create_task(self._watch_deadlines())
                await self._take()
                raise _Stopped
        except* _Stopped:
            pass
        finally:
            await self._close()

    def stop(self) -> None:
        """Take no more input; `run` returns once what was folded is in the log and routed."""
        self._stopping = True

    async def _take(self) -> None:
        while not self._stopping:
            try:
                fetched = await self._member.getmany(timeout_ms=200, max_records=FETCH_RECORDS)
            except KafkaError as error:
                # Two live processes with one slot take turns at the group for ever: the younger goes on, we leave.
                raise StageFailed(f"the group no longer has us: {type(error).__name__} {error}") from error
            for topic_partition, records in fetched.items():
                held = self._held.get(topic_partition.partition)
                if held is not None and held.running:
                    self._fold(held, records)
            await asyncio.sleep(0)  # a full pipe would not let the writers run
        for held in self._held.values():
            await self._drain(held)

    async def _drain(self, held: _Held[State, Fact, Decision]) -> None:
        deadline = time.monotonic() + OWN_SENDS_S
        while held.running and (held.batches or held.routing) and time.monotonic() < deadline:
            held.settle_routes()
            await asyncio.sleep(0.01)

    async def _close(self) -> None:
        for held in list(self._held.values()):
            _cancel(held)
        with contextlib.suppress(KafkaError, Unavailable):
            await self._commit()
        await self._router.close(OWN_SENDS_S)
        for client in (self._producer, self._member, self._reader):
            await stop_client(client)

    # ------------------------------------------------------------ the group

    def revoked(self, partitions: Iterable[int]) -> None:
        """The group takes partitions away: whatever is under way there no longer counts as ours."""
        for partition in partitions:
            held = self._held.pop(partition, None)
            if held is None:
                continue
            _cancel(held)
            if held.running and held.settled() and not held.routing and held.owner.step == held.owner.log.step:
                self._kept[partition] = held.owner  # all of it is in the log and routed: worth keeping if it comes back

    def assigned(self, partitions: Sequence[int]) -> None:
        """The group gives partitions. Only pause, raise the lease and start a task: no heartbeat goes out meanwhile."""
        self._lease += 1
        for partition in partitions:
            topic_partition = TopicPartition(self.fold.source.name, partition)
            self._member.pause(topic_partition)
            owner = self._kept.pop(partition, None) or Owner(self.fold, partition)
            self._hold(partition, owner)
        self._kept.clear()
        self._assigned = True

    def _hold(self, partition: int, owner: Owner[State, Fact, Decision]) -> None:
        held = _Held(owner, self._lease, self._producer, self._router)
        self._held[partition] = held
        held.task = asyncio.create_task(self._own(partition, held), name=f"{self.fold.name}-{partition}")

    def _ours(self, held: _Held[State, Fact, Decision]) -> bool:
        return held.lease == self._lease and self._held.get(held.owner.partition) is held

    # ------------------------------------------------------------ acquire

    async def _own(self, partition: int, held: _Held[State, Fact, Decision]) -> None:
        """Acquire the partition, then write what is folded; on any failure begin again, with an empty state."""
        topic_partition = TopicPartition(self.fold.source.name, partition)
        try:
            await self._acquire(held, topic_partition)
            await self._write(held)
        except LeaseLost:
            return
        except Exception as error:  # noqa: BLE001  # whatever it was, the log still has the truth
            if not self._ours(held):
                return
            log.warning(
                "partition.acquired_anew",
                stage=self.fold.name,
                partition=partition,
                error=f"{type(error).__name__}: {error}",
            )
            held.running = False
            self._member.pause(topic_partition)
            if not isinstance(error, Fenced | FoldFailed | CommitFailedError):
                await self._renew_clients(held)
            await asyncio.sleep(RETRY_S)
            if self._ours(held):
                owner = Owner(self.fold, partition)
                owner.poisoned = held.owner.poisoned
                self._hold(partition, owner)

    async def _acquire(self, held: _Held[State, Fact, Decision], topic_partition: TopicPartition) -> None:
        owner, started = held.owner, time.monotonic()
        committed = await self._member.committed(topic_partition) or 0
        again: list[tuple[Step, Decision]] = []
        log_partition = TopicPartition(self.fold.log.name, owner.partition)
        while True:
            again += await self._read_to(owner, log_partition, None, committed)
            await self._confirm(held, topic_partition, committed)
            marked = await self._mark(held, log_partition)
            again += await self._read_to(owner, log_partition, marked, committed)
            if owner.holds:
                break
        self._check(held)
        held.routed = held.committed = committed - 1
        await self._route(held, max(owner.next_input, committed) - 1, again)
        self._check(held)
        self._member.seek(topic_partition, owner.next_input)
        held.running = True
        self._member.resume(topic_partition)
        log.info(
            "partition.acquired",
            stage=self.fold.name,
            partition=owner.partition,
            epoch=owner.log.epoch,
            next_input=owner.next_input,
            routed_again=len(again),
            ms=round((time.monotonic() - started) * 1000),
        )

    def _check(self, held: _Held[State, Fact, Decision]) -> None:
        if not self._ours(held):
            raise LeaseLost

    async def _confirm(
        self, held: _Held[State, Fact, Decision], topic_partition: TopicPartition, committed: int
    ) -> None:
        """Prove membership of the current generation by a commit, and that the lease is still this one."""
        if generation_of(self._member) < 0:
            raise LeaseLost
        await self._member.commit({topic_partition: OffsetAndMetadata(committed, "")})
        self._check(held)

    async def _mark(self, held: _Held[State, Fact, Decision], log_partition: TopicPartition) -> int:
        """Append a fence through the producer that will write the decisions; its offset."""
        writer = uuid4().hex
        batch = held.producer.create_batch()
        headers = fact_headers(writer, FENCE_KIND, f"/livefair/{self.fold.log.name}")
        batch.append(timestamp=None, key=None, value=encode(held.owner.fence(writer)), headers=headers)
        sent = await held.producer.send_batch(batch, log_partition.topic, partition=log_partition.partition)
        offset: int = (await sent).offset
        return offset

    async def _read_to(
        self, owner: Owner[State, Fact, Decision], log_partition: TopicPartition, last: int | None, committed: int
    ) -> list[tuple[Step, Decision]]:
        """Read the log on, to its end or up to and including `last`; the decisions not known to be routed."""
        again: list[tuple[Step, Decision]] = []
        async with self._reading:
            end = last + 1 if last is not None else (await self._reader.end_offsets([log_partition]))[log_partition]
            if owner.log.next_offset >= end:
                return again
            self._reader.assign([log_partition])
            self._reader.seek(log_partition, owner.log.next_offset)
            while owner.log.next_offset < end:
                fetched = await self._reader.getmany(log_partition, timeout_ms=1_000)
                for record in fetched.get(log_partition, ()):
                    if record.offset >= end:
                        break
                    for step, decision in owner.read(_log_record(record)):
                        if step.offset >= committed:
                            again.append((step, decision))
                await asyncio.sleep(0)
            self._reader.unsubscribe()  # or it would go on fetching, every few ms
        return again

    async def _renew_clients(self, held: _Held[State, Fact, Decision]) -> None:
        """After a failed write go on with fresh producers, once what the old ones had in flight is settled."""
        async with self._renewing:
            if held.producer is not self._producer:
                return  # renewed for another partition already
            old_producer, old_router = self._producer, self._router
            self._producer, self._router = new_producer(self._kafka), Appender(new_producer(self._kafka))
            await old_router.close(OWN_SENDS_S)
            await stop_client(old_producer, OWN_SENDS_S)
            await start_client(self._producer)
            await start_client(self._router.producer)

    # ------------------------------------------------------------ fold and write

    def _fold(self, held: _Held[State, Fact, Decision], records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        owner, batches = held.owner, held.batches
        if not batches:
            batches.append(_Batch())
        for record in records:
            if record.offset != owner.next_input:
                continue  # fetched before the seek
            try:
                written = owner.fold_one(_input_record(record))
            except Exception as error:
                # A rule that fails on one record must not stop the fair: the partition is restored, and passes it over.
                log.exception("fold.failed", stage=self.fold.name, partition=owner.partition, offset=record.offset)
                owner.poisoned.add(record.offset)
                held.fail(FoldFailed(f"{type(error).__name__} at offset {record.offset}"))
                return
            size = sum(len(one.value) for one in written) + len(written) * RECORD_FRAMING
            batch = batches[-1]
            if batch.written and (batch.bytes + size > BATCH_BYTES or len(batch.written) >= BATCH_RECORDS):
                batch = _Batch()
                batches.append(batch)
            batch.written += written
            batch.bytes += size
            batch.last_input = record.offset
        held.wake.set()
        if len(batches) >= WAITING_MOST and not held.paused:
            held.paused = True
            self._member.pause(TopicPartition(self.fold.source.name, owner.partition))

    async def _write(self, held: _Held[State, Fact, Decision]) -> None:
        """Send what is folded, one batch in flight; route each batch once its acknowledgement stands where it must."""
        owner = held.owner
        topic, partition = self.fold.log.name, owner.partition
        while True:
            await held.wake.wait()
            held.wake.clear()
            while held.batches:
                held.raise_failure()
                batch = held.batches.popleft()
                if batch.last_input < 0:
                    continue
                if batch.written:
                    builder = held.producer.create_batch()
                    for key, value, headers, _, _ in batch.written:
                        if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:
                            raise StageFailed(
                                f"a group of decisions is larger than a batch may be, in {topic}-{partition}"
                            )
                    builder.close()
                    sent = await held.producer.send_batch(builder, topic, partition=partition)
                    owner.acknowledged((await sent).offset, batch.written)
                    self.decided += len(batch.written)
                self.progress_at = time.monotonic()
                await self._route(held, batch.last_input, [(one.step, one.decision) for one in batch.written])
                if held.paused and len(held.batches) < WAITING_MOST // 2 and self._ours(held):
                    held.paused = False
                    self._member.resume(TopicPartition(self.fold.source.name, partition))
            held.raise_failure()

    async def _route(
        self, held: _Held[State, Fact, Decision], last_input: int, decisions: Sequence[tuple[Step, Decision]]
    ) -> None:
        """Hand on what the decisions tell others; wait only where too much is still unacknowledged."""
        for start in range(0, max(len(decisions), 1), BATCH_RECORDS):
            chunk = decisions[start : start + BATCH_RECORDS]
            futures = {
                held.router.append(
                    one.topic, partition_of(one.topic, one.key), one.key.encode(), one.value, one.headers
                )
                for one in held.owner.routes(chunk)
            }
            through = last_input if start + BATCH_RECORDS >= len(decisions) else chunk[0][0].offset - 1
            held.routing.append((through, list(futures)))
            while len(held.routing) > ROUTING_MOST:
                oldest = held.routing[0][1]
                if oldest:
                    await asyncio.wait(oldest)
                held.settle_routes()

    # ------------------------------------------------------------ beside it

    async def _commit_often(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            try:
                await self._commit()
            except KafkaError as error:
                log.warning("commit.refused", stage=self.fold.name, error=type(error).__name__)

    async def _commit(self) -> None:
        """Commit, for each partition, that everything before an offset is routed and acknowledged."""
        offsets = {}
        for partition, held in self._held.items():
            if held.running and held.settled() and held.routed > held.committed:
                offsets[TopicPartition(self.fold.source.name, partition)] = (held, held.routed)
        if offsets and generation_of(self._member) >= 0:
            await self._member.commit({tp: OffsetAndMetadata(routed + 1, "") for tp, (_, routed) in offsets.items()})
            for held, routed in offsets.values():
                held.committed = routed

    async def _watch_deadlines(self) -> None:
        """Turn a deadline that the clock has passed into a record of the input; the broker's time decides there."""
        while True:
            await asyncio.sleep(DEADLINES_EVERY_S)
            now = time.monotonic()
            for partition, held in self._held.items():
                if not held.running:
                    continue
                held.asked = {due: at for due, at in held.asked.items() if now - at < DEADLINE_AGAIN_S}
                for due in self.fold.overdue(held.owner.state, int(time.time() * 1000)):
                    if due in held.asked:
                        continue
                    held.asked[due] = now
                    headers = fact_headers(f"{due.entity}.{due.due}", "deadline.passed", f"/livefair/{self.fold.name}")
                    with contextlib.suppress(Unavailable):  # the write path sees the failure and renews the client
                        held.router.append(
                            self.fold.source, partition, due.key.encode(), self.fold.deadline(due), headers
                        )


class _Stopped(Exception):
    """Ends the stage's task group once the last input is folded."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Passes the group's word on. Nothing here may wait: no heartbeat goes out until it returns."""

    def __init__(self, stage: Stage[Any, Any, Any]) -> None:
        self._stage = stage

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._stage.revoked([one.partition for one in revoked])

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._stage.assigned([one.partition for one in assigned])


def _cancel(held: _Held[Any, Any, Any]) -> None:
    if held.task is not None:
        held.task.cancel()


def _input_record(record: ConsumerRecord[Any, Any]) -> InputRecord:
    return InputRecord(record.offset, record.timestamp, record.key, record.value, record.headers)


def _log_record(record: ConsumerRecord[Any, Any]) -> LogRecord:
    return LogRecord(record.offset, record.key, record.value, record.headers)
