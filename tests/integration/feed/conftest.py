"""One Kafka, one Valkey and one feeder for the tests of this folder; they keep apart by channels of their own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis

from livefair import config, keyring, topics_admin
from livefair.valkey import new_client
from livefair.wire.feed import feeder_key
from livefair.wire.topics import FEED
from tests.support.embedded import Servers
from tests.support.feed import Speaker, speaking
from tests.support.processes import Running
from tests.support.waiting import until


@dataclass(frozen=True)
class House:
    """Where everything is, and the settings of services that belong to it."""

    servers: Servers
    kafka: str
    redis: str
    settings: config.Settings

    def environment(self, **changes: object) -> dict[str, str]:
        return self.settings.environment(**changes)

    def log(self, name: str) -> Path:
        return self.servers.folder / f"{name}.log"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Servers(tmp_path_factory.mktemp("feed")) as servers:
        kafka, redis = servers.kafka()[0], servers.valkey()[0]
        settings = config.Settings(data=servers.folder, kafka=kafka, redis=redis, views_s=0.5)
        keyring.make(settings)
        asyncio.run(topics_admin.create(kafka, 1))
        yield House(servers, kafka, redis, settings)


@pytest.fixture(scope="module")
def feeder(house: House) -> Iterator[Running]:
    with Running("feeder", house.environment(), house.log("feeder")) as running:
        asyncio.run(_all_fed(house.redis))
        yield running


async def _all_fed(redis: str) -> None:
    client = new_client(redis)
    for partition in range(FEED.partitions):
        await until(lambda at=partition: client.hget(feeder_key(at), "epoch"))  # type: ignore[misc]
    await client.aclose()


@pytest.fixture
async def valkey(house: House) -> AsyncIterator[Redis]:
    client = new_client(house.redis)
    yield client
    await client.aclose()


@pytest.fixture
async def speaker(house: House) -> AsyncIterator[Speaker]:
    async with speaking(house.kafka) as speaker:
        yield Speaker(speaker.appender, "m", next(_partitions) % 8)


_names = itertools.count()
_partitions = itertools.count()


@pytest.fixture
def channel() -> Callable[[str], str]:
    """Gives channels that no other test uses."""
    return lambda kind="fair": f"{kind}:t{next(_names)}"
