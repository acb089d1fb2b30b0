"""A long feed is not read from its beginning: the saved views and the feed from their checkpoint are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from redis.asyncio import Redis

from livefair import config, topics_admin
from livefair.kafka import new_admin
from livefair.valkey import new_client
from livefair.wire.feed import feeder_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from tests.support.embedded import Servers
from tests.support.feed import last, sentinel, speaking, view, window
from tests.support.processes import Running
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

NAME = "fair:f1:host"
PARTITION = partition_of(FEED, NAME)
OTHER = next(f"job:j{n}" for n in range(100) if partition_of(FEED, f"job:j{n}") == PARTITION)
QUIET = next(f"office:{n}" for n in range(100, 300) if partition_of(FEED, f"office:{n}") == PARTITION)


@pytest.fixture
def settings(fresh_servers: Servers, tmp_path: Path) -> Iterator[config.Settings]:
    kafka, redis = fresh_servers.kafka()[0], fresh_servers.valkey()[0]
    asyncio.run(topics_admin.create(kafka, 1))
    made = config.Settings(data=tmp_path, kafka=kafka, redis=redis, views_s=0.3, rebuild_records=10)
    with Running("feeder", made.environment(), tmp_path / "feeder.log"):
        yield made


async def checkpoint(client: Redis) -> int:
    return int(await client.hget(feeder_key(PARTITION), "checkpoint") or 0)


async def test_views_and_the_feed_from_their_checkpoint_make_the_partition_again(settings: config.Settings) -> None:
    assert settings.kafka
    assert settings.redis
    client = new_client(settings.redis)
    async with speaking(settings.kafka) as speaker:
        await until(lambda: sentinel(client, NAME))
        quiet = await speaker.say(QUIET, {"n": "quiet"}, entity="application/q")
        origins = [speaker.origin() for _ in range(30)]
        offsets = [
            await speaker.say(NAME, {"n": n}, entity=f"application/{n % 4}", origin=origin)
            for n, origin in enumerate(origins)
        ]
        other = await speaker.say(OTHER, {"n": 0}, entity="job/1")
        await until(lambda: checkpoint(client), lambda found: found > other)
        before = await view(client, NAME)
        covered = await checkpoint(client)

        await lost_and_found(client)
        assert await view(client, NAME) == before
        assert [await last(client, each) for each in (NAME, OTHER, QUIET)] == [offsets[-1], other, quiet]
        assert await window(client, NAME) == []  # the window begins at the checkpoint; older is Kafka's to tell

        # What a restarted stage says again is still known, and the chain goes on where it was.
        await speaker.say(NAME, {"n": 29}, entity="application/1", origin=origins[29])
        new = await speaker.say(NAME, {"n": "new"}, entity="application/new")
        stored = await until(lambda: window(client, NAME))
        assert [(offset, prev) for offset, prev, _ in stored] == [(new, offsets[-1])]

        # The feed's 30 days pass.
        await until(lambda: checkpoint(client), lambda found: found > new)
        assert covered < await checkpoint(client)
        await expire(settings.kafka, new)
        await lost_and_found(client)
        after = await view(client, NAME)
        assert {entity: after[entity] for entity in before} == before
        assert after["application/new"]["data"] == {"n": "new"}
        assert (await view(client, QUIET))["application/q"]["data"] == {"n": "quiet"}
        assert [await last(client, each) for each in (NAME, OTHER, QUIET)] == [new, other, quiet]
    await client.aclose()


async def lost_and_found(client: Redis) -> None:
    await client.flushall()
    await until(lambda: sentinel(client, NAME))


async def expire(kafka: str, before: int) -> None:
    """What retention does: records before that offset are gone."""
    admin = new_admin(kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(FEED.name, PARTITION): RecordsToDelete(before_offset=before)})
    await admin.close()


def test_the_channels_share_a_partition() -> None:
    assert {partition_of(FEED, each) for each in (NAME, OTHER, QUIET)} == {PARTITION}
