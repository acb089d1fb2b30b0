"""How many connections read a channel, here and at the other gateways.

Each gateway says every few seconds what it has, under a key that expires: one that died is forgotten by itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

from redis.asyncio import Redis

from livefair.errors import Unavailable
from services.gateway.hot import Hot

SAY_S = 3.0
FORGET_S = 10
_ALL = "gateways"
"""A set of the gateways that have lately said something, by the time (s) at which they are forgotten."""


def presence_key(gateway: str) -> str:
    """A hash from feed key to the number of its readers at that gateway."""
    return f"presence:{gateway}"


class Presence:
    """`counts` gives this gateway's own readers by feed key."""

    def __init__(self, client: Redis, hot: Hot, counts: Callable[[], Mapping[str, int]]) -> None:
        self._client = client
        self._hot = hot
        self._counts = counts
        self._name = secrets.token_hex(6)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(Unavailable):  # nothing is lost by saying it later
                await self._hot.answered(self._say(dict(self._counts())))
            await asyncio.sleep(SAY_S)

    async def count(self, key: str) -> int:
        """Readers of the channel everywhere. Raises Unavailable."""
        here = self._counts().get(key, 0)
        return here + await self._hot.answered(self._elsewhere(key))

    async def _say(self, counts: dict[str, int]) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            now = int((await self._client.time())[0])
            pipe.zremrangebyscore(_ALL, "-inf", now)
            pipe.zadd(_ALL, {self._name: now + FORGET_S})
            pipe.delete(presence_key(self._name))
            if counts:
                pipe.hset(presence_key(self._name), mapping=counts)  # type: ignore[arg-type]
                pipe.expire(presence_key(self._name), FORGET_S)
            await pipe.execute()

    async def _elsewhere(self, key: str) -> int:
        names: list[bytes] = await self._client.execute_command("ZRANGE", _ALL, 0, -1)  # type: ignore[no-untyped-call]
        others = [name for name in names if name.decode() != self._name]
        if not others:
            return 0
        async with self._client.pipeline(transaction=False) as pipe:
            for name in others:
                pipe.hget(presence_key(name.decode()), key)
            return sum(int(count) for count in await pipe.execute() if count is not None)
