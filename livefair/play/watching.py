"""One client's websocket at a fair: channels followed from their state on, dropped and taken up again where they were.

Every item passes its channel's witness before anybody hears of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from livefair.client import Api, Event, Live, Restart
from livefair.client.position import Position
from livefair.errors import LivefairError
from livefair.play.tally import Tally
from livefair.play.witness import Witness

CLIENT = "play"

Hear = Callable[[Event, float], None]
"""Called with an event that is new on its channel, and when it came (s of `time.perf_counter`). It must not wait."""


class Doors(NamedTuple):
    """Where the HTTP and the websocket door of one livefair are."""

    http: str
    ws: str


class Watcher:
    """Follows channels with one token. It is dropped and closed by whoever made it."""

    def __init__(self, doors: Doors, token: str, tally: Tally, hear: Hear, *, acks: bool = False) -> None:
        self.api = Api(doors.http, token)
        self._ws = doors.ws
        self._token = token
        self._tally = tally
        self._hear = hear
        self._acks = acks
        self._witnesses: dict[str, Witness] = {}
        self._positions: dict[str, Position] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._live: Live | None = None
        self._stack = AsyncExitStack()
        self._connection = AsyncExitStack()
        self._moving = asyncio.Lock()

    async def open(self) -> None:
        """Connect; `api` can be used from now on."""
        await self._stack.enter_async_context(self.api)
        await self.come_back()

    async def follow(self, channel: str) -> None:
        """Hear what the channel holds and what comes; returns once it is subscribed to. Raises LivefairError."""
        self._witnesses[channel] = self._tally.witness(channel)
        self._positions[channel] = Position()
        subscribed = asyncio.Event()
        task = self._start(channel, subscribed)
        waiting = asyncio.create_task(subscribed.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            task.result()

    async def drop(self) -> None:
        """The connection is gone, as in a tunnel."""
        async with self._moving:
            self._live = None
            await self._connection.aclose()
            await asyncio.gather(*self._following.values(), return_exceptions=True)

    async def come_back(self) -> None:
        """Connect again, and ask for what was missed."""
        async with self._moving:
            if self._live is None:
                self._live = Live(self._ws, self._token, self.api, CLIENT)
                await self._connection.enter_async_context(self._live)
                for channel in self._witnesses:
                    self._start(channel, asyncio.Event())

    async def close(self) -> None:
        """Leave for good."""
        await self.drop()
        await self._stack.aclose()

    def _start(self, channel: str, subscribed: asyncio.Event) -> asyncio.Task[None]:
        task = self._following[channel] = asyncio.create_task(self._follow(channel, subscribed))
        return task

    async def _follow(self, name: str, subscribed: asyncio.Event) -> None:
        assert self._live is not None  # noqa: S101  (connected, or coming back)
        witness, position = self._witnesses[name], self._positions[name]
        channel = self._live.channel(name, position.epoch, position.offset)
        try:
            async for item in channel:
                at = time.perf_counter()
                if isinstance(item, Restart):
                    if position.epoch:
                        self._tally.done["unrecovered"] += 1
                    witness.begin(item.offset)
                    position.begin(item.epoch, item.offset)
                    news = [event for event in (item.entities or {}).values() if witness.learn(event.id)]
                else:
                    position.offset = item.offset
                    news = [item.event] if witness.see(item.offset, item.prev, item.event.id) else []
                for event in news:
                    self._hear(event, at)
                if self._acks:
                    channel.ack(item.offset)
                subscribed.set()
        except LivefairError as error:
            self._tally.refuse(error)
            if not subscribed.is_set():
                raise
