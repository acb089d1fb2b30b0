"""Every Kafka client of ours is made here, with every setting that matters spelled out.

aiokafka's own defaults (acks=1, no idempotence, auto-commit, `latest`) would lose records; nothing elsewhere
may construct a client.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from livefair.errors import Unavailable
from livefair.metrics import KAFKA_FAILURES
from livefair.wire.envelope import Headers
from livefair.wire.topics import MAX_RECORD_BYTES, Topic

log = structlog.get_logger(__name__)

CLIENT_ID = "livefair"
REQUEST_TIMEOUT_MS = 20_000
RETRY_BACKOFF_MS = 100
"""Shorter back-offs write megabytes of warnings while a broker is away."""
SESSION_MS = 6_000
HEARTBEAT_MS = 1_000
PATIENT_BYTES = 1 << 20
PATIENT_MS = 400
FRAMING_BYTES = 100
"""More than what Kafka adds to one record or to a batch's head (61 bytes)."""


def new_producer(bootstrap: str) -> AIOKafkaProducer:
    """An idempotent producer that is told every partition; not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=MAX_RECORD_BYTES,
        max_request_size=4 * MAX_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )


def new_reader(bootstrap: str, *, fetch_wait_ms: int = 500) -> AIOKafkaConsumer:
    """A consumer without a group: it is assigned partitions and sought by hand; not started.

    A fetch under way holds up the next assignment for up to `fetch_wait_ms`: short for who changes partitions often.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        fetch_max_wait_ms=fetch_wait_ms,
        max_partition_fetch_bytes=4 * MAX_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        consumer_timeout_ms=1_000,
    )


def new_member(bootstrap: str, group: str, slot: int) -> AIOKafkaConsumer:
    """A static member of a group: one live process for each slot. It commits by hand only; not started."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        group_id=group,
        group_instance_id=f"{group}-{slot}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        fetch_max_wait_ms=500,
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        consumer_timeout_ms=1_000,
    )


def new_patient_member(bootstrap: str, group: str, slot: int, assignor: Any) -> AIOKafkaConsumer:
    """A static member for views where a second is soon enough: the broker answers when there is much, or after a while.

    A fetch costs both sides about the same whether it brings three records or three hundred. Commits are its owner's;
    not started.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        group_id=group,
        group_instance_id=f"{group}-{slot}",
        partition_assignment_strategy=[assignor],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_uncommitted",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        fetch_min_bytes=PATIENT_BYTES,
        fetch_max_wait_ms=PATIENT_MS,
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )


def new_admin(bootstrap: str) -> AIOKafkaAdminClient:
    """For topics and their settings; not started."""
    return AIOKafkaAdminClient(
        bootstrap_servers=bootstrap,
        client_id=CLIENT_ID,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )


_failed_write, _failed_connection = KAFKA_FAILURES.labels("write"), KAFKA_FAILURES.labels("connect")


class _Lane:
    """The way to one partition: batches in order, one in flight."""

    __slots__ = ("batches", "running", "topic_partition")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic_partition = (topic, partition)
        self.batches: deque[tuple[BatchBuilder, asyncio.Future[int]]] = deque()
        self.running = False


class Appender:
    """Appends records in batches: what arrives while a partition's last batch is being acknowledged forms its next.

    Within a partition records keep their order, and one batch is in flight. After a failure nothing more is sent by
    this appender: what it held fails too, and its owner makes a new one. So a record is in the log only if
    everything that was appended before it to the same partition is, which is what makes origins rise without a hole.
    """

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.failure: BaseException | None = None

    def append(
        self, topic: Topic, partition: int, key: bytes, value: bytes | None, headers: Headers
    ) -> asyncio.Future[int]:
        """A future of the base offset of the batch that holds the record; it fails with `Unavailable`.

        Cancelling the future does not take the record back: whether it is in the log is then unknown. Records of one
        batch share it, so whoever may be cancelled while awaiting it shields it.
        """
        if self.failure is not None:
            raise Unavailable(f"an earlier write to Kafka failed: {self.failure}")
        lane = self._lanes.get((topic.name, partition))
        if lane is None:
            lane = self._lanes[topic.name, partition] = _Lane(topic.name, partition)
        if lane.batches:
            batch, future = lane.batches[-1]
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is not None:
                return future
        batch = self.producer.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            raise Unavailable(f"a record of {len(value or b'')} bytes is larger than a batch may be")
        future = asyncio.get_running_loop().create_future()
        lane.batches.append((batch, future))
        if not lane.running:
            lane.running = True
            task = asyncio.create_task(self._run(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def _run(self, lane: _Lane) -> None:
        topic, partition = lane.topic_partition
        try:
            while lane.batches and self.failure is None:
                batch, future = lane.batches.popleft()
                batch.close()
                try:
                    sent = await self.producer.send_batch(batch, topic, partition=partition)
                    metadata = await sent
                except (KafkaError, ValueError, AssertionError) as error:
                    _failed_write.inc()
                    self.failure = error
                    _fail(future, error)
                except BaseException as error:
                    self.failure = error
                    _fail(future, error)
                    raise
                else:
                    if not future.done():
                        future.set_result(metadata.offset)
        finally:
            lane.running = False
            if self.failure is not None:
                for waiting in self._lanes.values():
                    while waiting.batches:
                        _fail(waiting.batches.popleft()[1], self.failure)

    async def drain(self, within: float) -> bool:
        """Wait until nothing is in flight, for at most `within` seconds; whether that was reached."""
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(set(self._tasks), timeout=within)
        return not pending

    async def close(self, within: float = 5.0) -> None:
        """Stop sending after at most `within` seconds, and stop the producer."""
        await self.drain(within)
        for task in list(self._tasks):
            task.cancel()
        await stop_client(self.producer, within)


async def start_client(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Start a client, however long the brokers take to be there."""
    while True:
        try:
            await client.start()
        except KafkaConnectionError:
            _failed_connection.inc()
            await asyncio.sleep(RETRY_BACKOFF_MS * 5 / 1000)
        else:
            return


def generation_of(member: AIOKafkaConsumer) -> int:
    """The generation of the group that this member is in; −1: none. The client has no public word for it."""
    coordinator = member._coordinator  # noqa: SLF001
    return -1 if coordinator is None else int(coordinator.generation)


_stopping: set[asyncio.Task[None]] = set()
"""Clients that nobody waits for any more; the loop itself would forget them."""


async def stop_client(client: AIOKafkaProducer | AIOKafkaConsumer, within: float = 5.0) -> None:
    """Stop a client, but do not wait longer than `within` seconds for a broker that is away.

    Such a client goes on stopping: cut short, it would keep its sender and its connections for good.
    """
    stopping = asyncio.create_task(client.stop())
    _stopping.add(stopping)
    stopping.add_done_callback(_stopped)
    await asyncio.wait([stopping], timeout=within)


def _stopped(task: asyncio.Task[None]) -> None:
    _stopping.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, KafkaError):
        log.warning("client.not_stopped", error=f"{type(error).__name__}: {error}")


def _fail(future: asyncio.Future[int], error: BaseException) -> None:
    if not future.done():
        future.set_exception(Unavailable(f"Kafka did not take a write: {type(error).__name__} {error}"))
        future.exception()  # seen: a future that nobody awaits any more is not worth a warning
