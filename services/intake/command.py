"""`livefair intake`: the HTTP door as a process of its own.

It listens only when it can take a sign-up, and stops by taking no more, finishing what it has, and going.
"""

from __future__ import annotations

import asyncio
import errno
import signal
from contextlib import suppress

import structlog
import uvloop
from aiohttp import web

from livefair import config, keyring, logs, topics_admin
from livefair.errors import PortBusy, Unavailable
from livefair.garbage import collect_seldom
from livefair.tracing import traces
from services.intake import metrics
from services.intake.app import build
from services.intake.door import Door, open_door

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 10.0
IDLE_S = 75.0
"""A connection that sends nothing for this long is closed."""


def intake() -> None:
    """Serve HTTP: the API, the pages, the probes."""
    settings = config.located(config.load())
    logs.configure(settings, "intake")
    traces.configure(settings, "intake")
    secrets = keyring.read(settings)
    uvloop.run(_serve(settings, secrets))


async def _serve(settings: config.Located, secrets: keyring.Keyring) -> None:
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    serving = asyncio.Event()
    working = asyncio.create_task(_run(settings, secrets, serving, stop))
    told = asyncio.create_task(stop.wait())
    await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set() and serving.is_set():
        await asyncio.wait({working}, timeout=3 * STOP_WITHIN_S)
    # Told to stop while it still waited for Kafka, it has nothing to finish.
    told.cancel()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _run(settings: config.Located, secrets: keyring.Keyring, serving: asyncio.Event, stop: asyncio.Event) -> None:
    await topics_admin.verify(settings.kafka, settings.replication)
    async with open_door(settings, secrets) as door:
        await _filled(door)
        metrics.HELD.set_function(lambda: door.submissions.held)
        runner = web.AppRunner(
            build(settings, door),
            access_log=None,
            keepalive_timeout=IDLE_S,
            shutdown_timeout=STOP_WITHIN_S,
            auto_decompress=False,
        )
        await runner.setup()
        try:
            await _listen(runner, settings)
            serving.set()
            collect_seldom()
            await stop.wait()
            log.info("stopping")
        finally:
            await runner.cleanup()


async def _filled(door: Door) -> None:
    """Wait until the index of keys can be believed."""
    while True:
        try:
            if await door.index.is_whole():
                return
            await door.index.fill()
        except Unavailable as error:
            log.warning("waiting for the index of keys", reason=error.message)
            await asyncio.sleep(0.5)


async def _listen(runner: web.AppRunner, settings: config.Located) -> None:
    try:
        site = web.TCPSite(runner, settings.host, settings.http_port)
        await site.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortBusy(
            f"port {settings.http_port} of {settings.host} is taken: end the program that listens there, "
            "or set LIVEFAIR_HTTP_PORT to another one."
        ) from None
    addresses = [f"{address[0]}:{address[1]}" for address in runner.addresses]
    log.info("listening", addresses=addresses)
