"""A Kafka, and a Valkey where wanted, for one measurement: a directory of their own, on cores that are not measured."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from livefair import config, topics_admin
from services.embedded.provision import provide_broker, provide_store
from services.embedded.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a measurement takes place: `settings` name Kafka and Valkey, `core` is what is measured's alone."""

    settings: config.Settings
    core: int
    others: tuple[int, ...]

    @property
    def kafka(self) -> str:
        """host:port."""
        assert self.settings.kafka is not None  # noqa: S101
        return self.settings.kafka


@asynccontextmanager
async def ground(*, valkey: bool = False) -> AsyncIterator[Ground]:
    """Start them, with livefair's topics, and end them and their files with the block."""
    with tempfile.TemporaryDirectory(prefix="livefair-bench-") as name:
        folder = Path(name)
        settings = config.load(data=folder)
        async with AsyncExitStack() as stack:
            broker = await provide_broker(settings, folder / "kafka", folder / "kafka.log")
            services = [broker.service(folder / "kafka.log")]
            found: dict[str, str] = {"kafka": broker.address}
            if valkey:
                store = provide_store(folder / "redis")
                services.append(store.service(folder / "redis.log"))
                found["redis"] = store.url
            supervisor = await stack.enter_async_context(Supervisor())
            await supervisor.start(services)
            await topics_admin.create(broker.address, 1)
            *others, last = sorted(os.sched_getaffinity(0))
            keep_on(others or [last], *(pid for pids in supervisor.pids().values() for pid in pids))
            yield Ground(settings.model_copy(update=found), last, tuple(others or [last]))


def keep_on(cores: Iterable[int], *pids: int) -> None:
    """Let every thread of these processes run on these cores alone."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
