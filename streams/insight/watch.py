"""A watch on insight's progress, not on its life: Faust can be alive and stand still, and only positions show it.

It ends the process with a reason: when records wait and nothing is counted, when nothing that was counted is committed.
What Kafka says of the group is asked for outside of Faust.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from livefair.backlog import Backlog, Place
from livefair.errors import Unavailable
from livefair.kafka import new_admin, new_reader, start_client, stop_client
from livefair.wire.topics import BY_NAME, INSIGHT
from streams.insight import metrics
from streams.insight.counting import SOURCES
from streams.insight.engine import APP
from streams.insight.tally import Tally
from streams.insight.totals import Totals

LOOK_S = 3.0
STILL_FOR_S = 30.0
"""A partition that stands still for so long, with records waiting, is stuck."""
UNCOMMITTED_FOR_S = 60.0
"""Faust commits every 2 s; what it has not committed after so long, it never will."""

Spot = tuple[str, int]
"""A topic's name and a partition of it."""
SPOTS: tuple[Spot, ...] = tuple((topic.name, at) for topic in (*SOURCES, INSIGHT) for at in range(topic.partitions))

log = structlog.get_logger(__name__)


class Standstill:
    """How long each spot has stood where it is, while something waited. Pure but for the time that it is told."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._since: dict[Spot, tuple[int, float]] = {}

    def look(self, now: float, spot: Spot, at: int, waits: bool) -> bool:
        """One look at one spot (`now` in seconds of any clock); whether it has stood still for too long."""
        was, since = self._since.get(spot, (at, now))
        if was != at or not waits:
            since = now
        self._since[spot] = (at, since)
        return now - since >= self._longest_s

    def forget(self) -> None:
        """Nothing was seen for a while: whoever could not move in it is not stuck."""
        self._since.clear()

    def oldest(self, now: float) -> float:
        """For how long the spot that stands longest has stood, seconds."""
        return max((now - since for _, since in self._since.values()), default=0.0)


class Watch:
    """Looks every LOOK_S at where each partition ends, is counted and is committed."""

    def __init__(self, kafka: str, tally: Tally, totals: Totals) -> None:
        self._kafka = kafka
        self._tally = tally
        self._totals = totals
        self._still = Standstill(STILL_FOR_S)
        self._uncommitted = Standstill(UNCOMMITTED_FOR_S)
        self._backlog = Backlog("insight", self._places)

    async def run(self) -> None:
        """Until cancelled, from when the tables are restored. Raises Unavailable once insight is stuck."""
        reader, admin = new_reader(self._kafka), new_admin(self._kafka)
        await start_client(reader)
        await admin.start()
        try:
            while True:
                try:
                    ends = await reader.end_offsets([TopicPartition(*spot) for spot in SPOTS])
                    committed = await self._committed(admin)
                except KafkaError as error:
                    # A broker that is away is waited for, not run away from.
                    log.info("watch.blind", reason=type(error).__name__)
                    self._still.forget()
                    self._uncommitted.forget()
                else:
                    await self.look({(at.topic, at.partition): end for at, end in ends.items()}, committed)
                await asyncio.sleep(LOOK_S)
        finally:
            await stop_client(reader)
            await admin.close()

    async def look(self, ends: Mapping[Spot, int], committed: Mapping[Spot, int]) -> None:
        """One look. Raises Unavailable."""
        now = time.monotonic()
        for spot, end in ends.items():
            at = self._at(spot, committed)
            if spot[0] != INSIGHT.name and at < committed.get(spot, 0):
                # Faust goes on after what is committed; the table says that not all of it was counted.
                await self._tally.catch_up(BY_NAME[spot[0]], spot[1], min(committed[spot], end))
                continue
            if self._still.look(now, spot, at, at < end):
                raise _stuck(spot, f"stands at {at} of {end}", STILL_FOR_S)
            done = committed.get(spot, 0)
            if self._uncommitted.look(now, spot, done, done < at):
                raise _stuck(spot, f"is counted up to {at} and committed up to {done}", UNCOMMITTED_FOR_S)
        self._backlog.look({index: ends[spot] for index, spot in enumerate(SPOTS) if spot in ends})
        metrics.COMMIT_AGE.set(self._uncommitted.oldest(now))

    def _at(self, spot: Spot, committed: Mapping[Spot, int]) -> int:
        topic, partition = spot
        if topic != INSIGHT.name:
            return self._tally.counted(BY_NAME[topic], partition)
        summed = self._totals.summed(partition)
        return committed.get(spot, 0) if summed is None else summed

    def _places(self) -> Mapping[int, Place]:
        return {index: Place(self._at(spot, {})) for index, spot in enumerate(SPOTS) if spot[0] != INSIGHT.name}

    async def _committed(self, admin: AIOKafkaAdminClient) -> dict[Spot, int]:
        offsets = await admin.list_consumer_group_offsets(APP)
        return {
            (at.topic, at.partition): found.offset
            for at, found in offsets.items()
            if isinstance(at, TopicPartition) and found.offset >= 0
        }


def _stuck(spot: Spot, what: str, seconds: float) -> Unavailable:
    return Unavailable(
        f"insight is stuck: partition {spot[1]} of {spot[0]} {what}, for {seconds:g} s; it ends, to be started again."
    )
