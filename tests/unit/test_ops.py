"""Probes: alive asks nobody, ready says why not, metrics are Prometheus text; on an app of one's own or on theirs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from livefair.ops import probe, serve_ops


async def _never_asked() -> str | None:
    raise AssertionError("alive must ask nobody")


async def _ready() -> str | None:
    return None


async def _restoring() -> str | None:
    return "restoring jobs-3"


async def test_alive_asks_nobody() -> None:
    answer = await probe("/healthz", _never_asked)
    assert answer is not None
    assert answer.status == 200


async def test_ready_names_the_process_and_says_why_not() -> None:
    ready = await probe("/readyz", _ready)
    assert ready is not None
    assert ready.status == 200
    assert json.loads(ready.body) == {"ready": True, "pid": os.getpid()}
    waiting = await probe("/readyz", _restoring)
    assert waiting is not None
    assert waiting.status == 503
    assert json.loads(waiting.body)["reason"] == "restoring jobs-3"


async def test_any_other_path_is_not_ours() -> None:
    assert await probe("/ws", _ready) is None


async def test_the_server_answers_while_its_block_runs(free_port: Callable[[], int]) -> None:
    registry = CollectorRegistry()
    Counter("livefair_folded", "inputs", registry=registry).inc(3)
    port = free_port()
    async with serve_ops("127.0.0.1", port, _restoring, registry) as served, aiohttp.ClientSession() as session:
        assert served == port
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 200
            assert "livefair_folded_total 3.0" in await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain")
        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_port_zero_serves_nothing() -> None:
    async with serve_ops("127.0.0.1", 0, _ready) as port:
        assert port == 0
