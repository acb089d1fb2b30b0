"""Supervision with small children: readiness, order, restarts, deaths told with their last words, nobody left over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from livefair.errors import AlreadyRunning, ServiceFailed
from services.embedded import child, supervisor
from services.embedded.child import Launch, Service
from services.embedded.leash import Warden
from services.embedded.supervisor import Supervisor
from tests.support.up import alive, until

SLEEPER = "import time; print('hello', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('no', flush=True); time.sleep(600)"
)


async def _said(log: Path, word: str) -> bool:
    return log.exists() and word in log.read_text()


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Service]:
    """Makes a child of Python code that is ready when its log says `word`."""

    def make(name: str, code: str = SLEEPER, word: str = "hello", **more: Any) -> Service:
        log = tmp_path / f"{name}.log"
        launch = Launch((sys.executable, "-c", code), {"PATH": os.environ["PATH"]})

        async def ready(_pid: int) -> bool:
            return await _said(log, word)

        return Service(name, lambda: launch, ready, log, **more)

    return make


@pytest.fixture
async def supervised(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Supervisor, list[str]]]:
    """A supervisor and what it said."""
    monkeypatch.setattr(supervisor, "BACKOFF_FIRST_S", 0.05)
    notices: list[str] = []
    async with Supervisor(notices.append) as running:
        yield running, notices


async def _until(condition: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(until, condition)


async def test_a_killed_child_comes_back_however_often(
    service: Callable[..., Service], supervised: tuple[Supervisor, list[str]]
) -> None:
    running, notices = supervised
    await running.start([service("worker")])
    seen = set()
    for _ in range(3):
        (pid,) = running.pids()["worker"]
        seen.add(pid)
        os.kill(pid, signal.SIGKILL)
        await _until(lambda pid=pid: running.pids()["worker"] not in ([], [pid]))
        await running.wait_ready()
    assert running.restarts() == {"worker": 3}
    assert len(seen) == 3
    assert sum("was ended by SIGKILL" in line for line in notices) == 3


async def test_a_child_that_ends_before_it_is_ready_is_told_with_its_last_words(
    service: Callable[..., Service], supervised: tuple[Supervisor, list[str]]
) -> None:
    running, _ = supervised
    code = "import sys; print('reading settings', flush=True); sys.exit('no port for me')"
    with pytest.raises(ServiceFailed, match="intake ended with exit code 1 before it was ready") as caught:
        await running.start([service("gateway"), service("intake", code)])
    assert caught.value.log == ("reading settings", "no port for me")


async def test_a_child_that_never_becomes_ready_is_ended_and_told(
    service: Callable[..., Service], supervised: tuple[Supervisor, list[str]]
) -> None:
    running, _ = supervised
    with pytest.raises(ServiceFailed, match="feeder was not ready within 1 s"):
        await running.start([service("feeder", word="never", start_within=1.0)])
    assert running.pids() == {"feeder": []}


async def test_the_last_group_ends_first_and_the_stubborn_is_killed(
    service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[int, int | None]] = []

    async def noted(process: asyncio.subprocess.Process, how: signal.Signals, within: float) -> None:
        await child.end(process, how, within)
        ended.append((process.pid, process.returncode))

    monkeypatch.setattr(supervisor, "end", noted)
    async with Supervisor() as running:
        await running.start([service("kafka")])
        await running.start([service("intake"), service("worker", STUBBORN, "no", stop_within=0.3)])
        pids = {name: found for name, (found,) in running.pids().items()}
    assert ended == [
        (pids["intake"], -signal.SIGTERM),
        (pids["worker"], -signal.SIGKILL),
        (pids["kafka"], -signal.SIGTERM),
    ]


async def test_whoever_cannot_wait_for_the_end_may_kill(service: Callable[..., Service]) -> None:
    async with Supervisor() as running:
        await running.start([service("worker", STUBBORN, "no", stop_within=3600.0)])
        (pid,) = running.pids()["worker"]
        stopping = asyncio.create_task(running.stop())
        await asyncio.sleep(0)
        running.kill()
        await asyncio.wait_for(stopping, 30)
    assert not alive(pid)


async def test_stopping_does_not_wait_for_a_back_off(
    service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "BACKOFF_FIRST_S", 3600.0)
    async with Supervisor() as running:
        await running.start([service("worker")])
        os.kill(running.pids()["worker"][0], signal.SIGKILL)
        await _until(lambda: running.waiting() == ["worker"])
    assert running.pids() == {}


async def test_data_that_a_process_holds_has_no_second_owner(
    service: Callable[..., Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = tmp_path / "data" / "lock"
    async with Supervisor() as first:
        await first.start([service("redis", holds=holds)])
        (pid,) = first.pids()["redis"]
        with pytest.raises(AlreadyRunning, match="another process still uses"):
            await child.locked(holds, within=0.1)
        # The one who started it may be gone: the lock is the child's own, and ends with it.
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(AlreadyRunning):
            await child.locked(holds, within=0.1)
        first.kill()
        with await child.locked(holds, within=10.0):
            pass


def test_a_long_log_is_set_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOG_LIMIT", 100)
    log = tmp_path / "kafka.log"
    with log.open("ab", buffering=0) as writing:
        writing.write(b"x" * 99)
        child.set_aside(log)
        assert log.stat().st_size == 99
        writing.write(b"y")
        child.set_aside(log)
        writing.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "kafka.log.1").read_bytes() == b"x" * 99 + b"y"


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert child.last_lines(log) == ()
    log.write_bytes(b"\xff" * 20_000 + b"\n" + "一\n二\n三".encode())
    assert child.last_lines(log, 2) == ("二", "三")


ORPHANER = """
import asyncio, os, sys
from pathlib import Path
from services.embedded import leash, supervisor
from services.embedded.child import Launch, Service
if "--warden" in sys.argv:
    leash.kernel_leash = supervisor.kernel_leash = lambda: None
    import services.embedded.child as child
    child.kernel_leash = lambda: None
async def main():
    async def ready(pid): return True
    launch = Launch((sys.executable, "-c", "import time; time.sleep(600)"), dict(os.environ))
    service = Service("sleeper", lambda: launch, ready, Path(sys.argv[1]))
    async with supervisor.Supervisor() as running:
        await running.start([service])
        print(running.pids()["sleeper"][0], flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["kernel", "--warden"])
def test_nobody_outlives_a_killed_parent(tmp_path: Path, how: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANER, str(tmp_path / "log"), how], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        orphan = int(parent.stdout.readline())
    assert alive(orphan)
    parent.kill()
    parent.wait()
    until(lambda: not alive(orphan), what="the end of the orphan")


def test_a_warden_lets_live_whom_it_was_told_to_forget() -> None:
    kept, killed = (subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) for _ in range(2))
    try:
        warden = Warden()
        warden.watch(kept.pid)
        warden.watch(killed.pid)
        warden.forget(kept.pid)
        warden.close()
        assert killed.wait(10) == -signal.SIGKILL
        assert kept.poll() is None
    finally:
        kept.kill()
        kept.wait()
