"""/healthz, /readyz and /metrics, the same for every service: as routes of an app, as a server of its own, or by hand.

Alive means that the loop answers and asks nobody; ready means that the service says so itself.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

Readiness = Callable[[], Awaitable[str | None]]
"""Answers None when ready, else why not, in a few words without personal data. It must return within a second."""


class Answer(NamedTuple):
    """An HTTP answer to a probe."""

    status: int
    content_type: str
    body: bytes


PATHS = ("/healthz", "/readyz", "/metrics")


async def probe(path: str, ready: Readiness, registry: CollectorRegistry = REGISTRY) -> Answer | None:
    """The answer to one of PATHS, None for any other path; for servers that are not aiohttp."""
    if path == "/healthz":
        return Answer(200, "application/json", b'{"alive":true}')
    if path == "/readyz":
        reason = await ready()
        # The process id tells apart those that share one port.
        body = {"ready": reason is None, "pid": os.getpid()} | ({} if reason is None else {"reason": reason})
        return Answer(200 if reason is None else 503, "application/json", orjson.dumps(body))
    if path == "/metrics":
        return Answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
    return None


def add_probes(app: web.Application, ready: Readiness, registry: CollectorRegistry = REGISTRY) -> None:
    """Mount the three routes on an app that is there anyway."""

    async def answer(request: web.Request) -> web.Response:
        found = await probe(request.path, ready, registry)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(
            status=found.status,
            body=found.body,
            headers={"Content-Type": found.content_type, "Cache-Control": "no-store"},
        )

    for path in PATHS:
        app.router.add_get(path, answer)


@asynccontextmanager
async def serve_ops(
    host: str, port: int, ready: Readiness, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[int]:
    """Serve the probes while the block runs; gives the port. Port 0 (the setting's default) serves nothing.

    Raises OSError when the port is taken.
    """
    if port == 0:
        yield 0
        return
    app = web.Application()
    add_probes(app, ready, registry)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield port
    finally:
        await runner.cleanup()
