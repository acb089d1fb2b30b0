"""One connection to Valkey that listens to the channels somebody here has subscribed to.

A connection that was lost may have taken announcements with it, so every new one is reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection

from livefair.errors import Unavailable
from livefair.valkey import RedisError, Unanswered
from livefair.wire.feed import push_key

HEARD_S = 5.0
"""After this silence the server is asked for a sign of life, and after twice of it the connection is given up."""
RETRY_S = 0.25
_PREFIX = len(push_key(""))
_unanswered = Unanswered("announcements")
log = structlog.get_logger(__name__)


class Announcements:
    """`heard(key, data)` gets every announcement, `renewed()` is called on every new connection once it listens."""

    def __init__(self, client: Redis, heard: Callable[[str, bytes], None], renewed: Callable[[], None]) -> None:
        self._client = client
        self._heard = heard
        self._renewed = renewed
        self._wanted: set[str] = set()
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._connection: AbstractConnection | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return self._connection is not None

    async def listen_to(self, key: str) -> None:
        """Returns once the server has confirmed it: every later announcement is heard. Raises Unavailable."""
        self._wanted.add(key)
        confirmed = self._confirming.setdefault(key, asyncio.get_running_loop().create_future())
        await self._send("SUBSCRIBE", push_key(key))
        try:
            async with asyncio.timeout(2 * HEARD_S):
                await asyncio.shield(confirmed)
        except TimeoutError:
            raise Unavailable("Valkey did not confirm a subscription in time") from None

    def ignore(self, key: str) -> None:
        """Nobody listens to the channel any more."""
        self._wanted.discard(key)
        self._confirming.pop(key, None)
        task = asyncio.create_task(self._unsubscribe(key))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _unsubscribe(self, key: str) -> None:
        if key not in self._wanted:  # else somebody came meanwhile
            await self._send("UNSUBSCRIBE", push_key(key))

    async def _send(self, *command: str) -> None:
        if self._connection is not None:  # else the next connection subscribes to everything wanted
            with suppress(RedisError, OSError):
                await self._connection.send_command(*command)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            connection: AbstractConnection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                await self._listen(connection)
            except (RedisError, OSError) as error:
                _unanswered(error)
                log.warning("lost the announcements", error=type(error).__name__)
            finally:
                self._connection = None
                with suppress(RedisError, OSError):
                    await connection.disconnect()
            await asyncio.sleep(RETRY_S)

    async def _listen(self, connection: AbstractConnection) -> None:
        await connection.send_command("PING")
        self._connection = connection
        names = [push_key(key) for key in self._wanted]
        for first in range(0, len(names), 1000):
            await connection.send_command("SUBSCRIBE", *names[first : first + 1000])
        left = len(names)
        if not left:
            self._renewed()
        asked = False
        while True:
            message: Any = await connection.read_response(disable_decoding=True, timeout=HEARD_S)
            if message is None:
                if asked:
                    raise ConnectionError("Valkey gives no sign of life")
                await connection.send_command("PING")
                asked = True
                continue
            asked = False
            if not isinstance(message, list):
                continue  # the answer to a PING before the first subscription
            if message[0] == b"message":
                self._heard(message[1][_PREFIX:].decode(), message[2])
            elif message[0] == b"subscribe":
                self._confirm(message[1][_PREFIX:].decode())
                left -= 1
                if left == 0:
                    self._renewed()

    def _confirm(self, key: str) -> None:
        confirmed = self._confirming.pop(key, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)
