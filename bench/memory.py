"""`python -m bench memory`: resident memory of every process of a `livefair up` in which nothing happens."""

from __future__ import annotations

import time
from pathlib import Path

from bench.report import Figure, Report
from bench.running import running_up

SETTLE_S = 10.0
GOALS = {"intake": "≤ 120", "gateway": "≤ 120", "worker": "≤ 120", "feeder": "≤ 120", "kafka": "≤ 450"}
TITLES = {"kafka": "Kafka", "redis": "Valkey"}


def rss_mb(pid: int) -> float:
    """Resident memory of a process in MB (10⁶ bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def measure(runs: int) -> Report:
    """The table."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        with running_up() as state:
            time.sleep(SETTLE_S)
            for name, pids in state["pids"].items():
                found.setdefault(name, []).extend(rss_mb(pid) for pid in pids)
    figures = [
        Figure(TITLES.get(name, name), "MB", values, GOALS.get(name, "")) for name, values in found.items() if values
    ]
    notes = [f"Resident set, {SETTLE_S:g} s after everything is ready, one process each."]
    return Report("Memory at rest", figures, notes)
