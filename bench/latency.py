"""`python -m bench latency`: from a sign-up's tap, and from its acknowledgement, to the push in the host's socket.

Load, doors, streams, Kafka and Valkey all share this machine. The load is `livefair simulate`; its own processor time,
and by how much it fell behind its pace, stand in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bench.report import Figure, Report, cpu_seconds
from bench.running import answer, running_up

WARM_UP_S = 10
WARM_UP_RATE = 200
RATES = (200, 500, 1000)
GOALS: Mapping[tuple[float, str], str] = {
    (200, "p50"): "≤ 15",
    (200, "p99"): "≤ 60",
    (1000, "p50"): "≤ 10",
    (1000, "p99"): "≤ 50",
}
"""Of the time from the acknowledgement, in ms."""
NAMES = {"kafka": "Kafka", "redis": "Valkey", "load": "the load itself"}


class Run(NamedTuple):
    """What `simulate` says of a run, and the processor time of each program in it, ms for each sign-up."""

    said: dict[str, Any]
    used: dict[str, float]


def measure(runs: int, rates: Sequence[float], seconds: int) -> Report:
    """The table. Java compiles what is hot only after a while, so one run before the others is thrown away."""
    report = Report("A sign-up to the push in the host's socket")
    # Everything comes from one address here: its limit counts as ever, but must not be what is measured.
    with running_up(LIVEFAIR_SIGNUPS_PER_SECOND=f"{10 * max(rates):.0f}") as state:
        _run(state, WARM_UP_RATE, WARM_UP_S)
        for rate in rates:
            found = [_run(state, rate, seconds) for _ in range(runs)]
            report.figures += _figures(rate, found)
            report.notes.append(_note(rate, [run.said for run in found]))
    report.notes += [
        "An even pace that waits for nobody; everything is on this machine, the load too.",
        "Processor time is for each sign-up, and includes what the process does besides.",
        "Behind its pace: how much later than planned the load set out on a sign-up; it is no part of the latencies.",
    ]
    return report


def _run(state: Mapping[str, Any], rate: float, seconds: int) -> Run:
    before = {name: sum(map(cpu_seconds, pids)) for name, pids in state["pids"].items() if pids}
    said = answer("simulate", "--rate", f"{rate:g}", "--seconds", str(seconds), data=state["data"])
    after = {name: sum(map(cpu_seconds, state["pids"][name])) for name in before}
    used = {name: after[name] - cpu for name, cpu in before.items()} | {"load": said["own_cpu_s"]}
    return Run(said, {name: cpu * 1000 / said["accepted"] for name, cpu in used.items()})


def _figures(rate: float, found: Sequence[Run]) -> Iterable[Figure]:
    for title, key in (
        ("acknowledged", "latency_ms"),
        ("tapped", "from_tap_ms"),
        ("load behind its pace", "behind_ms"),
    ):
        for percentile in ("p50", "p99"):
            goal = GOALS.get((rate, percentile), "") if key == "latency_ms" else ""
            values = [run.said[key][percentile] for run in found]
            yield Figure(f"{rate:>4g}/s  {title}: {percentile}", "ms", values, goal)
    yield Figure(f"{rate:>4g}/s  accepted", "per s", [run.said["accepted"] / run.said["seconds"] for run in found])
    for name in found[0].used:
        values = [run.used[name] for run in found]
        yield Figure(f"{rate:>4g}/s  processor: {NAMES.get(name, name)}", "ms each", values)
    yield Figure(f"{rate:>4g}/s  processor: all together", "ms each", [sum(run.used.values()) for run in found])


def _note(rate: float, said: Sequence[Mapping[str, Any]]) -> str:
    faults = sum(one["lost"] + one["doubled"] + one["holes"] for one in said)
    refused = sum(sum(one["refused"].values()) for one in said)
    people, applications = (sum(one[name] for one in said) for name in ("accepted", "applications"))
    return (
        f"{rate:g}/s: {people:,} sign-ups with {applications:,} applications, each timed; "
        f"lost, doubled or torn: {faults}; refused: {refused}."
    )
