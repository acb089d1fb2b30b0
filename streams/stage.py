"""Runs a fold in one worker: membership of the group, the lease on each partition, commits, deadlines.

The group only says whose turn it is; what makes a partition ours is the fence in its log (hold.py). Whatever fails
there, the partition is acquired anew from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Generic

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from livefair.backlog import Backlog, Place
from livefair.errors import LocalError, Unavailable
from livefair.kafka import Appender, generation_of, new_member, new_producer, new_reader, start_client, stop_client
from livefair.metrics import KAFKA_FAILURES
from livefair.wire.envelope import fact_headers
from streams.fold import Decision, Due, Fact, Fold, State
from streams.hold import Clients, FoldFailed, Hold, LeaseLost
from streams.metrics import StageMetrics
from streams.owner import Fenced, Owner

log = structlog.get_logger()

FETCH_RECORDS = 2_000
"""Records of one fetch: enough that a full pipe costs little for each, few enough that heartbeats go on."""
COMMIT_EVERY_S = 1.0
DEADLINES_EVERY_S = 0.25
DEADLINE_AGAIN_S = 5.0
LOOK_EVERY_S = 2.0
OWN_SENDS_S = 5.0
RETRY_S = 0.5
LOG_WAIT_MS = 10
FOUGHT_WITHIN_S = 30.0
FOUGHT_OVER = random.randint(8, 20)  # noqa: S311
"""Assignments in so short a time mean that another live process has our slot. How many differs from process to process,
so that of two that take turns one leaves first."""


def group_of(fold: Fold[Any, Any, Any]) -> str:
    """The consumer group whose committed offsets say up to where a stage has routed."""
    return f"livefair.{fold.name}"


class StageFailed(LocalError):
    """The stage cannot go on in this process; a fresh one can."""


class Stage(Generic[State, Fact, Decision]):
    """One stage in one worker."""

    def __init__(self, fold: Fold[State, Fact, Decision], kafka: str, slot: int) -> None:
        self.fold = fold
        self._kafka = kafka
        self._slot = slot
        self._holds: dict[int, Hold[State, Fact, Decision]] = {}
        self._tasks: dict[Hold[State, Fact, Decision], asyncio.Task[None]] = {}
        self._kept: dict[int, Owner[State, Fact, Decision]] = {}
        self._asked: dict[Due, float] = {}
        self._renewing = asyncio.Lock()
        self._stopping = False
        self._assigned = False
        self._given: deque[float] = deque(maxlen=FOUGHT_OVER)
        self._metrics = StageMetrics(fold.name)
        self._metrics.partitions.set_function(lambda: sum(hold.running for hold in self._holds.values()))
        self._backlog = Backlog(fold.name, self._places)

    # ------------------------------------------------------------ life

    @property
    def ready(self) -> bool:
        """Whether every partition that the group gave us is being folded."""
        return self._assigned and all(hold.running for hold in self._holds.values())

    @property
    def decided(self) -> int:
        """Decisions written by the holds of now."""
        return sum(hold.decided for hold in self._holds.values())

    async def run(self) -> None:
        """Fold until `stop`; raises StageFailed where only a fresh process can go on."""
        self._clients = Clients(
            member=new_member(self._kafka, group_of(self.fold), self._slot),
            reader=new_reader(self._kafka, fetch_wait_ms=LOG_WAIT_MS),
            producer=new_producer(self._kafka),
            router=Appender(new_producer(self._kafka)),
            metrics=self._metrics,
        )
        clients = self._clients
        try:
            for client in (clients.reader, clients.producer, clients.router.producer, clients.member):
                await start_client(client)
            clients.member.subscribe([self.fold.source.name], listener=_Listener(self))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._commit_often())
                tasks.create_task(self._watch_deadlines())
                tasks.create_task(self._look_often())
                await self._take()
                raise _Stopped
        except* _Stopped:
            pass
        finally:
            await self._close()

    def stop(self) -> None:
        """Take no more input; `run` returns once what was folded is in the log and routed."""
        self._stopping = True

    async def _take(self) -> None:
        while not self._stopping:
            try:
                fetched = await self._clients.member.getmany(timeout_ms=200, max_records=FETCH_RECORDS)
            except KafkaError as error:
                raise StageFailed(f"the group no longer has us: {type(error).__name__} {error}") from error
            if self._fought_over:
                raise StageFailed(f"the group no longer has us: another process is at work in slot {self._slot}")
            for topic_partition, records in fetched.items():
                hold = self._holds.get(topic_partition.partition)
                if hold is not None and hold.running:
                    hold.take(records)
            await asyncio.sleep(0)  # a full pipe would not let the writers run
        await self._drain()

    async def _drain(self) -> None:
        """Wait, but not for ever, until what was folded is in the log and routed."""
        until = time.monotonic() + OWN_SENDS_S
        while time.monotonic() < until:
            if all(hold.clean for hold in self._holds.values() if hold.running):
                return
            await asyncio.sleep(0.01)

    async def _close(self) -> None:
        with contextlib.suppress(KafkaError, Unavailable, TimeoutError):
            async with asyncio.timeout(OWN_SENDS_S):  # a commit waits for its broker for ever
                await self._commit()
        for task in self._tasks.values():
            task.cancel()
        await self._clients.router.close(OWN_SENDS_S)
        for client in (self._clients.producer, self._clients.member, self._clients.reader):
            await stop_client(client)

    # ------------------------------------------------------------ the lease

    def revoked(self, partitions: Iterable[int]) -> None:
        """The group takes partitions away: whatever is under way there no longer counts as ours."""
        for partition in partitions:
            hold = self._holds.pop(partition, None)
            if hold is None:
                continue
            if hold.running and hold.clean:
                self._kept[partition] = hold.owner  # worth keeping if it comes back with its log unchanged
            self._tasks[hold].cancel()

    @property
    def _fought_over(self) -> bool:
        """Whether two live processes with one slot take turns at the group, as they would for ever."""
        given = self._given
        return len(given) == given.maxlen and given[-1] - given[0] < FOUGHT_WITHIN_S

    def assigned(self, partitions: Sequence[int]) -> None:
        """The group gives partitions. Only pause, and start a task: no heartbeat goes out until this returns."""
        for partition in partitions:
            self._clients.member.pause(TopicPartition(self.fold.source.name, partition))
            kept = self._kept.get(partition)
            self._hold(Owner(self.fold, partition) if kept is None else kept)
        self._kept.clear()
        self._assigned = True
        self._given.append(time.monotonic())

    def _hold(self, owner: Owner[State, Fact, Decision]) -> None:
        hold = Hold(owner, self._clients, self._ours)
        self._holds[owner.partition] = hold
        task = asyncio.create_task(self._keep(hold), name=f"{self.fold.name}-{owner.partition}")
        self._tasks[hold] = task
        task.add_done_callback(lambda _: self._tasks.pop(hold, None))

    def _ours(self, hold: Hold[Any, Any, Any]) -> bool:
        """Each assignment makes new holds: this one is ours as long as it is the one we know."""
        return self._holds.get(hold.partition) is hold

    async def _keep(self, hold: Hold[State, Fact, Decision]) -> None:
        """Run a hold; when it fails and the partition is still ours, begin another, with an empty state."""
        try:
            await hold.run()
        except LeaseLost:
            return
        except Exception as error:  # noqa: BLE001  # whatever it was, the log still has the truth
            if not self._ours(hold):
                return
            reason = f"{type(error).__name__}: {error}"
            log.warning("partition.acquired_anew", stage=self.fold.name, partition=hold.partition, error=reason)
            self._metrics.acquired_anew(error)
            hold.running = False
            self._clients.member.pause(TopicPartition(self.fold.source.name, hold.partition))
            if not isinstance(error, Fenced | FoldFailed | CommitFailedError):
                await self._renew_clients(hold)
            await asyncio.sleep(RETRY_S)
            if self._ours(hold):
                owner = Owner(self.fold, hold.partition)
                owner.poisoned = hold.owner.poisoned
                self._hold(owner)

    async def _renew_clients(self, hold: Hold[State, Fact, Decision]) -> None:
        """After a failed write go on with fresh producers, once what the old ones had in flight is settled."""
        async with self._renewing:
            clients = self._clients
            if hold.producer is not clients.producer:
                return  # renewed for another partition already
            await clients.router.close(OWN_SENDS_S)
            await stop_client(clients.producer, OWN_SENDS_S)
            producer, router = new_producer(self._kafka), Appender(new_producer(self._kafka))
            await start_client(producer)
            await start_client(router.producer)
            clients.producer, clients.router = producer, router

    # ------------------------------------------------------------ beside it

    async def _commit_often(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            try:
                await self._commit()
            except KafkaError as error:
                log.warning("commit.refused", stage=self.fold.name, error=type(error).__name__)

    async def _commit(self) -> None:
        """Commit, for each partition, that everything before an offset is routed and acknowledged."""
        moved = [
            (hold, hold.routed)
            for hold in self._holds.values()
            if hold.running and hold.settled() and hold.routed > hold.committed
        ]
        if moved and generation_of(self._clients.member) >= 0:
            source = self.fold.source.name
            offsets = {
                TopicPartition(source, hold.partition): OffsetAndMetadata(routed + 1, "") for hold, routed in moved
            }
            await self._clients.member.commit(offsets)
            for hold, routed in moved:
                hold.committed = routed

    def _places(self) -> dict[int, Place]:
        return {partition: hold.place for partition, hold in self._holds.items()}

    async def _look_often(self) -> None:
        """Ask where the input ends, for the metrics; by the reader, whose connection no long fetch blocks."""
        while True:
            try:
                ends = await self._clients.reader.end_offsets(
                    [TopicPartition(self.fold.source.name, partition) for partition in self._holds]
                )
            except KafkaError:
                KAFKA_FAILURES.labels("read").inc()
            else:
                self._backlog.look({at.partition: end for at, end in ends.items()})
            await asyncio.sleep(LOOK_EVERY_S)

    async def _watch_deadlines(self) -> None:
        """Turn a deadline that the clock has passed into a record of the input; the broker's time decides there."""
        while True:
            await asyncio.sleep(DEADLINES_EVERY_S)
            now = time.monotonic()
            self._asked = {due: at for due, at in self._asked.items() if now - at < DEADLINE_AGAIN_S}
            for partition, hold in self._holds.items():
                if not hold.running:
                    continue
                for due in self.fold.overdue(hold.owner.state, int(time.time() * 1000)):
                    if due in self._asked:
                        continue
                    self._asked[due] = now
                    headers = fact_headers(f"{due.entity}.{due.due}", "deadline.passed", f"/livefair/{self.fold.name}")
                    deadline = self.fold.deadline(due)
                    try:
                        hold.router.append(self.fold.source, partition, due.key.encode(), deadline, headers)
                    except Unavailable as error:
                        hold.fail(error)  # in a quiet hour nothing else would ask for new clients
                        break


class _Stopped(Exception):
    """Ends the stage's task group once the last input is folded."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Passes the group's word on. Nothing here may wait: no heartbeat goes out until it returns."""

    def __init__(self, stage: Stage[Any, Any, Any]) -> None:
        self._stage = stage

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._stage.revoked([one.partition for one in revoked])

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._stage.assigned([one.partition for one in assigned])
