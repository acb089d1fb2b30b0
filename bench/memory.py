"""`python -m bench memory`: resident memory of every process of a `livefair up` at rest, and of one connection more."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bench.connections import SPARE_FILES, Orders, raise_limit
from bench.report import ROOT, Figure, Report
from bench.running import running_up
from livefair import config, keyring, tokens
from livefair.client import Api
from livefair.domain.access import Claims

SETTLE_S = 10.0
CALM_S = 3.0
GOALS = {
    "intake": "≤ 120",
    "gateway": "≤ 120",
    "worker": "≤ 120",
    "feeder": "≤ 120",
    "insight": "≤ 130",
    "kafka": "≤ 450",
}
TITLES = {"kafka": "Kafka", "redis": "Valkey"}
FIRST = 100
"""Connections that come and go before any is counted: what the first ones bring along is not theirs."""
SHARES = {"on one channel": True, "each on its own": False}


def rss_bytes(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def measure(runs: int, connections: int) -> Report:
    """The table. Each share of each run has a new gateway, as memory that was used once is used again."""
    raise_limit(connections + SPARE_FILES)
    rest: dict[str, list[float]] = {}
    each: dict[str, list[float]] = {title: [] for title in SHARES}
    for _ in range(runs):
        for title, shared in SHARES.items():
            with running_up() as state:
                time.sleep(SETTLE_S)
                for name, pids in state["pids"].items():
                    rest.setdefault(name, []).extend(rss_bytes(pid) / 1e6 for pid in pids)
                each[title].append(_of_one(state, connections, shared) / 1024)
    figures = [
        Figure(TITLES.get(name, name), "MB", values, GOALS.get(name, "")) for name, values in rest.items() if values
    ]
    figures += [Figure(f"gateway, one more connection, {title}", "KiB", values) for title, values in each.items()]
    notes = [
        f"Resident set, {SETTLE_S:g} s after everything is ready, one process each.",
        f"A connection: what {connections:,} idle subscribed websockets add to the gateway, divided by their number.",
    ]
    return Report("Memory at rest, and of a connection", figures, notes)


def _of_one(state: Mapping[str, Any], connections: int, shared: bool) -> float:
    """Bytes that one connection more takes."""
    secrets = keyring.read(config.load(data=Path(state["data"])))
    fair = asyncio.run(_fair(state["http"], secrets.token)) if shared else ""
    (gateway,) = state["pids"]["gateway"]
    orders = Orders(state["ws"], fair, FIRST, secrets.token, int(time.time()))
    with _connected(orders):
        pass
    time.sleep(CALM_S)
    before = rss_bytes(gateway)
    with _connected(msgspec.structs.replace(orders, count=connections)):
        time.sleep(CALM_S)
        return (rss_bytes(gateway) - before) / connections


@contextmanager
def _connected(orders: Orders) -> Iterator[None]:
    """The connections, subscribed, while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.connections"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(msgspec.json.encode(orders) + b"\n")
        process.stdin.flush()
        if not process.stdout.readline():
            raise SystemExit("the connections could not be made")
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


async def _fair(http: str, secret: bytes) -> str:
    token = tokens.mint(secret, Claims("host", "bench", (), ""), int(time.time()))
    async with Api(http, token) as api:
        return await api.create_fair("bench", "2026-11-24T19:00:00+08:00", "bench")
