"""The SDK's parts without I/O: the chain, the waits."""

from __future__ import annotations

import random

from livefair.client.position import Position
from livefair.client.waits import MOST_S, wait_s


def test_a_position_moves_along_the_chain_only() -> None:
    position = Position("e", 10)
    assert position.take(10, 7) == "repeat"
    assert position.take(12, 11) == "gap"
    assert position.offset == 10
    assert position.take(12, 10) == "next"
    assert position.take(15, 3) == "next"  # its prev was taken before
    assert position.offset == 15


def test_waits_double_up_to_a_bound_and_differ() -> None:
    chance = random.Random(1)
    assert all(wait_s(tries, chance=chance) <= MOST_S for tries in range(100))
    assert wait_s(0, chance=chance) < wait_s(5, chance=chance)
    assert wait_s(0, at_least=30.0) == 30.0
    assert len({wait_s(4, chance=chance) for _ in range(20)}) == 20
