"""The doors' own copy of fairs and jobs, folded from the raw facts of `fairs` and kept up to date.

Nothing is called unknown before the log was read to the end that it had when the question was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from livefair.domain.fairs import Fair
from livefair.domain.jobs import Job
from livefair.errors import Unavailable, UnreadableRecord
from livefair.kafka import RETRY_BACKOFF_MS, new_reader, start_client, stop_client
from livefair.wire.codec import Codec
from livefair.wire.facts import FairChanged, FairFact, FairScheduled, JobChanged, JobOpened
from livefair.wire.topics import FAIRS

log = structlog.get_logger(__name__)

CATCH_UP_S = 5.0
"""How long a question waits for Kafka before it is answered with Unavailable."""

_facts: Codec[FairFact] = Codec(FairFact)


class Board:
    """Fairs and their jobs as the facts so far leave them. Pure; a move that the table lacks changes nothing."""

    def __init__(self) -> None:
        self.fairs: dict[str, Fair] = {}
        self.jobs: dict[str, Job] = {}
        self._of: dict[str, dict[str, None]] = {}

    def jobs_of(self, fair: str) -> list[Job]:
        """The fair's jobs in the order in which they were opened."""
        return [self.jobs[job] for job in self._of.get(fair, ())]

    def apply(self, fact: FairFact) -> None:
        """Take the next fact of its partition."""
        match fact:
            case FairScheduled(fair=fair):
                self.fairs.setdefault(fair.fair, fair)
            case FairChanged():
                self._change_fair(fact)
            case JobOpened(job=job):
                if job.fair in self.fairs and job.job not in self.jobs:
                    self.jobs[job.job] = job
                    self._of.setdefault(job.fair, {})[job.job] = None
            case JobChanged():
                self._change_job(fact)
            case _:
                pass  # people open to any job are the fair desk's

    def _change_fair(self, fact: FairChanged) -> None:
        fair = self.fairs.get(fact.fair)
        changed = None if fair is None else fair.changed(fact.state, fact.pinned)
        if changed is not None and (not fact.pinned or fact.pinned in self._of.get(fact.fair, ())):
            self.fairs[fact.fair] = changed

    def _change_job(self, fact: JobChanged) -> None:
        job = self.jobs.get(fact.job)
        if job is None or job.fair != fact.fair:
            return
        if fact.seats is not None:
            job = msgspec.structs.replace(job, seats=fact.seats)
        if fact.paused is not None:
            job = msgspec.structs.replace(job, paused=fact.paused)
        self.jobs[fact.job] = job


class Directory:
    """A board that follows the log. Use it as a context manager: entering it waits until the log was read once."""

    def __init__(self, bootstrap: str) -> None:
        self.board = Board()
        self._partitions = [TopicPartition(FAIRS.name, partition) for partition in range(FAIRS.partitions)]
        self._next = dict.fromkeys(self._partitions, 0)
        self._consumer: AIOKafkaConsumer = new_reader(bootstrap)
        # Of its own, since a question to the follower's connection waits behind its long poll.
        self._asking: AIOKafkaConsumer = new_reader(bootstrap)
        self._moved = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._queued: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await start_client(self._consumer)
        await start_client(self._asking)
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        self._follower = asyncio.create_task(self._follow(), name="directory")
        while True:
            try:
                await self.catch_up()
            except Unavailable:
                log.warning("waiting for Kafka to read the fairs")
            else:
                return self

    async def __aexit__(self, *_error: object) -> None:
        for task in (self._follower, self._looking, self._queued):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await stop_client(self._consumer)
        await stop_client(self._asking)

    async def fair(self, fair: str) -> Fair | None:
        """The fair; None only where no fact of it is in the log. Raises Unavailable when Kafka does not answer."""
        found = self.board.fairs.get(fair)
        if found is None:
            await self.catch_up()
            found = self.board.fairs.get(fair)
        return found

    async def job(self, job: str) -> Job | None:
        """The job; None only where no fact of it is in the log. Raises Unavailable when Kafka does not answer."""
        found = self.board.jobs.get(job)
        if found is None:
            await self.catch_up()
            found = self.board.jobs.get(job)
        return found

    async def jobs(self, jobs: Sequence[str]) -> list[Job | None]:
        """Several jobs, in their order, with one look at the end of the log."""
        if not all(job in self.board.jobs for job in jobs):
            await self.catch_up()
        return [self.board.jobs.get(job) for job in jobs]

    async def catch_up(self) -> None:
        """Wait until everything that is in the log now has been applied. Raises Unavailable after CATCH_UP_S.

        Who asks while a look is under way shares the next one: the running one may have asked Kafka too early.
        """
        if self._queued is None:
            self._queued = asyncio.create_task(self._look(self._looking))
        await asyncio.shield(self._queued)

    async def _look(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        self._looking, self._queued = self._queued, None
        try:
            async with asyncio.timeout(CATCH_UP_S):
                ends: dict[TopicPartition, int] = await self._asking.end_offsets(self._partitions)
                async with self._moved:
                    await self._moved.wait_for(lambda: all(self._next[each] >= end for each, end in ends.items()))
        except (TimeoutError, KafkaError):
            raise Unavailable("the fairs could not be read to their end in time") from None

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
            except KafkaError as error:
                log.warning("reading the fairs failed", error=type(error).__name__)
                await asyncio.sleep(RETRY_BACKOFF_MS / 1000)

    async def _read(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=1_000)
        for partition, records in batches.items():
            self._take(record.value for record in records)
            self._next[partition] = records[-1].offset + 1
        if batches:
            async with self._moved:
                self._moved.notify_all()

    def _take(self, values: Iterable[bytes | None]) -> None:
        for value in values:
            try:
                self.board.apply(_facts.decode(value))
            except UnreadableRecord as error:
                # The fair desk puts it into dead-letters; here it is nobody's fair.
                log.warning("a record of the fairs cannot be read", reason=error.message)
