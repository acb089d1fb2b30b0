"""`python -m bench start`: from `livefair demo` typed to its block of addresses, with everything downloaded before."""

from __future__ import annotations

import tempfile
import time

from bench.report import Figure, Report
from bench.running import FREE_PORTS, running

READY = "livefair is ready"


def measure(runs: int) -> Report:
    """The table. The first start in a directory makes Kafka's files and the topics; the others find them there."""
    first, again = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="livefair-bench-") as data:
            first.append(_ready_after(data))
            again.append(_ready_after(data))
    return Report(
        "Start: `livefair demo` to ready",
        [
            Figure("in a new data directory", "s", first, "≤ 20"),
            Figure("again in the same one", "s", again, "≤ 20"),
        ],
        ["Jars and Java's class cache are there already; the imports of Python are part of it."],
    )


def _ready_after(data: str) -> float:
    began = time.monotonic()
    with running(["demo", *FREE_PORTS], data) as process:
        for line in process.stdout or ():
            if READY in line:
                return time.monotonic() - began
        raise SystemExit("livefair demo ended before it was ready")
