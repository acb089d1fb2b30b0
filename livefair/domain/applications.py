"""The life of an application: one table holds every move, and a move that is not in it raises and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ApplicationState = Literal[
    "submitted",
    "waitlisted",
    "reviewing",
    "matched",
    "interviewing",
    "offered",
    "accepted",
    "placed",
    "arrived",
    "trial",
    "completed",
    "withdrawn",
    "rejected",
    "expired",
    "fell_through",
    "no_show",
    "left_early",
    "ended_by_employer",
]


def _to(*states: ApplicationState) -> frozenset[ApplicationState]:
    return frozenset(states)


_LEAVES = _to("withdrawn", "rejected", "expired")

MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    "submitted": _to("waitlisted", "reviewing", "matched") | _LEAVES,
    "waitlisted": _to("reviewing", "matched") | _LEAVES,
    "reviewing": _to("waitlisted", "matched") | _LEAVES,
    "matched": _to("waitlisted", "interviewing", "offered") | _LEAVES,
    "interviewing": _to("offered") | _LEAVES,
    "offered": _to("accepted") | _LEAVES,
    "accepted": _to("placed", "fell_through"),
    "placed": _to("arrived", "no_show", "fell_through"),
    "arrived": _to("trial", "completed", "left_early", "ended_by_employer"),
    "trial": _to("completed", "left_early", "ended_by_employer"),
    "completed": _to(),
    "withdrawn": _to("submitted"),
    "rejected": _to(),
    "expired": _to(),
    "fell_through": _to(),
    "no_show": _to(),
    "left_early": _to(),
    "ended_by_employer": _to(),
}
"""From each state, the states it may move to. Withdrawn → submitted is a new revision of the same application."""

HOLDS_SEAT: frozenset[ApplicationState] = frozenset({"offered", "accepted", "placed", "arrived", "trial", "completed"})
"""States that hold a seat (matching.md, invariant 2)."""

HOLDS_SLOT: frozenset[ApplicationState] = HOLDS_SEAT | {"matched", "interviewing"}
"""States that hold an interview slot; a seat held counts as a slot held."""

ENDS: frozenset[ApplicationState] = frozenset(
    {"completed", "withdrawn", "rejected", "expired", "fell_through", "no_show", "left_early", "ended_by_employer"}
)


class IllegalMove(ValueError):
    """A move that the table does not hold. Nothing was changed."""

    def __init__(self, was: ApplicationState, to: ApplicationState) -> None:
        allowed = ", ".join(sorted(MOVES[was])) or "nothing: it is an end"
        super().__init__(f"an application that is {was} cannot become {to}; it may become {allowed}")
        self.was = was
        self.to = to


def move(was: ApplicationState, to: ApplicationState) -> ApplicationState:
    """`to`, if the table holds the move from `was`; raises IllegalMove otherwise."""
    if to not in MOVES[was]:
        raise IllegalMove(was, to)
    return to
