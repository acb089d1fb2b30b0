"""One channel of a client: publications in order, each once, or the word that it begins anew.

Its position moves only along its own chain of `prev`; where a link is missing, it asks again from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import msgspec

from livefair.client.api import Api
from livefair.client.position import Item, Position, Publication, Restart
from livefair.client.waits import wait_s
from livefair.errors import LivefairError, RemoteError
from livefair.wire.session import UNAVAILABLE

QUEUED = 10_000
"""Publications of a channel that wait for whoever iterates; more make the gateway wait, and then close."""


class Refused(RemoteError):
    """The gateway refused a command for good; `type` is its name."""

    def __init__(self, kind: str, title: str) -> None:
        super().__init__(f"{kind}: {title}")
        self.type = kind


class Lost(Exception):
    """The connection ended before the answer; the next one asks again."""


class Connection(Protocol):
    """What a channel needs of the connection."""

    @property
    def api(self) -> Api | None: ...

    async def request(self, **command: Any) -> dict[str, Any]:
        """The answer to a command. Raises Refused, Lost."""
        ...

    async def leave(self, channel: Channel, /) -> None: ...

    def acknowledge(self, name: str, offset: int, /) -> None: ...


class Channel:
    """Iterate it: publications in order, each once; a Restart where the way from the last one could not be found."""

    def __init__(self, live: Connection, name: str, position: Position) -> None:
        self.name = name
        self.position = position
        self._live = live
        self._items: asyncio.Queue[Item | Exception | None] = asyncio.Queue(QUEUED)
        self._flowing = False
        self._kept: list[Publication] = []
        self._asking: asyncio.Task[None] | None = None

    def ack(self, offset: int) -> None:
        """Everything up to `offset` was seen; said soon, and again after a reconnection."""
        self._live.acknowledge(self.name, offset)

    async def close(self) -> None:
        """Leave the channel; whoever iterates it comes to the end."""
        await self._live.leave(self)
        self.end(None)

    async def __aiter__(self) -> AsyncIterator[Item]:
        while (item := await self._items.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    # ------------------------------------------------------------ for the connection

    def ask(self, again: bool = False) -> None:
        """Subscribe on the connection there is now; `again`: it has the channel already, with a link missing."""
        self.stop()
        self._asking = asyncio.create_task(self._ask(again))

    def stop(self) -> None:
        """What comes from now on waits until the next subscription is answered."""
        self._flowing = False
        self._kept.clear()
        if self._asking is not None and self._asking is not asyncio.current_task():
            self._asking.cancel()

    async def _ask(self, again: bool) -> None:
        for tries in count():
            try:
                if again:
                    with suppress(Refused):
                        await self._live.request(unsubscribe={"channel": self.name})
                body: dict[str, Any] = {"channel": self.name}
                if self.position.epoch:
                    body["since"] = {"epoch": self.position.epoch, "offset": self.position.offset}
                await self._begin((await self._live.request(subscribe=body))["subscribed"])
            except Lost:
                return  # the next connection asks
            except Refused as refused:
                if refused.type != UNAVAILABLE.type:
                    self.end(refused)
                    return
            except LivefairError as error:  # the snapshot was refused
                self.end(error)
                return
            else:
                return
            await asyncio.sleep(wait_s(tries))

    async def _begin(self, reply: dict[str, Any]) -> None:
        publications = [msgspec.convert({**each, "channel": self.name}, Publication) for each in reply["publications"]]
        if not reply["recovered"]:
            epoch, offset, entities = reply["epoch"], reply["offset"], None
            if self._live.api is not None:
                epoch, offset, entities = await self._live.api.snapshot(self.name)
            self.position.begin(epoch, offset)
            await self._items.put(Restart(self.name, epoch, offset, entities, tuple(publications)))
            publications = []
        for each in publications:
            if not await self._next(each):
                return
        while self._kept:
            if not await self._next(self._kept.pop(0)):
                return
        self._flowing = True

    async def take(self, publication: Publication) -> None:
        """A publication came."""
        if self._flowing:
            await self._next(publication)
        else:
            self._kept.append(publication)

    async def _next(self, publication: Publication) -> bool:
        verdict = self.position.take(publication.offset, publication.prev)
        if verdict == "next":
            await self._items.put(publication)
        elif verdict == "gap":
            self.ask(again=True)
        return verdict != "gap"

    def skip(self, offset: int, prev: int) -> None:
        """The gateway left out what came up to `offset`, for a reader as slow as this one."""
        if self._flowing and self.position.take(offset, prev) == "gap":
            self.ask(again=True)

    def end(self, why: Exception | None) -> None:
        """Nothing comes any more."""
        self.stop()
        if self._items.full():
            self._items.get_nowait()  # it is the end that must be heard
        self._items.put_nowait(why)
