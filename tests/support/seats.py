"""A toy fold for the model of the protocol: a few seats, given in order, by two versions of the rules that differ.

What an input leads to depends on everything before it and on the version, so that any input lost, doubled, swapped or
decided twice shows. `expected` says the same once more, without a fold, as the model's judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from livefair.wire.codec import Codec, encode
from livefair.wire.decisions import Noted
from livefair.wire.topics import FEED, JOBS, MATCHES
from streams.fold import Decided, NoDeadlines, Route

SEATS = {"one": 3, "two": 5}
"""Seats by version of the rules."""
TARGETS = ("even", "odd")


class Ask(msgspec.Struct, frozen=True, tag="ask", tag_field="type"):
    who: int
    seats: int


class Leave(msgspec.Struct, frozen=True, tag="leave", tag_field="type"):
    who: int


class Given(msgspec.Struct, frozen=True, tag="given", tag_field="type"):
    who: int
    nth: int


class Turned(msgspec.Struct, frozen=True, tag="turned", tag_field="type"):
    who: int
    taken: int


class Left(msgspec.Struct, frozen=True, tag="left", tag_field="type"):
    who: int
    taken: int


class SeatFold(NoDeadlines):
    """Seats in order of asking. Whoever leaves without a seat changes nothing."""

    name = "seats"
    source = JOBS
    log = MATCHES

    def __init__(self, rules: str) -> None:
        self.rules = rules
        self.facts: Codec[Any] = _FACTS
        self.decisions: Codec[Any] = _DECISIONS

    def new_state(self) -> list[int]:
        return []

    def decide(self, state: list[int], fact: Any, at: int) -> Iterator[Decided]:
        if isinstance(fact, Leave):
            if fact.who in state:
                yield Decided("seats", Left(fact.who, len(state)))
            return
        for _ in range(fact.seats):
            if len(state) >= SEATS[self.rules]:
                yield Decided("seats", Turned(fact.who, len(state)))
                return
            yield Decided("seats", Given(fact.who, len(state)))

    def apply(self, state: list[int], decision: Any) -> None:
        if isinstance(decision, Given):
            state.append(decision.who)
        elif isinstance(decision, Left):
            state.remove(decision.who)

    def routes(self, decision: Any, ident: str) -> Iterable[Route]:
        if isinstance(decision, Noted):
            return ()
        value = encode([ident, decision])
        first = Route(FEED, TARGETS[decision.who % 2], "told", value)
        if isinstance(decision, Left):
            return (first, Route(FEED, TARGETS[1 - decision.who % 2], "told", value))
        return (first,)


_FACTS: Codec[Any] = Codec(Ask | Leave)
_DECISIONS: Codec[Any] = Codec(Noted | Given | Turned | Left)


def expected(taken: list[int], fact: Ask | Leave, rules: str, at: int) -> list[Any]:
    """The decisions on one input seen for the first time; `taken` becomes what it is after them."""
    if isinstance(fact, Leave):
        if fact.who not in taken:
            return [Noted(at=at, why="no-effect")]
        left = Left(fact.who, len(taken))
        taken.remove(fact.who)
        return [left]
    free = max(SEATS[rules] - len(taken), 0)
    given = [Given(fact.who, len(taken) + nth) for nth in range(min(free, fact.seats))]
    taken += [fact.who] * len(given)
    return [*given, Turned(fact.who, len(taken))] if fact.seats > free else [*given]
