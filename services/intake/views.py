"""What the channels show now, read from Valkey where the feeder keeps it.

Nothing is read as whole while the feeder's sentinel is missing: then the answer is to ask again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from livefair.errors import Unavailable
from livefair.valkey import Unanswered
from livefair.wire.feed import NO_OFFSET, feeder_key, last_key, view_key
from livefair.wire.partition import partition_of
from livefair.wire.topics import FEED
from services.intake.problems import Refused

READ_WITHIN_S = 3.0
APPEARS_WITHIN_S = 2.0
"""A row that must come, because what it follows from is in Kafka, is waited for this long."""
LOOK_EVERY_S = 0.05

# KEYS: the feeder's sentinel, the last offsets, the view. ARGV: nonce, feed key, rows (none: all).
_READ = """
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then return {ARGV[1]} end
local rows
if #ARGV == 2 then rows = redis.call('HGETALL', KEYS[3])
else rows = redis.call('HMGET', KEYS[3], unpack(ARGV, 3)) end
return {ARGV[1], epoch, redis.call('HGET', KEYS[2], ARGV[2]) or '', rows}
"""


class Shown(NamedTuple):
    """A view: the feed's epoch, its last offset (−1: none yet), each entity's last event as JSON."""

    epoch: str
    offset: int
    entities: dict[str, bytes]

    @property
    def etag(self) -> str:
        """Names this state of it."""
        return f'"{self.epoch}-{self.offset}"'


class Event(msgspec.Struct, frozen=True):
    """A row as a handler needs it."""

    type: str
    time: int
    data: dict[str, Any]


_read_event = msgspec.json.Decoder(Event).decode
_unanswered = Unanswered("views")


class Views:
    """Reads views. A caller that goes away never leaves its reply to somebody else."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(_READ)

    async def whole(self, feed_key: str) -> Shown:
        """The whole view. Raises Refused (not-whole), Unavailable."""
        epoch, offset, rows = await self._read(feed_key, ())
        entities = {rows[at].decode(): rows[at + 1] for at in range(0, len(rows), 2)}
        return Shown(epoch, offset, entities)

    async def rows(self, feed_key: str, names: Sequence[str]) -> list[Event | None]:
        """Some rows of a view, in the order of `names`. Raises Refused (not-whole), Unavailable."""
        _, _, rows = await self._read(feed_key, names)
        return [None if row is None else _read_event(row) for row in rows]

    async def row(self, feed_key: str, name: str, *, within_s: float = APPEARS_WITHIN_S) -> Event | None:
        """One row, waited for; None where it did not appear in time. Raises Refused (not-whole), Unavailable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while True:
            (row,) = await self.rows(feed_key, (name,))
            if row is not None or loop.time() >= until:
                return row
            await asyncio.sleep(LOOK_EVERY_S)

    async def _read(self, feed_key: str, names: Sequence[str]) -> tuple[str, int, list[Any]]:
        partition = partition_of(FEED, feed_key)
        nonce = os.urandom(8).hex()
        work = asyncio.ensure_future(
            self._script(
                keys=[feeder_key(partition), last_key(partition), view_key(feed_key)], args=[nonce, feed_key, *names]
            )
        )
        # Never cancelled: a command that was given up would leave its reply to the connection's next user.
        done, _ = await asyncio.wait({work}, timeout=READ_WITHIN_S)
        if not done:
            work.add_done_callback(_forget)
            raise _unanswered()
        try:
            answer = work.result()
        except (RedisError, OSError) as error:
            raise _unanswered(error) from None
        if answer[0] != nonce.encode():
            await self._redis.connection_pool.disconnect()
            raise Unavailable("Valkey answered somebody else")
        if len(answer) == 1:
            raise Refused("not-whole")
        return answer[1].decode(), int(answer[2]) if answer[2] else NO_OFFSET, answer[3]


def snapshot_json(channel: str, shown: Shown) -> bytes:
    """The body of a snapshot; the events are put in as they are."""
    entities = {name: orjson.Fragment(event) for name, event in sorted(shown.entities.items())}
    return orjson.dumps({"channel": channel, "epoch": shown.epoch, "offset": shown.offset, "entities": entities})


def _forget(work: asyncio.Future[Any]) -> None:
    if not work.cancelled():
        work.exception()
