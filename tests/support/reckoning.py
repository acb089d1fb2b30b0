"""Holds everything that Kafka has of the three stages against a plain fold of it: what is lost, doubled or different.

Written apart from `livefair audit`, so that neither's mistakes hide the other's. Order counts too: what a receiver's
filter lets through must be what the decisions say, in their order.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from livefair.kafka import new_reader, start_client
from livefair.wire.decisions import Noted
from livefair.wire.envelope import header, parse_origin, parse_position
from livefair.wire.partition import partition_of
from livefair.wire.topics import BY_NAME, PARTITIONS, TOPICS, Topic
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.ledger import LedgerFold
from streams.log import DecisionLog, Entry
from streams.owner import POISONED, Owner

FOLDS = (FairFold, DeskFold, LedgerFold)
Place = tuple[str, int]


@dataclass(slots=True)
class Reckoning:
    """What was found. `wrong` must always be empty; `missing` is empty once all is folded and told."""

    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    decided: int = 0
    stale: int = 0
    repeats: int = 0
    """Routed records that a receiver drops."""
    epochs: int = 0
    decisions: list[Any] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.missing and not self.wrong


async def everything(kafka: str, topics: tuple[Topic, ...] = TOPICS) -> dict[Place, list[Any]]:
    """All records of all partitions, up to where they end now."""
    found: dict[Place, list[Any]] = {(topic.name, each): [] for topic in topics for each in range(topic.partitions)}
    reader = new_reader(kafka, fetch_wait_ms=50)
    await start_client(reader)
    try:
        ends = await _ends(reader, topics)
        left = {place: end for place, end in ends.items() if end}
        reader.assign(list(left))
        while left:
            for place, records in (await reader.getmany(timeout_ms=500)).items():
                found[place.topic, place.partition] += [one for one in records if one.offset < ends[place]]
                if records and records[-1].offset + 1 >= ends[place]:
                    left.pop(place, None)
    finally:
        await reader.stop()
    return found


async def lengths(kafka: str) -> dict[Any, int]:
    """How long every partition is now."""
    reader = new_reader(kafka, fetch_wait_ms=50)
    await start_client(reader)
    try:
        return await _ends(reader, TOPICS)
    finally:
        await reader.stop()


async def _ends(reader: AIOKafkaConsumer, topics: tuple[Topic, ...]) -> dict[Any, int]:
    """Asked side by side: the client takes a tenth of a second to hear of each topic."""
    places = [[TopicPartition(topic.name, each) for each in range(topic.partitions)] for topic in topics]
    return {at: end for ends in await asyncio.gather(*map(reader.end_offsets, places)) for at, end in ends.items()}


async def reckon(kafka: str) -> Reckoning:
    """Read it all, and compare."""
    records = await everything(kafka)
    found = Reckoning()
    told: dict[Place, dict[tuple[str, int], list[Any]]] = defaultdict(lambda: defaultdict(list))
    for new_fold in FOLDS:
        for partition in range(PARTITIONS):
            _reckon_partition(new_fold(), partition, records, found, told)
    for place, upstreams in _arrived(records, found).items():
        for upstream, arrived in upstreams.items():
            _compare(place, upstream, told[place].pop(upstream, []), arrived, found)
    for place, missing in told.items():
        for upstream, expected in missing.items():
            _compare(place, upstream, expected, [], found)
    return found


def _reckon_partition(fold: Any, partition: int, records: Any, found: Reckoning, told: Any) -> None:
    where = f"{fold.source.name}/{partition}"
    groups: dict[int, list[Entry]] = {}
    reader = DecisionLog()
    for record in records[fold.log.name, partition]:
        if group := list(reader.read(record)):
            if group[0].step.offset in groups:
                found.wrong.append(f"{where}@{group[0].step.offset} is decided twice")
            groups[group[0].step.offset] = group
    found.stale += reader.dropped
    found.epochs += reader.epoch
    owner: Owner[Any, Any, Any] = Owner(fold, partition)
    for record in records[fold.source.name, partition]:
        group = groups.pop(record.offset, [])
        if group and _passed_over(fold, group[0]):
            owner.poisoned.add(record.offset)
        written = owner.fold_one(record)
        if not group:
            if written:
                found.missing.append(f"{where}@{record.offset} is not decided")
                return  # whatever follows was decided without it
            continue
        have = [(entry.record.key, entry.record.value, _unsigned(entry.record.headers)) for entry in group]
        if have != [(one.key, one.value, _unsigned(one.headers)) for one in written]:
            found.wrong.append(f"{where}@{record.offset} is decided otherwise: {have}")
        found.decided += len(written)
        found.decisions += [one.decision for one in written]
        for one in written:
            _tell(owner, one, told)
    found.wrong += [f"{where}@{offset} is no input, and is decided" for offset in groups]


def _tell(owner: Owner[Any, Any, Any], one: Any, told: Any) -> None:
    """What one decision tells others, with what it may be replaced by."""
    routes = list(
        owner.fold.routes(one.decision, f"{owner.fold.log.tag}{owner.partition}-{one.step.offset}-{one.step.nth}")
    )
    for routed in owner.routes([(one.step, one.decision)]):
        rank = parse_origin(header(routed.headers, "ce_origin") or b"").rank
        route = routes[rank[2]] if routes else None  # a dead letter is the owner's own
        target = (routed.topic.name, partition_of(routed.topic, routed.key))
        replaces = (routed.key, route.replaces) if route is not None and route.replaces else None
        told[target][owner.fold.log.tag, owner.partition].append((rank, routed.value, replaces))


def _arrived(records: Any, found: Reckoning) -> dict[Place, dict[tuple[str, int], list[Any]]]:
    """What each partition's receiver lets through, by upstream partition."""
    arrived: dict[Place, dict[tuple[str, int], list[Any]]] = defaultdict(lambda: defaultdict(list))
    for (topic, partition), there in records.items():
        if BY_NAME[topic].tag in "gdm":
            continue  # a decision's origin is its input's
        for record in there:
            text = header(record.headers, "ce_origin")
            if text is None:
                continue
            origin = parse_origin(text)
            taken = arrived[topic, partition][origin.upstream]
            if taken and origin.rank <= taken[-1][0]:
                found.repeats += 1
            else:
                taken.append((origin.rank, record.value))
    return arrived


