"""The feeder alone: what Valkey holds is what the feed says, whatever dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import orjson
import pytest
from redis.asyncio import Redis

from livefair.reading import open_reader
from livefair.wire.feed import feeder_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import DEAD_LETTERS, FEED, VIEWS
from livefair.wire.views import CHECKPOINT_KEY, RowKey
from tests.integration.feed.conftest import House
from tests.support.feed import Speaker, announcements, chain_breaks, last, sentinel, view, window
from tests.support.processes import Running
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("feeder")]

Channel = Callable[..., str]


async def fed(valkey: Redis, channel: str, offset: int) -> None:
    await until(lambda: last(valkey, channel), lambda found: found is not None and found >= offset)
    await until(lambda: sentinel(valkey, channel))


async def test_a_publication_is_stored_announced_and_folded_into_the_view(
    valkey: Redis, speaker: Speaker, channel: Channel
) -> None:
    name = channel()
    async with announcements(valkey, name) as heard:
        first = await speaker.say(name, {"n": 1}, entity="application/a1")
        second = await speaker.say(name, {"n": 2}, entity="application/a1")
        third = await speaker.say(name, {"n": 3}, class_="latest")
        announced = await until(heard, lambda found: len(found) >= 3)
    assert announced[1].split(b" ", 4)[:4] == [str(second).encode(), str(first).encode(), b"must", b"-"]
    assert orjson.loads(announced[2].split(b" ", 4)[4])["data"] == {"n": 3}

    stored = await window(valkey, name)
    assert [(offset, prev) for offset, prev, _ in stored] == [(first, -1), (second, first), (third, second)]
    assert [event["data"] for _, _, event in stored] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert {entity: event["data"] for entity, event in (await view(valkey, name)).items()} == {
        "application/a1": {"n": 2}
    }


async def test_a_repeat_is_dropped_by_its_origin(valkey: Redis, speaker: Speaker, channel: Channel) -> None:
    name = channel()
    origins = [speaker.origin() for _ in range(3)]
    for origin in (*origins, *origins[1:]):
        await speaker.say(name, {"origin": origin.text()}, origin=origin)
    end = await speaker.say(name, {"origin": "new"})
    await fed(valkey, name, end)
    stored = await window(valkey, name)
    assert [event["data"]["origin"] for _, _, event in stored] == [*(each.text() for each in origins), "new"]
    assert chain_breaks((offset, prev) for offset, prev, _ in stored) == []


async def test_a_record_that_cannot_be_read_goes_to_dead_letters(
    house: House, valkey: Redis, speaker: Speaker, channel: Channel
) -> None:
    name = channel()
    bad = await speaker.raw(name, b'{"class":"must"', speaker.origin())
    good = await speaker.say(name, {"n": 1})
    await fed(valkey, name, good)
    assert [event["data"] for _, _, event in await window(valkey, name)] == [{"n": 1}]

    partition = partition_of(FEED, name)
    letters = []
    async with open_reader(house.kafka) as reader:
        at = partition_of(DEAD_LETTERS, f"feed/{partition}")
        async for batch in reader.stretch(DEAD_LETTERS, at, *await reader.bounds(DEAD_LETTERS, at)):
            letters += [orjson.loads(record.value) for record in batch]
    mine = [each for each in letters if (each["topic"], each["partition"], each["offset"]) == ("feed", partition, bad)]
    assert mine
    assert "truncated" in mine[0]["reason"]


async def test_after_a_flush_everything_is_made_again_and_nothing_announced_twice(
    valkey: Redis, speaker: Speaker, channel: Channel
) -> None:
    name = channel()
    offsets = [await speaker.say(name, {"n": n}, entity=f"application/{n % 3}") for n in range(20)]
    await fed(valkey, name, offsets[-1])
    before = await window(valkey, name), await view(valkey, name)
    async with announcements(valkey, name) as heard:
        await valkey.flushall()
        offsets.append(await speaker.say(name, {"n": "after"}, entity="application/0"))
        await fed(valkey, name, offsets[-1])
        announced = await until(heard)
        assert [int(each.split(b" ")[0]) for each in announced] == [offsets[-1]]

    stored = await window(valkey, name)
    assert stored[:-1] == before[0]
    assert [(offset, prev) for offset, prev, _ in stored][-1] == (offsets[-1], offsets[-2])
    assert (await view(valkey, name))["application/1"] == before[1]["application/1"]
    assert (await view(valkey, name))["application/0"]["data"] == {"n": "after"}


async def test_killed_under_load_it_loses_and_doubles_nothing(
    valkey: Redis, speaker: Speaker, feeder: Running, channel: Channel
) -> None:
    names = [channel() for _ in range(6)]
    said: dict[str, list[int]] = {name: [] for name in names}
    chance = random.Random(7)
    stop = asyncio.Event()

    async def load() -> None:
        n = 0
        while not stop.is_set():
            name = chance.choice(names)
            said[name].append(n)
            await speaker.say(name, {"n": n}, entity=f"job/{n % 5}")
            n += 1

    task = asyncio.create_task(load())
    for _ in range(3):
        await asyncio.sleep(0.8)
        feeder.restart()
    await asyncio.sleep(0.5)
    stop.set()
    await task
    for name in names:
        end = await speaker.say(name, {"n": "end"})
        await fed(valkey, name, end)
        stored = await window(valkey, name)
        assert [event["data"]["n"] for _, _, event in stored] == [*said[name], "end"]
        assert stored[0][1] == -1
        assert chain_breaks((offset, prev) for offset, prev, _ in stored) == []


async def test_views_outlive_the_feed(house: House, valkey: Redis, speaker: Speaker, channel: Channel) -> None:
    name = channel()
    offset = await speaker.say(name, {"n": 1}, entity="application/old")
    await fed(valkey, name, offset)
    partition = partition_of(FEED, name)

    async def saved() -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        async with open_reader(house.kafka) as reader:
            async for batch in reader.stretch(VIEWS, partition, *await reader.bounds(VIEWS, partition)):
                found |= {record.key: record.value for record in batch}
        return found

    rows = await until(saved, lambda found: RowKey(name, "application/old").text().encode() in found)
    assert orjson.loads(rows[RowKey(name, "application/old").text().encode()])["data"] == {"n": 1}
    assert orjson.loads(rows[RowKey(name, "").text().encode()])["offset"] == offset
    covered = await until(saved, lambda found: CHECKPOINT_KEY.encode() in found)
    assert orjson.loads(covered[CHECKPOINT_KEY.encode()])["offset"] > offset
    marked = await until(lambda: valkey.hget(feeder_key(partition), "checkpoint"))
    assert int(marked) > offset
