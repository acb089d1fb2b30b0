"""The download of the embedded Kafka: through a mirror, resumed, checked, and clear about what went wrong."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from livefair.errors import DirectoryUnusable, DownloadFailed
from services.embedded import jars
from services.embedded.jars import Jar, JarCache, read_lock

CONTENT = {f"org/example/{name}/1/{name}-1.jar": name.encode() * 50_000 for name in ("alpha", "beta", "gamma")}
JARS = tuple(Jar(path, len(body), hashlib.sha256(body).hexdigest()) for path, body in CONTENT.items())


class Mirror:
    """A repository on this machine. ``asked`` are the requests, ``answer`` may be replaced by a test."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.content = dict(CONTENT)
        self.broken_after: int | None = None
        self.failures = 0
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.asked.append((path, request.headers.get("Range")))
        if self.failures:
            self.failures -= 1
            raise web.HTTPServiceUnavailable
        if path not in self.content:
            raise web.HTTPNotFound
        body = self.content[path]
        start = request.http_range.start or 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body) - start
        await response.prepare(request)
        if self.broken_after is not None:
            await response.write(body[start : start + self.broken_after])
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(body[start:])
        return response


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    found = Mirror()
    app = web.Application()
    app.router.add_get("/maven/{path:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/maven"
    yield found
    await runner.cleanup()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries, without the wait between them."""
    monkeypatch.setattr(jars, "ATTEMPTS", 2)


async def test_a_mirror_is_asked_and_nothing_else_and_only_once(mirror: Mirror, tmp_path: Path) -> None:
    cache = JarCache(tmp_path, mirror.url + "/", JARS)
    totals: list[int] = []
    came: list[int] = []
    files = await cache.fill(totals.append, came.append)
    assert [file.read_bytes() for file in files] == list(CONTENT.values())
    assert sorted(path for path, _ in mirror.asked) == sorted(CONTENT)
    assert totals == [sum(map(len, CONTENT.values()))]
    assert sum(came) == totals[0]
    mirror.asked.clear()
    assert await cache.fill(totals.append) == files
    assert mirror.asked == []
    assert len(totals) == 1


async def test_another_file_than_the_pinned_one_is_refused_and_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    changed = JARS[1].path
    mirror.content[changed] = b"x" + CONTENT[changed][1:]
    cache = JarCache(tmp_path, mirror.url, JARS)
    with pytest.raises(DownloadFailed, match=r"beta-1\.jar is not the file that is pinned"):
        await cache.fill()
    assert not cache.file(JARS[1]).exists()
    assert not list(cache.file(JARS[1]).parent.iterdir())
    mirror.content[changed] = CONTENT[changed]
    await cache.fill()
    assert cache.missing() == []


async def test_a_longer_file_is_not_read_to_its_end(mirror: Mirror, tmp_path: Path) -> None:
    changed = JARS[0].path
    mirror.content[changed] = b"y" * (JARS[0].size + 5_000_000)
    came: list[int] = []
    with pytest.raises(DownloadFailed, match="is not the file that is pinned"):
        await JarCache(tmp_path, mirror.url, JARS[:1]).fill(advance=came.append)
    assert sum(came) <= JARS[0].size


async def test_a_broken_connection_is_resumed_where_it_stopped(mirror: Mirror, tmp_path: Path, impatient: None) -> None:
    mirror.broken_after = 100_000
    cache = JarCache(tmp_path, mirror.url, JARS[:1])
    with pytest.raises(DownloadFailed, match="cannot fetch Kafka's jars"):
        await cache.fill()
    have = cache.file(JARS[0]).with_suffix(".part").stat().st_size
    assert 0 < have < JARS[0].size
    mirror.broken_after = None
    mirror.asked.clear()
    await cache.fill()
    assert mirror.asked == [(JARS[0].path, f"bytes={have}-")]
    assert cache.missing() == []


async def test_an_overloaded_mirror_is_asked_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.failures = 1
    cache = JarCache(tmp_path, mirror.url, JARS[:1])
    await cache.fill()
    assert len(mirror.asked) == 2


async def test_an_incomplete_mirror_is_told_by_its_url_at_once(mirror: Mirror, tmp_path: Path) -> None:
    del mirror.content[JARS[2].path]
    with pytest.raises(DownloadFailed, match=r"gamma-1\.jar answered 404 .* LIVEFAIR_MAVEN_MIRROR") as caught:
        await JarCache(tmp_path, mirror.url, JARS[2:]).fill()
    assert len(mirror.asked) == 1
    assert "\n" not in caught.value.message


async def test_without_a_network_one_sentence_says_what_to_do(
    tmp_path: Path, free_port: Callable[[], int], impatient: None
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(DownloadFailed) as caught:
        await JarCache(tmp_path, url, JARS).fill()
    assert url in caught.value.message
    assert "LIVEFAIR_MAVEN_MIRROR" in caught.value.message
    assert "LIVEFAIR_KAFKA" in caught.value.message
    assert caught.value.exit_code == 3


async def test_a_damaged_file_in_the_cache_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    cache = JarCache(tmp_path, mirror.url, JARS)
    await cache.fill()
    file = cache.file(JARS[0])
    file.write_bytes(b"z" + file.read_bytes()[1:])
    mirror.asked.clear()
    await cache.fill()
    assert [path for path, _ in mirror.asked] == [JARS[0].path]
    assert file.read_bytes() == CONTENT[JARS[0].path]


async def test_two_at_once_fetch_each_file_once(mirror: Mirror, tmp_path: Path) -> None:
    await asyncio.gather(*(JarCache(tmp_path, mirror.url, JARS).fill() for _ in range(3)))
    assert sorted(path for path, _ in mirror.asked) == sorted(CONTENT)


async def test_a_cache_that_cannot_be_written_is_named(mirror: Mirror, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(DirectoryUnusable, match="set LIVEFAIR_CACHE"):
        await JarCache(place / "maven", mirror.url, JARS).fill()


def test_every_transitive_jar_of_the_broker_is_pinned_by_sha256() -> None:
    pinned = read_lock()
    names = {jar.path.rpartition("/")[2] for jar in pinned}
    assert {"kafka_2.13-4.4.0.jar", "kafka-clients-4.4.0.jar", "scala-library-2.13.18.jar"} < names
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in pinned)
    assert len(names) == len(pinned)
