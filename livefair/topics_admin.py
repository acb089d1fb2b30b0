"""Makes a cluster's topics what livefair.wire.topics declares, and says where they are not.

Nothing that exists is ever altered: a topic with other partition counts holds other people's order, and only its
owner can decide what becomes of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import typer
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from livefair import config
from livefair.errors import ClusterMismatch, Unavailable
from livefair.kafka import new_admin, new_reader
from livefair.wire.topics import TOPICS, Topic

#: Asked of the cluster even where a declaration leaves them to Kafka's defaults.
_SHOWN = ("cleanup.policy", "retention.ms", "message.timestamp.type")
_SETTLE_S = 30.0
_NAMED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the cluster has it: the number of copies is that of the partition with the fewest."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


def differences(topic: Topic, found: Found | None, replication: int) -> list[str]:
    """What the cluster has otherwise than declared, a clause each; empty when all is well."""
    if found is None:
        return [f"topic '{topic.name}' does not exist"]
    wrong = []
    if found.partitions != topic.partitions:
        wrong.append(f"topic '{topic.name}' has {found.partitions} partitions and must have {topic.partitions}")
    if found.replication < replication:
        wrong.append(f"topic '{topic.name}' has {found.replication} copies and LIVEFAIR_REPLICATION is {replication}")
    for key, value in topic.config.items():
        if found.config.get(key) != value:
            wrong.append(f"topic '{topic.name}' has {key}={found.config.get(key)} and must have {value}")
    return wrong


async def create(bootstrap: str, replication: int, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Create the missing topics, then check all; returns the names of the new ones.

    Raises ClusterMismatch when a topic, new or old, is not as declared, Unavailable when Kafka does not answer.
    """
    async with _Admin(bootstrap) as admin:
        existing = await _describe(admin, topics)
        missing = [topic for topic in topics if topic.name not in existing]
        # What exists and is wrong is said before anything is added to it.
        _check(topics, existing, replication, skip={topic.name for topic in missing})
        if missing:
            await _make(admin, missing, replication)
            existing = await _settled(admin, topics)
            await _open(bootstrap, existing.values())
        _check(topics, existing, replication)
        return [topic.name for topic in missing]


async def verify(bootstrap: str, replication: int, topics: Sequence[Topic] = TOPICS) -> None:
    """Check that the cluster's topics are as declared; for a service's start. Raises as `create`."""
    async with _Admin(bootstrap) as admin:
        _check(topics, await _describe(admin, topics), replication)


