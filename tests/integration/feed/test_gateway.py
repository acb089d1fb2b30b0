"""The gateway as clients see it: order, resume, roles, slow readers, bad frames."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from livefair.wire.feed import feeder_key
from livefair.wire.partition import partition_of
from livefair.wire.session import SUBPROTOCOL
from livefair.wire.topics import FEED
from tests.integration.feed.conftest import House, probed
from tests.support.feed import Speaker, chain_breaks, last, sentinel, window
from tests.support.processes import Running
from tests.support.socket import raw_client
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey, pytest.mark.usefixtures("gateway")]

MakeFair = Callable[..., Awaitable[str]]


def data(publications: list[dict[str, Any]]) -> list[Any]:
    return [each["event"]["data"]["n"] for each in publications]


def whole(publications: list[dict[str, Any]], since: int) -> bool:
    return not chain_breaks([(since, -2), *((each["offset"], each["prev"]) for each in publications)])


async def test_pushes_come_in_order_and_once(house: House, speaker: Speaker, fair: MakeFair) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        connected = (await client.connect())["connected"]
        assert connected["ping"] == 25
        assert connected["session"]
        begun = (await client.subscribe(name))["subscribed"]
        assert (begun["channel"], begun["offset"], begun["publications"]) == (name, -1, [])
        for n in range(50):
            await speaker.say(name, {"n": n}, entity=f"job/{n}")
        pushes = await client.pushed(50)
        assert data(pushes) == list(range(50))
        assert whole(pushes, -1)
        assert {each["class"] for each in pushes} == {"must"}


async def test_resume_from_the_window_from_kafka_and_not_at_all(
    house: House, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        epoch = (await client.subscribe(name))["subscribed"]["epoch"]
        offsets = [await speaker.say(name, {"n": n}) for n in range(10)]
        await client.pushed(10)

    async def resumed(since: tuple[str, int]) -> dict[str, Any]:
        async with raw_client(house.url) as client:
            await client.connect()
            answer = (await client.subscribe(name, since))["subscribed"]
            fresh = await speaker.say(name, {"n": 100 + since[1]})
            offsets.append(fresh)
            pushes = await client.pushed(1)
            assert (pushes[0]["offset"], pushes[0]["prev"]) == (fresh, answer["offset"])
            return dict(answer)

    window = await resumed((epoch, offsets[3]))
    assert window["recovered"] is True
    assert data(window["publications"]) == [4, 5, 6, 7, 8, 9]
    assert whole(window["publications"], offsets[3])

    await valkey.flushall()
    kafka = await resumed((epoch, offsets[3]))
    assert kafka["recovered"] is True
    assert [each["offset"] for each in kafka["publications"]] == offsets[4:11]
    assert whole(kafka["publications"], offsets[3])

    await until(lambda: sentinel(valkey, name))
    nowhere = await resumed(("another epoch", offsets[3]))
    assert (nowhere["recovered"], nowhere["publications"]) == (False, [])


async def test_kafka_fills_what_the_window_has_lost(
    house: House, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        epoch = (await client.subscribe(name))["subscribed"]["epoch"]
        origins = [speaker.origin() for _ in range(12)]
        offsets = [await speaker.say(name, {"n": n}, origin=origin) for n, origin in enumerate(origins[:9])]
        for n in (6, 7, 8):  # a stage that is restarted says its last words again
            await speaker.say(name, {"n": n}, origin=origins[n])
        offsets += [await speaker.say(name, {"n": n + 9}, origin=origin) for n, origin in enumerate(origins[9:])]
        await client.pushed(12)
        assert data(client.pushes) == list(range(12))
    await valkey.xtrim(f"feed:{name}", maxlen=2, approximate=False)
    for since, first in ((0, 1), (6, 7), (8, 9)):
        async with raw_client(house.url) as client:
            await client.connect()
            answer = (await client.subscribe(name, (epoch, offsets[since])))["subscribed"]
            assert answer["recovered"] is True
            assert data(answer["publications"]) == list(range(first, 12))
            assert whole(answer["publications"], offsets[since])


async def test_resume_after_the_gateway_was_killed(
    house: House, gateway: Running, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        epoch = (await client.subscribe(name))["subscribed"]["epoch"]
        offset = await speaker.say(name, {"n": 0})
        await client.pushed(1)
        gateway.kill()
        with pytest.raises(ConnectionClosed):
            await client.socket.recv()
    await speaker.say(name, {"n": 1})
    gateway.restart()
    await until(lambda: probed(house))
    async with raw_client(house.url) as client:
        await client.connect()
        answer = (await client.subscribe(name, (epoch, offset)))["subscribed"]
        assert (answer["recovered"], data(answer["publications"])) == (True, [1])


async def test_the_feeder_killed_under_load_shows_no_client_a_hole_or_a_repeat(
    house: House, feeder: Running, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    names = [f"fair:{await fair()}" for _ in range(3)]
    async with raw_client(house.url) as client:
        await client.connect()
        for name in names:
            await client.subscribe(name)
        stop = asyncio.Event()
        said = 0

        async def load() -> None:
            nonlocal said
            while not stop.is_set():
                await speaker.say(names[said % 3], {"n": said})
                said += 1

        task = asyncio.create_task(load())
        await asyncio.sleep(0.5)
        feeder.restart()
        await asyncio.sleep(1)
        await valkey.flushall()
        await asyncio.sleep(0.5)
        stop.set()
        await task
        pushes = await client.pushed(said)
        assert sorted(data(pushes)) == list(range(said))
        for at, name in enumerate(names):
            mine = [each for each in pushes if each["channel"] == name]
            assert data(mine) == list(range(at, said, 3))
            assert whole(mine, -1)


async def test_valkey_killed_under_load_costs_nobody_anything(
    house: House, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        await client.subscribe(name)
        stop, said = asyncio.Event(), 0

        async def load() -> None:
            nonlocal said
            while not stop.is_set():
                await speaker.say(name, {"n": said}, entity=f"job/{said % 3}")
                said += 1

        task = asyncio.create_task(load())
        await asyncio.sleep(0.5)
        os.kill((await valkey.info("server"))["process_id"], signal.SIGKILL)  # its last second of writes may be gone
        await asyncio.sleep(1)
        stop.set()
        await task
        pushes = await client.pushed(said)
        assert data(pushes) == list(range(said))
        assert whole(pushes, -1)
        stored = await until(lambda: window(valkey, name), lambda found: bool(found) and len(found) >= min(said, 2000))
        assert stored[-1][2]["data"] == {"n": said - 1}
        assert chain_breaks((offset, prev) for offset, prev, _ in stored) == []


async def test_a_lost_announcement_shows_within_seconds(
    house: House, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        await client.subscribe(name)
        # The gateway's listening connection is cut, and what is said before it is back is announced to nobody.
        await valkey.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await speaker.say(name, {"n": 1})
        assert data(await client.pushed(1)) == [1]


async def test_a_feed_made_anew_gets_another_epoch_and_everyone_begins_anew(
    house: House, feeder: Running, valkey: Redis, speaker: Speaker, fair: MakeFair
) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:
        await client.connect()
        epoch = (await client.subscribe(name))["subscribed"]["epoch"]
        offset = await speaker.say(name, {"n": 1})
        await client.pushed(1)
        # Valkey has come further than the log reaches: it is not the log that it was filled from.
        await valkey.hset(feeder_key(partition_of(FEED, name)), "offset", "1000000")
        feeder.restart()
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4002
    renewed = await until(lambda: sentinel(valkey, name), lambda found: found not in ("", epoch))
    async with raw_client(house.url) as client:
        await client.connect()
        answer = (await client.subscribe(name, (epoch, offset)))["subscribed"]
        assert (answer["recovered"], answer["epoch"], answer["offset"]) == (False, renewed, offset)


async def test_roles(house: House, speaker: Speaker, valkey: Redis, fair: MakeFair) -> None:
    fair_id = await fair(owner="h7", employer="e7")
    job = f"job:{fair_id.replace('ft', 'jt')}"
    host, candidate = f"fair:{fair_id}:host", f"candidate:c{fair_id}"
    person = {"candidate": f"c{fair_id}", "holder": "hfirst"}
    offset = await speaker.say(candidate, person, kind="candidate.registered", entity="person")
    await until(lambda: last(valkey, candidate), lambda found: found == offset)

    async def may(token: str, channel: str) -> str:
        async with raw_client(house.url) as client:
            await client.connect(token)
            answer = await client.subscribe(channel)
            return "yes" if "subscribed" in answer else str(answer["error"]["type"])

    assert await may("", f"fair:{fair_id}") == "yes"
    assert await may("", host) == "unauthenticated"
    assert await may(house.token("host", "h7"), host) == "yes"
    assert await may(house.token("host", "other"), host) == "forbidden"
    assert await may(house.token("host", "other", f"fair:{fair_id}"), host) == "yes"
    assert await may(house.token("host", "h7", "only:fair:fother"), host) == "forbidden"
    assert await may(house.token("employer", "e7"), job) == "yes"
    assert await may(house.token("employer", "e8"), job) == "forbidden"
    assert await may(house.token("employer", "e7"), host) == "forbidden"
    assert await may(house.token("candidate", f"c{fair_id}", holder="hfirst"), candidate) == "yes"
    assert await may(house.token("candidate", "cother"), candidate) == "forbidden"
    assert await may(house.token("operator", "op"), candidate) == "yes"
    assert await may(house.token("office", "140221"), "office:140221") == "yes"
    assert await may(house.token("office", "140221"), "office:110105") == "forbidden"
    # Not there, and not theirs, read the same.
    assert await may(house.token("host", "h7"), "fair:fnone:host") == "forbidden"
    assert await may("", "fair:fnone") == "forbidden"


async def test_a_holder_who_did_not_sign_up_first_reads_a_channel_of_their_own(
    house: House, speaker: Speaker, fair: MakeFair
) -> None:
    candidate = f"c{await fair()}"
    channel = f"candidate:{candidate}"
    person = {"candidate": candidate, "holder": "hfirst"}
    await speaker.say(channel, person, kind="candidate.registered", entity="person")
    first, second = (house.token("candidate", candidate, holder=holder) for holder in ("hfirst", "hsecond"))
    async with raw_client(house.url) as one, raw_client(house.url) as two:
        for client, token in ((one, first), (two, second)):
            await client.connect(token)
            await client.subscribe(channel)
        await speaker.say(channel, {"n": 1})
        await speaker.say(f"{channel}~hsecond", {"n": 2})
        assert data(await one.pushed(1)) == [1]
        pushed = await two.pushed(1)
        assert (data(pushed), pushed[0]["channel"]) == ([2], channel)


async def test_must_events_are_kept_until_acknowledged(
    house: House, speaker: Speaker, valkey: Redis, fair: MakeFair
) -> None:
    candidate = f"c{await fair()}"
    channel = f"candidate:{candidate}"
    token = house.token("candidate", candidate)
    async with raw_client(house.url) as client:
        await client.connect(token)
        await client.subscribe(channel)
        offsets = [
            await speaker.say(channel, {"n": n}, class_="latest" if n == 1 else "must", entity="person")
            for n in range(4)
        ]
        await client.pushed(4)

    async def unacknowledged() -> list[Any]:
        async with raw_client(house.url) as client:
            await client.connect(token)
            return data((await client.subscribe(channel))["subscribed"]["publications"])

    assert await unacknowledged() == [0, 2, 3]
    async with raw_client(house.url) as client:
        await client.connect(token)
        await client.subscribe(channel)
        assert (await client.ask(ack={"channel": channel, "offset": offsets[2]}))["acked"]["offset"] == offsets[2]
        assert (await client.ask(ack={"channel": channel, "offset": 2**40}))["error"]["type"] == "invalid-message"
    await until(unacknowledged, lambda left: left == [3])
    await valkey.flushall()
    await until(lambda: sentinel(valkey, channel))
    await until(unacknowledged, lambda left: left == [3])


async def test_a_slow_reader_is_closed_and_delays_nobody(house: House, speaker: Speaker, fair: MakeFair) -> None:
    name = f"fair:{await fair()}"
    filler = "x" * 8000
    async with raw_client(house.url) as quick, raw_client(house.url, max_queue=1) as slow:
        for client in (quick, slow):
            await client.connect()
            await client.subscribe(name)
        said, before = 0, await metric(house, CLOSED_AS_SLOW)
        while await metric(house, CLOSED_AS_SLOW) == before:
            for _ in range(50):
                await speaker.say(name, {"n": said, "filler": filler})
                said += 1
            assert data(await quick.pushed(said)) == list(range(said))
            assert said < 5000, "more than the kernel, the transport and the outbox can hold"
        with pytest.raises(ConnectionClosed) as closed:
            await slow.pushed(said)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001
        assert orjson.loads(closed.value.rcvd.reason)["name"] == "slow-reader"
        assert whole(slow.pushes, -1)


async def test_a_reader_that_has_stopped_for_good_is_let_go(house: House, speaker: Speaker, fair: MakeFair) -> None:
    name = f"fair:{await fair()}"
    before = await metric(house, OPEN)
    async with raw_client(house.url) as client:
        await client.connect()
        await client.subscribe(name)
        client.socket.transport.pause_reading()
        for n in range(1500):
            await speaker.say(name, {"n": n, "filler": "x" * 8000})
        await until(lambda: metric(house, OPEN), lambda found: found <= before)
        client.socket.transport.abort()


OPEN = "livefair_gateway_connections"
CLOSED_AS_SLOW = 'livefair_gateway_closes_total{name="slow-reader"}'


async def metric(house: House, name: str) -> float:
    lines = (await probed(house, "/metrics")).decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


async def test_bad_frames_are_told_what_is_wrong_and_the_connection_lives_on(house: House, fair: MakeFair) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as client:

        async def told(message: Any) -> tuple[Any, str]:
            await client.send(message)
            answer = await client.next()
            assert answer["error"]["title"]
            return answer.get("id"), answer["error"]["type"]

        assert await told({"id": 1, "subscribe": {"channel": name}}) == (1, "not-connected")
        assert await told({"id": 2, "connect": {"token": "forged"}}) == (2, "unauthenticated")
        expired = house.token("host", "h1", lifetime_s=-10)
        assert await told({"id": 3, "connect": {"token": expired}}) == (3, "unauthenticated")
        await client.connect()
        assert await told({"id": 4, "connect": {}}) == (4, "already-connected")
        assert await told("{") == (None, "invalid-json")
        assert await told("[]") == (None, "invalid-message")
        assert await told(b"\x00\x01") == (None, "binary-frame")
        assert await told({"id": 5, "dance": {}}) == (5, "unknown-command")
        assert await told({"id": 6}) == (6, "unknown-command")
        assert await told({"id": "seven", "presence": {"channel": name}}) == (None, "invalid-message")
        assert await told({"id": 8, "subscribe": {"channel": 8}}) == (8, "invalid-message")
        assert await told({"id": 9, "subscribe": {"channel": name, "since": {"offset": 1}}}) == (9, "invalid-message")
        assert await told({"id": 10, "subscribe": {"channel": "room:1"}}) == (10, "unknown-channel")
        assert await told({"id": 11, "unsubscribe": {"channel": name}}) == (11, "not-subscribed")
        assert await told({"subscribe": {"channel": name}}) == (None, "invalid-message")
        assert "subscribed" in await client.subscribe(name)
        assert (await client.ask(subscribe={"channel": name}))["error"]["type"] == "already-subscribed"
        assert (await client.ask(unsubscribe={"channel": name}))["unsubscribed"] == {"channel": name}
        assert "subscribed" in await client.subscribe(name)


async def test_a_frame_that_is_too_large_closes_its_connection_only(house: House, fair: MakeFair) -> None:
    name = f"fair:{await fair()}"
    async with raw_client(house.url) as other:
        await other.connect()
        async with raw_client(house.url) as client:
            await client.connect()
            with pytest.raises(ConnectionClosed) as closed:
                await client.ask(presence={"channel": "x" * 100_000})
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        assert "subscribed" in await other.subscribe(name)


async def test_who_says_nothing_is_closed(house: House) -> None:
    async with raw_client(house.url) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4003


async def test_origins(house: House) -> None:
    async with connect(house.url, subprotocols=[SUBPROTOCOL], origin="http://localhost:1") as socket:  # type: ignore[list-item, arg-type]
        assert socket.subprotocol == SUBPROTOCOL
    with pytest.raises(InvalidStatus) as refused:
        async with connect(house.url, subprotocols=[SUBPROTOCOL], origin="http://elsewhere.example"):  # type: ignore[list-item, arg-type]
            pass
    assert refused.value.response.status_code == 403


async def test_probes(house: House) -> None:
    assert orjson.loads(await probed(house, "/healthz"))["alive"] is True
    assert b"livefair_gateway_connections" in await probed(house, "/metrics")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{house.gateway_port}/elsewhere") as answer,
    ):
        assert answer.status == 404


async def test_a_gateway_that_ends_sends_everyone_away_with_a_wait(
    house: House, gateway: Running, fair: MakeFair
) -> None:
    async with raw_client(house.url) as client:
        await client.connect()
        await client.subscribe(f"fair:{await fair()}")
        assert await asyncio.to_thread(gateway.terminate) == 0
        with pytest.raises(ConnectionClosed) as closed:
            await client.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4000
        assert 0 < orjson.loads(closed.value.rcvd.reason)["wait"] <= 1
    gateway.restart()
    await until(lambda: probed(house))
