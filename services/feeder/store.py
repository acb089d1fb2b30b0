"""What the feeder asks of Valkey: the functions of library.lua, called until the server has answered.

A server that is away is waited for, and every call may be made twice: the functions keep their own position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from redis.asyncio import Redis

from livefair.valkey import AWAY, ResponseError, Unanswered
from livefair.wire.acks import acks_key
from livefair.wire.feed import feeder_key, last_key, view_key
from services.feeder.publications import Read
from services.feeder.together import Argument, Together

LIBRARY = files("services.feeder").joinpath("library.lua").read_text()
RETRY_S = 0.25
_encoder = msgspec.msgpack.Encoder()
_unanswered = Unanswered("feed")

T = TypeVar("T")
log = structlog.get_logger(__name__)


class NeedsRebuild(Exception):
    """The partition's sentinel is not there, or is another's: nothing in Valkey may be believed."""


class Fed(NamedTuple):
    """What became of a batch. `stored` −1: records before it are missing, go back to `next`."""

    stored: int
    repeated: int
    next: int


class Sentinel(NamedTuple):
    """What Valkey says of a partition: the epoch of a completed rebuild ("": none), the next offset to read, the
    offset that `views` covers, and the highest origin by upstream."""

    epoch: str
    offset: int
    checkpoint: int
    origins: dict[str, str]


class Store:
    """Valkey as the feeder uses it. `connected` is False while the server does not answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._together = Together(client)
        self.connected = False
        self._loading = asyncio.Lock()

    async def feed(
        self, partition: int, token: str, start: int, end: int, window: int, announce: int, publications: Sequence[Read]
    ) -> Fed:
        """Store what stands from `start` to before `end`, and announce what is at `announce` or above.

        Raises NeedsRebuild.
        """
        # One argument for all the heads: the client's packing costs a microsecond for each.
        heads = _encoder.encode([each.head for each in publications])
        events = [each.event for each in publications]
        arguments: tuple[Argument, ...] = (token, start, end, window, announce, heads, *events)
        return Fed(*await self._call("livefair_feed", self._keys(partition), *arguments))

    async def begin(self, partition: int, rebuild: str, offset: int, floor: int, origins: dict[str, str]) -> None:
        """Wipe the partition and begin again at `offset`."""
        flat = [part for pair in origins.items() for part in pair]
        await self._call("livefair_begin", self._keys(partition), rebuild, offset, floor, *flat)

    async def restore(self, partition: int, rebuild: str, rows: Iterable[Argument]) -> None:
        """Put rows of `views` back: channel, entity, value in turns. Raises NeedsRebuild."""
        await self._call("livefair_restore", self._keys(partition), rebuild, *rows)

    async def complete(self, partition: int, rebuild: str, epoch: str) -> None:
        """The partition may be believed from now on. Raises NeedsRebuild."""
        await self._call("livefair_complete", self._keys(partition), rebuild, epoch)

    async def acks(self, partition: int, epoch: str, start: int, end: int, seen: Sequence[Argument]) -> int:
        """Cache what people have seen: person and offset in turns. Gives the next offset of `acks` to read."""
        answer: int = await self._call("livefair_acks", (acks_key(partition),), epoch, start, end, *seen)
        return answer

    async def sentinel(self, partition: int) -> Sentinel:
        return (await self.progress(partition, ()))[0]

    async def epochs(self, partitions: Sequence[int]) -> list[str]:
        """Under which epoch each partition stands; "" without a sentinel."""

        async def ask() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipe:
                for partition in partitions:
                    pipe.hget(feeder_key(partition), "epoch")
                return await pipe.execute()

        return [(epoch or b"").decode() for epoch in await self.until_answered(ask)]

    async def progress(self, partition: int, channels: Sequence[str]) -> tuple[Sentinel, list[bytes | None]]:
        """The sentinel and the channels' last offsets, of one moment."""

        async def ask() -> list[Any]:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hgetall(feeder_key(partition))
                if channels:
                    pipe.hmget(last_key(partition), list(channels))
                return await pipe.execute()

        found = await self.until_answered(ask)
        return _sentinel(found[0]), found[1] if channels else []

    async def rows(self, entities: dict[str, list[str]]) -> dict[str, list[bytes | None]]:
        """The events of entities by channel."""

        async def ask() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipe:
                for channel, names in entities.items():
                    pipe.hmget(view_key(channel), names)
                return await pipe.execute()

        return dict(zip(entities, await self.until_answered(ask), strict=True))

    async def mark(self, partition: int, checkpoint: int) -> None:
        """`views` covers what is before `checkpoint`."""
        await self.until_answered(lambda: self._client.hset(feeder_key(partition), "checkpoint", str(checkpoint)))

    # ------------------------------------------------------------ calling

    async def _call(self, function: str, keys: tuple[str, ...], *arguments: Argument) -> Any:
        return await self.until_answered(lambda: self._together.call(function, keys, *arguments))

    async def until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until the server has answered; it may then have done it twice. Raises NeedsRebuild."""
        while True:
            try:
                answer = await ask()
            except ResponseError as error:
                await self._mend(error)
            except AWAY as error:
                _unanswered(error)
                if self.connected:
                    log.warning("Valkey is away", error=type(error).__name__)
                self.connected = False
                await asyncio.sleep(RETRY_S)
            else:
                self.connected = True
                return answer

    async def _mend(self, error: ResponseError) -> None:
        reason = str(error)
        if reason.startswith("REBUILD"):
            raise NeedsRebuild(reason) from None
        if "unction not found" in reason:
            await self.load()
            return
        # Full, read-only, or a server without functions: nothing that asking faster would change.
        _unanswered(error)
        log.error("Valkey refuses", reason=reason[:200], do="give it memory, and let it write: this asks again")
        self.connected = False
        await asyncio.sleep(1)

    async def load(self) -> None:
        """Put our functions into the server."""
        async with self._loading:
            await self.until_answered(lambda: self._client.function_load(LIBRARY, replace=True))

    @staticmethod
    def _keys(partition: int) -> tuple[str, str]:
        return feeder_key(partition), last_key(partition)


def _sentinel(found: dict[bytes, bytes]) -> Sentinel:
    text = {key.decode(): value.decode() for key, value in found.items()}
    return Sentinel(
        epoch=text.get("epoch", ""),
        offset=int(text.get("offset", 0)),
        checkpoint=int(text.get("checkpoint", 0)),
        origins={key[2:]: value for key, value in text.items() if key.startswith("o:")},
    )
