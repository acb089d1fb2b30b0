"""Waits for what must come; only a generous deadline ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_S = 60.0


async def until(ask: Callable[[], Awaitable[T]], fine: Callable[[T], bool] = bool, within: float = DEADLINE_S) -> T:
    """Ask again and again until the answer is fine; fails with the last answer."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        answer = await ask()
        if fine(answer):
            return answer
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"after {within:g} s it was still {answer!r}")
        await asyncio.sleep(0.05)
