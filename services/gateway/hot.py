"""What a gateway reads from Valkey: a channel's hot window, last offsets, acknowledgements, one row of a view.

All of a question is answered in one step of the server, and nothing is believed without the feeder's sentinel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from redis.asyncio import Redis

from livefair.errors import Unavailable
from livefair.valkey import RedisError, Unanswered
from livefair.wire.acks import acks_key, person_of
from livefair.wire.channels import candidate_channel
from livefair.wire.feed import NO_OFFSET, Class, Publication, feeder_key, last_key, stream_key, view_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import ACKS, FEED

MOST = 10_000
"""Publications that one resume may bring; who missed more takes the snapshot."""

HOLDER_S = 2.0
"""The desk says who holds a person's token within milliseconds of the sign-up; a door waits so long for it."""
_LOOK_S = 0.05

T = TypeVar("T")


class Window(NamedTuple):
    """A channel in Valkey: the epoch of its partition ("": not to be believed), its last offset, and the newest
    publications after the one that was asked for."""

    epoch: str
    last: int
    publications: list[Publication]


class _Data(msgspec.Struct, frozen=True):
    holder: str = ""


class _Person(msgspec.Struct, frozen=True):
    data: _Data


_person = msgspec.json.Decoder(_Person)
_unanswered = Unanswered("window")


class Hot:
    """Valkey, as a gateway reads it. Every call raises Unavailable where it does not answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def tail(self, key: str) -> Window:
        """The channel's last offset only."""
        epoch, last = await self._together(_epoch_of(key), _last_of(key))
        return Window(_text(epoch), NO_OFFSET if last is None else int(last), [])

    async def after(self, key: str, offset: int) -> Window:
        """What the window holds after `offset`, oldest first; at most MOST + 1."""
        start = "-" if offset < 0 else f"({offset}-1"
        epoch, last, entries = await self._together(
            _epoch_of(key), _last_of(key), ("XRANGE", stream_key(key), start, "+", "COUNT", MOST + 1)
        )
        return Window(
            _text(epoch), NO_OFFSET if last is None else int(last), [_publication(*entry) for entry in entries]
        )

    async def lasts(self, partition: int, keys: Sequence[str]) -> tuple[str, dict[str, int]]:
        """The partition's epoch, and the last offset of each channel that has one."""
        epoch, found = await self._together(
            ("HGET", feeder_key(partition), "epoch"), ("HMGET", last_key(partition), *keys)
        )
        return _text(epoch), {key: int(last) for key, last in zip(keys, found, strict=True) if last is not None}

    async def seen(self, key: str, epoch: str) -> int:
        """Up to which offset the person has acknowledged."""
        person = person_of(key)
        cache = acks_key(partition_of(ACKS, person))
        of, offset = await self._together(("HGET", cache, ":epoch"), ("HGET", cache, person))
        return int(offset) if offset is not None and _text(of) == epoch else NO_OFFSET

    async def primary_holder(self, candidate: str) -> str:
        """Who signed up first as this candidate. Raises Unavailable while the candidate desk has not decided it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + HOLDER_S
        while (holder := await self._holder(candidate)) is None:
            if loop.time() > until:
                raise Unavailable("the sign-up has not been decided yet")
            await asyncio.sleep(_LOOK_S)
        return holder

    async def _holder(self, candidate: str) -> str | None:
        key = candidate_channel(candidate)
        epoch, row = await self._together(_epoch_of(key), ("HGET", view_key(key), "person"))
        if not epoch or row is None:
            return None
        try:
            return _person.decode(row).data.holder or None
        except msgspec.DecodeError:
            return None

    async def _together(self, *commands: Sequence[str | int]) -> list[Any]:
        async def ask() -> list[Any]:
            async with self._client.pipeline(transaction=True) as pipe:
                for command in commands:
                    pipe.execute_command(*command)
                return await pipe.execute()

        return await self.answered(ask())

    async def answered(self, asking: Awaitable[T]) -> T:
        """The answer to a command. It is awaited to its end, also when whoever asked has gone."""
        try:
            return await asyncio.shield(asyncio.ensure_future(asking))
        except (RedisError, OSError) as error:
            raise _unanswered(error) from None


def _epoch_of(key: str) -> tuple[str, str, str]:
    return "HGET", feeder_key(partition_of(FEED, key)), "epoch"


def _last_of(key: str) -> tuple[str, str, str]:
    return "HGET", last_key(partition_of(FEED, key)), key


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode()


def _publication(identifier: bytes, fields: Any) -> Publication:
    if not isinstance(fields, dict):
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
    offset = int(identifier.partition(b"-")[0])
    return Publication(offset, int(fields[b"p"]), cast("Class", fields[b"c"].decode()), msgspec.Raw(fields[b"e"]))


def announced(data: bytes) -> tuple[Publication, bytes]:
    """What an announcement says, `offset SP prev SP class SP trail SP event`: the publication, and its trail."""
    offset, prev, class_, trail, event = data.split(b" ", 4)
    return Publication(int(offset), int(prev), cast("Class", class_.decode()), msgspec.Raw(event)), trail
