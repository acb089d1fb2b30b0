"""A model of the decision log's surroundings: a log, a group, targets, and workers that crash, sleep and write late.

Each step of a worker is one move of a random schedule; between any two, anything else may happen.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from livefair.wire.codec import encode
from livefair.wire.envelope import Origin, RoutedHeaders
from livefair.wire.topics import MATCHES
from streams.log import Kept
from tests.support.model_wire import Producer, Router, Target
from tests.support.model_worker import Worker
from tests.support.seats import TARGETS, Ask, Leave

WEAKENINGS = (
    "no fence",
    "groups split across batches",
    "own marker not checked to be first",
    "state from the first read only",
    "refused batch overtaken",
    "no new marker when the last is mine, no own-offset check",
    "no validation, no own-offset check",
    "no decision where there is no effect",
    "several batches under way to one target",
)


class World:
    """Everything outside the workers, and the dice."""

    def __init__(self, seed: int, weakening: str = "") -> None:
        self.random = dice = random.Random(seed)
        self.weakening = weakening
        self.offset_checked = "no own-offset check" not in weakening
        self.under_way_most = 3 if weakening == "several batches under way to one target" else 1
        self.log: list[Kept] = []
        self.targets = {target: Target() for target in TARGETS}
        self.inputs = list(_inputs(dice))
        self.produced = 0
        self.committed = 0
        self.generation = 0
        self.markers = 0
        self.workers = [Worker(self, number, dice.choice(("one", "two"))) for number in range(dice.choice((2, 2, 3)))]
        self.in_pieces = not weakening and dice.random() < 0.3
        """Whether a batch goes into the log one decision at a time, as a group does that is too large for one."""
        self.haste = [dice.choice((1, 3)), dice.choice((1, 1, 4)), dice.choice((1, 1, 4))]
        """How much likelier a worker's step, a landing and a delivery are than other moves."""
        self.producers = [worker.producer for worker in self.workers]
        self.routers = [worker.router for worker in self.workers]
        self.assigned = 0

    def weak(self, weakening: str) -> bool:
        return self.weakening == weakening

    def commit(self, generation: int, offset: int) -> bool:
        """The group takes a commit of its current generation only."""
        if generation != self.generation:
            return False
        self.committed = offset
        return True

    # ------------------------------------------------------------ moves

    def assign(self, number: int) -> None:
        self.generation += 1
        self.assigned = number
        worker = self.workers[number]
        if worker.alive and not worker.paused:
            worker.assigned(self.generation)

    def land(self, producer: Producer) -> None:
        """The oldest batch reaches the log."""
        sent = producer.flying.popleft()
        sent.base = len(self.log)
        for key, value, headers in sent.records:
            self.log.append(Kept(len(self.log), 0, key, value, headers))
        if sent.state == "flying":
            sent.state = "landed"

    def deliver(self, router: Router, target: str) -> None:
        """The oldest batch of routes reaches its target."""
        for routed, chunk in router.lanes[target].under_way.popleft():
            self.targets[target].take(routed)
            if not router.failed:
                chunk.left -= 1

    def crash(self, worker: Worker) -> None:
        """What was on the wire may still land; everything else is gone."""
        worker.router.fail()
        worker.alive = False
        worker.life = None

    def revive(self, worker: Worker) -> None:
        worker.restart(self.random.choice(("one", "two")))
        self.producers.append(worker.producer)
        self.routers.append(worker.router)
        if self.assigned == worker.number:
            self.assign(worker.number)

    def injure(self) -> None:
        """One thing goes wrong, or is set right again."""
        (what,) = self.random.choices(
            (self.strike, self.sleep_or_wake, self.regroup, self.contend, self.learn, self.spoil, self.lose_a_route),
            (20, 20, 15, 10, 7, 14, 14),
        )
        what(self.random.choice(self.workers))

    def strike(self, worker: Worker) -> None:
        if worker.alive:
            self.crash(worker)
        else:
            self.revive(worker)

    def sleep_or_wake(self, worker: Worker) -> None:
        worker.paused = not worker.paused
        behind = self.assigned == worker.number and worker.generation != self.generation
        if not worker.paused and behind and worker.alive:
            worker.assigned(self.generation)

    def regroup(self, worker: Worker) -> None:
        self.assign(worker.number)

    def learn(self, worker: Worker) -> None:
        """A worker hears at last that it lost the partition."""
        if worker.number != self.assigned:
            worker.revoked()

    def contend(self, worker: Worker) -> None:
        """The group changes its mind while a worker acquires."""
        self.assign(worker.number)
        for _ in range(self.random.randrange(7)):
            if worker.can_step:
                worker.step()
            elif worker.producer.flying and self.random.random() < 0.3:
                self.land(worker.producer)
        self.assign(self.random.randrange(len(self.workers)))

    def spoil(self, _worker: Worker) -> None:
        """A batch is refused, or lands and its acknowledgement is lost, or is given up and lands later."""
        flying = [producer for producer in self.producers if producer.flying]
        if flying:
            producer, how = self.random.choice(flying), self.random.random()
            sent = producer.flying[0]
            if how < 0.4:
                producer.flying.popleft()
            elif how < 0.7:
                self.land(producer)
            sent.state = "failed"

    def lose_a_route(self, _worker: Worker) -> None:
        """A batch of routes is reported as failed; half of the time it is lost indeed."""
        lanes = [(router, lane) for router in self.routers for lane in router.lanes.values() if lane.under_way]
        if lanes:
            router, lane = self.random.choice(lanes)
            router.fail()
            if self.random.random() < 0.5:
                lane.under_way.popleft()

    def move(self) -> None:
        """One random move."""
        dice = self.random
        moves: list[Any] = [(worker.step,) for worker in self.workers if worker.can_step] * self.haste[0]
        for producer in self.producers:
            if producer.flying:
                moves += [(self.land, producer)] * self.haste[1]
        for router in self.routers:
            for target, lane in router.lanes.items():
                if lane.under_way:
                    moves += [(self.deliver, router, target)] * self.haste[2]
        if self.produced < len(self.inputs):
            moves.append((self.produce,))
        if moves:
            what, *arguments = dice.choice(moves)
            what(*arguments)

    def produce(self) -> None:
        self.produced += 1


def _inputs(dice: random.Random) -> Iterator[Kept]:
    """What people ask, some of it routed by a stage before this one, which repeats itself now and then."""
    upstream: list[tuple[Ask | Leave, Origin]] = []
    repeats: deque[tuple[Ask | Leave, Origin]] = deque()
    for offset in range(dice.randint(5, 12)):
        who = dice.randrange(5)
        fact: Ask | Leave = Ask(who, dice.randint(1, 3)) if dice.random() < 0.55 else Leave(who)
        headers: Any = ()
        if repeats:
            fact, origin = repeats.popleft()
            headers = RoutedHeaders(MATCHES).of(origin.text(), "x")
        elif dice.random() < 0.5:
            if upstream and dice.random() < 0.35:
                repeats = deque(upstream[dice.randrange(len(upstream)) :])
                fact, origin = repeats.popleft()
            else:
                origin = Origin("d", 0, len(upstream), 0, 0)
                upstream.append((fact, origin))
            headers = RoutedHeaders(MATCHES).of(origin.text(), "x")
        yield Kept(offset, 1_000 + offset, b"seats", encode(fact), headers)
