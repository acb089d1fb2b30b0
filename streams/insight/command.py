"""`livefair insight`: one process that derives counters, funnels and unmet demand from the decision logs.

It runs once for a cluster, at a lower priority than what people wait for, and leaves with a reason when it must.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import structlog
import uvloop

from livefair import config, logs, topics_admin
from livefair.errors import SettingError, Unavailable
from livefair.garbage import collect_seldom
from livefair.ops import serve_ops
from livefair.reading import open_reader
from livefair.wire.topics import INSIGHT, INSIGHT_COUNTED, INSIGHT_SUMMED
from streams.insight.engine import new_engine
from streams.insight.tables import Out, Rows
from streams.insight.tally import Tally
from streams.insight.totals import Totals
from streams.insight.watch import Watch

NICENESS = 19
"""Of a busy machine, doors and desks get nearly all: a counter may be a second late, a match may not."""
STOP_S = 5.0

log = structlog.get_logger(__name__)


def insight() -> None:
    """Count sign-ups, funnels and unmet demand, and tell the fairs (settings from LIVEFAIR_*)."""
    settings = config.load()
    logs.configure(settings, "insight")
    if settings.kafka is None:
        raise SettingError("LIVEFAIR_KAFKA is not set; insight needs the host:port of Kafka")
    uvloop.run(Insight(settings, settings.kafka).run())


class Insight:
    """The service: Faust, the tables, the watch. `run` ends by a signal, or with an error that says why."""

    def __init__(self, settings: config.Settings, kafka: str) -> None:
        self._settings = settings
        self._kafka = kafka
        self._out = Out(kafka)
        self._failure: asyncio.Future[None]
        self._restored = False

    async def ready(self) -> str | None:
        """Why nothing is being counted; None when it is."""
        return None if self._restored and not self._engine.app.rebalancing else "restoring its tables"

    async def run(self) -> None:
        """Count until a signal comes. Raises Unavailable where it no longer can."""
        settings, loop = self._settings, asyncio.get_running_loop()
        await topics_admin.verify(self._kafka, settings.replication)
        self._failure = loop.create_future()
        self._engine = new_engine(self._kafka, settings.slot, settings.data / f"insight-{settings.slot}")
        app = self._engine.app
        self._tally = Tally(self._kafka, Rows(self._engine.counted, INSIGHT_COUNTED), self._out)
        self._totals = Totals(Rows(self._engine.summed, INSIGHT_SUMMED), self._out, self._ends)
        self._engine.attach(self._tally.take, self._totals.take, self._fail)
        app.on_partitions_revoked.connect(self._forget, weak=False)
        app.on_partitions_assigned.connect(self._forget, weak=False)
        await self._out.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        async with serve_ops(settings.host, settings.ops_port, self.ready):
            working = asyncio.create_task(self._work())
            try:
                await self._failure
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await app.stop()
                await self._out.close()

    async def _work(self) -> None:
        """Start Faust, wait until its tables are restored, then watch it."""
        app = self._engine.app
        try:
            await app.start()
            await app.tables.recovery.completed.wait()
            self._restored = True
            collect_seldom()
            with suppress(OSError):
                os.nice(NICENESS)  # only now: until it is ready, others wait for it
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Watch(self._kafka, self._tally, self._totals).run())
                tasks.create_task(self._until_crashed())
        except* Exception as group:  # noqa: BLE001  # whatever it was, a fresh process has its tables and the logs
            self._fail(group.exceptions[0])

    async def _until_crashed(self) -> None:
        app = self._engine.app
        await app.wait_until_stopped()
        raise Unavailable(f"Faust has stopped by itself: {app.crash_reason!r}; insight ends, to be started again.")

    def _fail(self, error: Exception) -> None:
        if not self._failure.done():
            do = "start insight anew, as `up` and a cluster do: it goes on from its tables"
            log.error("insight.failed", reason=f"{type(error).__name__}: {error}", do=do)
            said = error if isinstance(error, Unavailable) else Unavailable(f"insight cannot go on: {error!r}")
            self._failure.set_exception(said)

    def _end(self) -> None:
        if not self._failure.done():
            self._failure.set_result(None)

    async def _ends(self) -> dict[int, int]:
        async with open_reader(self._kafka) as reader:
            return {at: (await reader.bounds(INSIGHT, at)).end for at in range(INSIGHT.partitions)}

    async def _forget(self, *_: object, **__: object) -> None:
        self._tally.forget()
        self._totals.forget()
