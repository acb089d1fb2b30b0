"""Insight dies by kill -9 again and again while people sign up: afterwards every figure is what the log adds up to.

Five times here; twenty with LONG_TESTS set.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from livefair import topics_admin
from livefair.domain.people import Source
from livefair.kafka import Appender, new_producer, start_client
from livefair.reading import open_reader
from livefair.wire.codec import encode
from livefair.wire.envelope import fact_headers
from livefair.wire.facts import FairScheduled, InterestExpressed, JobOpened, Withdrawn
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATES, FAIRS, INSIGHT, JOBS, Topic
from streams.audit_command import run as audit
from tests.integration.test_insight import shown
from tests.support.embedded import Servers
from tests.support.insight import SOURCES
from tests.support.people import FAIR, fair, job, sign_up
from tests.support.processes import Running
from tests.support.waiting import until

T = TypeVar("T")

pytestmark = [pytest.mark.chaos, pytest.mark.kafka]

KILLS = 20 if os.environ.get("LONG_TESTS") else 5
RATE = 120
"""Facts a second."""
YOUNG_S = (0.5, 2.0)
"""Of three processes one dies so young that it may not even have restored its tables."""
BATCH_S = 0.6
"""The others die somewhere in a batch: it takes what has come in half a second."""
JOB_NAMES = tuple(f"j{number}" for number in range(12))


class People:
    """Says what a crowd says, until `stop`; counts what Kafka has acknowledged."""

    def __init__(self, appender: Appender, seed: int) -> None:
        self.appender = appender
        self._dice = random.Random(seed)
        self.signed_up = 0
        self.going = True

    async def say(self, topic: Topic, key: str, fact: Any) -> None:
        headers = fact_headers(f"{key}-{self.signed_up}", "fact")
        await self.appender.append(topic, partition_of(topic, key), key.encode(), encode(fact), headers)

    async def open(self) -> None:
        await self.say(FAIRS, FAIR, FairScheduled(fair()))
        for name in JOB_NAMES:
            await self.say(FAIRS, FAIR, JobOpened(job(name, seats=self._dice.randint(1, 40)), "e1"))

    async def come(self) -> None:
        dice = self._dice
        while self.going:
            who, name = f"c{self.signed_up}", dice.choice(JOB_NAMES)
            fact = sign_up(who, *dice.sample(JOB_NAMES, dice.randint(0, 2)), kind=dice.choice(("fits", "fails")))
            await self.say(CANDIDATES, who, replace(fact, source=Source(dice.choice(SOURCES), "v1")))
            self.signed_up += 1
            earlier = f"c{dice.randint(0, self.signed_up - 1)}"
            if dice.random() < 0.15:
                await self.say(CANDIDATES, earlier, Withdrawn(earlier, name, ""))
            elif dice.random() < 0.1:
                await self.say(JOBS, name, InterestExpressed(name, earlier, dice.random() < 0.5, "e1"))
            await asyncio.sleep(1 / RATE)


async def test_killed_again_and_again_every_counter_is_the_log_s(fresh_servers: Servers, tmp_path: Path) -> None:
    kafka, _ = fresh_servers.kafka()
    await topics_admin.create(kafka, 1)
    dice = random.Random(20_261_124)
    environment = {"LIVEFAIR_KAFKA": kafka, "LIVEFAIR_DATA": str(tmp_path)}
    producer = new_producer(kafka)
    await start_client(producer)
    people = People(Appender(producer), 1)
    with (
        Running("worker", environment, tmp_path / "worker.log"),
        Running("insight", environment, tmp_path / "insight.log") as insight,
    ):
        await people.open()
        coming = asyncio.create_task(people.come())
        for death in range(KILLS):
            if death % 3 == 2:
                await asyncio.sleep(dice.uniform(*YOUNG_S))
            else:
                before = await parts(kafka)
                await until(lambda: kept(insight, parts(kafka)), lambda now, before=before: now > before, within=150)
                await asyncio.sleep(dice.uniform(0, BATCH_S))
            insight.restart()
        people.going = False
        await coming
        await people.appender.close()

        report = await until(
            lambda: kept(insight, audit(kafka, FAIR)),
            lambda found: found.undecided == found.under_way == found.insight_behind == 0 < found.insight_compared,
            within=150,
        )
        assert (report.lost, report.doubled, report.differing) == (0, 0, 0), report.examples
        rows = await shown(kafka)
        assert rows[f"fair:{FAIR}", "counters"] == rows[f"fair:{FAIR}:host", "counters"]
        assert rows[f"fair:{FAIR}", "counters"]["signups"] == people.signed_up > RATE
        public = {entity: data for (channel, entity), data in rows.items() if channel == f"fair:{FAIR}"}
        jobs = [data for entity, data in public.items() if entity.startswith("counters/")]
        assert len(jobs) == len(JOB_NAMES)
        for name in ("applications", "matched", "seats_left", "waiting"):
            assert public["counters"][name] == sum(data[name] for data in jobs), name


async def kept(insight: Running, asked: Awaitable[T]) -> T:
    """The answer, with insight supervised: the watch ends a Faust that stands still, and it must be started again."""
    insight.keep()
    return await asked


async def parts(kafka: str) -> int:
    """How many parts insight has written."""
    async with open_reader(kafka) as reader:
        return sum([(await reader.bounds(INSIGHT, at)).end for at in range(INSIGHT.partitions)])
