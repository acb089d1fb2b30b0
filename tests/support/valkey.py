"""Everything that a Valkey holds, as bytes: for tests of what must not be there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis


async def contents(valkey: Redis) -> AsyncIterator[tuple[bytes, bytes]]:
    """Each key, and all of it: its name, its values and the server's own dump. A type that nobody reads here fails."""
    async for name in valkey.scan_iter():
        yield name, name + repr(await _value(valkey, name)).encode() + (await valkey.dump(name) or b"")


async def _value(valkey: Redis, name: bytes) -> Any:
    match await valkey.type(name):
        case b"string":
            return await valkey.get(name)
        case b"hash":
            return await valkey.hgetall(name)  # type: ignore[misc]
        case b"stream":
            return await valkey.xrange(name)
        case b"zset":
            return await valkey.zrange(name, 0, -1, withscores=True)
        case b"none":
            return b""  # it has just expired
        case kind:
            raise AssertionError(f"{name!r} is a {kind!r}: read it here too")
