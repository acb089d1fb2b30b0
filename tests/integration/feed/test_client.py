"""The SDK against a real gateway: nothing missed and nothing twice, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from livefair.client import Channel, Live, Publication, Refused, Restart
from livefair.errors import NotAllowed
from livefair.wire.acks import acks_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import ACKS
from tests.integration.feed.conftest import House, probed
from tests.support.feed import Speaker
from tests.support.processes import Running
from tests.support.waiting import DEADLINE_S, until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("gateway")]

MakeFair = Callable[..., Awaitable[str]]


async def begun(channel: Channel) -> Restart:
    async with asyncio.timeout(DEADLINE_S):
        async for item in channel:
            assert isinstance(item, Restart)
            return item
    raise AssertionError("the channel ended")


async def heard(channel: Channel, count: int) -> list[Publication]:
    found: list[Publication] = []
    async with asyncio.timeout(DEADLINE_S):
        async for item in channel:
            assert isinstance(item, Publication)
            found.append(item)
            if len(found) == count:
                break
    return found


async def test_a_channel_goes_on_where_it_was_when_gateways_die(
    house: House, gateway: Running, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with Live(house.url) as live:
        channel = live.channel(name)
        assert (await begun(channel)).offset == -1
        stop, said = asyncio.Event(), 0

        async def load() -> None:
            nonlocal said
            while not stop.is_set():
                await speaker.say(name, {"n": said})
                said += 1

        task = asyncio.create_task(load())
        for _ in range(2):
            await asyncio.sleep(0.5)
            gateway.restart()
            await until(lambda: probed(house))
        stop.set()
        await task
        found = await heard(channel, said)
    assert [each.event.data["n"] for each in found] == list(range(said))
    assert all(each.channel == name for each in found)


async def test_what_was_known_before_is_resumed_and_what_cannot_be_begins_anew(
    house: House, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with Live(house.url) as live:
        channel = live.channel(name)
        epoch = (await begun(channel)).epoch
        offsets = [await speaker.say(name, {"n": n}) for n in range(3)]
        await heard(channel, 3)
        await channel.close()
        assert [item async for item in channel] == []
        resumed = live.channel(name, epoch, offsets[0])
        assert [each.event.data["n"] for each in await heard(resumed, 2)] == [1, 2]
        assert await live.presence(name) >= 1
        await resumed.close()
        renewed = live.channel(name, "another", offsets[0])
        assert await begun(renewed) == Restart(name, epoch, offsets[2], None)


async def test_what_was_acknowledged_does_not_come_again(
    house: House, speaker: Speaker, valkey: Redis, fair: MakeFair
) -> None:
    candidate = f"c{await fair()}"
    name = f"candidate:{candidate}"
    token = house.token("candidate", candidate)
    async with Live(house.url, token=lambda: token) as live:
        channel = live.channel(name)
        await begun(channel)
        for n in range(3):
            await speaker.say(name, {"n": n})
        found = await heard(channel, 3)
        channel.ack(found[1].offset)
        key = acks_key(partition_of(ACKS, candidate))
        await until(lambda: valkey.hget(key, candidate), lambda seen: seen == str(found[1].offset).encode())
    async with Live(house.url, token=token) as live:
        left = (await begun(live.channel(name))).unacknowledged
        assert [each.event.data["n"] for each in left] == [2]


async def test_a_refusal_is_raised_where_the_channel_is_read(house: House) -> None:
    async with Live(house.url, token=house.token("host", "h1")) as live:
        with pytest.raises(Refused, match="forbidden"):
            await begun(live.channel("fair:fnone:host"))
    async with Live(house.url, token="forged") as live:
        with pytest.raises(NotAllowed, match="unauthenticated"):
            await begun(live.channel("fair:fnone:host"))
