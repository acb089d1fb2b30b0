"""The model's worker: the steps of streams/stage.py, in its order, with everything else between any two of them.

The owner is the real one (streams.owner). Each weakening leaves out or changes one step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from livefair.wire.codec import encode
from livefair.wire.decisions import Noted
from livefair.wire.envelope import Step, fact_headers
from streams.log import DecisionLog, Record
from streams.owner import Fenced, Owner, Written
from tests.support.model_wire import Chunk, Lost, Producer, Router, Sent
from tests.support.seats import SeatFold

if TYPE_CHECKING:
    from tests.support.model import World

AnyOwner = Owner[Any, Any, Any]


class FirstReadLog(DecisionLog):
    """A reader that believes its own marker without what stands before it."""

    __slots__ = ()

    def jump(self, offset: int, epoch: int, writer: str) -> None:
        self.next_offset, self.epoch, self.writer = offset, epoch, writer


class Forgetful(AnyOwner):
    """An owner that leaves nothing where an input has no effect."""

    def fold_one(self, record: Record) -> list[Written]:
        step = self.step
        written = super().fold_one(record)
        if len(written) == 1 and isinstance(written[0].decision, Noted):
            self.step = step
            return []
        return written


class Worker:
    """One process: alive, paused or dead; one hold at a time, which need not be the group's view."""

    def __init__(self, world: World, number: int, rules: str) -> None:
        self.world = world
        self.number = number
        self.restart(rules)

    def restart(self, rules: str) -> None:
        self.rules = rules
        self.alive = True
        self.paused = False
        self.generation = -1
        self.producer = Producer()
        self.router = Router()
        self.life: Iterator[Sent | None] | None = None
        self.waits: Sent | None = None
        self.kept: AnyOwner | None = None
        self.owner: AnyOwner | None = None
        self.routing: deque[Chunk] = deque()
        self.busy = True

    # ------------------------------------------------------------ what the scheduler does to it

    @property
    def can_step(self) -> bool:
        if not self.alive or self.paused or self.life is None:
            return False
        return self.waits is None or self.waits.state != "flying"

    def assigned(self, generation: int) -> None:
        """The group gives the partition to this worker; it may have had it before."""
        self.revoked()
        self.generation = generation
        self.owner, self.busy = None, True
        self.life = self.live()
        self.waits = None

    def revoked(self) -> None:
        if self.life is not None and self.owner is not None and not self.busy and not self.routing:
            self.kept = self.owner
        self.life = None

    def step(self) -> None:
        self.router.pump(self.world.under_way_most)
        assert self.life is not None
        try:
            self.waits = next(self.life)
        except StopIteration:
            self.life = None

    # ------------------------------------------------------------ its steps, as in streams/stage.py

    def live(self) -> Iterator[Sent | None]:
        """Acquire and write; after a failure again, with an empty state and new clients."""
        owner = self.kept
        self.kept = None
        while True:
            fold = SeatFold(self.rules)
            if owner is None:
                owner = (
                    Forgetful(fold, 0) if self.world.weak("no decision where there is no effect") else Owner(fold, 0)
                )
                if self.world.weak("state from the first read only"):
                    owner.log = FirstReadLog()
            self.owner, self.busy = owner, True
            self.routing = deque()
            try:
                yield from self.acquire(owner)
                yield from self.write(owner)
            except Fenced:
                pass
            except Lost as lost:
                if str(lost) == "lease":
                    return
                self.producer = Producer()
                self.world.producers.append(self.producer)
                self.router.fail()
                self.router = Router()
                self.world.routers.append(self.router)
            owner, self.busy = None, True
            yield None

    def acquire(self, owner: AnyOwner) -> Iterator[Sent | None]:
        world = self.world
        committed = world.committed
        again: list[tuple[Step, Any]] = []
        yield None
        while True:
            again += self.read(owner, len(world.log), committed)
            yield None
            if not world.weak("no validation, no own-offset check") and not world.commit(self.generation, committed):
                raise Lost("lease")
            yield None
            if world.weak("no fence"):
                break
            if world.weak("no new marker when the last is mine, no own-offset check"):
                writer = f"w{self.number}"
                if owner.log.writer == writer:
                    owner._fence = type(owner._fence)(owner.log.epoch, writer)
                    break
            else:
                world.markers += 1
                writer = f"w{self.number}.{world.markers}"
            fence = owner.fence(writer)
            marker = self.send([(None, encode(fence), fact_headers(writer, "fence"))])
            yield marker
            if marker.state == "failed":
                raise Lost("marker")
            yield None
            if isinstance(owner.log, FirstReadLog):
                owner.log.jump(marker.base + 1, fence.number, fence.writer)
                break
            again += self.read(owner, marker.base + 1, committed)
            if owner.holds or world.weak("own marker not checked to be first"):
                break
        yield None
        self.route(owner, max(owner.next_input, committed) - 1, again)

    def read(self, owner: AnyOwner, end: int, committed: int) -> list[tuple[Step, Any]]:
        again = []
        for record in self.world.log[owner.log.next_offset : end]:
            again += [(step, decision) for step, decision in owner.read(record) if step.offset >= committed]
        return again

    def send(self, records: Sequence[tuple[bytes | None, bytes, Any]]) -> Sent:
        sent = Sent(records)
        self.producer.flying.append(sent)
        return sent

    def write(self, owner: AnyOwner) -> Iterator[Sent | None]:
        """Fold, some batches ahead of the log, and write them one at a time."""
        batches: deque[tuple[list[Written], int]] = deque()
        pipelined: deque[tuple[Sent, list[Written], int]] = deque()
        while True:
            self.busy = bool(batches)
            yield None
            self.commit_routed()
            self.fold(owner, batches)
            if not batches:
                continue
            self.busy = True
            yield None
            batch, through = batches.popleft()
            if not batch:
                self.route(owner, through, [])
            elif self.world.weak("refused batch overtaken"):
                pipelined.append((self.send(_records(batch)), batch, through))
                if len(pipelined) == 2:
                    sent, batch, through = pipelined.popleft()
                    yield from self.settle(owner, sent, batch)
                    self.route(owner, through, _decided(batch))
            else:
                yield from self.put(owner, batch, through)

    def fold(self, owner: AnyOwner, batches: deque[tuple[list[Written], int]]) -> None:
        dice = self.world.random
        for _ in range(dice.randint(0, 2)):
            batch: list[Written] = []
            records = self.world.inputs[
                owner.next_input : min(owner.next_input + dice.randint(1, 3), self.world.produced)
            ]
            for record in records:
                batch += owner.fold_one(record)
            if records:
                batches.append((batch, records[-1].offset))

    def put(self, owner: AnyOwner, batch: list[Written], through: int) -> Iterator[Sent | None]:
        """Write a batch, whole or in pieces, and route it: in pieces only once the last of them is there."""
        torn = self.world.weak("groups split across batches")
        for piece in [[one] for one in batch] if torn or self.world.in_pieces else [batch]:
            yield from self.settle(owner, self.send(_records(piece)), piece)
            if torn:
                self.route(owner, through, _decided(piece))
        if not torn:
            self.route(owner, through, _decided(batch))

    def settle(self, owner: AnyOwner, sent: Sent, batch: list[Written]) -> Iterator[Sent | None]:
        yield sent
        if sent.state == "failed":
            raise Lost("batch")
        if not self.world.offset_checked:
            owner.log.next_offset = sent.base  # whatever came between, nobody looks
        owner.acknowledged(sent.base, batch)
        yield None

    def route(self, owner: AnyOwner, through: int, decisions: Sequence[tuple[Step, Any]]) -> None:
        chunk = Chunk(through)
        for routed in owner.routes(decisions):
            self.router.append(routed, chunk)
        self.routing.append(chunk)
        self.router.pump(self.world.under_way_most)

    def commit_routed(self) -> None:
        if self.router.failed:
            raise Lost("route")
        through = None
        while self.routing and not self.routing[0].left:
            through = self.routing.popleft().through
        if through is not None and self.world.random.random() < 0.7:
            self.world.commit(self.generation, through + 1)


def _records(batch: list[Written]) -> list[tuple[bytes | None, bytes, Any]]:
    return [(one.key, one.value, one.headers) for one in batch]


def _decided(batch: list[Written]) -> list[tuple[Step, Any]]:
    return [(one.step, one.decision) for one in batch]
