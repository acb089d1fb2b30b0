"""Runs `livefair` services as the processes they are, and ends them by their own pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self


class Running:
    """One `livefair COMMAND`, its log in a file; ended on exit."""

    def __init__(self, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self._arguments = [sys.executable, "-m", "livefair.cli", command]
        self._environment = {**os.environ, **environment}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self._arguments, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9, and nothing after it."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """kill -9 and start anew."""
        self.kill()
        self.process = self._start()

    def keep(self) -> None:
        """Start it again if it has ended by itself, as whoever supervises it would."""
        if self.process.poll() is not None:
            self.process = self._start()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def terminate(self, within: float = 20.0) -> int:
        """SIGTERM; gives the exit code."""
        self.process.terminate()
        return self.process.wait(within)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
