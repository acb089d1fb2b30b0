"""One gateway: its parts put together, run side by side, ended together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livefair import keyring
from livefair.config import Located
from livefair.ops import Readiness
from livefair.valkey import new_client
from services.directory import Directory
from services.gateway.acks import Acks
from services.gateway.beginning import Beginnings
from services.gateway.control import Control
from services.gateway.history import History
from services.gateway.hot import Hot
from services.gateway.hub import Hub
from services.gateway.peer import Rooms
from services.gateway.presence import Presence
from services.gateway.recovery import Recovery
from services.gateway.server import Door
from services.writer import Writer


class Gateway:
    """What `open_gateway` gives: the door, the tasks behind it, and why it may not be ready."""

    def __init__(self, door: Door, tasks: list[asyncio.Task[None]], ready: Readiness) -> None:
        self.door = door
        self.tasks = tasks
        self.ready = ready


@asynccontextmanager
async def open_gateway(settings: Located) -> AsyncIterator[Gateway]:
    """Everything of a gateway but its port, which `door.open` opens. Waits for Kafka. Raises SettingError."""
    secret = keyring.read(settings).token
    client, subscriber = new_client(settings.redis), new_client(settings.redis, connections=2)
    writer = Writer(settings.kafka)
    try:
        async with Directory(settings.kafka) as directory, History(settings.kafka) as history:
            hot = Hot(client)

            def hub_renewed() -> None:
                hub.renew_all()

            control = Control(settings.kafka, hub_renewed)
            recovery = Recovery(hot, history, lambda: control.epoch)
            hub = Hub(subscriber, hot, recovery, lambda: control.epoch)
            presence = Presence(client, hot, hub.counts)
            beginnings = Beginnings(hot, recovery, lambda: control.epoch)
            rooms = Rooms(hub, hot, beginnings, control, Acks(writer), presence, directory, secret)

            async def ready() -> str | None:
                if not control.epoch:
                    return "the feed has no epoch yet"
                return None if hub.connected else "Valkey does not answer"

            tasks = [asyncio.create_task(each.run()) for each in (control, hub, presence)]
            try:
                yield Gateway(Door(settings, rooms, ready), tasks, ready)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await writer.close()
        await client.aclose()
        await subscriber.aclose()
