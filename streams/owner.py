"""One partition in one worker's hands, without I/O: restore, fence, fold, and what follows an acknowledgement.

The order of the steps is decision-log.md's, and each of its weakenings loses or changes something. The runner
(stage.py) and the model check drive this same class.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Generic

import msgspec

from livefair.errors import UnreadableRecord
from livefair.tracing import traces
from livefair.wire.codec import encode
from livefair.wire.dead_letters import DeadLetter
from livefair.wire.decisions import Noted
from livefair.wire.envelope import (
    TRACE,
    DecisionHeaders,
    Headers,
    RoutedHeaders,
    Step,
    header,
    origin_of,
    position_text,
    rank_of,
)
from livefair.wire.fence import Fence
from livefair.wire.topics import DEAD_LETTERS, Topic
from streams.fold import Decided, Decision, Fact, Fold, Route, State
from streams.log import DecisionLog, Record

_NONE_YET = (-1, 0, 0)
UNREADABLE = "unreadable"
POISONED = "the rules failed on it"
UNREADABLE_KEPT = 48 * 1024
"""Bytes of an unreadable record that its dead letter repeats; the whole of it stays at its origin."""


class Written(msgspec.Struct, frozen=True, gc=False):
    """One decision as it goes into the log, and its step for routing it afterwards."""

    key: bytes
    value: bytes
    headers: Headers
    step: Step
    decision: Any


class Routed(msgspec.Struct, frozen=True, gc=False):
    """One record for another topic, with its origin in the headers."""

    topic: Topic
    key: str
    value: bytes
    headers: Headers


class Fenced(Exception):
    """Another writer was here: the acknowledged offset is not the expected one. The state in memory is void."""


class Owner(Generic[State, Fact, Decision]):
    """One worker's hold on partition `partition`; `writer` is unique for every hold."""

    def __init__(self, fold: Fold[State, Fact, Decision], partition: int) -> None:
        self.fold = fold
        self.partition = partition
        self.log = DecisionLog()
        self.state = fold.new_state()
        self.step = self.log.step
        self.next_input = 0
        """The input offset to go on from."""
        self.poisoned: set[int] = set()
        self._traced: dict[Step, bytes] | None = {} if traces.on else None
        """The trace of each decision that is not routed yet."""
        self._origins: dict[bytes, tuple[int, int, int]] = {}
        self._fence = Fence(0, "")
        self._headers = DecisionHeaders(fold.log)
        self._routed_headers = RoutedHeaders(fold.log)
        self._prefix = f"{fold.log.tag}{partition}-"

    # ------------------------------------------------------------ acquire

    def read(self, record: Record) -> Sequence[tuple[Step, Decision]]:
        """Apply what this record of the log completes; the decisions applied, for routing them again."""
        entries = self.log.read(record)
        applied = []
        for entry in entries:
            decision = self.fold.decisions.decode(entry.record.value)
            self.fold.apply(self.state, decision)
            if entry.origin is not None:
                upstream, rank = rank_of(entry.origin)
                self._origins[upstream] = rank
            applied.append((entry.step, decision))
        if entries:
            self.step = self.log.step
            self.next_input = self.step.offset + 1
        return applied

    def fence(self, writer: str) -> Fence:
        """The marker that claims the partition: one above the last one read. Every hold writes a new one."""
        self._fence = Fence(self.log.epoch + 1, writer)
        return self._fence

    @property
    def holds(self) -> bool:
        """Whether the marker just read up to was the first with its number."""
        return self.log.epoch == self._fence.number and self.log.writer == self._fence.writer

    # ------------------------------------------------------------ fold

    def fold_one(self, record: Record) -> list[Written]:
        """The decisions on one input, applied; empty only for a repeat.

        Any other exception than those of reading means that the rules failed half-way: the state is void, and
        the offset belongs into `poisoned` before the partition is acquired anew.
        """
        self.next_input = record.offset + 1
        origin = origin_of(record.headers)
        key = (record.key or b"").decode("utf-8", "replace")
        upstream = rank = None
        state, apply = self.state, self.fold.apply
        decided: list[Decided] = []
        try:
            if origin is not None:
                upstream, rank = rank_of(origin)
                if rank <= self._origins.get(upstream, _NONE_YET):
                    return []
            if record.offset in self.poisoned:
                raise UnreadableRecord(POISONED)
            fact = self.fold.facts.decode(record.value)
        except UnreadableRecord as error:
            decided.append(Decided(key, _unreadable(record, str(error))))
            apply(state, decided[0].decision)
        else:
            for one in self.fold.decide(state, fact, record.timestamp):
                apply(state, one.decision)
                decided.append(one)
            if not decided:
                decided.append(Decided(key, Noted(at=record.timestamp, why="no-effect")))
                apply(state, decided[0].decision)
        if upstream is not None and rank is not None:
            self._origins[upstream] = rank
        else:
            origin = None
        written = self._written(record.offset, decided, origin)
        if self._traced is not None and (trace := header(record.headers, TRACE)) is not None:
            for made in written:
                made.headers.insert(0, (TRACE, trace))
                self._traced[made.step] = trace
        return written

    def _written(self, offset: int, decided: Sequence[Decided], origin: bytes | None) -> list[Written]:
        written = []
        prefix = f"{self._prefix}{offset}-"
        headers_of = self._headers.of
        size, epoch, rules, before = len(decided), self._fence.number, self.fold.rules, self.step
        for nth, one in enumerate(decided):
            decision = one.decision
            headers = headers_of(
                f"{prefix}{nth}",
                type(decision),
                position_text(offset, nth, size, before, epoch, rules),
                origin,
            )
            before = Step(offset, nth)
            written.append(Written(one.key.encode(), encode(decision), headers, before, decision))
        self.step = before
        return written

    def acknowledged(self, base_offset: int, batch: Sequence[Written]) -> None:
        """A batch is in the log at `base_offset`. Raises Fenced where another writer came between."""
        if base_offset != self.log.next_offset:
            raise Fenced(f"a batch landed at {base_offset} instead of {self.log.next_offset}")
        self.log.next_offset += len(batch)
        self.log.step = batch[-1].step

    # ------------------------------------------------------------ route

    def routes(self, decisions: Sequence[tuple[Step, Decision]]) -> list[Routed]:
        """What acknowledged decisions tell other keys, in order. Of what replaces another, the last is enough."""
        told: list[tuple[Route, str, bytes | None]] = []
        last: dict[tuple[str, str], int] = {}
        for step, decision in decisions:
            ident = f"{self._prefix}{step.offset}-{step.nth}"
            trace = self._traced.pop(step, None) if self._traced else None
            routes = self.fold.routes(decision, ident)
            if isinstance(decision, Noted) and decision.why == UNREADABLE:
                routes = [self._dead_letter(step, decision)]
            for ordinal, route in enumerate(routes):
                if route.replaces:
                    last[route.key, route.replaces] = len(told)
                told.append((route, f"{ident}-{ordinal}", trace))
        headers_of = self._routed_headers.of
        routed = []
        for at, (route, origin, trace) in enumerate(told):
            if not route.replaces or last[route.key, route.replaces] == at:
                headers = headers_of(origin, route.kind)
                if trace is not None:
                    headers.insert(0, (TRACE, trace))
                routed.append(Routed(route.topic, route.key, route.value, headers))
        return routed

    def _dead_letter(self, step: Step, noted: Noted) -> Route:
        letter = DeadLetter(
            topic=self.fold.source.name,
            partition=self.partition,
            offset=step.offset,
            reason=noted.detail,
            value=noted.unreadable,
        )
        return Route(DEAD_LETTERS, f"{letter.topic}/{letter.partition}", "record.unreadable", encode(letter))


def _unreadable(record: Record, reason: str) -> Noted:
    start = base64.b64encode((record.value or b"")[:UNREADABLE_KEPT]).decode()
    return Noted(at=record.timestamp, why=UNREADABLE, detail=reason[:300], unreadable=start)
