"""Intake as a process: it says when it is ready, admits so many, and goes without dropping what it took on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import aiohttp
import orjson
import pytest

from tests.integration.intake.conftest import NewFair, Place, everything, is_ready
from tests.support.http import Client, new_key, sign_up
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]


async def test_alive_asks_nobody_and_ready_asks_kafka(client: Client, place: Place) -> None:
    (pid,) = place.kafka.pids()["kafka"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert (await client.get("/healthz")).status == 200
        reply = await client.get("/readyz")
        assert reply.status == 503
        assert reply.json()["ready"] is False
    finally:
        os.kill(pid, signal.SIGCONT)
    await until(lambda: is_ready(place.url))


async def test_its_metrics_name_routes_and_nobody(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    await client.post(f"/v1/fairs/{fair}/signups", sign_up(next(place.numbers)), key=new_key())
    said = (await client.get("/metrics")).body.decode()
    assert 'livefair_http_requests_total{route="/v1/fairs/{fair}/signups",status="202"}' in said
    assert fair not in said


async def test_each_request_has_an_id_that_the_log_knows(client: Client) -> None:
    replies = [await client.get("/v1/fairs/f0") for _ in range(3)]
    named = [reply.headers["X-Request-Id"] for reply in replies]
    assert len(set(named)) == 3
    assert [reply.json()["instance"] for reply in replies] == [f"urn:livefair:request:{each}" for each in named]


async def test_more_than_it_admits_is_told_to_wait(client: Client, place: Place, new_fair: NewFair) -> None:
    fair, _ = await new_fair()
    port = free_port()
    changes = place.environment(http_port=port, signups_per_second=2)
    with Running("intake", changes, place.log("small-intake")):
        small = f"http://127.0.0.1:{port}"
        await until(lambda: is_ready(small))
        async with aiohttp.ClientSession() as session:
            door = Client(session, small)
            path = f"/v1/fairs/{fair}/signups"
            work = [door.post(path, sign_up(next(place.numbers)), key=new_key()) for _ in range(12)]
            replies = await asyncio.gather(*work)
    admitted = [reply for reply in replies if reply.status == 202]
    assert 4 <= len(admitted) < 12
    for reply in replies:
        if reply.status != 202:
            reply.problem(429, "too-many")
            assert reply.headers["Retry-After"] == "1"


async def test_only_listed_origins_may_read_its_answers(place: Place, intake: Running) -> None:
    port, listed, other = free_port(), "https://fair.example", "https://elsewhere.example"
    changes = place.environment(http_port=port, origins=(listed,))
    with Running("intake", changes, place.log("listing-intake")):
        there = f"http://127.0.0.1:{port}"
        await until(lambda: is_ready(there))
        async with aiohttp.ClientSession() as session:
            door = Client(session, there)
            asking = {"Access-Control-Request-Method": "POST"}
            for origin, allowed in ((listed, listed), (other, None)):
                reply = await door.get("/v1/fairs/f0", headers={"Origin": origin})
                assert reply.headers.get("Access-Control-Allow-Origin") == allowed
                assert "Origin" in reply.headers["Vary"]
                asked = await door.call("OPTIONS", "/v1/fairs", headers={"Origin": origin, **asking})
                assert asked.headers.get("Access-Control-Allow-Origin") == allowed
                assert asked.status == (204 if allowed else 405)


async def test_told_to_stop_while_it_waits_for_kafka_it_goes(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts and says nothing
        kafka = f"127.0.0.1:{silent.getsockname()[1]}"
        with Running("intake", place.environment(kafka=kafka, http_port=0), place.log("waiting-intake")) as running:
            connection, _ = await asyncio.to_thread(silent.accept)
            with connection:
                running.process.terminate()
                await asyncio.to_thread(running.process.wait, 15)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_what_it_took_on_is_in_the_log_however_it_ends(
    client: Client, place: Place, new_fair: NewFair, how: signal.Signals
) -> None:
    fair, _ = await new_fair()
    port = free_port()
    with Running("intake", place.environment(http_port=port), place.log("ending-intake")) as running:
        ending = f"http://127.0.0.1:{port}"
        await until(lambda: is_ready(ending))
        taken: list[str] = []
        gone = asyncio.Event()

        async def sign_up_for_ever(door: Client) -> None:
            while not gone.is_set():
                body, key = sign_up(next(place.numbers)), new_key()
                try:
                    reply = await door.post(f"/v1/fairs/{fair}/signups", body, key=key)
                except aiohttp.ClientError:
                    gone.set()
                else:
                    assert reply.status == 202, reply.body
                    taken.append(reply.json()["candidate"])

        async with aiohttp.ClientSession() as session:
            work = [asyncio.create_task(sign_up_for_ever(Client(session, ending))) for _ in range(16)]
            await until(lambda: asyncio.sleep(0, len(taken)), lambda count: count > 100)
            running.process.send_signal(how)
            await asyncio.gather(*work)
        status = await asyncio.to_thread(running.process.wait, 30)
    assert status == (0 if how == signal.SIGTERM else -signal.SIGKILL)
    facts = [orjson.loads(value) for _, _, value, _ in await everything(place, "candidates") if fair.encode() in value]
    signed_up = [fact["candidate"] for fact in facts if fact["type"] == "person.signed-up"]
    assert set(taken) <= set(signed_up)
    assert len(signed_up) == len(set(signed_up))
    if how == signal.SIGTERM:
        assert set(taken) == set(signed_up)


def test_a_port_that_is_taken_is_one_sentence(place: Place, intake: Running) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "livefair.cli", "intake"],
            env=os.environ | place.environment(http_port=port),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 3
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1
    assert f"port {port} of 127.0.0.1 is taken" in said[0]
    assert "LIVEFAIR_HTTP_PORT" in said[0]


def test_without_its_secrets_it_does_not_start(place: Place) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "livefair.cli", "intake"],
        env=os.environ | place.environment(data=place.servers.folder / "nowhere", http_port=0),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "secret" in done.stderr
