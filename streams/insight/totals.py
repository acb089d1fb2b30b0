"""From the parts to what is told: for each fair the newest part of each partition, summed; the events that changed.

An event's origin is the offset, in `insight`, of the last part that is in it, so what is told again is not heard again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from livefair.wire.codec import encode
from livefair.wire.envelope import RoutedHeaders
from livefair.wire.events import EVENTS, Event
from livefair.wire.feed import Told
from livefair.wire.insight import Part, Summand
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED, INSIGHT
from streams.insight import metrics
from streams.insight.engine import Message
from streams.insight.sums import Telling, tellings
from streams.insight.tables import Out, Rows, Writing

FAIRS_REMEMBERED = 32
"""Fairs whose last tellings are remembered, so that only what changed is told; of another, everything is."""

log = structlog.get_logger(__name__)
_part = msgspec.json.Decoder(Part)
_summand = msgspec.json.Decoder(Summand)


Ends = Callable[[], Awaitable[Mapping[int, int]]]
"""Asks Kafka where each partition of `insight` ends now."""


class Totals:
    """Sums the parts. `rows` is the table of the parts that are in the sums."""

    def __init__(self, rows: Rows, out: Out, ends: Ends) -> None:
        self._rows = rows
        self._out = out
        self._ask_ends = ends
        self._ends: Mapping[int, int] | None = None
        self._fairs: dict[str, dict[str, Summand]] | None = None
        self._told: dict[str, dict[str, bytes]] = {}
        self._next: dict[int, int] = {}
        self._headers = RoutedHeaders(INSIGHT)

    async def take(self, messages: Sequence[Message]) -> None:
        """Sum a batch of parts and tell what changed; all of it is in Kafka on return. Raises Unavailable."""
        if self._ends is None:
            self._ends = await self._ask_ends()
        writing = self._out.writing()
        touched: dict[int, set[str]] = defaultdict(set)
        for one in messages:
            fair = self._put(one, writing)
            if fair is not None:
                touched[one.partition].add(fair)
        told = [
            (fair, self._tell(fair, partition, self._ends[partition], writing))
            for partition, fairs in touched.items()
            for fair in sorted(fairs, key=self._last)  # origins rise within a partition of `insight`
        ]
        try:
            await writing.done()
        except BaseException:
            self.forget()  # of what was to be told some may be there and some not
            raise
        for fair, entities in told:
            self._told[fair] = self._told.pop(fair, {}) | entities
        while len(self._told) > FAIRS_REMEMBERED:
            del self._told[next(iter(self._told))]
        self._next |= {one.partition: one.offset + 1 for one in messages}

    def forget(self) -> None:
        """Partitions have come or gone: what is in memory may no longer be what the table says."""
        self._fairs = self._ends = None
        self._told.clear()
        self._next.clear()

    def summed(self, partition: int) -> int | None:
        """The offset in `insight` up to which parts have been taken; None: none since the start."""
        return self._next.get(partition)

    def _of(self, fair: str) -> dict[str, Summand]:
        if self._fairs is None:
            self._fairs = defaultdict(dict)
            for value in self._rows.values():
                found = _summand.decode(value)
                self._fairs[found.part.fair][found.part.of] = found
        return self._fairs.setdefault(fair, {})

    def _last(self, fair: str) -> int:
        return max(each.at_offset for each in self._of(fair).values())

    def _put(self, message: Message, writing: Writing) -> str | None:
        """Take a part if it holds what its predecessor does; its fair, to be told of in either case."""
        try:
            part = _part.decode(message.value or b"")
        except (msgspec.DecodeError, ValueError) as error:
            # Ours alone write here, and absolutely: the next part of the same key makes it good.
            do = "nothing: the fair's next part replaces it"
            where = {"partition": message.partition, "offset": message.offset}
            log.error("insight.part_unreadable", **where, reason=str(error), do=do)
            metrics.UNREADABLE.inc()
            return None
        parts = self._of(part.fair)
        known = parts.get(part.of)
        if known is None or (
            message.offset > known.at_offset and (part.rules, part.step) >= (known.part.rules, known.part.step)
        ):
            summand = Summand(message.offset, round(message.timestamp * 1000), part)
            parts[part.of] = summand
            self._rows.put(writing, message.partition, part.key, encode(summand))
        return part.fair

    def _tell(self, fair: str, partition: int, end: int, writing: Writing) -> dict[str, bytes]:
        """Say what changed of a fair's sums; gives it as it was said.

        Up to `end` another process may have told the fair before it died, in part and up to a later origin than ours:
        what we say then may be dropped. So there all is said, and nothing of it counts as told.
        """
        parts = self._of(fair).values()
        last = max(parts, key=lambda each: each.at_offset)
        before = self._told.get(fair, {})
        said: dict[str, bytes] = {}
        ordinal = 0
        for nth, one in enumerate(tellings(fair, (each.part for each in parts))):
            data = encode(one.data)
            if before.get(one.entity) != data:
                said[one.entity] = data
                self._say(one, f"{INSIGHT.tag}{partition}-{last.at_offset}-0", nth, last.at, ordinal, writing)
            # Counted for the untold too: a repeat that tells more has every event under the same origin.
            ordinal += len(one.channels)
        return said if last.at_offset >= end else {}

    def _say(self, one: Telling, ident: str, nth: int, at: int, ordinal: int, writing: Writing) -> None:
        event = Event(f"{ident}-{nth}", one.kind, at, one.data)
        value = encode(Told(EVENTS[one.kind].class_, event, one.entity))
        for channel in one.channels:
            headers = self._headers.of(f"{ident}-{ordinal}", "publication")
            writing.append(FEED, partition_of(FEED, channel), channel.encode(), value, headers)
            ordinal += 1
        metrics.TOLD.inc()
