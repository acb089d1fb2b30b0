"""One process on one core that folds a whole `jobs` topic with the seat ledger, and says what that took.

Usage: python -m bench.ledger_process KAFKA CORE fed|unfed  (a line of JSON on stdout)
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
import uvloop
from aiokafka import TopicPartition

from livefair import config
from livefair.garbage import collect_seldom
from livefair.kafka import new_reader, start_client, stop_client
from livefair.logs import configure
from livefair.wire.decisions import MatchDecision
from livefair.wire.topics import JOBS
from streams.fold import Route
from streams.ledger import LedgerFold
from streams.stage import Stage

POLL_S = 0.005


class Unfed(LedgerFold):
    """The same rules and the same log, without telling any channel."""

    def routes(self, decision: MatchDecision, ident: str) -> Iterable[Route]:  # noqa: ARG002
        """Nothing: the inputs of this bench give the ledger nothing to tell the desk either."""
        return ()


class Watched(Stage[Any, Any, Any]):
    """The stage as it is, and how far it has come."""

    @property
    def begun(self) -> bool:
        """Whether a partition is being folded."""
        return any(hold.running for hold in self._holds.values())

    def done(self, ends: Mapping[int, int]) -> bool:
        """Whether every input before `ends` is decided, and what follows from it acknowledged."""
        holds = self._holds
        return all(at in holds and holds[at].settled() and holds[at].routed >= end - 1 for at, end in ends.items())


def cpu_s() -> float:
    """Seconds of processor that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def fold_all(kafka: str, fed: bool) -> dict[str, float]:
    """Fold everything that `jobs` holds; what it took."""
    ends = await ends_of(kafka)
    stage = Watched(LedgerFold() if fed else Unfed(), kafka, slot=0)
    before = cpu_s()
    running = asyncio.create_task(stage.run())
    await _until(lambda: stage.begun, running)
    began = time.perf_counter()
    await _until(lambda: stage.done(ends), running)
    ended, used = time.perf_counter(), cpu_s() - before
    decided = stage.decided
    stage.stop()
    await running
    return {"inputs": sum(ends.values()), "decisions": decided, "wall_s": ended - began, "cpu_s": used}


async def _until(reached: Callable[[], bool], running: asyncio.Task[None]) -> None:
    while not reached():
        if running.done():
            running.result()
            raise SystemExit("the stage ended by itself")
        await asyncio.sleep(POLL_S)


async def ends_of(kafka: str) -> dict[int, int]:
    """The next offset of each partition of `jobs`."""
    reader = new_reader(kafka)
    await start_client(reader)
    try:
        ends = await reader.end_offsets([TopicPartition(JOBS.name, number) for number in range(JOBS.partitions)])
    finally:
        await stop_client(reader)
    return {at.partition: end for at, end in ends.items()}


def main() -> None:
    """Run it; see the top of this file."""
    kafka, core, kind = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    configure(config.load(log_level="warning"), "bench")
    collect_seldom()
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(fold_all(kafka, kind == "fed"))) + b"\n")


if __name__ == "__main__":
    main()
