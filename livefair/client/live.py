"""The websocket of a client: one connection that comes back by itself, and tells its channels when it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Any, Self

import msgspec
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

from livefair.client.api import Api
from livefair.client.channel import Channel, Lost, Refused
from livefair.client.position import Event, Position, Publication, Restart
from livefair.client.waits import wait_s
from livefair.errors import NotAllowed, Unavailable
from livefair.wire.closing import wait_before_return
from livefair.wire.feed import NO_OFFSET
from livefair.wire.session import SUBPROTOCOL

ANSWER_S = 20.0
MAX_ANSWER_BYTES = 64 << 20
ACK_S = 0.1


class Live:
    """One websocket to `url` that comes back by itself. `token` may be a function, asked at each connection."""

    def __init__(
        self, url: str, token: str | Callable[[], str] = "", api: Api | None = None, client: str = "python/1"
    ) -> None:
        self.url = url
        self.api = api
        self.connected = asyncio.Event()
        self._token = token
        self._client = client
        self._channels: dict[str, Channel] = {}
        self._socket: ClientConnection | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ids = count(1)
        self._tries = 0
        self._seen: dict[str, int] = {}
        self._acking: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels.values():
            channel.end(None)
        for task in (self._running, self._acking):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    # ------------------------------------------------------------ channels

    def channel(self, name: str, epoch: str = "", offset: int = NO_OFFSET) -> Channel:
        """Subscribe, after `offset` in `epoch` where something is known of the channel already."""
        if name in self._channels:
            raise ValueError(f"{name} is subscribed to")
        channel = self._channels[name] = Channel(self, name, Position(epoch, offset))
        if self.connected.is_set():
            channel.ask()
        return channel

    async def events(self, name: str) -> AsyncIterator[Event]:
        """Each event of a channel: first the last of each row of its state, then what happens.

        The state comes again where the way from the last event could not be found. Raises as iterating a Channel does;
        without an `api` there is no state, only what happens.
        """
        channel = self.channel(name)
        try:
            async for item in channel:
                if isinstance(item, Restart):
                    for event in (item.entities or {}).values():
                        yield event
                else:
                    yield item.event
        finally:
            await channel.close()

    async def leave(self, channel: Channel) -> None:
        """Unsubscribe."""
        self._channels.pop(channel.name, None)
        self._seen.pop(channel.name, None)
        with suppress(Lost, Refused):
            await self.request(unsubscribe={"channel": channel.name})

    async def presence(self, name: str) -> int:
        """How many connections read the channel. Raises Refused, Unavailable."""
        try:
            return int((await self.request(presence={"channel": name}))["presence"]["count"])
        except Lost:
            raise Unavailable("the connection was lost before the answer") from None

    def acknowledge(self, name: str, offset: int) -> None:
        """See `Channel.ack`."""
        if offset > self._seen.get(name, NO_OFFSET):
            self._seen[name] = offset
            if self._acking is None or self._acking.done():
                self._acking = asyncio.create_task(self._acknowledge_soon())

    async def _acknowledge_soon(self) -> None:
        await asyncio.sleep(ACK_S)  # acknowledgements are cumulative: of several the last is enough
        for name, offset in list(self._seen.items()):
            with suppress(Lost):
                await self._send({"ack": {"channel": name, "offset": offset}})

    # ------------------------------------------------------------ the connection

    async def request(self, **command: Any) -> dict[str, Any]:
        """The answer to a command. Raises Refused, Lost."""
        identifier = next(self._ids)
        answer = self._waiting[identifier] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"id": identifier, **command})
            async with asyncio.timeout(ANSWER_S):
                reply: dict[str, Any] = await answer
                return reply
        except TimeoutError:
            if self._socket is not None:
                await self._socket.close()
            raise Lost from None
        finally:
            self._waiting.pop(identifier, None)

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None:
            raise Lost
        try:
            await self._socket.send(orjson.dumps(message).decode())
        except ConnectionClosed:
            raise Lost from None

    async def _run(self) -> None:
        while True:
            wait: float | None = 0.0
            try:
                async with connect(
                    self.url,
                    subprotocols=[Subprotocol(SUBPROTOCOL)],
                    compression=None,
                    max_size=MAX_ANSWER_BYTES,
                    close_timeout=1,
                ) as self._socket:
                    await self._talk(self._socket)
            except ConnectionClosed as closed:
                wait = wait_before_return(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else 0.0
            except (Lost, OSError, TimeoutError, InvalidHandshake, InvalidMessage):
                pass
            except Refused as refused:
                self._end(NotAllowed(str(refused)))
                return
            finally:
                self._lost()
            if wait is None:
                self._end(NotAllowed("the gateway closed the connection for good"))
                return
            await asyncio.sleep(wait_s(self._tries, wait))
            self._tries += 1

    async def _talk(self, socket: ClientConnection) -> None:
        """Until the connection ends; says by its exception why."""
        reading, greeting = asyncio.create_task(self._read(socket)), asyncio.create_task(self._greet())
        try:
            await asyncio.wait({reading, greeting}, return_when=asyncio.FIRST_COMPLETED)
            if greeting.done():
                greeting.result()
            await reading
        finally:
            reading.cancel()
            greeting.cancel()
            await asyncio.gather(reading, greeting, return_exceptions=True)

    async def _greet(self) -> None:
        token = self._token() if callable(self._token) else self._token
        await self.request(connect={"token": token, "client": self._client})
        self._tries = 0
        self.connected.set()
        for channel in self._channels.values():
            channel.ask()
        if self._seen:
            self._acking = asyncio.create_task(self._acknowledge_soon())

    def _lost(self) -> None:
        self._socket = None
        self.connected.clear()
        for channel in self._channels.values():
            channel.stop()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Lost())
                answer.exception()  # whoever waited may have gone too

    def _end(self, why: Exception) -> None:
        for channel in self._channels.values():
            channel.end(why)

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = orjson.loads(text)
            if "push" in message:
                channel = self._channels.get(message["push"]["channel"])
                if channel is not None:
                    await channel.take(msgspec.convert(message["push"], Publication))
            elif "skipped" in message:
                channel = self._channels.get(message["skipped"]["channel"])
                if channel is not None:
                    channel.skip(message["skipped"]["offset"], message["skipped"]["prev"])
            else:
                self._answered(message)
        raise Lost

    def _answered(self, message: dict[str, Any]) -> None:
        answer = self._waiting.get(message.get("id", -1))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(Refused(message["error"]["type"], message["error"]["title"]))
        else:
            answer.set_result(message)
