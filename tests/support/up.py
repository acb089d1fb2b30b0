"""`livefair up --json` as a process: in a directory of its own on free ports, ended with its test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

READY_S = 120.0
END_S = 40.0


class RunningUp:
    """One `livefair up --json`. ``state`` is its first line, ``words`` what it said on stderr so far."""

    def __init__(
        self, data: Path, options: Sequence[str] = (), program: Sequence[str] = ("-m", "livefair.cli", "up")
    ) -> None:
        self.data = data
        where = ("--data", str(data), "--port", "0", "--gateway-port", "0", "--json")
        self.process = subprocess.Popen(
            [sys.executable, *program, *where, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self.words: list[str] = []
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()
        self.state: dict[str, Any] = {}

    def ready(self) -> RunningUp:
        """Wait for the first line."""
        stuck = threading.Timer(READY_S, self.process.kill)
        stuck.start()
        try:
            line = self._stdout.readline()
        finally:
            stuck.cancel()
        if not line:
            self.end()
            raise AssertionError(f"up ended with {self.process.returncode}:\n{''.join(self.words)}")
        self.state = json.loads(line)
        return self

    def pids(self) -> list[int]:
        """Every child that it told of."""
        return [pid for found in self.state.get("pids", {}).values() for pid in found]

    def end_by_itself(self) -> int:
        """Wait for its end; returns its exit code."""
        self.process.wait(READY_S)
        return self.end()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code. Fails when it takes longer than it may."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._hearing.join(5)
            self._stdout.close()
            self._stderr.close()
        return status

    @property
    def _stdout(self) -> Any:
        return self.process.stdout

    @property
    def _stderr(self) -> Any:
        return self.process.stderr

    def _hear(self) -> None:
        for line in self._stderr:
            self.words.append(line)


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def resident_kib(pid: int) -> int:
    """Resident memory of a process, KiB."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def children(pid: int) -> list[int]:
    """Living direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return sorted(found)


def until(condition: Callable[[], Any], within: float = 30.0, what: str = "it") -> Any:
    """Wait until a condition holds and return its value; the limit only ends a test that would never end."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        time.sleep(0.02)
    return value
