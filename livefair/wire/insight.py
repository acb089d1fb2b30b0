"""What insight counts, as it lies in its topics: of one fair in one partition of a decision log, and how far.

A part is absolute, not an increment, and carries the highest step that is in it: a repeat of it changes nothing, and of
two parts the one with the higher step holds all that the other does.
"""

from __future__ import annotations

import msgspec

from livefair.wire.envelope import Step

RULES = 1
"""The version of the way of counting. Rows of another version are not believed, and counted again from the log."""


class JobCounts(msgspec.Struct, array_like=True):
    """One job: where and what it is (`level` 0: none asked for), its counts, and who fails one of its filters."""

    region: str = ""
    occupation: str = ""
    level: int = 0
    seats: int = 0
    held: int = 0
    applications: int = 0
    matched: int = 0
    waiting: int = 0
    failing: int = 0


class Part(msgspec.Struct, omit_defaults=True):
    """All that one partition of one decision log says of a fair. Where it comes from is `of`, such as `m3`.

    `minutes` and `hours` count sign-ups by Unix minute and hour; `funnel` counts, by source, how many sign-ups and
    applications have come to a state; `answers` is a histogram over ANSWER_BOUNDS_MS; `looking` are people open to any
    job for whom none has room.
    """

    fair: str
    of: str
    offset: int = -1
    nth: int = 0
    rules: int = RULES
    minutes: dict[int, int] = {}
    hours: dict[int, int] = {}
    funnel: dict[str, dict[str, int]] = {}
    jobs: dict[str, JobCounts] = {}
    answers: list[int] = []
    answers_ms: int = 0
    looking: int = 0

    @property
    def step(self) -> Step:
        """The highest step counted."""
        return Step(self.offset, self.nth)

    @property
    def key(self) -> str:
        """Its key in `insight`."""
        return f"{self.fair}/{self.of}"


class Progress(msgspec.Struct, frozen=True):
    """How far one partition of a decision log has been counted: what `DecisionLog.resume` takes."""

    epoch: int
    offset: int
    nth: int
    next_offset: int
    rules: int = RULES


class Summand(msgspec.Struct, frozen=True):
    """A part as the sums know it: where it stands in `insight`, when it was written (Unix ms), and what it says."""

    at_offset: int
    at: int
    part: Part


ANSWER_BOUNDS_MS: tuple[int, ...] = (
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    60_000,
    600_000,
    3_600_000,
    86_400_000,
)
"""Upper bounds (at most) of the times from sign-up to first answer; one more bucket holds what is above the last."""
