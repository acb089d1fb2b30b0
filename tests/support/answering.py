"""A process that is a service only to its supervisor: it answers the probes where a service of that name would.

Usage: python -m tests.support.answering NAME [--die]  (settings from LIVEFAIR_*, like a real one)
"""

from __future__ import annotations

import asyncio
import sys

from livefair import config
from livefair.ops import serve_ops


async def ready() -> str | None:
    return None


async def main(name: str) -> None:
    settings = config.located(config.load())
    if "--die" in sys.argv:
        sys.exit(f"{name} has nothing to live for")
    port = {"intake": settings.http_port, "gateway": settings.gateway_port}.get(name, settings.ops_port)
    async with serve_ops(settings.host, port, ready):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
