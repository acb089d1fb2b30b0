"""`python -m bench latency`: a sign-up's acknowledgement at the phone to the push in the host's socket.

Load, doors, streams, Kafka and Valkey all share this machine; the load is `livefair simulate`.
"""

from __future__ import annotations

from typing import Any

from bench.report import Figure, Report, cpu_seconds
from bench.running import answer, running_up

WARM_UP_S = 10
GOAL_RATE, GOAL_P50, GOAL_P99 = 200, "≤ 15", "≤ 60"
"""The goals are for this rate."""
NAMES = {"kafka": "Kafka", "redis": "Valkey"}


def measure(runs: int, rate: float, seconds: int) -> Report:
    """The table. Java compiles what is hot only after a while, so one run before the others is thrown away."""
    loads = ("--rate", str(rate), "--seconds")
    found: list[dict[str, Any]] = []
    used: dict[str, list[float]] = {}
    with running_up() as state:
        data = state["data"]
        answer("simulate", *loads, str(WARM_UP_S), data=data)
        for _ in range(runs):
            before = {name: sum(map(cpu_seconds, pids)) for name, pids in state["pids"].items() if pids}
            found.append(answer("simulate", *loads, str(seconds), data=data))
            for name, cpu in before.items():
                taken = sum(map(cpu_seconds, state["pids"][name])) - cpu
                used.setdefault(name, []).append(taken * 1000 / found[-1]["accepted"])
    at_goal = rate == GOAL_RATE
    figures = [
        Figure("p50", "ms", [one["latency_ms"]["p50"] for one in found], GOAL_P50 if at_goal else ""),
        Figure("p99", "ms", [one["latency_ms"]["p99"] for one in found], GOAL_P99 if at_goal else ""),
        Figure("accepted", "per s", [one["accepted"] / one["seconds"] for one in found]),
        *(Figure(f"processor: {NAMES.get(name, name)}", "ms each", values) for name, values in used.items()),
    ]
    faults = sum(one["lost"] + one["doubled"] + one["holes"] for one in found)
    people, applications = (sum(one[name] for one in found) for name in ("accepted", "applications"))
    return Report(
        f"A sign-up accepted to the push in the host's socket, {rate:g} a second",
        figures,
        [
            f"{people:,} sign-ups with {applications:,} applications, each timed; lost, doubled or torn: {faults}.",
            "An even pace that waits for nobody; everything is on this machine, the load too.",
            "Processor time is for each sign-up, and includes what the process does besides.",
        ],
    )
