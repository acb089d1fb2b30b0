"""The transition table of applications against the sentences of matching.md, "States of an application"."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from livefair.domain.applications import (
    ENDS,
    HOLDS_SEAT,
    HOLDS_SLOT,
    MOVES,
    ApplicationState,
    IllegalMove,
    move,
)

STATES: tuple[ApplicationState, ...] = get_args(ApplicationState)


def into(state: ApplicationState) -> set[ApplicationState]:
    """The states from which one may move to `state`."""
    return {was for was, allowed in MOVES.items() if state in allowed}


@pytest.mark.parametrize(
    "life",
    [
        "submitted matched offered accepted placed arrived completed",
        "submitted waitlisted reviewing matched interviewing offered accepted placed arrived trial completed",
        "submitted waitlisted matched offered accepted placed arrived trial ended_by_employer",
        "submitted withdrawn submitted matched offered accepted fell_through",
        "submitted rejected",
        "submitted expired",
        "submitted matched offered accepted placed no_show",
        "submitted matched offered accepted placed fell_through",
        "submitted matched offered accepted placed arrived left_early",
        "submitted matched offered withdrawn",
    ],
)
def test_a_life(life: str) -> None:
    first, *rest = life.split()
    state: ApplicationState = first  # type: ignore[assignment]
    for to in rest:
        state = move(state, to)  # type: ignore[arg-type]
    assert state == rest[-1]


def test_every_state_has_its_row_and_every_move_leads_to_a_state() -> None:
    assert set(MOVES) == set(STATES)
    assert set().union(*MOVES.values()) <= set(STATES)


def test_every_state_is_reached_from_submitted() -> None:
    reached: set[ApplicationState] = {"submitted"}
    while more := set().union(*(MOVES[state] for state in reached)) - reached:
        reached |= more
    assert reached == set(STATES)


def test_ends_are_reached_only_from_where_the_rules_say() -> None:
    before_acceptance = {"submitted", "waitlisted", "reviewing", "matched", "interviewing", "offered"}
    assert into("withdrawn") == into("rejected") == into("expired") == before_acceptance
    assert into("fell_through") == {"accepted", "placed"}
    assert into("no_show") == {"placed"}
    assert into("left_early") == into("ended_by_employer") == {"arrived", "trial"}


def test_an_end_is_the_end_but_for_applying_again_after_withdrawal() -> None:
    assert {state for state in ENDS if MOVES[state]} == {"withdrawn"}
    assert MOVES["withdrawn"] == {"submitted"}
    assert {state for state in STATES if not MOVES[state]} | {"withdrawn"} == ENDS


def test_nobody_is_accepted_without_an_offer_or_placed_without_an_acceptance() -> None:
    assert into("accepted") == {"offered"}
    assert into("placed") == {"accepted"}
    assert into("arrived") == {"placed"}


def test_what_holds_a_seat_and_what_a_slot() -> None:
    """Invariant 2: a seat is held from the open offer on, a slot also while matched and interviewing."""
    seats = {"offered", "accepted", "placed", "arrived", "trial", "completed"}
    assert seats == HOLDS_SEAT
    assert seats | {"matched", "interviewing"} == HOLDS_SLOT
    assert {"completed"} == HOLDS_SLOT & ENDS


@pytest.mark.parametrize(("was", "to"), list(itertools.product(STATES, STATES)))
def test_a_move_is_in_the_table_or_raises(was: ApplicationState, to: ApplicationState) -> None:
    if to in MOVES[was]:
        assert move(was, to) == to
    else:
        with pytest.raises(IllegalMove) as refused:
            move(was, to)
        assert (refused.value.was, refused.value.to) == (was, to)
        assert f"an application that is {was} cannot become {to}" in str(refused.value)


def test_a_refused_move_says_what_may_be_done() -> None:
    with pytest.raises(IllegalMove, match=r"it may become fell_through, placed$"):
        move("accepted", "withdrawn")
    with pytest.raises(IllegalMove, match="nothing: it is an end"):
        move("rejected", "submitted")
