"""Insight as the process it is, on a real Kafka: decision logs go in, and what the fair is told comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from livefair import config, topics_admin
from livefair.errors import Unavailable
from livefair.kafka import Appender, new_producer, start_client
from livefair.wire.codec import encode
from livefair.wire.envelope import position_text
from livefair.wire.topics import DEAD_LETTERS, FEED, Topic
from streams.insight import watch
from streams.insight.command import Insight
from streams.insight.counting import PartitionCount
from streams.insight.engine import APP
from streams.insight.sums import tellings
from streams.insight.tally import Tally
from streams.log import Kept
from tests.support.embedded import Servers
from tests.support.insight import counted, logs_of, played
from tests.support.people import FAIR
from tests.support.processes import Running
from tests.support.reckoning import everything
from tests.support.up import resident_kib
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

RESIDENT_KIB = 130 * 1024
HOST = f"fair:{FAIR}:host"


@pytest.fixture
def kafka(fresh_servers: Servers) -> str:
    """A broker of its own: a decision log begins with its first record."""
    address, _ = fresh_servers.kafka()
    asyncio.run(topics_admin.create(address, 1))
    return address


@asynccontextmanager
async def appending(kafka: str) -> AsyncIterator[Appender]:
    producer = new_producer(kafka)
    await start_client(producer)
    appender = Appender(producer)
    try:
        yield appender
    finally:
        await appender.close()


async def write(appender: Appender, log: Topic, partition: int, records: list[Kept]) -> None:
    for one in records:
        future = appender.append(log, partition, one.key, one.value, list(one.headers))  # type: ignore[arg-type]
    if records:
        await future


def insight(kafka: str, folder: Path) -> Running:
    folder.mkdir(exist_ok=True)
    return Running("insight", {"LIVEFAIR_KAFKA": kafka, "LIVEFAIR_DATA": str(folder)}, folder / "insight.log")


async def shown(kafka: str) -> dict[tuple[str, str], Any]:
    """The last event of each row of each channel."""
    rows = {}
    for records in (await everything(kafka, (FEED,))).values():
        for one in records:
            said = msgspec.json.decode(one.value)
            rows[one.key.decode(), said["entity"]] = said["event"]["data"]
    return rows


async def until_told(process: Running, kafka: str, house: Any) -> None:
    """Until every row is told. Faust stands still now and then: the watch ends it, and it must be started again."""

    async def rows() -> dict[tuple[str, str], Any]:
        process.keep()
        return await shown(kafka)

    await until(rows, lambda found: found == expected(house), within=150)


def expected(house: Any) -> dict[tuple[str, str], Any]:
    return {
        (channel, one.entity): msgspec.json.decode(encode(one.data))
        for one in tellings(FAIR, counted(house))
        for channel in one.channels
    }


async def letters(kafka: str) -> list[tuple[str, int, int]]:
    """Where what could not be read stands."""
    found = await everything(kafka, (DEAD_LETTERS,))
    there = [msgspec.json.decode(one.value) for records in found.values() for one in records]
    return [(one["topic"], one["partition"], one["offset"]) for one in there]


def after(records: list[Kept], log: Topic, partition: int, value: bytes, *, hole: bool = False) -> Kept:
    """One more decision of the log, with any value; with `hole`, as if one were missing before it."""
    reader = PartitionCount(log, partition, lambda _fair: None)
    for one in records:
        reader.read(one, set(), [])
    last = reader.log.step
    before = (last.offset + 1, 0) if hole else last
    position = position_text(last.offset + 2, 0, 1, before, reader.log.epoch, "2026-11")  # type: ignore[arg-type]
    return Kept(len(records), 0, b"k", value, [("ce_position", position.encode())])


async def test_what_the_logs_say_is_told_and_a_restart_takes_up_where_it_was(kafka: str, tmp_path: Path) -> None:
    """Half of a fair, a death by kill -9, something that nobody can read, and the other half."""
    house = played(11, people=40)
    logs = list(logs_of(house))
    log, partition, records = max(logs, key=lambda each: len(each[2]))
    unreadable = after(records, log, partition, b'{"type":"of a later version"}')
    async with appending(kafka) as appender:
        with insight(kafka, tmp_path / "i") as process:
            for each, at, there in logs:
                await write(appender, each, at, there[: len(there) // 2])

            async def any_counters() -> Any:
                process.keep()
                return (await shown(kafka)).get((HOST, "counters"))

            assert (await until(any_counters, within=150))["signups"] > 0
            process.restart()
            for each, at, there in logs:
                await write(appender, each, at, there[len(there) // 2 :])
            await write(appender, log, partition, [unreadable])
            await until_told(process, kafka, house)
            assert await until(lambda: letters(kafka)) == [(log.name, partition, unreadable.offset)]
            assert resident_kib(process.process.pid) <= RESIDENT_KIB
            assert process.terminate() == 0, process.log.read_text()


async def test_the_table_is_believed_and_not_the_commit_and_a_hole_in_a_log_stops_that_log_alone(
    kafka: str, tmp_path: Path
) -> None:
    """The group's offsets stand at the end although nothing was counted: as after a table that was lost."""
    house = played(12, people=30)
    logs = list(logs_of(house))
    async with appending(kafka) as appender:
        for each, at, there in logs:
            await write(appender, each, at, there)
        await commit(kafka, {(each.name, at): len(there) for each, at, there in logs})
        with insight(kafka, tmp_path / "i") as process:
            await until_told(process, kafka, house)

            log, partition, records = max(logs, key=lambda each: len(each[2]))
            hole = after(records, log, partition, b"{}", hole=True)
            await write(appender, log, partition, [hole, hole._replace(offset=hole.offset + 1)])
            assert await until(lambda: letters(kafka)) == [(log.name, partition, hole.offset)]
            assert process.process.poll() is None
            assert await shown(kafka) == expected(house)
        assert "insight.behind_its_commit" in process.log.read_text()
        assert "insight.counted_again" in process.log.read_text()


async def commit(kafka: str, offsets: dict[tuple[str, int], int]) -> None:
    """As if the group had read up to there."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=APP, enable_auto_commit=False)
    await consumer.start()
    try:
        places = {TopicPartition(*at): offset for at, offset in offsets.items()}
        consumer.assign(list(places))
        await consumer.commit(places)
    finally:
        await consumer.stop()


async def test_when_the_counting_stands_still_the_process_ends_and_says_so(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust alive, records waiting, nothing counted: what hung here in the test hung in the library elsewhere."""
    house = played(13)

    async def hang(_tally: Tally, _messages: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Tally, "take", hang)
    monkeypatch.setattr(watch, "LOOK_S", 0.2)
    stuck = Insight(config.load(kafka=kafka, data=tmp_path), kafka)
    monkeypatch.setattr(watch, "STILL_FOR_S", 1.0)
    async with appending(kafka) as appender:
        for each, at, there in logs_of(house):
            await write(appender, each, at, there)
        with pytest.raises(Unavailable, match=r"insight is stuck: partition \d of .* stands at 0 of \d+"):
            await asyncio.wait_for(stuck.run(), 60)
