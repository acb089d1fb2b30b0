"""`livefair worker`: one process that runs the three stages, and leaves with a reason when it can no longer.

A stage that fails for good ends the process: a fresh one restores from the log, which is the only state there is.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

import structlog
import uvloop

from livefair import config
from livefair.errors import LivefairError, SettingError
from livefair.garbage import collect_seldom
from livefair.logs import configure
from livefair.ops import serve_ops
from livefair.tracing import traces
from streams.desk import DeskFold
from streams.fair import FairFold
from streams.ledger import LedgerFold
from streams.stage import Stage, StageFailed

log = structlog.get_logger()

AnyStage = Stage[Any, Any, Any]


def stages(kafka: str, slot: int) -> Sequence[AnyStage]:
    """The three stages as this worker runs them."""
    return [Stage(FairFold(), kafka, slot), Stage(DeskFold(), kafka, slot), Stage(LedgerFold(), kafka, slot)]


def worker() -> None:
    """Run the fair desk, the candidate desk and the seat ledger (settings from LIVEFAIR_*)."""
    settings = config.load()
    configure(settings, "worker")
    traces.configure(settings, "worker")
    if settings.kafka is None:
        raise SettingError("LIVEFAIR_KAFKA is not set; a worker needs the host:port of Kafka")
    collect_seldom()
    try:
        uvloop.run(_run(stages(settings.kafka, settings.slot), settings.host, settings.ops_port))
    except* LivefairError as group:
        raise group.exceptions[0] from None


async def _run(running: Sequence[AnyStage], host: str, ops_port: int) -> None:
    def stop() -> None:
        for stage in running:
            stage.stop()

    async def ready() -> str | None:
        waiting = [stage.fold.name for stage in running if not stage.ready]
        return f"not yet folding: {', '.join(waiting)}" if waiting else None

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with serve_ops(host, ops_port, ready), asyncio.TaskGroup() as tasks:
        for stage in running:
            tasks.create_task(_until_stopped(stage))


async def _until_stopped(stage: AnyStage) -> None:
    try:
        await stage.run()
    except* StageFailed as group:
        do = "start the worker anew, as `up` and a cluster do; if that repeats, look whether two run in one slot"
        log.error("stage.failed", stage=stage.fold.name, reason=str(group.exceptions[0]), do=do)
        raise
