"""What can be wrong on this machine, one check each: what was found, whether it is well, and what to do about it.

A check changes nothing, and none of them waits long for what does not answer.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import aiohttp
import msgspec

from livefair import config, keyring, topics_admin
from livefair.config import Settings
from livefair.errors import LivefairError
from services.embedded.jars import JarCache
from services.embedded.ports import is_free
from services.embedded.probes import http_probe
from services.embedded.runtimes import find_java, find_valkey

DISK_BYTES = 2 << 30
MEMORY_BYTES = 1 << 30
OPEN_FILES = 1024
PATIENCE_S = 5.0


class Finding(msgspec.Struct, frozen=True):
    """One check's answer. ``bad`` keeps livefair from working, ``note`` is worth knowing; ``do`` is empty when well."""

    check: str
    state: Literal["well", "note", "bad"]
    found: str
    do: str = ""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every check in the order in which one would look."""
    running = config.running_up(settings.data)
    for name in config.unknown_variables(os.environ):
        yield Finding("settings", "note", f"{name} is no setting", "check its spelling, or unset it")
    yield _data_directory(settings)
    yield _disk(settings)
    yield _memory()
    yield _open_files()
    yield _secrets(settings)
    if running is None:
        for finding in (_java(settings), _valkey(settings), await _jars(settings)):
            if finding:
                yield finding
        for option, port in (("--port", settings.http_port), ("--gateway-port", settings.gateway_port)):
            yield _port(settings.host, port, option)
        yield Finding("up", "note", f"no `livefair up` runs on {settings.data}", "livefair up")
    else:
        async for finding in _running(running):
            yield finding
    if running is not None or settings.kafka:
        yield await _topics(settings)


def _data_directory(settings: Settings) -> Finding:
    place = settings.data
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK) or not place.is_dir():
        return Finding("data", "bad", f"{place} cannot be written", "set LIVEFAIR_DATA to a directory of yours")
    return Finding("data", "well", str(settings.data))


def _disk(settings: Settings) -> Finding:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / (1 << 30):.1f} GiB free for {settings.data}"
    if free < DISK_BYTES:
        return Finding("disk", "bad", found, "make room: Kafka stops when the disk is full")
    return Finding("disk", "well", found)


def _memory() -> Finding:
    try:
        table = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in table if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return Finding("memory", "note", "this system does not say how much is free")
    found = f"{free / (1 << 30):.1f} GiB available"
    if free < MEMORY_BYTES:
        return Finding("memory", "note", found, "close something: all of livefair takes about 0.8 GiB")
    return Finding("memory", "well", found)


def _open_files() -> Finding:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < OPEN_FILES:
        return Finding("open files", "bad", f"at most {limit}", "ulimit -n 4096")
    return Finding("open files", "well", f"at most {limit}")


def _secrets(settings: Settings) -> Finding:
    if not any(path.exists() for path in keyring.paths(settings).values()):
        return Finding("secrets", "note", "none yet", "`livefair up` makes them")
    try:
        keyring.read(settings)
    except LivefairError as error:
        return Finding("secrets", "bad", error.message, "see there")
    for path in keyring.paths(settings).values():
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return Finding("secrets", "note", f"others on this machine may read {path}", f"chmod 600 {path}")
    return Finding("secrets", "well", "three, readable by you alone")


def _java(settings: Settings) -> Finding | None:
    if settings.kafka:
        return None
    try:
        java = find_java()
    except LivefairError as error:
        return Finding("java", "bad", error.message, "see there")
    return Finding("java", "well", f"{java.version}, {java.program}")


def _valkey(settings: Settings) -> Finding | None:
    if settings.redis:
        return None
    try:
        return Finding("valkey", "well", str(find_valkey()))
    except LivefairError as error:
        return Finding("valkey", "bad", error.message, "see there")


async def _jars(settings: Settings) -> Finding | None:
    if settings.kafka:
        return None
    cache = JarCache(settings.cache / "maven", settings.maven_mirror)
    missing = await asyncio.to_thread(cache.missing)
    if not missing:
        return Finding("kafka's jars", "well", f"all {len(cache.jars)} in {cache.folder}")
    size = f"{sum(jar.size for jar in missing) / 1e6:.0f} MB to fetch from {settings.maven_mirror}"
    try:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.head(f"{cache.mirror}/{missing[0].path}") as answer,
        ):
            if answer.ok:
                return Finding("kafka's jars", "well", f"{size}, which answers")
            reason = f"which answers {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = f"which does not answer: {str(error) or type(error).__name__}"
    return Finding("kafka's jars", "bad", f"{size}, {reason}", "check the network, or set LIVEFAIR_MAVEN_MIRROR")


def _port(host: str, port: int, option: str) -> Finding:
    if port == 0 or is_free(host, port):
        return Finding(f"port {port}", "well", "free" if port else "any")
    return Finding(
        f"port {port}", "bad", f"taken by another program on {host}", f"livefair up {option} N, or --any-port"
    )


async def _running(state: dict[str, object]) -> AsyncIterator[Finding]:
    yield Finding("up", "well", f"runs on {state['data']}")
    for name, url in (("intake", str(state["http"])), ("gateway", str(state["ws"]))):
        host, _, port = url.split("/")[2].rpartition(":")
        if await http_probe(host, int(port))(0):
            yield Finding(name, "well", f"ready at {url}")
        else:
            yield Finding(name, "bad", f"not ready at {url}", f"see {state['data']}/logs/{name}.log")


async def _topics(settings: Settings) -> Finding:
    try:
        kafka = config.where(settings, "kafka")
        async with asyncio.timeout(PATIENCE_S * 2):
            await topics_admin.verify(kafka, settings.replication)
    except TimeoutError:
        return Finding("topics", "bad", "Kafka did not answer in time", "see the log of Kafka")
    except LivefairError as error:
        return Finding("topics", "bad", error.message, "see there")
    return Finding("topics", "well", f"as declared, on {kafka}")