def _compare(
    place: Place, upstream: tuple[str, int], expected: list[Any], arrived: list[Any], found: Reckoning
) -> None:
    """What arrived is what was told; of what replaces another, a later one is enough."""
    where = f"{upstream[0]}{upstream[1]} → {place[0]}/{place[1]}"
    values = dict(arrived)
    wanted = {rank: value for rank, value, _ in expected}
    found.wrong += [f"{where}: {rank} was never told" for rank in values if rank not in wanted]
    found.wrong += [f"{where}: {rank} differs" for rank in values if rank in wanted and wanted[rank] != values[rank]]
    later: set[Any] = set()
    highest = max(values, default=(-1, 0, 0))
    for rank, _, replaces in reversed(expected):
        if rank not in values and replaces not in later:
            # What replaces another may still be on its way when all around it is there.
            fault = found.wrong if rank < highest and replaces is None else found.missing
            fault.append(f"{where}: {rank} did not arrive")
        elif rank in values and replaces is not None:
            later.add(replaces)


def _passed_over(fold: Any, entry: Entry) -> bool:
    decision = fold.decisions.decode(entry.record.value)
    return isinstance(decision, Noted) and decision.detail == POISONED


def _unsigned(headers: Any) -> list[Any]:
    """Headers but for the writer's epoch, the one thing in which two right decisions may differ."""
    position = parse_position(header(headers, "ce_position") or b"")._replace(epoch=0)
    return [position, *((name, value) for name, value in headers if name != "ce_position")]
