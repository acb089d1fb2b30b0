"""One child process: how it is started, where its words go, how it is ended.

Nothing of a child reaches the terminal; nothing that it holds is started twice.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from livefair.errors import AlreadyRunning
from services.embedded.leash import Warden, kernel_leash
from services.embedded.probes import Probe

PROBE_EVERY_S = 0.05
LOG_LIMIT = 32 << 20
"""A log file above this many bytes is set aside as NAME.log.1."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One way to start a program: its arguments, and the environment it gets."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """A child to keep alive.

    ``launch`` is asked at every start. ``holds``: a file that is locked for as long as the process lives, so that the
    data beside it never has two owners. Times are seconds.
    """

    name: str
    launch: Callable[[], Launch]
    ready: Probe
    log: Path
    slot: int = 0
    holds: Path | None = None
    start_within: float = 60.0
    stop_within: float = 10.0
    stop_signal: signal.Signals = field(default=signal.SIGTERM)

    @property
    def label(self) -> str:
        """The name, with its slot where there are several."""
        return f"{self.name}-{self.slot}" if self.slot else self.name


async def locked(file: Path, within: float) -> BinaryIO:
    """The file, locked; waits for a process that is just ending. Raises AlreadyRunning when it does not end."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = file.open("ab")
    try:
        async with asyncio.timeout(within):
            while not try_lock(handle):  # noqa: ASYNC110  (the kernel tells nobody when a lock is free)
                await asyncio.sleep(0.05)
    except TimeoutError:
        handle.close()
        raise AlreadyRunning(f"another process still uses {file.parent}: end it first.") from None
    except BaseException:
        handle.close()
        raise
    return handle


def try_lock(handle: BinaryIO) -> bool:
    """Lock an open file if nobody has; the lock lasts until every process that shares the handle has closed it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def spawn(service: Service, warden: Warden | None = None) -> asyncio.subprocess.Process:
    """Start the service's process, bound to this one's life, writing to its log file.

    Raises OSError, and AlreadyRunning when another process still holds its data.
    """
    launch = service.launch()
    holding = await locked(service.holds, within=10.0) if service.holds else None
    try:
        process = await _start(launch, service.log, holding)
    finally:
        if holding:
            holding.close()
    if warden:
        warden.watch(process.pid)
    return process


async def run_to_end(launch: Launch, log: Path) -> int:
    """Run a program that ends by itself; returns its exit code. It is killed when the caller is cancelled."""
    process = await _start(launch, log, None)
    try:
        return await process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise


async def _start(launch: Launch, log: Path, holding: BinaryIO | None) -> asyncio.subprocess.Process:
    log.parent.mkdir(parents=True, exist_ok=True)
    set_aside(log)
    with log.open("ab") as words:
        return await asyncio.create_subprocess_exec(
            *launch.arguments,
            env=dict(launch.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            # A session of its own: Ctrl-C is for us, who end our children in order.
            start_new_session=True,
            preexec_fn=kernel_leash(),
            # The lock goes with the child and is free when the child is gone, even if we went first.
            pass_fds=(holding.fileno(),) if holding else (),
        )


async def until_ready(service: Service, process: asyncio.subprocess.Process) -> bool:
    """Wait until the process is ready; False when it ended first. There is no limit but the caller's."""
    while process.returncode is None:
        if await service.ready(process.pid):
            return process.returncode is None
        await asyncio.sleep(PROBE_EVERY_S)
    return False


async def end(process: asyncio.subprocess.Process, how: signal.Signals, within: float) -> None:
    """Ask a process to end, and kill it when it does not within that many seconds."""
    with suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        async with asyncio.timeout(within):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def set_aside(log: Path) -> None:
    """Keep a log file from growing without end: above LOG_LIMIT it becomes NAME.log.1, also while it is written to."""
    try:
        if log.stat().st_size < LOG_LIMIT:
            return
    except FileNotFoundError:
        return
    # Copied and emptied, not renamed: the child appends to the file it has open.
    old = log.with_name(log.name + ".1")
    with log.open("rb") as source, old.open("wb") as target:
        shutil.copyfileobj(source, target)
    os.truncate(log, 0)


def last_lines(log: Path, count: int = 15) -> tuple[str, ...]:
    """The last lines of a log file, without their line ends."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16384))
            return tuple(deque(file.read().decode(errors="replace").splitlines(), maxlen=count))
    except FileNotFoundError:
        return ()
