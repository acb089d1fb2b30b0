"""The headers of a record: CloudEvents 1.0 in binary mode, and the positions that make a repeat harmless.

`ce_origin` says which decision a routed record comes from; a receiver drops what is not above the highest origin
it has seen of that upstream partition. `ce_position` says where a decision stands in its log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from livefair.errors import UnreadableRecord
from livefair.wire.topics import BY_TAG, TOPICS, Topic

Headers = list[tuple[str, bytes]]

TRACE = "traceparent"
"""The W3C trace context of a request that is traced; on no record where nothing is."""

_UPSTREAMS = frozenset(f"{topic.tag}{at}".encode() for topic in TOPICS for at in range(topic.partitions))
_SPEC = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")


class Step(NamedTuple):
    """One decision's place in a log: the input offset that caused it, and its number (from 0) in that input's group."""

    offset: int
    nth: int


START = Step(-1, 0)
"""Before the first decision of a log."""


class Position(NamedTuple):
    """Where a decision stands: its step, the size of its group, the step before, its writer's epoch, its rules."""

    step: Step
    size: int
    before: Step
    epoch: int
    rules: str


class Origin(NamedTuple):
    """Which decision a routed record comes from: upstream log, partition, step, and which of its routes this is."""

    tag: str
    partition: int
    offset: int
    nth: int
    ordinal: int

    @property
    def upstream(self) -> tuple[str, int]:
        """The log and partition within which origins only rise."""
        return self.tag, self.partition

    @property
    def rank(self) -> tuple[int, int, int]:
        """What rises within one upstream partition."""
        return self.offset, self.nth, self.ordinal

    def text(self) -> str:
        """The origin as `ce_origin`, and as the id of an event, carries it."""
        return f"{self.tag}{self.partition}-{self.offset}-{self.nth}-{self.ordinal}"


def source_of(topic: Topic) -> bytes:
    """The CloudEvents `source` of what is written on the ground of `topic`."""
    return f"/livefair/{topic.name}".encode()


def fact_headers(identifier: str, kind: str, source: str = "/livefair/intake") -> Headers:
    """Headers of what a door writes. `identifier` is unique within `source`."""
    return [_SPEC, ("ce_id", identifier.encode()), ("ce_source", source.encode()), ("ce_type", kind.encode()), _JSON]


class RoutedHeaders:
    """Makes the headers of what one log's decisions tell others."""

    __slots__ = ("_kinds", "_source")

    def __init__(self, log: Topic) -> None:
        self._source = ("ce_source", source_of(log))
        self._kinds: dict[str, tuple[str, bytes]] = {}

    def of(self, origin: str, kind: str) -> Headers:
        """Headers of one record; its origin is its id."""
        of_kind = self._kinds.get(kind)
        if of_kind is None:
            of_kind = self._kinds[kind] = ("ce_type", kind.encode())
        text = origin.encode()
        return [_SPEC, ("ce_id", text), self._source, of_kind, _JSON, ("ce_origin", text)]


class DecisionHeaders:
    """Makes the headers of one log's decisions; what never changes of them is made once."""

    __slots__ = ("_kinds", "_source")

    def __init__(self, log: Topic) -> None:
        self._source = ("ce_source", source_of(log))
        self._kinds: dict[type[msgspec.Struct], tuple[str, bytes]] = {}

    def of(self, identifier: str, kind: type[msgspec.Struct], position: str, origin: bytes | None) -> Headers:
        """Headers of one decision of class `kind`; `origin` is that of its input, where that was routed."""
        of_kind = self._kinds.get(kind)
        if of_kind is None:
            of_kind = self._kinds[kind] = ("ce_type", str(kind.__struct_config__.tag).encode())
        headers = [
            _SPEC,
            ("ce_id", identifier.encode()),
            self._source,
            of_kind,
            _JSON,
            ("ce_position", position.encode()),
        ]
        if origin is not None:
            headers.append(("ce_origin", origin))
        return headers


def header(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """The first header of that name, or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def origin_of(headers: Sequence[tuple[str, bytes]]) -> bytes | None:
    """The text of `ce_origin`, which our writers put last; None where the record was not routed."""
    if headers and headers[-1][0] == "ce_origin":
        return headers[-1][1]
    return header(headers, "ce_origin")


def rank_of(text: bytes) -> tuple[bytes, tuple[int, int, int]]:
    """Upstream partition and rank of an origin, as `parse_origin` gives them but at a third of the cost.

    Raises UnreadableRecord.
    """
    try:
        upstream, offset, nth, ordinal = text.split(b"-")
        rank = (int(offset), int(nth), int(ordinal))
    except ValueError:
        raise UnreadableRecord("ce_origin is not TAGpartition-offset-nth-ordinal") from None
    if upstream not in _UPSTREAMS:
        raise UnreadableRecord("ce_origin names no log of ours")
    return upstream, rank


def parse_origin(text: bytes) -> Origin:
    """What `Origin.text` wrote; raises UnreadableRecord."""
    parts = text.decode("ascii", "replace").split("-")
    try:
        head, offset, nth, ordinal = parts
        origin = Origin(head[0], int(head[1:]), int(offset), int(nth), int(ordinal))
    except (ValueError, IndexError):
        raise UnreadableRecord("ce_origin is not TAGpartition-offset-nth-ordinal") from None
    if origin.tag not in BY_TAG or min(origin[1:]) < 0:
        raise UnreadableRecord("ce_origin names no log of ours")
    return origin


def position_text(offset: int, nth: int, size: int, before: Step, epoch: int, rules: str) -> str:
    """A position as `ce_position` carries it."""
    return f"{offset}.{nth}.{size}.{before[0]}.{before[1]}.{epoch}.{rules}"


def parse_position(text: bytes) -> Position:
    """What `position_text` wrote; raises UnreadableRecord."""
    parts = text.decode("ascii", "replace").split(".", 6)
    try:
        offset, nth, size, before_offset, before_nth, epoch = map(int, parts[:6])
        rules = parts[6]
    except (ValueError, IndexError):
        raise UnreadableRecord("ce_position is not offset.nth.size.offset.nth.epoch.rules") from None
    return Position(Step(offset, nth), size, Step(before_offset, before_nth), epoch, rules)
