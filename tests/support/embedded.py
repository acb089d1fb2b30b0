"""Real servers for tests: a supervisor that lives in a thread of its own, so that fixtures need no event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from livefair import config
from services.embedded.child import Service
from services.embedded.provision import provide_broker, provide_store
from services.embedded.supervisor import Supervisor

T = TypeVar("T")


class Servers:
    """Starts servers in ``folder`` and ends them on exit. Children live as long as the thread does, no longer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = config.Settings(data=folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._supervisors: list[Supervisor] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for supervisor in reversed(self._supervisors):
            self.run(supervisor.stop())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the thread's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def start(self, service: Service) -> Supervisor:
        """Start one service under a supervisor of its own."""

        async def begin() -> Supervisor:
            supervisor = await Supervisor().__aenter__()
            self._supervisors.append(supervisor)
            await supervisor.start([service])
            return supervisor

        return self.run(begin())

    def kafka(self, name: str = "kafka") -> tuple[str, Supervisor]:
        """A new broker: host:port, and the supervisor that keeps it."""
        log = self.folder / "logs" / f"{name}.log"
        broker = self.run(provide_broker(self.settings, self.folder / name, log))
        return broker.address, self.start(broker.service(log))

    def valkey(self, name: str = "valkey") -> tuple[str, Supervisor]:
        """A new Valkey: its URL, and the supervisor that keeps it."""
        store = provide_store(self.folder / name)
        return store.url, self.start(store.service(self.folder / "logs" / f"{name}.log"))
