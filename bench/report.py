"""Tables of minimum, median and maximum, and the sentence that says where they were measured.

A figure without its machine, commit and versions is no figure.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
_VERSIONS = ("aiokafka", "aiohttp", "websockets", "redis", "uvloop", "msgspec", "orjson")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured in each run, its unit, and what the issue asks for (empty: nothing)."""

    name: str
    unit: str
    values: Sequence[float]
    goal: str = ""


@dataclass(slots=True)
class Report:
    """One table; `notes` say how it was measured and what it leaves out."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self, console: Console) -> None:
        """Print it."""
        table = Table(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column("")
        for name in ("minimum", "median", "maximum"):
            table.add_column(name, justify="right")
        for name in ("unit", "goal"):
            table.add_column(name)
        for figure in self.figures:
            values = figure.values
            shown = [_number(value) for value in (min(values), statistics.median(values), max(values))]
            table.add_row(figure.name, *shown, figure.unit, figure.goal)
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)
        console.print()


def circumstances() -> str:
    """Machine, commit, versions, and what else the machine was doing."""
    system = f"{platform.system()} {platform.release()}"
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    machine = f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.1f} GiB, {system}"
    return (
        f"machine  {machine}; load average at the start {load}\n"
        f"commit   {_commit()}\n"
        f"versions Python {platform.python_version()}, {versions}"
    )


def cpu_seconds(pid: int) -> float:
    """Processor time that a living process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with changes that are not committed" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + changed
