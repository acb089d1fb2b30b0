"""The jars of the embedded Kafka: pinned by SHA-256 in jars.lock, fetched once into the cache.

No byte of a jar that is not the pinned one is ever handed to Java, wherever it came from.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp
import stamina

from livefair.errors import DirectoryUnusable, DownloadFailed

LOCK_FILE = Path(__file__).parent / "jars.lock"
PARALLEL = 6
ATTEMPTS = 4
CHUNK = 1 << 16
# A connection that gives nothing for this long is dead; a slow one that gives something is only slow.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=30)


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: where it is in a Maven repository, its bytes and their SHA-256 in hex."""

    path: str
    size: int
    sha256: str


def read_lock(file: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """The pinned jars, in the order of the class path."""
    lines = (line.split() for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return tuple(Jar(path, int(size), sha256) for sha256, size, path in lines)


def fingerprint(jars: Iterable[Jar]) -> str:
    """Names one exact set of jars: 16 hex digits."""
    return hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()[:16]


def matches(jar: Jar, file: Path) -> bool:
    """Whether the file is there and is the pinned one."""
    try:
        if file.stat().st_size != jar.size:
            return False
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


class JarCache:
    """A directory of jars, laid out like the repository they come from."""

    def __init__(self, folder: Path, mirror: str, jars: tuple[Jar, ...] | None = None) -> None:
        self.folder = folder
        self.mirror = mirror.rstrip("/")
        self.jars = read_lock() if jars is None else jars

    def file(self, jar: Jar) -> Path:
        """Where a jar is, or will be."""
        return self.folder / jar.path

    def missing(self) -> list[Jar]:
        """The jars that are not there or not the pinned ones; reads every byte (some 50 ms)."""
        return [jar for jar in self.jars if not matches(jar, self.file(jar))]

    async def fill(
        self, begin: Callable[[int], object] = lambda _: None, advance: Callable[[int], object] = lambda _: None
    ) -> list[Path]:
        """Fetch what is missing; returns the class path. ``begin`` gets the bytes to come, ``advance`` those that came.

        Raises DownloadFailed, DirectoryUnusable. What was fetched of a broken download is used by the next try.
        """
        async with self._alone():
            missing = await asyncio.to_thread(self.missing)
            if missing:
                begin(sum(jar.size for jar in missing))
                await self._fetch_all(missing, advance)
        return [self.file(jar) for jar in self.jars]

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("wb")
        except OSError as error:
            raise DirectoryUnusable(
                f"the cache directory {self.folder} cannot be written: {error.strerror}; set LIVEFAIR_CACHE to another."
            ) from None
        with lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield

    async def _fetch_all(self, missing: list[Jar], advance: Callable[[int], object]) -> None:
        gate = asyncio.Semaphore(PARALLEL)

        async def one(session: aiohttp.ClientSession, jar: Jar) -> None:
            async with gate:
                await self._fetch(session, jar, advance)

        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True, auto_decompress=False) as session,
                asyncio.TaskGroup() as group,
            ):
                for jar in missing:
                    group.create_task(one(session, jar))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _fetch(self, session: aiohttp.ClientSession, jar: Jar, advance: Callable[[int], object]) -> None:
        url = f"{self.mirror}/{jar.path}"
        part = self.file(jar).with_suffix(".part")
        try:
            async for attempt in stamina.retry_context(on=_passing, attempts=ATTEMPTS, wait_initial=0.3, wait_max=3):
                with attempt:
                    await _download(session, url, part, jar.size, advance)
        except aiohttp.ClientResponseError as error:
            raise DownloadFailed(
                f"{url} answered {error.status} {error.message}: LIVEFAIR_MAVEN_MIRROR must be the base URL of a "
                "complete mirror of Maven Central."
            ) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DownloadFailed(
                f"cannot fetch Kafka's jars ({_megabytes(self.jars)} MB, once) from {self.mirror}: "
                f"{str(error) or type(error).__name__}. Check the network or proxy, set LIVEFAIR_MAVEN_MIRROR to a "
                "mirror near you, or LIVEFAIR_KAFKA to your own Kafka."
            ) from None
        except OSError as error:
            raise DirectoryUnusable(f"{part} cannot be written: {error.strerror}; set LIVEFAIR_CACHE.") from None
        if not await asyncio.to_thread(matches, jar, part):
            part.unlink()
            raise DownloadFailed(
                f"{url} is not the file that is pinned (sha256 {jar.sha256[:12]}…, {jar.size} bytes), and was thrown "
                "away: something between here and Maven Central changed it; try another LIVEFAIR_MAVEN_MIRROR."
            )
        part.replace(self.file(jar))


def _megabytes(jars: Iterable[Jar]) -> int:
    return round(sum(jar.size for jar in jars) / 1e6)


def _passing(error: Exception) -> bool:
    """Whether trying again may help."""
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(error, aiohttp.ClientError | TimeoutError)


async def _download(
    session: aiohttp.ClientSession, url: str, part: Path, size: int, advance: Callable[[int], object]
) -> None:
    """Bring ``part`` to its full size, going on where an earlier try stopped."""
    part.parent.mkdir(parents=True, exist_ok=True)
    have = part.stat().st_size if part.exists() else 0
    if have > size:
        part.unlink()
        have = 0
    if have == size:
        advance(size)
        return
    async with session.get(url, headers={"Range": f"bytes={have}-"} if have else {}) as answer:
        answer.raise_for_status()
        resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
        if resumed:
            advance(have)
        with part.open("ab" if resumed else "wb") as file:
            async for chunk in answer.content.iter_chunked(CHUNK):
                # A body longer than the pinned file cannot be it: do not fill the disk with it.
                if file.tell() + len(chunk) > size:
                    break
                file.write(chunk)
                advance(len(chunk))
            file.flush()
            os.fsync(file.fileno())