async def describe(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> dict[str, Found]:
    """The declared topics that the cluster has, by name. Raises Unavailable."""
    async with _Admin(bootstrap) as admin:
        return await _describe(admin, topics)


def _check(
    topics: Iterable[Topic], existing: dict[str, Found], replication: int, skip: frozenset[str] | set[str] = frozenset()
) -> None:
    wrong = [
        clause
        for topic in topics
        if topic.name not in skip
        for clause in differences(topic, existing.get(topic.name), replication)
    ]
    if not wrong:
        return
    more = f"; and {len(wrong) - _NAMED_AT_MOST} more" if len(wrong) > _NAMED_AT_MOST else ""
    absent = all("does not exist" in clause for clause in wrong)
    cure = (
        "run `livefair topics create`" if absent else "use another cluster, or move its data and delete the topic first"
    )
    raise ClusterMismatch(f"{'; '.join(wrong[:_NAMED_AT_MOST])}{more}: {cure}.")


class _Admin:
    """An admin client for one task. Raises Unavailable in one sentence for whatever the client raises."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._client = new_admin(bootstrap)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self._client.start()
        except (KafkaError, OSError) as error:
            await self._client.close()
            raise self._unavailable(error) from None
        return self._client

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._client.close()
        if isinstance(error, KafkaError):
            raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"Kafka at {self._bootstrap} did not do what it was asked ({type(error).__name__}): check that it runs and "
            "that LIVEFAIR_KAFKA names it."
        )


async def _describe(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, Found]:
    # All of the cluster's: asking for a topic by name would create it where the broker creates on demand.
    names = {topic.name for topic in topics}
    described: list[dict[str, Any]] = [each for each in await admin.describe_topics() if each["topic"] in names]
    configs = await _configs(admin, [each["topic"] for each in described])
    return {
        each["topic"]: Found(
            name=each["topic"],
            partitions=len(each["partitions"]),
            replication=min((len(partition["replicas"]) for partition in each["partitions"]), default=0),
            config=configs.get(each["topic"], {}),
        )
        for each in described
        if all(partition["leader"] >= 0 for partition in each["partitions"])
    }


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, message, _kind, name, entries in answer.resources:
            if code:
                raise for_code(code)(message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def _make(admin: AIOKafkaAdminClient, missing: list[Topic], replication: int) -> None:
    answer = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, replication, topic_configs=dict(topic.config)) for topic in missing]
    )
    for name, code, *message in answer.topic_errors:
        # Another process may have made it a moment ago; whether rightly so is checked afterwards.
        if code not in (0, TopicAlreadyExistsError.errno):
            reason = next((each for each in message if each), for_code(code).__name__)
            raise ClusterMismatch(f"topic '{name}' could not be created with {replication} copies: {reason}")


async def _settled(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, Found]:
    """Wait until every broker that we ask knows the new topics and their leaders."""
    deadline = asyncio.get_running_loop().time() + _SETTLE_S
    while True:
        existing = await _describe(admin, topics)
        if len(existing) == len(topics) or asyncio.get_running_loop().time() >= deadline:
            return existing
        await asyncio.sleep(0.05)


async def _open(bootstrap: str, topics: Iterable[Found]) -> None:
    """Wait until each partition answers: a broker makes its logs a while after it has said that the topic is there."""
    partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
    reader = new_reader(bootstrap)
    try:
        await reader.start()
        await reader.end_offsets(partitions)
    finally:
        await reader.stop()


def create_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create the topics that are missing and check all of them."""
    settings = config.load()
    made = asyncio.run(create(config.where(settings, "kafka"), settings.replication))
    if as_json:
        sys.stdout.write(orjson.dumps({"created": made, "topics": [topic.name for topic in TOPICS]}).decode() + "\n")
    else:
        typer.echo(f"{len(made)} created, {len(TOPICS) - len(made)} were there; all {len(TOPICS)} are as declared.")


def describe_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the declared topics as the cluster has them; exit code 5 if one is missing or different."""
    settings = config.load()
    kafka = config.where(settings, "kafka")
    existing = asyncio.run(describe(kafka))
    if as_json:
        rows = [_row(topic, existing.get(topic.name), settings.replication) for topic in TOPICS]
        sys.stdout.write(orjson.dumps({"kafka": kafka, "topics": rows}).decode() + "\n")
    else:
        _print_table(existing)
    _check(TOPICS, existing, settings.replication)


def _row(topic: Topic, found: Found | None, replication: int) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "key": topic.key,
        "holds": topic.holds,
        "partitions": found.partitions if found else None,
        "replication": found.replication if found else None,
        "config": {key: found.config.get(key) for key in (*_SHOWN, *topic.config)} if found else None,
        "differences": differences(topic, found, replication),
    }


def _print_table(existing: dict[str, Found]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("topic", "key", "partitions", "copies", "keeps")
    for topic in TOPICS:
        found = existing.get(topic.name)
        if found is None:
            table.add_row(topic.name, topic.key, "missing")
            continue
        compacted = found.config.get("cleanup.policy") == "compact"
        keeps = "the newest of each key" if compacted else _days(found.config.get("retention.ms"))
        table.add_row(topic.name, topic.key, str(found.partitions), str(found.replication), keeps)
    Console().print(table)


def _days(retention_ms: str | None) -> str:
    if retention_ms is None:
        return "?"
    return "for ever" if retention_ms == "-1" else f"{int(retention_ms) / 86_400_000:g} days"
