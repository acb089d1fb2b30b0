"""A client that sends exactly what a test wants and reads exactly what comes: no SDK in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from livefair.wire.session import SUBPROTOCOL

ANSWER_S = 30.0


class RawClient:
    """One websocket; `ask` gives the answer with its id, pushes are kept in `pushes`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pushes: list[dict[str, Any]] = []
        self.others: list[dict[str, Any]] = []
        self._id = 0

    async def send(self, message: Any) -> None:
        await self.socket.send(message if isinstance(message, str | bytes) else orjson.dumps(message).decode())

    async def next(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        async with asyncio.timeout(ANSWER_S):
            message: dict[str, Any] = orjson.loads(await self.socket.recv())
        if "push" in message:
            self.pushes.append(message["push"])
        return message

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and give its answer."""
        self._id += 1
        await self.send({"id": self._id, **command})
        while True:
            message = await self.next()
            if message.get("id") == self._id:
                return message
            if "push" not in message:
                self.others.append(message)

    async def connect(self, token: str = "") -> dict[str, Any]:
        return await self.ask(connect={"token": token, "client": "test"})

    async def subscribe(self, channel: str, since: tuple[str, int] | None = None) -> dict[str, Any]:
        body: dict[str, Any] = {"channel": channel}
        if since is not None:
            body["since"] = {"epoch": since[0], "offset": since[1]}
        return await self.ask(subscribe=body)

    async def pushed(self, count: int) -> list[dict[str, Any]]:
        """At least so many pushes, as they came."""
        while len(self.pushes) < count:
            await self.next()
        return self.pushes


@asynccontextmanager
async def raw_client(url: str, **options: Any) -> AsyncIterator[RawClient]:
    async with connect(url, subprotocols=[SUBPROTOCOL], compression=None, **options) as socket:  # type: ignore[list-item]
        yield RawClient(socket)
