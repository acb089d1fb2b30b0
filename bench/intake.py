"""`python -m bench intake`: sign-ups at the door as it ships, beside FastAPI and uvicorn, on one core in one run.

Both doors are there all the time and are asked in turn, so that what else the machine does meets both.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
from aiokafka.admin import NewTopic

from bench.ground import Ground, ground, keep_on
from bench.intake_load import Door, Name, Orders, Round
from bench.report import Figure, Report
from bench.running import command, environment
from livefair import keyring, tokens
from livefair.client import Api
from livefair.domain.access import Claims
from livefair.kafka import new_admin
from livefair.play import Fair
from livefair.wire.topics import PARTITIONS
from services.embedded.ports import free_port

JOBS_OPEN = 40
SEED = 20261124
CONNECTIONS = 256
"""Intake gathers what comes within 20 ms, so fewer connections that wait for their answers could not fill it."""
NO_LIMIT = "1000000"
"""The limits of an address count and look as ever, but everything comes from one address here."""
READY_S = 60.0
TITLES = {"ours": "intake", "peer": "FastAPI + uvicorn"}


def measure(runs: int, requests: int) -> Report:
    """The table."""
    rounds = asyncio.run(_measure(runs, requests))
    report = Report("A sign-up at the door, one core")
    costs: dict[str, list[float]] = {}
    for name, title in TITLES.items():
        mine = [each for each in rounds if each.door == name]
        costs[name] = [each.cpu_s * 1e6 / each.accepted for each in mine]
        report.figures += [
            Figure(title, "CPU-s per million", costs[name], "≤ 70" if name == "ours" else ""),
            Figure(f"{title}: accepted", "per s", [each.accepted / each.wall_s for each in mine]),
            Figure(f"{title}: its core busy", "%", [100 * each.cpu_s / each.wall_s for each in mine]),
        ]
    ratios = [peer / ours for ours, peer in zip(costs["ours"], costs["peer"], strict=True)]
    report.figures.append(Figure("the peer's cost ÷ ours", "×", ratios, "≥ 2.5"))
    load = [each.load_cpu_s * 1e6 / each.accepted for each in rounds]
    report.figures.append(Figure("the load client, another core", "CPU-s per million", load))
    refused = sum(sum(each.refused.values()) for each in rounds)
    report.notes.append(
        f"{len(rounds)} rounds of {requests:,} sign-ups of {rounds[0].body_bytes:.0f} bytes, each another person and "
        f"key, over {CONNECTIONS} connections; not accepted: {refused}."
    )
    report.notes.append(
        "Intake does all it does: limits, keys in Valkey, codes, jobs, sealing, tokens, metrics, Kafka on all in-sync "
        "replicas. The peer checks with pydantic, seals three fields, makes ids by HMAC, sends and waits; no more."
    )
    return report


async def _measure(runs: int, requests: int) -> list[Round]:
    async with ground(valkey=True) as place:
        await _make_topic(place)
        keyring.make(place.settings)
        ports = {"ours": free_port("127.0.0.1"), "peer": free_port("127.0.0.1")}
        peer = [sys.executable, "-m", "uvicorn", "bench.intake_peer:app", "--port", str(ports["peer"])]
        ours = place.settings.environment(http_port=ports["ours"], signups_per_second=NO_LIMIT, log_level="warning")
        async with (
            _serving(place, command("intake"), ours, ports["ours"]) as first,
            _serving(
                place, [*peer, "--no-access-log", "--log-level", "warning"], {"KAFKA": place.kafka}, ports["peer"]
            ) as second,
        ):
            fair, jobs = await _fair(place, ports["ours"])
            doors: dict[Name, Door] = {"ours": Door(ports["ours"], first), "peer": Door(ports["peer"], second)}
            return await _rounds(Orders(doors, fair, jobs, CONNECTIONS, requests, runs, list(place.others)))


@asynccontextmanager
async def _serving(place: Ground, words: Sequence[str], settings: dict[str, str], port: int) -> AsyncIterator[int]:
    """A server on the measured core while the block runs; its process id."""
    process = await asyncio.create_subprocess_exec(
        *words, env=environment(**settings), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(READY_S), aiohttp.ClientSession() as session:
            while not await _ready(session, f"http://127.0.0.1:{port}/readyz"):
                if process.returncode is not None:
                    raise SystemExit(f"{Path(words[0]).name} {' '.join(words[1:4])} ended with {process.returncode}")
                await asyncio.sleep(0.1)
        keep_on([place.core], process.pid)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _make_topic(place: Ground) -> None:
    from bench.intake_peer import TOPIC

    admin = new_admin(place.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])
    finally:
        await admin.close()


async def _fair(place: Ground, port: int) -> tuple[str, list[str]]:
    """A fair with jobs, live."""
    plan = Fair.generate(SEED, 0, JOBS_OPEN)
    secret = keyring.read(place.settings).token
    token = tokens.mint(secret, Claims("host", "bench", (), ""), int(time.time()))
    async with Api(f"http://127.0.0.1:{port}", token) as api:
        fair = await api.create_fair(plan.fair["title"], plan.fair["starts"], plan.fair["host"])
        return fair, [await api.open_job(fair, body) for body in plan.jobs]


async def _rounds(orders: Orders) -> list[Round]:
    words = (sys.executable, "-m", "bench.intake_load")
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate(msgspec.json.encode(orders))
    if process.returncode:
        raise SystemExit(f"the load client ended with {process.returncode}")
    return [msgspec.json.decode(line, type=Round) for line in answer.splitlines()]
