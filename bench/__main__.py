"""`python -m bench [start] [latency] [stage] [memory] [intake] [hops]`: the tables, all of them where none is named."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from bench import hops, intake, latency, ledger, memory, start
from bench.report import Report, circumstances


class Name(StrEnum):
    """The tables."""

    start = "start"
    latency = "latency"
    stage = "stage"
    memory = "memory"
    intake = "intake"
    hops = "hops"


def main(
    tables: Annotated[list[Name] | None, typer.Argument(help="Which tables.", show_default="all")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often each figure is measured.")] = 3,
    rate: Annotated[
        list[float] | None,
        typer.Option(min=1, help="latency, hops: sign-ups a second.", show_default="latency 200, 500, 1000; hops 200"),
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="latency, hops: seconds of a run.")] = 15,
    inputs: Annotated[int, typer.Option(min=1000, help="stage: applications of a run.")] = 300_000,
    connections: Annotated[int, typer.Option(min=100, help="memory: websockets.")] = 2_000,
    requests: Annotated[int, typer.Option(min=1000, help="intake: sign-ups of a round.")] = 20_000,
) -> None:
    """Measure livefair on this machine and print tables of minimum, median and maximum."""
    measures: dict[Name, Callable[[], Report]] = {
        Name.start: lambda: start.measure(runs),
        Name.latency: lambda: latency.measure(runs, rate or latency.RATES, seconds),
        Name.stage: lambda: ledger.measure(runs, inputs),
        Name.memory: lambda: memory.measure(runs, connections),
        Name.intake: lambda: intake.measure(runs, requests),
        Name.hops: lambda: hops.measure(runs, (rate or [200])[0], seconds),
    }
    console = Console(width=120)
    console.print(circumstances(), highlight=False)
    console.print()
    for name in tables or list(Name):
        measures[name]().show(console)


if __name__ == "__main__":
    typer.run(main)
