"""The appender's promise: within a partition, a record is in the log only if everything appended before it is."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaTimeoutError

from livefair.errors import Unavailable
from livefair.kafka import Appender, stop_client
from livefair.wire.topics import CANDIDATES, FEED, JOBS, MAX_RECORD_BYTES


class Metadata(NamedTuple):
    offset: int


class Batch:
    """As the client library's: it takes records until it is full or closed."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.closed = False

    def append(self, *, timestamp: None, key: bytes, value: bytes | None, headers: Any) -> object | None:
        size = sum(map(len, self.values)) + len(value or b"")
        if self.closed or size > MAX_RECORD_BYTES:
            return None
        self.values.append(value or b"")
        return object()

    def close(self) -> None:
        self.closed = True


class Broker:
    """A producer whose batches are acknowledged, or refused, by the test's hand."""

    def __init__(self) -> None:
        self.log: dict[tuple[str, int], list[bytes]] = defaultdict(list)
        self.flying: dict[tuple[str, int], deque[tuple[Batch, asyncio.Future[Metadata]]]] = defaultdict(deque)
        self.stopped = asyncio.Event()
        self.away = asyncio.Event()
        self.most_flying = 0

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        assert batch.closed
        future: asyncio.Future[Metadata] = asyncio.get_running_loop().create_future()
        lane = self.flying[topic, partition]
        lane.append((batch, future))
        self.most_flying = max(self.most_flying, len(lane))
        return future

    async def land(self, topic: str, partition: int, error: Exception | None = None) -> None:
        await settle()
        batch, future = self.flying[topic, partition].popleft()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(Metadata(len(self.log[topic, partition])))
            self.log[topic, partition] += batch.values
        await settle()

    async def stop(self) -> None:
        await self.away.wait()
        self.stopped.set()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def broker() -> Broker:
    return Broker()


@pytest.fixture
async def appender(broker: Broker) -> Appender:
    return Appender(broker)  # type: ignore[arg-type]  # as much of a producer as it needs


def add(appender: Appender, value: bytes, partition: int = 0, topic: Any = JOBS) -> asyncio.Future[int]:
    return appender.append(topic, partition, b"k", value, [])


async def test_what_arrives_while_a_batch_is_under_way_forms_the_next(appender: Appender, broker: Broker) -> None:
    first = add(appender, b"1")
    await settle()
    second, third = add(appender, b"2"), add(appender, b"3")
    await settle()
    assert second is third
    assert len(broker.flying["jobs", 0]) == 1, "one batch under way"
    await broker.land("jobs", 0)
    assert await first == 0
    await broker.land("jobs", 0)
    assert await second == 1
    assert broker.log["jobs", 0] == [b"1", b"2", b"3"]
    assert broker.most_flying == 1


async def test_partitions_do_not_wait_for_each_other(appender: Appender, broker: Broker) -> None:
    add(appender, b"slow", 0)
    other = add(appender, b"quick", 1, CANDIDATES)
    await broker.land("candidates", 1)
    assert await other == 0


async def test_a_full_batch_is_followed_by_another(appender: Appender, broker: Broker) -> None:
    futures = [add(appender, b"x" * 400_000) for _ in range(5)]
    for _ in range(3):
        await broker.land("jobs", 0)
    assert [await each for each in futures] == [0, 0, 2, 2, 4]


async def test_a_record_that_no_batch_holds_is_refused_alone(appender: Appender, broker: Broker) -> None:
    with pytest.raises(Unavailable, match="larger than a batch"):
        add(appender, b"x" * (MAX_RECORD_BYTES + 1))
    add(appender, b"1")
    await broker.land("jobs", 0)
    assert broker.log["jobs", 0] == [b"1"]


async def test_after_a_failure_nothing_more_is_sent_anywhere(appender: Appender, broker: Broker) -> None:
    failed = add(appender, b"1")
    waiting_here, under_way = add(appender, b"2", 0), add(appender, b"a", 1)
    await settle()
    behind = add(appender, b"b", 1)
    await broker.land("jobs", 0, KafkaTimeoutError())
    for future in (failed, waiting_here, behind):
        with pytest.raises(Unavailable):
            await future
    with pytest.raises(Unavailable):
        add(appender, b"3", 2, FEED)
    await broker.land("jobs", 1)
    assert await under_way == 0, "what was under way may still arrive"
    assert broker.log == {("jobs", 1): [b"a"]}
    assert not any(broker.flying.values())


async def test_who_goes_away_takes_no_record_back(appender: Appender, broker: Broker) -> None:
    add(appender, b"1").cancel()
    kept = add(appender, b"2")
    for _ in range(2 if broker.flying["jobs", 0] else 1):
        await broker.land("jobs", 0)
    assert kept.done()
    assert broker.log["jobs", 0][0] == b"1"


async def test_closing_waits_for_what_is_under_way_but_not_for_ever(appender: Appender, broker: Broker) -> None:
    broker.away.set()
    lost = add(appender, b"1")
    await settle()
    await appender.close(within=0.01)
    with pytest.raises(Unavailable):
        await lost
    assert broker.stopped.is_set()


async def test_a_client_that_cannot_stop_now_goes_on_stopping(broker: Broker) -> None:
    await stop_client(broker, within=0.01)  # type: ignore[arg-type]
    assert not broker.stopped.is_set()
    broker.away.set()
    await asyncio.wait_for(broker.stopped.wait(), 5)
