"""One Kafka, one Valkey and one feeder for the tests of this folder; they keep apart by channels of their own."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from livefair import config, keyring, tokens, topics_admin
from livefair.domain.access import Claims, Role
from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.domain.pay import PayBand
from livefair.valkey import new_client
from livefair.wire.codec import encode
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import FairScheduled, JobOpened
from livefair.wire.feed import feeder_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import FAIRS, FEED
from tests.support.embedded import Servers
from tests.support.feed import Speaker, speaking
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import until


@dataclass(frozen=True)
class House:
    """Where everything is, and the settings of services that belong to it."""

    servers: Servers
    kafka: str
    redis: str
    settings: config.Settings
    gateway_port: int
    secret: bytes

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.gateway_port}/ws"

    def token(self, role: Role, subject: str, *scopes: str, holder: str = "", lifetime_s: int = 3600) -> str:
        return tokens.mint(self.secret, Claims(role, subject, scopes, holder), int(time.time()), lifetime_s)

    def environment(self, **changes: object) -> dict[str, str]:
        return self.settings.environment(**changes)

    def log(self, name: str) -> Path:
        return self.servers.folder / f"{name}.log"


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Servers(tmp_path_factory.mktemp("feed")) as servers:
        kafka, redis = servers.kafka()[0], servers.valkey()[0]
        settings = config.Settings(data=servers.folder, kafka=kafka, redis=redis, views_s=0.5)
        keyring.make(settings)
        asyncio.run(topics_admin.create(kafka, 1))
        yield House(servers, kafka, redis, settings, free_port(), keyring.read(settings).token)


@pytest.fixture(scope="package")
def feeder(house: House) -> Iterator[Running]:
    with Running("feeder", house.environment(), house.log("feeder")) as running:
        asyncio.run(_all_fed(house.redis))
        yield running


async def _all_fed(redis: str) -> None:
    client = new_client(redis)
    for partition in range(FEED.partitions):
        await until(lambda at=partition: client.hget(feeder_key(at), "epoch"))  # type: ignore[misc]
    await client.aclose()


@pytest.fixture(scope="package")
def gateway(house: House, feeder: Running) -> Iterator[Running]:
    changes = {"gateway_port": house.gateway_port, "http_port": 1, "connect_s": 2.0, "outbox_bytes": 1 << 18}
    with Running("gateway", house.environment(**changes), house.log("gateway")) as running:
        asyncio.run(until(lambda: probed(house)))
        yield running


async def probed(house: House, path: str = "/readyz") -> bytes:
    """The body of a probe of the gateway, b"" where it is not 200."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{house.gateway_port}{path}") as answer,
        ):
            return await answer.read() if answer.status == 200 else b""
    except aiohttp.ClientError:
        return b""


@pytest.fixture
async def valkey(house: House) -> AsyncIterator[Redis]:
    client = new_client(house.redis)
    yield client
    await client.aclose()


@pytest.fixture
async def speaker(house: House) -> AsyncIterator[Speaker]:
    async with speaking(house.kafka) as speaker:
        yield Speaker(speaker.appender, *next(_upstreams))


@pytest.fixture
async def fair(speaker: Speaker) -> Callable[..., Awaitable[str]]:
    """Makes a fair (with a job) that the directory knows; gives the fair's id."""

    async def make(owner: str = "h1", employer: str = "e1") -> str:
        number = next(_names)
        fair, job = f"ft{number}", f"jt{number}"
        pay = PayBand("month", 8000, 10000)
        facts = (
            FairScheduled(Fair(fair, "A fair", owner, owner, "2026-12-01T10:00:00+08:00")),
            JobOpened(Job(job, fair, "A job", employer, "4-10-01-06", "110105", pay, "live-in"), owner),
        )
        for fact in facts:
            headers = fact_headers(f"{number}", "fair", "/livefair/test")
            await speaker.appender.append(FAIRS, partition_of(FAIRS, fair), fair.encode(), encode(fact), headers)
        return fair

    return make


_names = itertools.count()
# Origins only rise within one upstream partition, so each test is one of its own.
_upstreams = itertools.product("mdgjcfek", range(8))


@pytest.fixture
def channel() -> Callable[[str], str]:
    """Gives channels that no other test uses."""
    return lambda kind="fair": f"{kind}:t{next(_names)}"
