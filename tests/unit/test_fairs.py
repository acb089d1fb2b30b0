"""The life of a fair: scheduled → live ⇄ paused → closed."""

from __future__ import annotations

import itertools
from typing import get_args

import msgspec
import pytest

from livefair.domain.fairs import MOVES, Fair, FairState

STATES: tuple[FairState, ...] = get_args(FairState)
ALLOWED = {
    ("scheduled", "live"),
    ("scheduled", "closed"),
    ("live", "paused"),
    ("live", "closed"),
    ("paused", "live"),
    ("paused", "closed"),
}


def a_fair(state: FairState) -> Fair:
    return Fair(fair="f1", title="周五专场", host="张主播", owner="h1", starts="2026-11-25T19:00:00+08:00", state=state)


@pytest.mark.parametrize(("was", "to"), list(itertools.product(STATES, STATES)))
def test_a_move(was: FairState, to: FairState) -> None:
    assert a_fair(was).may_become(to) == (was == to or (was, to) in ALLOWED)
    assert (to in MOVES[was]) == ((was, to) in ALLOWED)


@pytest.mark.parametrize("state", STATES)
def test_sign_ups_are_open_until_it_is_closed(state: FairState) -> None:
    assert a_fair(state).takes_sign_ups == (state != "closed")


def test_a_fair_starts_scheduled_with_nothing_pinned() -> None:
    fair = Fair(fair="f1", title="-", host="-", owner="h1", starts="2026-11-25T19:00:00+08:00")
    assert (fair.state, fair.pinned) == ("scheduled", None)


def test_a_fair_is_changed_by_making_another() -> None:
    fair = a_fair("live")
    with pytest.raises(AttributeError):
        fair.state = "closed"  # type: ignore[misc]
    assert msgspec.structs.replace(fair, state="closed").state == "closed"
    assert fair.state == "live"
