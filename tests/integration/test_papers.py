"""A real run against the papers: every push, reply and record is as the AsyncAPI document says; the examples run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from docs import flow
from livefair import config, keyring
from livefair.asyncapi import document, log
from livefair.play.show import Show, badge
from livefair.play.watching import Doors
from livefair.reading import open_reader
from livefair.wire.channels import candidate_channel, fair_channel, host_channel, job_channel, parse_channel
from livefair.wire.topics import FEED, TOPICS, Topic
from tests.support.papers import Papers
from tests.support.socket import RawClient, raw_client
from tests.support.up import RunningUp
from tests.support.waiting import until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

EXAMPLES = Path(__file__).parents[2] / "examples"
PAPERS = Papers(orjson.loads(orjson.dumps(document())))
STUCK_S = 60.0
FOLDS = {"fair desk": "fair", "candidate desk": "desk", "seat ledger": "ledger"}
PLAYED = {
    *("fair.changed", "job.opened", "job.pinned", "job.changed", "job.counters", "candidate.registered"),
    *("application.submitted", "application.matched", "offer.made", "application.offered"),
    *("fair.counters", "fair.insight", "fair.unmet"),
}
"""What is heard of any fair that is played: whatever comes beside it is held against the document too."""
WRITTEN_BY = {f"/livefair/{program}": program for program in flow.WRITES} | {
    f"/livefair/{name}": stage.name for stage in flow.stages() for name in (stage.log.name, FOLDS[stage.name])
}
"""By the CloudEvents `source` of a record, the program of the picture that wrote it."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    running = RunningUp(tmp_path_factory.mktemp("papers")).ready()
    yield running
    assert running.end() == 0


@pytest.fixture(scope="module")
def secret(running: RunningUp) -> bytes:
    return keyring.read(config.Settings(data=running.data)).token


@pytest.fixture(scope="module")
def played(running: RunningUp, secret: bytes) -> tuple[str, list[dict[str, Any]]]:
    """A fair that was played, and every message that the host's own websocket got meanwhile."""
    return asyncio.run(_play(Doors(running.state["http"], running.state["ws"]), secret))


async def _play(doors: Doors, secret: bytes) -> tuple[str, list[dict[str, Any]]]:
    async with Show(doors, secret, seed=11, watching=40) as show, _overheard(doors, show) as heard:
        await show.play(24, 4)
        await show.end()
        await until(lambda: _counted(heard))
    assert show.tally.faultless, show.tally.summary()
    return show.fair, heard


async def _counted(heard: list[dict[str, Any]]) -> bool:
    """Whether insight has told of the fair: it does so within about a second, not at once."""
    told = {message["push"]["event"]["type"] for message in heard if "push" in message}
    return {"fair.counters", "fair.insight", "fair.unmet"} <= told


@asynccontextmanager
async def _overheard(doors: Doors, show: Show) -> AsyncIterator[list[dict[str, Any]]]:
    """Every message of one more socket at the fair."""
    async with raw_client(doors.ws) as client:
        names = (fair_channel(show.fair), host_channel(show.fair))
        heard = [await client.connect(show.host_token), *[await client.subscribe(name) for name in names]]
        heard += [{"push": push} for push in client.pushes]

        async def listen() -> None:
            while True:
                heard.append(orjson.loads(await client.socket.recv()))

        listening = asyncio.create_task(listen())
        try:
            yield heard
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


def hold_event(channel: str, push: dict[str, Any]) -> str:
    """A push is one that the document has for this kind of channel; its type."""
    kind = parse_channel(channel)
    assert kind is not None
    name = f"event.{push['event']['type']}"
    assert name in PAPERS.types[kind.kind], (channel, name)
    PAPERS.check(name, {"push": push})
    return str(push["event"]["type"])


def test_what_a_socket_hears_live_is_as_the_document_says(played: tuple[str, list[dict[str, Any]]]) -> None:
    _, heard = played
    seen: Counter[str] = Counter()
    for message in heard:
        if "push" in message:
            seen[hold_event(message["push"]["channel"], message["push"])] += 1
        else:
            name = next(name for name in message if name != "id")
            PAPERS.check(f"reply.{name}", message)
            seen[name] += 1
    assert seen["connected"] == 1
    assert seen["subscribed"] == 2
    assert {"fair.changed", "job.pinned", "job.counters", "application.submitted", "offer.made"} <= seen.keys()


