"""One Kafka and one Valkey for this folder, with a worker, a feeder and an intake; each test has fairs of its own."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from livefair import config, keyring, tokens, topics_admin
from livefair.domain.access import Claims, Role
from livefair.reading import open_reader
from livefair.valkey import new_client
from livefair.wire.topics import BY_NAME, CANDIDATE_KEYS, CANDIDATES, FAIRS, JOBS, TOPICS
from services.embedded.supervisor import Supervisor
from tests.support.embedded import Servers
from tests.support.http import Client
from tests.support.ports import free_port
from tests.support.processes import Running
from tests.support.waiting import until


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    servers: Servers
    settings: config.Settings
    secrets: keyring.Keyring
    kafka: Supervisor
    valkey: Supervisor
    port: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bootstrap(self) -> str:
        assert self.settings.kafka is not None
        return self.settings.kafka

    @property
    def redis(self) -> str:
        assert self.settings.redis is not None
        return self.settings.redis

    def token(self, role: Role, subject: str, *scopes: str, holder: str = "", lifetime_s: int = 3600) -> str:
        claims = Claims(role, subject, scopes, holder)
        return tokens.mint(self.secrets.token, claims, int(time.time()), lifetime_s)

    def environment(self, **changes: object) -> dict[str, str]:
        return self.settings.environment(**changes)

    def log(self, name: str) -> Path:
        return self.servers.folder / f"{name}.log"


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Servers(tmp_path_factory.mktemp("intake")) as servers:
        kafka, kafka_keeper = servers.kafka()
        redis, valkey_keeper = servers.valkey()
        port = free_port()
        settings = config.Settings(data=servers.folder, kafka=kafka, redis=redis, http_port=port, gateway_port=1)
        keyring.make(settings)
        asyncio.run(topics_admin.create(kafka, 1))
        yield Place(servers, settings, keyring.read(settings), kafka_keeper, valkey_keeper, port)


@pytest.fixture(scope="package")
def behind(place: Place) -> Iterator[None]:
    """The worker and the feeder, for tests of what was decided."""
    changes = {"http_port": 0}
    with (
        Running("worker", place.environment(**changes), place.log("worker")),
        Running("feeder", place.environment(**changes), place.log("feeder")),
    ):
        yield


@pytest.fixture(scope="package")
def intake(place: Place) -> Iterator[Running]:
    with Running("intake", place.environment(), place.log("intake")) as running:
        asyncio.run(until(lambda: is_ready(place.url)))
        yield running


async def is_ready(url: str) -> bool:
    """Whether the intake there says that it is ready."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@pytest.fixture
async def client(place: Place, intake: Running) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Client(session, place.url)


@pytest.fixture
async def valkey(place: Place) -> AsyncIterator[Redis]:
    client = new_client(place.redis)
    yield client
    await client.aclose()


Opened = tuple[str, list[str]]
NewFair = Callable[..., Awaitable[Opened]]


@pytest.fixture
def new_fair(client: Client, place: Place) -> NewFair:
    """Opens a fair of host h1 with jobs (bodies); gives the ids."""

    async def make(*jobs: dict[str, object]) -> Opened:
        host = place.token("host", "h1")
        body = {"title": "山西—北京直播招聘会", "starts": "2026-11-24T19:00:00+08:00", "host": "小王"}
        fair = (await client.post("/v1/fairs", body, token=host)).json()["fair"]
        opened = [(await client.post(f"/v1/fairs/{fair}/jobs", each, token=host)).json()["job"] for each in jobs]
        return fair, opened

    return make


async def ends(place: Place) -> dict[str, int]:
    """How many records each topic that a door writes has had."""
    found = {}
    async with open_reader(place.bootstrap) as reader:
        for topic in (FAIRS, CANDIDATES, JOBS, CANDIDATE_KEYS):
            found[topic.name] = sum([(await reader.bounds(topic, at)).end for at in range(topic.partitions)])
    return found


async def everything(place: Place, *names: str) -> list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]]:
    """Every record of some topics (all): topic, key, value, headers."""
    found = []
    async with open_reader(place.bootstrap) as reader:
        for topic in [BY_NAME[name] for name in names] or TOPICS:
            for partition in range(topic.partitions):
                first, end = await reader.bounds(topic, partition)
                async for batch in reader.stretch(topic, partition, first, end):
                    found += [(topic.name, each.key or b"", each.value or b"", list(each.headers)) for each in batch]
    return found
