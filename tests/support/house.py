"""The three stages in memory, wired together by their routes: whole stories without a Kafka.

Every stage runs in the real owner, one for each partition, and every record lies in the partition of its key; which
partition goes next is the caller's to say, so that any order of arrival can be played.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from livefair.wire.channels import parse_channel
from livefair.wire.codec import encode
from livefair.wire.envelope import Headers, Origin, fact_headers, header, parse_origin
from livefair.wire.events import EVENTS
from livefair.wire.feed import FeedRecord, View
from livefair.wire.partition import partition_of
from livefair.wire.topics import CANDIDATES, FAIRS, JOBS, Topic
from streams.book import Ledger
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.ledger import LedgerFold
from streams.log import Kept
from streams.owner import Owner, Written

FOLDS: dict[str, Callable[[], Any]] = {FAIRS.name: FairFold, CANDIDATES.name: DeskFold, JOBS.name: LedgerFold}
MORNING = 1_790_000_000_000
_feed_records = msgspec.json.Decoder(FeedRecord)
AnyOwner = Owner[Any, Any, Any]


class Room:
    """One partition of one stage: its input, its owner, its log."""

    def __init__(self, fold: Callable[[], Any], partition: int) -> None:
        self.new_owner = lambda: Owner(fold(), partition)
        self.owner: AnyOwner = self.new_owner()
        self.input: list[Kept] = []
        self.log: list[Kept] = []
        self.groups: list[list[Written]] = []
        """For each input, the decisions on it."""

    @property
    def behind(self) -> int:
        """Inputs not yet folded."""
        return len(self.input) - len(self.groups)

    def say(self, at: int, key: str, value: bytes, headers: Headers) -> None:
        self.input.append(Kept(len(self.input), at, key.encode(), value, headers))

    def fold(self) -> list[Written]:
        """Fold the next input, and write what is decided."""
        written = self.owner.fold_one(self.input[len(self.groups)])
        self.groups.append(written)
        base = len(self.log)
        self.log += [Kept(base + nth, 0, one.key, one.value, one.headers) for nth, one in enumerate(written)]
        if written:
            self.owner.acknowledged(base, written)
        return written

    def decisions(self, kind: type) -> list[Any]:
        """All decisions of one kind, in order."""
        return [one.decision for group in self.groups for one in group if isinstance(one.decision, kind)]

    def check_restored(self) -> None:
        """The log alone gives the state back, and folding the input again gives the log."""
        restored = self.new_owner()
        for record in self.log:
            restored.read(record)
        assert plain(restored.state) == plain(self.owner.state)
        assert restored.step == self.owner.step
        again = self.new_owner()
        for record, group in zip(self.input, self.groups, strict=False):
            assert again.fold_one(record) == group
        assert plain(again.state) == plain(self.owner.state)


class House:
    """All partitions of all three stages, and what they told the channels."""

    def __init__(self) -> None:
        self.now = MORNING
        self.rooms: dict[tuple[str, int], Room] = {}
        self.feed: dict[str, list[tuple[Origin, FeedRecord]]] = defaultdict(list)
        self.dead: list[bytes] = []

    def room(self, topic: Topic, key: str) -> Room:
        """The partition where `key` of `topic` lives."""
        place = (topic.name, partition_of(topic, key))
        if place not in self.rooms:
            self.rooms[place] = Room(FOLDS[topic.name], place[1])
        return self.rooms[place]

    def say(self, topic: Topic, key: str, fact: Any) -> None:
        """What a door writes."""
        self._deliver(topic, key, encode(fact), fact_headers(f"fact-{self.now}", "fact"))

    def _deliver(self, topic: Topic, key: str, value: bytes, headers: Headers) -> None:
        if topic.name in FOLDS:
            self.now += 1
            self.room(topic, key).say(self.now, key, value, headers)
        elif topic.name == "feed":
            text = header(headers, "ce_origin")
            assert text is not None
            self.feed[key].append((parse_origin(text), _feed_records.decode(value)))
        else:
            self.dead.append(value)

    @property
    def busy(self) -> list[Room]:
        """Partitions with inputs not yet folded, in a settled order."""
        return [self.rooms[place] for place in sorted(self.rooms) if self.rooms[place].behind]

    def step(self, room: Room) -> None:
        """One input of one partition, and all that follows from it."""
        written = room.fold()
        for routed in room.owner.routes([(one.step, one.decision) for one in written]):
            self._deliver(routed.topic, routed.key, routed.value, routed.headers)

    def settle(self, choose: Callable[[Sequence[Room]], Room] = lambda rooms: rooms[0]) -> None:
        """Go on until nothing is left to fold."""
        while rooms := self.busy:
            self.step(choose(rooms))

    def pass_time(self, ms: int) -> None:
        """Let the clock run, and turn what it passes into records, as a partition's owner does."""
        self.now += ms
        for (topic, partition), room in sorted(self.rooms.items()):
            fold = room.owner.fold
            for due in fold.overdue(room.owner.state, self.now):
                assert (topic, partition) == (fold.source.name, partition_of(fold.source, due.key))
                self._deliver(fold.source, due.key, fold.deadline(due), fact_headers("due", "deadline.passed"))

    # ------------------------------------------------------------ what can be seen

    def states(self, topic: Topic) -> Iterable[Any]:
        """The states of a stage's partitions."""
        return [room.owner.state for (name, _), room in sorted(self.rooms.items()) if name == topic.name]

    def view(self, key: str) -> dict[str, Any]:
        """A channel's view: entity → event."""
        view = View(entities={})
        for offset, (_, record) in enumerate(self.feed[key]):
            view.apply(offset, record)
        return {entity: msgspec.json.decode(event) for entity, event in view.entities.items()}

    def told(self, key: str, kind: str = "") -> list[Any]:
        """The data of a channel's events, of one type or of all."""
        events = [msgspec.json.decode(record.event) for _, record in self.feed[key]]
        return [event["data"] for event in events if event["type"].startswith(kind)]

    def check_restored(self) -> None:
        for room in self.rooms.values():
            room.check_restored()


def plain(thing: Any) -> Any:
    """A state as nested plain values, to compare two of them."""
    if isinstance(thing, msgspec.Struct):
        return encode(thing)
    if isinstance(thing, Ledger):  # its heap of deadlines keeps some that no longer stand until they come up
        return plain(thing.books), sorted(set(thing.overdue(2**62)))
    if isinstance(thing, dict):
        return [(plain(key), plain(value)) for key, value in thing.items()]
    if isinstance(thing, set | frozenset):
        return sorted(map(repr, map(plain, thing)))
    if isinstance(thing, tuple | list):
        return tuple(map(plain, thing))
    names = getattr(thing, "__dataclass_fields__", None) or getattr(type(thing), "__slots__", None)
    if names:
        return [(name, plain(getattr(thing, name))) for name in names]
    return thing


def check_told(key: str, record: FeedRecord, *secrets: bytes) -> None:
    """An event is as the table of its types says (livefair.wire.events), and holds none of the secrets."""
    raw = bytes(record.event)
    assert not any(secret in raw for secret in secrets), raw
    event = msgspec.json.decode(raw)
    told = EVENTS[event["type"]]
    channel = parse_channel(key.partition("~")[0])
    assert channel is not None
    assert channel.kind in told.channels, (key, event["type"])
    assert record.class_ == told.class_, event["type"]
    assert record.entity == told.entity.format(**event["data"]), event["type"]
    assert set(event["data"]) <= {field.encode_name for field in msgspec.structs.fields(told.data)}
