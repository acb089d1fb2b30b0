"""The embedded Valkey: one real server, append-only, its files in one directory.

Everything in it can be rebuilt from Kafka; the file spares doing so at every start.
"""

from __future__ import annotations

import os
from pathlib import Path

from services.embedded.child import Launch, Service
from services.embedded.ports import Remembered
from services.embedded.probes import redis_probe

HOST = "127.0.0.1"


class Store:
    """One embedded Valkey in ``folder``; give ``service`` to a supervisor."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self._program = program
        self.port = Remembered(folder / "ports.json", HOST).get("redis")

    @property
    def url(self) -> str:
        """redis:// URL for clients."""
        return f"redis://{HOST}:{self.port}/0"

    def service(self, log: Path) -> Service:
        """The server as a child to keep alive."""
        return Service(
            name="redis",
            launch=self._launch,
            ready=redis_probe(HOST, self.port),
            log=log,
            holds=self.folder / "lock",
            start_within=60.0,
            stop_within=10.0,
        )

    def _launch(self) -> Launch:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        return Launch(
            arguments=(
                str(self._program),
                *("--bind", HOST, "--port", str(self.port), "--dir", str(data)),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                *("--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "notice"),
            ),
            environment={key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TMPDIR", "LANG")},
        )
