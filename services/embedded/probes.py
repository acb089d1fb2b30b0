"""Whether a child is ready: asked in its own language, never guessed from an open port.

A probe answers True or False and never raises for a server that is away, busy or talking nonsense.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

import msgspec

Probe = Callable[[int], Awaitable[bool]]
"""Asked with the process id of the child: on a shared port, another one's answer does not count; 0: anyone's does."""

PATIENCE_S = 2.0
_METADATA_API, _METADATA_VERSION = 3, 4


def kafka_probe(host: str, port: int) -> Probe:
    """Ready when the broker's metadata names a live broker."""
    client = b"livefair-probe"
    # Metadata request v4 about no topic, none to be created: https://kafka.apache.org/protocol#The_Messages_Metadata
    head = struct.pack(">hhih", _METADATA_API, _METADATA_VERSION, 1, len(client)) + client
    request = head + struct.pack(">i?", 0, False)

    async def ask(_pid: int) -> bool:
        answer = await _exchange(host, port, struct.pack(">i", len(request)) + request, _read_sized)
        # correlation id, throttle time, then the array of live brokers
        return len(answer) >= 12 and struct.unpack_from(">i", answer, 8)[0] > 0

    return ask


def redis_probe(host: str, port: int) -> Probe:
    """Ready when PING is answered with PONG; while the file is being loaded it is not."""

    async def ask(_pid: int) -> bool:
        return await _exchange(host, port, b"PING\r\n", asyncio.StreamReader.readline) == b"+PONG\r\n"

    return ask


def http_probe(host: str, port: int, path: str = "/readyz") -> Probe:
    """Ready when ``path`` answers 200, and with our process id if it names one."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()

    async def ask(pid: int) -> bool:
        head, _, body = (await _exchange(host, port, request, _read_all)).partition(b"\r\n\r\n")
        if head[9:12] != b"200":
            return False
        try:
            return not pid or bool(msgspec.json.decode(body).get("pid", pid) == pid)
        except (msgspec.DecodeError, AttributeError):
            return True

    return ask


async def _read_sized(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(min(size, 1 << 20))


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    return await reader.read(1 << 16) + await reader.read(1 << 16)


async def _exchange(
    host: str, port: int, request: bytes, read: Callable[[asyncio.StreamReader], Awaitable[bytes]]
) -> bytes:
    writer = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            return await read(reader)
    except (OSError, EOFError, TimeoutError, struct.error):
        return b""
    finally:
        if writer is not None:
            writer.close()
