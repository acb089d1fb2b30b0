"""What a fold is: pure rules that turn one partition's records, in order, into decisions.

No clock, no randomness, no state fed from elsewhere; state changes only by applying a decision, so
the decision log alone gives it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from livefair.wire.codec import Codec
from livefair.wire.topics import Topic

State = TypeVar("State")
Fact = TypeVar("Fact")
Decision = TypeVar("Decision")


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decision and the key it is written under."""

    key: str
    decision: Any


class Route(msgspec.Struct, frozen=True, gc=False):
    """A record that a decision sends to another topic. Of those in a batch with one `replaces`, the last is enough."""

    topic: Topic
    key: str
    kind: str
    value: bytes
    replaces: str = ""


class Due(NamedTuple):
    """A deadline (Unix ms) that `key`'s state holds; it becomes a record of the input when the clock has passed it."""

    due: int
    key: str
    entity: str


class Fold(Protocol[State, Fact, Decision]):
    """One stage's rules. `rules` names their version, which every decision carries."""

    name: str
    source: Topic
    log: Topic
    rules: str
    facts: Codec[Fact]
    decisions: Codec[Decision]

    def new_state(self) -> State:
        """The state of a partition before its first record."""

    def decide(self, state: State, fact: Fact, at: int) -> Iterable[Decided]:
        """What follows from `fact` at `at` (Unix ms). Each decision is applied before the next is asked for."""

    def apply(self, state: State, decision: Decision) -> None:
        """The one way in which state changes."""

    def routes(self, decision: Decision, ident: str) -> Iterable[Route]:
        """What the decision tells other keys and the channels. `ident` is its id; the order never changes."""

    def deadline(self, due: Due) -> bytes:
        """The input record that says `due` has passed."""

    def overdue(self, state: State, now: int) -> list[Due]:
        """The deadlines at or before `now` that still stand."""


class NoDeadlines:
    """For a fold whose state holds no deadlines."""

    def overdue(self, _state: Any, _now: int) -> list[Due]:
        """None, ever."""
        return []

    def deadline(self, due: Due) -> bytes:
        """Never asked for."""
        raise ValueError(f"{due} was never given out")
