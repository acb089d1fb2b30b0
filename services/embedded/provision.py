"""What a machine needs before its own Kafka and Valkey can start: a Java, the jars, a formatted directory.

Whoever calls this gets services that can be given to a supervisor at once.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from livefair.config import Settings
from services.embedded.broker import Broker
from services.embedded.jars import JarCache
from services.embedded.runtimes import find_java, find_valkey
from services.embedded.store import Store


class Telling(Protocol):
    """Who hears how it goes: `say` a line, `bar` for what takes long."""

    def say(self, line: str) -> None: ...

    def bar(self) -> AbstractContextManager[Bar]: ...


class Bar(Protocol):
    """A progress bar in bytes."""

    def begin(self, total: int) -> None: ...

    def advance(self, count: int) -> None: ...


class Silent:
    """Tells nobody."""

    def say(self, line: str) -> None:
        """Nothing."""

    def bar(self) -> AbstractContextManager[Bar]:
        """A bar that nobody sees."""
        return nullcontext(self)

    def begin(self, total: int) -> None:
        """Nothing."""

    def advance(self, count: int) -> None:
        """Nothing."""


class OnConsole:
    """Tells it on a console: standard error, for people."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, line: str) -> None:
        """Print a line."""
        self.console.print(line, highlight=False, markup=False)

    def bar(self) -> AbstractContextManager[Bar]:
        """A bar that appears when there is something to fetch."""
        return _ConsoleBar(self.console)


class _ConsoleBar(AbstractContextManager["_ConsoleBar"]):
    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console)
        self._console = console

    def begin(self, total: int) -> None:
        """Show the bar."""
        if not self._console.is_terminal:
            self._console.print(f"fetching Kafka, {total / 1e6:.0f} MB, once …", highlight=False)
        self._progress.add_task("fetching Kafka, once", total=total)
        self._progress.start()

    def advance(self, count: int) -> None:
        """Move it by so many bytes."""
        for task in self._progress.task_ids:
            self._progress.advance(task, count)

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()


async def provide_broker(settings: Settings, folder: Path, log: Path, telling: Telling | None = None) -> Broker:
    """An embedded Kafka in ``folder``, ready to be started. Raises DownloadFailed, EnvironmentFault, ServiceFailed."""
    telling = telling or Silent()
    java = find_java()
    cache = JarCache(settings.cache / "maven", settings.maven_mirror)
    with telling.bar() as bar:
        class_path = await cache.fill(bar.begin, bar.advance)
    broker = Broker(folder, settings.cache, java, class_path, settings.kafka_heap_mb)
    if broker.is_first_here():
        telling.say("preparing Java's cache for Kafka, once, about 10 s …")
    await broker.prepare(log)
    return broker


def provide_store(folder: Path) -> Store:
    """An embedded Valkey in ``folder``, ready to be started. Raises EnvironmentFault."""
    return Store(folder, find_valkey())
