"""Fixtures for the whole suite: one real Kafka and one real Valkey for each run, and fresh ones for who breaks them.

Every process that a fixture started is gone when its scope ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedded import Servers
from tests.support.ports import free_port as _free_port
from tests.support.up import RunningUp, alive, until

# What a developer has set for a livefair of their own must not steer a test.
for _name in [name for name in os.environ if name.startswith("LIVEFAIR_")]:
    if _name not in ("LIVEFAIR_CACHE", "LIVEFAIR_MAVEN_MIRROR"):
        del os.environ[_name]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Where the run's servers live."""
    with Servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="session")
def kafka(servers: Servers) -> str:
    """host:port of a real broker shared by the run; tests that share it use topics or keys of their own."""
    return servers.kafka()[0]


@pytest.fixture(scope="session")
def valkey(servers: Servers) -> str:
    """URL of a real Valkey shared by the run; tests that share it use keys or a database of their own."""
    return servers.valkey()[0]


@pytest.fixture
def fresh_servers(tmp_path: Path) -> Iterator[Servers]:
    """Servers for one test alone: `fresh_servers.kafka()`, `.valkey()`; each gives its address and supervisor."""
    with Servers(tmp_path / "servers") as running:
        yield running


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives a port that nobody listens on."""
    return _free_port


@pytest.fixture
def livefair_up(tmp_path: Path) -> Iterator[Callable[..., RunningUp]]:
    """Starts a real `livefair up --json` in a directory of this test and waits until it is ready.

    `livefair_up(*options)` gives a RunningUp: `.state` is the parsed line. Called again, it starts another on the same
    data. `program=` starts something else that has the options of up; `ready=False` does not wait.
    """
    started: list[RunningUp] = []

    def start(*options: str, ready: bool = True, **how: Any) -> RunningUp:
        running = RunningUp(tmp_path / "data", options, **how)
        started.append(running)
        return running.ready() if ready else running

    yield start
    for running in started:
        running.end()
    left = [pid for running in started for pid in running.pids()]
    until(lambda: not any(alive(pid) for pid in left), what=f"the end of all of {left}")
