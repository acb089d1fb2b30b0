"""How long to wait before trying again: a bound that doubles, and chance below it, so that nobody comes in step."""

from __future__ import annotations

import random

FIRST_S, MOST_S = 0.2, 15.0


def wait_s(tries: int, at_least: float = 0.0, chance: random.Random | None = None) -> float:
    """Seconds before try number `tries` (from 0): between a quarter of the bound and all of it."""
    bound = min(MOST_S, FIRST_S * 2 ** min(tries, 16))
    part: float = (chance or random).uniform(0.25, 1.0)
    waiting: float = max(at_least, bound * part)
    return waiting
