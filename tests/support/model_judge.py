"""Plays a schedule of the model to its end, and judges it by a plain fold of the input.

What a reader of the log (the real streams.log) sees must be that fold, by the rules' versions which the log names; and
each target must have been told exactly what follows from it, in order.
"""

from __future__ import annotations

from typing import Any

from livefair.wire.envelope import header, parse_origin
from streams.log import BrokenLog, DecisionLog, Entry, Kept
from tests.support.model import World
from tests.support.seats import TARGETS, Leave, SeatFold, expected

_fold = SeatFold("one")


class Wrong(Exception):
    """What the schedule has brought to light."""


def run(seed: int, weakening: str = "") -> str:
    """Play one schedule to its end; what is wrong with it, or nothing."""
    world = World(seed, weakening)
    dice = world.random
    around, spread = dice.choice(((0, 160), (0, 160), (dice.randrange(140), 20)))  # all over, or all at once
    injuries = sorted(around + dice.randrange(spread) for _ in range(dice.randint(2, 10)))
    world.assign(0)
    try:
        for nth in range(160):
            while injuries and injuries[0] <= nth:
                injuries.pop(0)
                world.injure()
            world.move()
        _settle(world)
        _judge(world)
    except (BrokenLog, Wrong) as error:
        return f"{type(error).__name__}: {error}"
    except ValueError as error:
        return f"a state that cannot be: {error}"
    return ""


def _settle(world: World) -> None:
    """No more injuries: everyone is there, one has the partition, and all that can happen happens."""
    for worker in world.workers:
        if not worker.alive:
            world.revive(worker)
        worker.paused = False
    world.produced = len(world.inputs)
    world.assign(world.random.randrange(len(world.workers)))
    for _ in range(4_000):
        world.move()
        owner = world.workers[world.assigned].owner
        worker = world.workers[world.assigned]
        if (
            owner is not None
            and not worker.busy
            and owner.next_input == len(world.inputs)
            and not any(producer.flying for producer in world.producers)
            and not any(lane.under_way or lane.waiting for router in world.routers for lane in router.lanes.values())
        ):
            return


def _read(world: World) -> dict[int, list[Entry]]:
    """The groups that a reader sees, by the input that they decide."""
    reader = DecisionLog()
    groups: dict[int, list[Entry]] = {}
    for record in world.log:
        group = list(reader.read(record))
        if not group:
            continue
        offset = group[0].step.offset
        if groups and offset <= max(groups):
            raise Wrong(f"input {offset} is decided twice, or too late")
        if len({entry.rules for entry in group}) != 1:
            raise Wrong(f"input {offset} is decided by two versions")
        groups[offset] = group
    return groups


def _judge(world: World) -> None:
    groups = _read(world)
    taken: list[int] = []
    highest = -1
    told: dict[str, list[Any]] = {target: [] for target in TARGETS}
    for record in world.inputs:
        group = groups.get(record.offset, [])
        text = header(record.headers, "ce_origin")
        if text is not None:
            rank = parse_origin(text).offset
            if rank <= highest:
                if group:
                    raise Wrong(f"the repeat at {record.offset} is decided")
                continue
            highest = rank
        if not group:
            if world.weak("no decision where there is no effect") and _no_effect(record, taken):
                continue
            raise Wrong(f"input {record.offset} is not decided")
        _judge_group(record, group, taken, told)
    for target in TARGETS:
        if world.targets[target].taken != told[target]:
            raise Wrong(f"{target} was told {world.targets[target].taken} instead of {told[target]}")


def _no_effect(record: Kept, taken: list[int]) -> bool:
    fact = _fold.facts.decode(record.value)
    return isinstance(fact, Leave) and fact.who not in taken


def _judge_group(record: Kept, group: list[Entry], taken: list[int], told: dict[str, list[Any]]) -> None:
    wanted = expected(taken, _fold.facts.decode(record.value), group[0].rules, record.timestamp)
    found = [_fold.decisions.decode(entry.record.value) for entry in group]
    if found != wanted:
        raise Wrong(f"input {record.offset}: {found} instead of {wanted}")
    for entry, decision in zip(group, found, strict=True):
        for ordinal, route in enumerate(_fold.routes(decision, f"m0-{entry.step.offset}-{entry.step.nth}")):
            told[route.key].append(((*entry.step, ordinal), route.value))
