"""`livefair demo` and `livefair simulate` as anyone runs them: real processes, the real doors, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.up import RunningUp, until

pytestmark = [pytest.mark.kafka, pytest.mark.valkey]

ROOT = Path(__file__).parents[2]
FREE = ("--port", "0", "--gateway-port", "0")
STUCK_S = 240.0


def livefair(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "livefair.cli", *words],
        env=environment(data),
        capture_output=True,
        text=True,
        timeout=STUCK_S,
    )


def environment(data: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LIVEFAIR_DATA": str(data)}


def of(data: Path) -> list[int]:
    """Every living process that was told of this directory, by its arguments or its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            known = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(data).encode() in known and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own server)
        body: bytes = answer.read()
        return body


def test_a_headless_demo_plays_and_finds_nothing_lost(tmp_path: Path) -> None:
    words = ("demo", "--headless", "--seconds", "10", "--rate", "26", "--seed", "7", "--json", *FREE)
    done = livefair(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["clean"] is True
    assert summary["lost"] == summary["doubled"] == summary["differing"] == 0
    assert summary["seen"] == {"missing": 0, "doubled": 0, "holes": 0, "contradicted": 0}
    assert summary["seed"] == 7
    assert summary["people"] == 260
    assert summary["sign_ups"] >= 260
    assert summary["applications"] == summary["audit"]["acknowledged"] > 200
    assert summary["submitted"] >= summary["applications"], "those open to any job are suggested one"
    assert 0 < summary["matched"] <= summary["submitted"]
    assert summary["offers"] > 0
    assert summary["accepted"] + summary["declined"] <= summary["offers"]
    assert 0 <= summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]
    assert summary["phones"]["batch"] == 30
    assert all(summary["phones"].values()), "each habit shows itself at least once"
    assert summary["refused"].pop("fair-closed") == 3, "who comes after the end is told so"
    assert set(summary["refused"]) <= {"not-found"}, summary["refused"]
    assert (tmp_path / "demo").is_dir(), "it keeps its data apart from that of `up`"
    assert of(tmp_path) == []


def test_a_demo_shows_where_to_look_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "livefair.cli", "demo", "--rate", "10", *FREE]
    process = subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        told: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition("  ")
            told[name] = value.strip().partition("  ")[0]
            if name == "reset":
                break
        assert {"host page", "host token", "candidates", "data", "stop"} <= set(told)
        assert b"<html" in get(told["host page"])
        assert b"<html" in get(told["candidates"])
        fair = told["candidates"].rpartition("/")[2]
        origin = told["pages"].rstrip("/")
        until(lambda: json.loads(get(f"{origin}/v1/fairs/{fair}"))["pinned"], what="a pin")
    finally:
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    assert "everything has ended" in words
    assert of(tmp_path) == []


@pytest.fixture
def running(livefair_up: Callable[..., RunningUp]) -> RunningUp:
    return livefair_up()


def test_load_on_a_running_livefair(running: RunningUp) -> None:
    def simulated(*words: str) -> dict[str, Any]:
        done = livefair(running.data, "simulate", "--rate", "20", "--seconds", "3", "--json", *words)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    acks = running.data / "acks.txt"
    first = simulated("--seed", "1", "--acks", str(acks))
    again = simulated("--fair", first["fair"], "--seed", "2", "--acks", str(acks))
    for found in (first, again):
        assert found["accepted"] == found["sent"] == 60
        assert found["refused"] == {}
        assert found["lost"] == found["doubled"] == found["holes"] == 0
        assert found["pushed"] >= found["applications"] > 50
        assert found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert again["fair"] == first["fair"]
    audit = livefair(running.data, "audit", "--fair", first["fair"], "--acks", str(acks), "--json")
    assert audit.returncode == 0, audit.stdout
    assert json.loads(audit.stdout)["acknowledged"] == first["applications"] + again["applications"]

    unknown = livefair(running.data, "simulate", "--fair", "f0", "--rate", "1", "--seconds", "1")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no fair of this id" in unknown.stderr


def test_load_needs_a_running_livefair(tmp_path: Path) -> None:
    done = livefair(tmp_path, "simulate", "--rate", "1", "--seconds", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no `livefair up` runs on {tmp_path}" in done.stderr
