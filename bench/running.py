"""`livefair` as others start it: processes of this installation, on free ports, in a directory that goes with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from bench.report import ROOT

END_S = 40.0
FREE_PORTS = ("--port", "0", "--gateway-port", "0")


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without the settings of a livefair that somebody has running."""
    kept = ("LIVEFAIR_CACHE", "LIVEFAIR_MAVEN_MIRROR")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIVEFAIR_") or name in kept}
    return clean | {"PYTHONPATH": str(ROOT)} | changes


def command(*words: str) -> list[str]:
    """`livefair …` of this installation."""
    return [sys.executable, "-m", "livefair.cli", *words]


def answer(*words: str, data: str) -> dict[str, Any]:
    """What a command prints as JSON. SystemExit where it fails."""
    done = subprocess.run(
        command(*words, "--json"), env=environment(LIVEFAIR_DATA=data), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"livefair {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


@contextmanager
def running(words: Sequence[str], data: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command while the block runs; stopped by SIGINT, as by Ctrl-C. What it says on stderr goes to ours."""
    process = subprocess.Popen(
        command(*words),
        env=environment(LIVEFAIR_DATA=data, **settings),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextmanager
def running_up(**settings: str) -> Iterator[dict[str, Any]]:
    """`livefair up` in a directory of its own, with these variables; what it says of itself when it is ready."""
    with (
        tempfile.TemporaryDirectory(prefix="livefair-bench-") as data,
        running(["up", *FREE_PORTS, "--json"], data, **settings) as process,
    ):
        assert process.stdout is not None  # noqa: S101
        line = process.stdout.readline()
        if not line:
            raise SystemExit("livefair up did not become ready")
        state: dict[str, Any] = orjson.loads(line)
        yield state