async def test_what_every_channel_holds_is_as_the_document_says(
    running: RunningUp, secret: bytes, played: tuple[str, list[dict[str, Any]]]
) -> None:
    """All channels of the fair, read again from the feed's beginning by an operator, and every reply to it."""
    fair, heard = played
    epoch = next(message["subscribed"]["epoch"] for message in heard if "subscribed" in message)
    told = [message["push"]["event"]["data"] for message in heard if "push" in message]
    jobs = {data["job"] for data in told if data.get("job")}
    people = sorted({data["candidate"] for data in told if data.get("candidate")})[:60]
    names = [fair_channel(fair), host_channel(fair), *map(job_channel, jobs), *map(candidate_channel, people)]
    seen: set[str] = set()
    async with raw_client(running.state["ws"]) as client:
        replies = [await client.connect(badge(secret, "operator", "tests"))]
        for name in names:
            reply = await client.subscribe(name, (epoch, -1))
            assert reply["subscribed"]["recovered"], name
            replies.append(reply)
            for publication in reply["subscribed"]["publications"]:
                seen.add(hold_event(name, {"channel": name, **publication}))
        replies += await _other_replies(client, names[0])
    for reply in replies:
        name = next(name for name in reply if name != "id")
        PAPERS.check(f"reply.{name}", reply)
    assert seen >= PLAYED, PLAYED - seen


async def _other_replies(client: RawClient, channel: str) -> list[dict[str, Any]]:
    return [
        await client.ask(presence={"channel": channel}),
        await client.ask(ack={"channel": channel, "offset": -1}),
        await client.ask(unsubscribe={"channel": channel}),
        await client.ask(subscribe={"channel": "room:1"}),
        await client.ask(subscribe={"channel": "fair:f0"}),
        await client.ask(shout={}),
    ]


def hold_record(topic: Topic, record: ConsumerRecord) -> None:
    """A record is one that the document has for its topic."""
    headers = {name: value.decode() for name, value in record.headers}
    plain = topic.name in log.WITHOUT_HEADERS
    name = log.message_name(topic.name, log.PLAIN[topic.name][0] if plain else headers["ce_type"])
    assert name in PAPERS.types[f"topic.{topic.name}"], name
    if not plain:
        PAPERS.check_headers(name, headers)
        assert WRITTEN_BY[headers["ce_source"]] in flow.writers(topic.name), (topic.name, headers)
    if record.value is not None:
        PAPERS.check(name, orjson.loads(record.value))


async def test_every_record_in_kafka_is_as_the_document_says(
    running: RunningUp, played: tuple[str, list[dict[str, Any]]]
) -> None:
    seen: Counter[str] = Counter()
    async with open_reader(running.state["kafka"]) as reader:
        for topic in TOPICS:
            for partition in range(topic.partitions):
                async for batch in reader.stretch(topic, partition, *await reader.bounds(topic, partition)):
                    for record in batch:
                        seen[topic.name] += 1
                        hold_record(topic, record)
    assert seen[FEED.name] > 1_000
    assert {"fairs", "candidates", "jobs", "fair-decisions", "desk-decisions", "matches", "insight"} <= seen.keys()
    assert {"control", "candidate-keys", "acks", "dead-letters"} - seen.keys() == {"dead-letters"}


# ---------------------------------------------------------------- the examples


def _words(name: str, *words: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / name), *words]


@pytest.mark.parametrize("name", ["host.py", "candidate.py"])
def test_an_example_is_thirty_lines(name: str) -> None:
    code = [line for line in (EXAMPLES / name).read_text().splitlines() if line.strip()]
    assert len(code) <= 30


def test_the_host_hears_of_the_candidate_and_the_candidate_of_the_match(running: RunningUp, secret: bytes) -> None:
    http, ws = running.state["http"], running.state["ws"]
    with subprocess.Popen(
        _words("host.py", http, ws, badge(secret, "host", "me")), stdout=subprocess.PIPE, text=True
    ) as host:
        assert host.stdout is not None
        try:
            fair = host.stdout.readline().strip().rpartition("/")[2]
            candidate = subprocess.run(
                _words("candidate.py", http, ws, fair), capture_output=True, text=True, timeout=STUCK_S
            )
            assert candidate.returncode == 0, candidate.stderr
            heard = candidate.stdout.splitlines()
            assert "application.matched" in heard
            assert heard[-1].startswith("points: {'pay': ")
            states = [host.stdout.readline().split()[:2] for _ in range(2)]
        finally:
            host.kill()
    assert states == [["张*", "submitted"], ["张*", "matched"]]
