"""A fair in memory, for counting: stories with every kind of decision, tables and a producer that break off."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from livefair.domain.people import Source
from livefair.wire.envelope import Headers, origin_of, rank_of
from livefair.wire.facts import (
    Applied,
    FairScheduled,
    InterestExpressed,
    JobChanged,
    JobOpened,
    OfferAnswered,
    OfferRequested,
    Withdrawn,
)
from livefair.wire.feed import FeedRecord, View
from livefair.wire.insight import Part
from livefair.wire.topics import CANDIDATES, FAIRS, FEED, INSIGHT, JOBS, Topic
from streams.insight.counting import PartitionCount
from streams.log import Kept
from tests.support.house import House
from tests.support.people import FAIR, fair, job, sign_up

SOURCES = ("kuaishou", "douyin", "direct")
MINUTE_MS = 60_000


def played(seed: int, people: int = 12) -> House:
    """A fair with sign-ups of several sources, second thoughts, offers, answers and things that lapse; all folded."""
    dice, house, offers = random.Random(seed), House(), 0
    names = [f"j{number}" for number in range(4)]
    house.say(FAIRS, FAIR, FairScheduled(fair()))
    for name in names:
        level = dice.choice((None, 5, 4))
        house.say(
            FAIRS, FAIR, JobOpened(job(name, seats=dice.randint(1, 3), min_level=level, auto_match=name != "j3"), "e")
        )
    for number in range(people):
        who, name = f"c{dice.randint(0, number)}", dice.choice(names)
        signed = sign_up(
            f"c{number}",
            *dice.sample(names, dice.randint(0, 2)),
            kind=dice.choice(("fits", "fits", "fails", "unknown")),
        )
        house.say(CANDIDATES, signed.candidate, replace(signed, source=Source(dice.choice(SOURCES), "v1")))
        match dice.randint(0, 9):
            case 0 | 1:
                house.say(CANDIDATES, who, Withdrawn(who, name, ""))
            case 2:
                house.say(CANDIDATES, who, Applied(who, FAIR, name, ""))
            case 3 | 4:
                house.say(JOBS, name, InterestExpressed(name, who, dice.random() < 0.6, "e"))
            case 5:
                house.say(FAIRS, FAIR, JobChanged(name, FAIR, "e", seats=dice.randint(0, 3)))
            case 6:
                house.pass_time(dice.choice((MINUTE_MS, 26 * 3_600_000)))
            case _:
                pass
        house.settle(dice.choice)
        for row in [row for row in rows_of(house) if row.state == "matched" and dice.random() < 0.4]:
            offers += 1
            house.say(JOBS, row.job, OfferRequested(row.job, row.candidate, f"o{offers}", 3600, "e"))
            if dice.random() < 0.8:
                house.settle()
                answer = OfferAnswered(row.candidate, row.job, f"o{offers}", "", dice.random() < 0.6)
                house.say(CANDIDATES, row.candidate, answer)
    house.settle(dice.choice)
    return house


def rows_of(house: House) -> list[Any]:
    """Every application as its ledger has it."""
    return [row for state in house.states(JOBS) for book in state.books.values() for row in book.rows.values()]


def logs_of(house: House) -> Iterator[tuple[Topic, int, list[Kept]]]:
    """Every decision log with something in it."""
    for (_, partition), room in sorted(house.rooms.items()):
        if room.log:
            yield room.owner.fold.log, partition, room.log


def counted(house: House) -> list[Part]:
    """The parts of a fair, each log read once from its start to its end."""
    parts = []
    for log, partition, records in logs_of(house):
        counting = PartitionCount(log, partition, lambda _fair: None)
        for record in records:
            counting.read(record, set(), [])
        parts += counting.known.values()
    return parts


class Gone(Exception):
    """The process died here."""


class Written(NamedTuple):
    topic: Topic
    partition: int
    key: bytes
    value: bytes
    headers: Headers


class Disk:
    """What is in Kafka, each partition in order. `lives` writes may still be made; then the process is gone."""

    def __init__(self) -> None:
        self.records: dict[str, list[Written]] = defaultdict(list)
        self.lives: int | None = None

    def write(self, one: Written) -> None:
        if self.lives == 0:
            raise Gone
        if self.lives is not None:
            self.lives -= 1
        self.records[one.topic.name].append(one)

    async def ends(self) -> Counter[int]:
        """Where each partition of `insight` ends."""
        return Counter(one.partition for one in self.records[INSIGHT.name])

    def table(self, changelog: Topic) -> dict[str, bytes]:
        """The table as its changelog gives it back."""
        return {one.key.decode(): one.value for one in self.records[changelog.name]}

    def views(self) -> dict[str, View]:
        """What receivers show, who drop what is not above the highest origin of its partition."""
        views: dict[str, View] = defaultdict(lambda: View(entities={}))
        highest: dict[tuple[int, bytes], Any] = {}
        for offset, one in enumerate(self.records[FEED.name]):
            origin = origin_of(one.headers)
            assert origin is not None
            upstream, rank = rank_of(origin)
            if rank > highest.get((one.partition, upstream), (-1, 0, 0)):
                highest[one.partition, upstream] = rank
                views[one.key.decode()].apply(offset, msgspec.json.decode(one.value, type=FeedRecord))
        return views


class Out:
    """A producer. As Kafka's, it keeps the order within a partition only: `order` chooses whose next one goes first."""

    def __init__(self, disk: Disk, order: random.Random) -> None:
        self.disk = disk
        self.order = order

    def writing(self) -> Writing:
        return Writing(self)


class Writing:
    def __init__(self, out: Out) -> None:
        self._out = out
        self._lanes: dict[tuple[str, int], list[Written]] = defaultdict(list)

    def append(self, topic: Topic, partition: int, key: bytes, value: bytes, headers: Headers) -> None:
        self._lanes[topic.name, partition].append(Written(topic, partition, key, value, headers))

    async def done(self) -> None:
        await asyncio.sleep(0)
        while self._lanes:
            lane = self._out.order.choice(sorted(self._lanes))
            self._out.disk.write(self._lanes[lane].pop(0))
            if not self._lanes[lane]:
                del self._lanes[lane]


class Rows:
    """A table of a process: what its changelog held when it started, and what it has put since."""

    def __init__(self, disk: Disk, changelog: Topic) -> None:
        self._changelog = changelog
        self._data = disk.table(changelog)

    def get(self, key: str) -> bytes | None:
        return self._data.get(key)

    def put(self, writing: Writing, partition: int, key: str, value: bytes) -> None:
        self._data[key] = value
        writing.append(self._changelog, partition, key.encode(), value, [])

    def values(self) -> Sequence[bytes]:
        return list(self._data.values())
