"""`livefair feeder`: one process that brings the feed from Kafka into Valkey."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import uvloop

from livefair import config, logs, topics_admin
from livefair.garbage import collect_seldom
from livefair.ops import serve_ops
from livefair.tracing import traces
from livefair.valkey import new_client
from services.feeder.feeder import Feeder
from services.writer import Writer


def feeder() -> None:
    """Bring the feed from Kafka into Valkey (settings from LIVEFAIR_*)."""
    settings = config.located(config.load())
    logs.configure(settings, "feeder")
    traces.configure(settings, "feeder")
    uvloop.run(_run(settings))


async def _run(settings: config.Located) -> None:
    await topics_admin.verify(settings.kafka, settings.replication)
    client = new_client(settings.redis)
    writer = Writer(settings.kafka)
    feeder = Feeder(settings, client, writer)
    try:
        async with serve_ops(settings.host, settings.ops_port, feeder.ready):
            task = asyncio.create_task(feeder.run())
            collect_seldom()
            loop = asyncio.get_running_loop()
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(each, task.cancel)
            with suppress(asyncio.CancelledError):
                await task
    finally:
        await writer.close()
        await client.aclose()
