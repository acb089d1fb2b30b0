"""`livefair gateway`: one process that answers websockets; several may share a port."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop

from livefair import config, logs, topics_admin
from livefair.errors import PortBusy
from livefair.garbage import collect_seldom
from livefair.ops import serve_ops
from livefair.tracing import traces
from services.gateway.gateway import open_gateway

log = structlog.get_logger(__name__)


def gateway() -> None:
    """Answer websockets at /ws (settings from LIVEFAIR_*)."""
    settings = config.located(config.load())
    logs.configure(settings, "gateway")
    traces.configure(settings, "gateway")
    uvloop.run(_run(settings))


async def _run(settings: config.Located) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    await topics_admin.verify(settings.kafka, settings.replication)
    async with (
        open_gateway(settings) as gateway,
        # Beside its public port, which several gateways may share: a page of metrics must be one process's own.
        serve_ops(settings.host, settings.ops_port, gateway.ready),
    ):
        try:
            port = await gateway.door.open()
        except OSError as error:
            raise PortBusy(
                f"cannot listen on {settings.host}:{settings.gateway_port}: {error.strerror}; "
                "set LIVEFAIR_GATEWAY_PORT to another port, or 0 for any."
            ) from None
        log.info("listening", port=port)
        collect_seldom()
        ending = asyncio.create_task(ended.wait())
        done, _ = await asyncio.wait([ending, *gateway.tasks], return_when=asyncio.FIRST_COMPLETED)
        await gateway.door.drain()
        for task in done - {ending}:
            task.result()  # a part that ended by itself says why
