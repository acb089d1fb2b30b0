"""Keeps children alive: starts them group by group, each behind its readiness gate, and ends them the other way round.

Before a child was ready once, its death is a failure to start, told with its last words; after that it is restarted
however often it dies.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from livefair.errors import AlreadyRunning, ServiceFailed
from services.embedded.child import PROBE_EVERY_S, Service, end, last_lines, set_aside, spawn, until_ready
from services.embedded.leash import Warden, kernel_leash

BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 3.0
STABLE_S = 10.0
"""Who ran this long starts over with the shortest back-off."""
LOG_CHECK_EVERY_S = 30.0

Notice = Callable[[str], None]


@dataclass(slots=True, eq=False)
class _Kept:
    service: Service
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    restarts: int = 0


class Supervisor:
    """Children in groups. ``notice`` gets a line for whoever becomes ready or dies.

    Use it as a context manager: leaving it ends every child.
    """

    def __init__(self, notice: Notice = lambda _: None) -> None:
        self._notice = notice
        self._groups: list[list[_Kept]] = []
        self._stopping = asyncio.Event()
        self._warden = None if kernel_leash() else Warden()
        self._logs: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._logs = asyncio.create_task(self._watch_logs())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, services: Sequence[Service]) -> None:
        """Start a group and wait until every one of it is ready; one group at a time. Raises ServiceFailed."""
        group = [_Kept(service) for service in services]
        self._groups.append(group)
        try:
            async with asyncio.TaskGroup() as tasks:
                for kept in group:
                    tasks.create_task(self._begin(kept))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def pids(self) -> dict[str, list[int]]:
        """Living processes by the name of their service, in the order of their slots."""
        found: dict[str, list[int]] = {}
        for group in self._groups:
            for kept in group:
                alive = kept.process is not None and kept.process.returncode is None
                found.setdefault(kept.service.name, []).extend([kept.process.pid] if alive and kept.process else [])
        return found

    def restarts(self) -> dict[str, int]:
        """How often each service was restarted, by label."""
        return {kept.service.label: kept.restarts for group in self._groups for kept in group}

    def waiting(self) -> list[str]:
        """Labels of those that are not ready now."""
        return [kept.service.label for group in self._groups for kept in group if not kept.ready.is_set()]

    async def wait_ready(self) -> None:
        """Wait until every child is ready again."""
        for group in self._groups:
            for kept in group:
                await kept.ready.wait()

    async def stop(self) -> None:
        """End every child, the last group first; one that does not go in its time is killed."""
        self._stopping.set()
        if self._logs:
            self._logs.cancel()
        while self._groups:
            await asyncio.gather(*(self._end(kept) for kept in self._groups[-1]))
            self._groups.pop()  # only now: `kill` must still find those that are being waited for
        if self._warden:
            await asyncio.to_thread(self._warden.close)

    def kill(self) -> None:
        """Kill every child at once; for whoever cannot wait for `stop`."""
        for group in self._groups:
            for kept in group:
                if kept.process is not None and kept.process.returncode is None:
                    with suppress(ProcessLookupError):
                        kept.process.kill()

    async def _begin(self, kept: _Kept) -> None:
        began = asyncio.get_running_loop().time()
        process = await self._spawn(kept)
        if not await self._reach(kept, process):
            raise await self._failure(kept, process)
        kept.ready.set()
        self._notice(f"{kept.service.label} is ready after {asyncio.get_running_loop().time() - began:.1f} s")
        kept.task = asyncio.create_task(self._keep(kept))

    async def _spawn(self, kept: _Kept) -> asyncio.subprocess.Process:
        try:
            kept.process = await spawn(kept.service, self._warden)
        except OSError as error:
            raise ServiceFailed(f"{kept.service.label} cannot be started: {error}.") from None
        return kept.process

    async def _reach(self, kept: _Kept, process: asyncio.subprocess.Process) -> bool:
        """Wait until the process is ready; False when it ended first or its time is over."""
        try:
            async with asyncio.timeout(kept.service.start_within):
                return await until_ready(kept.service, process)
        except TimeoutError:
            return False

    async def _failure(self, kept: _Kept, process: asyncio.subprocess.Process) -> ServiceFailed:
        label, log = kept.service.label, kept.service.log
        if process.returncode is None:
            await end(process, kept.service.stop_signal, kept.service.stop_within)
            sentence = f"{label} was not ready within {kept.service.start_within:.0f} s"
        else:
            sentence = f"{label} {_how_it_ended(process.returncode)} before it was ready"
        return ServiceFailed(f"{sentence}; the last lines of {log}:", log=last_lines(log))

    async def _keep(self, kept: _Kept) -> None:
        loop = asyncio.get_running_loop()
        backoff = BACKOFF_FIRST_S
        while kept.process is not None:
            began = loop.time()
            status = await kept.process.wait()
            if self._warden:
                self._warden.forget(kept.process.pid)
            if self._stopping.is_set():
                return
            kept.ready.clear()
            if loop.time() - began >= STABLE_S:
                backoff = BACKOFF_FIRST_S
            self._notice(f"{kept.service.label} {_how_it_ended(status)}; it starts again in {backoff:.1f} s")
            if await self._stopped_within(backoff):
                return
            backoff = min(backoff * 2, BACKOFF_LAST_S)
            await self._again(kept)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _again(self, kept: _Kept) -> None:
        try:
            process = await self._spawn(kept)
        except (ServiceFailed, AlreadyRunning) as error:
            self._notice(error.message)
            return
        kept.restarts += 1
        if await self._reach(kept, process):
            kept.ready.set()
            self._notice(f"{kept.service.label} is back")
        elif process.returncode is None and not self._stopping.is_set():
            self._notice(f"{kept.service.label} is not ready after {kept.service.start_within:.0f} s and is ended")
            await end(process, kept.service.stop_signal, kept.service.stop_within)

    async def _end(self, kept: _Kept) -> None:
        # The keeper is never cancelled: it may be starting a process that nobody else would know of.
        keeper = {kept.task} if kept.task else set()
        while True:
            if kept.process is not None and kept.process.returncode is None:
                await end(kept.process, kept.service.stop_signal, kept.service.stop_within)
            if not keeper or (await asyncio.wait(keeper, timeout=PROBE_EVERY_S))[0]:
                return

    async def _watch_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK_EVERY_S)
            for group in self._groups:
                for kept in group:
                    set_aside(kept.service.log)


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return f"ended with exit code {status}"
    return f"was ended by {signal.Signals(-status).name}"
