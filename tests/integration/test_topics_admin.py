"""Topics on a real cluster: made as declared, never altered, and a difference is one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from livefair import topics_admin
from livefair.errors import ClusterMismatch, Unavailable
from livefair.topics_admin import Found, differences
from livefair.wire.topics import TOPICS, Topic
from tests.support.embedded import Servers

pytestmark = pytest.mark.kafka

DECLARED = {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete", "retention.ms": "-1"}


@pytest.fixture
def topic() -> Topic:
    return Topic(f"t-{uuid.uuid4().hex}", "t", "key", "a test", 3, DECLARED)


def test_what_differs_is_named() -> None:
    topic = Topic("jobs", "j", "job_id", "jobs", 8, DECLARED)
    assert differences(topic, Found("jobs", 8, 1, dict(DECLARED)), 1) == []
    assert differences(topic, Found("jobs", 8, 3, dict(DECLARED)), 2) == []
    assert differences(topic, None, 1) == ["topic 'jobs' does not exist"]
    wrong = differences(topic, Found("jobs", 4, 1, DECLARED | {"message.timestamp.type": "CreateTime"}), 3)
    assert wrong == [
        "topic 'jobs' has 4 partitions and must have 8",
        "topic 'jobs' has 1 copies and LIVEFAIR_REPLICATION is 3",
        "topic 'jobs' has message.timestamp.type=CreateTime and must have LogAppendTime",
    ]


async def test_missing_topics_are_made_as_declared_and_only_once(kafka: str, topic: Topic) -> None:
    assert await topics_admin.create(kafka, 1, [topic]) == [topic.name]
    assert await topics_admin.create(kafka, 1, [topic]) == []
    found = (await topics_admin.describe(kafka, [topic]))[topic.name]
    assert (found.partitions, found.replication) == (3, 1)
    assert DECLARED.items() <= found.config.items()


async def test_another_partition_count_is_one_sentence_and_nothing_is_made(kafka: str, topic: Topic) -> None:
    await topics_admin.create(kafka, 1, [topic])
    other = replace(topic, name=f"t-{uuid.uuid4().hex}")
    with pytest.raises(ClusterMismatch, match=f"topic '{topic.name}' has 3 partitions and must have 8: use another"):
        await topics_admin.create(kafka, 1, [replace(topic, partitions=8), other])
    assert other.name not in await topics_admin.describe(kafka, [other])


async def test_another_clock_is_refused(kafka: str, topic: Topic) -> None:
    await topics_admin.create(kafka, 1, [replace(topic, config={"message.timestamp.type": "CreateTime"})])
    with pytest.raises(ClusterMismatch, match=r"message\.timestamp\.type=CreateTime and must have LogAppendTime"):
        await topics_admin.verify(kafka, 1, [topic])


async def test_more_copies_than_brokers_are_refused(kafka: str, topic: Topic) -> None:
    with pytest.raises(ClusterMismatch, match=f"'{topic.name}' could not be created with 2 copies"):
        await topics_admin.create(kafka, 2, [topic])


async def test_fewer_copies_than_asked_are_found(kafka: str, topic: Topic) -> None:
    await topics_admin.create(kafka, 1, [topic])
    with pytest.raises(ClusterMismatch, match="has 1 copies and LIVEFAIR_REPLICATION is 2"):
        await topics_admin.verify(kafka, 2, [topic])


async def test_no_kafka_is_one_sentence(free_port: Callable[[], int]) -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"Kafka at {address} .*LIVEFAIR_KAFKA"):
        await topics_admin.verify(address, 1)


def _livefair(*arguments: str, kafka: str) -> subprocess.CompletedProcess[str]:
    environment = {"LIVEFAIR_KAFKA": kafka, "LIVEFAIR_REDIS": "redis://127.0.0.1:1/0", "PATH": "/usr/bin", "HOME": "/"}
    command = [sys.executable, "-m", "livefair.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_the_commands_make_and_show_every_declared_topic(fresh_servers: Servers) -> None:
    kafka, _ = fresh_servers.kafka()
    before = _livefair("topics", "describe", kafka=kafka)
    assert before.returncode == 5
    assert "topic 'fairs' does not exist" in before.stderr
    made = _livefair("topics", "create", "--json", kafka=kafka)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["created"] == [topic.name for topic in TOPICS]
    after = _livefair("topics", "describe", "--json", kafka=kafka)
    assert after.returncode == 0, after.stderr
    rows = {row["topic"]: row for row in json.loads(after.stdout)["topics"]}
    assert {row["config"]["message.timestamp.type"] for row in rows.values()} == {"LogAppendTime"}
    assert {name: row["partitions"] for name, row in rows.items()} == {each.name: each.partitions for each in TOPICS}
    assert _livefair("topics", "describe", kafka=kafka).returncode == 0
